// Which mutexes of the user's the calling thread holds, as far as they are registered (`held_mutex.h`).

#ifndef EVENTBUS_INTERNAL_OBSERVING_HELD_MUTEXES_H_
#define EVENTBUS_INTERNAL_OBSERVING_HELD_MUTEXES_H_

#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/wait_description.h"
#include "eventbus/source_location.h"

#ifndef EVENTBUS_CHECKS_HELD_MUTEXES
#ifdef NDEBUG
#define EVENTBUS_CHECKS_HELD_MUTEXES 0
#else
#define EVENTBUS_CHECKS_HELD_MUTEXES 1
#endif
#endif

namespace eventbus::internal {

#if EVENTBUS_CHECKS_HELD_MUTEXES

// One mutex. While it is held, linked in the list of the thread that holds it, which alone touches it: the last taken is the first.
class HeldMutex {
 public:
  HeldMutex(const char* name, SourceLocation location) : name_(name), location_(location) {}

  void Enter();
  void Leave();

  // Reports `description`, of what the calling thread is about to sleep for, if that is a send and the thread holds any. Throws
  // nothing.
  static void Check(const WaitDescription& description);

 private:
  const char* const name_;
  const SourceLocation location_;
  HeldMutex* older_ = nullptr;
  HeldMutex* newer_ = nullptr;
};

#else

struct HeldMutex {
  HeldMutex(const char*, SourceLocation) {}
  void Enter() {}
  void Leave() {}
  static void Check(const WaitDescription&) {}
};

#endif

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OBSERVING_HELD_MUTEXES_H_
