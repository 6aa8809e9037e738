// Waiting until a number of things have ended.
//
//   WaitGroup running;
//   for (Shard& shard : shards) {
//     running.Add();                                    // before the thread that will call `Done`
//     pool.Submit([&] {
//       shard.Flush();
//       running.Done();                                 // the last use of `running`
//     });
//   }
//   absl::Status status = running.Wait(context);        // all have ended, or the context has
//
// Use it when something else starts and owns the work. To have a group run the work, collect its errors, or count what
// ends by a destructor, `TaskGroup` and `ErrorGroup`.
//
// | | count is zero | count is positive |
// |---|---|---|
// | `Add(n)` | counts | counts; a sum of zero wakes all who wait |
// | `Done` | fails at once | counts; zero wakes all who wait |
// | `Wait` | returns | blocks |
// | `OnZero` in a select | ready | not ready |
//
// Reuse: the count may leave zero again at any time, as often as wanted. Whoever waited when the count became zero goes on,
// even if it is positive again by then; whoever comes later waits for the next zero. So to wait for a certain piece of work,
// `Add` for it before `Wait`.
//
// Guarantees: what was done before a `Done` is visible to who finds the count zero because of it. No wait needs a thread: one
// that times out leaves nothing behind. Who was the last to return from a wait may
// destroy the group, though the last `Done` may not yet have returned.
//
// Thread-safe. No user code runs inside, but for tasks on an `InlineExecutor` that wait. Allocates nothing.
//
// Origin: Go's sync.WaitGroup; a wait that can end early is what its users ask for.

#ifndef EVENTBUS_WAIT_GROUP_H_
#define EVENTBUS_WAIT_GROUP_H_

#include <concepts>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/internal/groups/core_access.h"
#include "eventbus/internal/groups/zero_count.h"

namespace eventbus {

// Neither copyable nor movable: it is referred to. Fails at once if it is destroyed while something waits for it.
class WaitGroup {
 public:
  WaitGroup() = default;
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  // Counts `n` more, or fewer if it is negative. Fails at once if the count would be negative. O(1), and O(waiters) if it
  // becomes zero.
  void Add(int64_t n = 1) { core_.Add("WaitGroup::Add", n); }

  // Counts one less.
  void Done() { core_.Add("WaitGroup::Done", -1); }

  // Blocks until the count is zero.
  void Wait();

  // The same, or ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which it looks at first.
  absl::Status Wait(const Context& context);

  // The same, or ends with `kDeadlineExceeded` once `deadline` has passed. If the count is zero, OK whatever the time is.
  absl::Status WaitUntil(absl::Time deadline);

  // A case that is ready while the count is zero. With a handler: runs it once chosen. Borrows the group.
  Case OnZero() { return Case({.target = &core_}); }
  template <std::invocable Handler>
  Case OnZero(Handler handler) {
    return Case(
        {.target = &core_, .finish = [handler = std::move(handler)](void*, internal::Outcome) mutable { handler(); }});
  }

  // The count; other threads may change it before this returns.
  int64_t ApproxCount() const { return core_.ApproxCount(); }

 private:
  friend struct internal::CoreAccess;

  internal::ZeroCount core_;
};

}  // namespace eventbus

#endif  // EVENTBUS_WAIT_GROUP_H_
