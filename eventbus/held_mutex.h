// A check, in debug builds, of the first rule of feeds: do not send while holding a lock that a subscriber may need.
//
//   RegisteredMutex<std::mutex> mutex("books");
//   ...
//   std::lock_guard lock(mutex);
//   orders.Send(order);      // if it blocks: "send to feed orders (server.cc:88) blocks while its thread holds mutex books (...)"
//
// Only a send that blocks is reported, and each such send once: on the standard error, or to a hook. Or, for a mutex that cannot
// be wrapped, say for how long it is held:
//
//   absl::MutexLock lock(&mutex_);
//   HoldingMutex holding("books");
//
// Compiled in where `NDEBUG` is not defined, or where EVENTBUS_CHECKS_HELD_MUTEXES is defined as 1, for the whole program; else, or
// where it is defined as 0, a `RegisteredMutex` is a mutex and a `HoldingMutex` nothing.
//
// Cost, where it is compiled in: two pointers are set for each lock and unlock; a send that does not block pays nothing.
//
// What to do about a report: collect under the lock, and send after it (`outbox.h`).

#ifndef EVENTBUS_HELD_MUTEX_H_
#define EVENTBUS_HELD_MUTEX_H_

#include "eventbus/held_mutex_report.h"
#include "eventbus/internal/observing/held_mutexes.h"
#include "eventbus/source_location.h"

namespace eventbus {

// As `SetStallHook`.
void SetHeldMutexHook(HeldMutexHook hook);

// While it lives, the calling thread holds a mutex of the given name, a literal or what outlives this. Must be destroyed by the
// same thread.
class [[nodiscard]] HoldingMutex {
 public:
  explicit HoldingMutex(const char* name, SourceLocation location = SourceLocation::current()) : held_(name, location) {
    held_.Enter();
  }
  HoldingMutex(const HoldingMutex&) = delete;
  HoldingMutex& operator=(const HoldingMutex&) = delete;
  ~HoldingMutex() { held_.Leave(); }

 private:
  [[no_unique_address]] internal::HeldMutex held_;
};

// A `Mutex` with `lock`, `unlock` and perhaps `try_lock`, as `std::mutex`, that is known to be held while it is. Not for shared
// locks, nor for a mutex that one thread takes several times.
template <typename Mutex>
class RegisteredMutex {
 public:
  // `name` is a literal, or outlives this.
  explicit RegisteredMutex(const char* name, SourceLocation location = SourceLocation::current())
      : held_(name, location) {}
  RegisteredMutex(const RegisteredMutex&) = delete;
  RegisteredMutex& operator=(const RegisteredMutex&) = delete;

  void lock() {
    mutex_.lock();
    held_.Enter();
  }
  bool try_lock() {
    if (!mutex_.try_lock()) return false;
    held_.Enter();
    return true;
  }
  void unlock() {
    held_.Leave();
    mutex_.unlock();
  }

 private:
  Mutex mutex_;
  [[no_unique_address]] internal::HeldMutex held_;
};

}  // namespace eventbus

#endif  // EVENTBUS_HELD_MUTEX_H_
