// "Something has changed, look again": a wake-up without data that is neither lost nor counted.
//
//   // who changes something                      // who looks
//   {                                             while (work_available.Wait(context).ok()) {
//     absl::MutexLock lock(&mu);                    for (Job& job : TakeAll()) Run(job);
//     jobs.push_back(job);                        }
//   }
//   work_available.Notify();
//
// Use it beside data that have a lock of their own, where only the newest state matters. To hand over data, a `Channel`;
// for the newest of a series of values, a `Latest<T>`; to wake everybody once and for ever, a `Context` that is cancelled.
//
// | | nobody waits | somebody waits |
// |---|---|---|
// | `Notify` | the next wait does not block; more of them change nothing | wakes the one that has waited longest |
// | `Wait` after `Notify` | returns, once | |
// | `OnNotify` in a select | ready if a wake-up is pending | as before |
//
// Guarantees: any number of notifies before a wait are one wake-up. A notify while the woken one is at work is one more, so
// what it announces is looked at, perhaps once too often and never too seldom. A wait that was cancelled, late or not chosen
// took nothing. What was done before `Notify` is visible to whom it wakes, and what was done before the notifies that were
// joined with it.
//
// Thread-safe. No user code runs inside, but for tasks on an `InlineExecutor` that wait. O(1). Allocates nothing.
//
// Origin: a channel of capacity 1 that is sent to without blocking; the Notify of tokio.

#ifndef EVENTBUS_NOTIFIER_H_
#define EVENTBUS_NOTIFIER_H_

#include <concepts>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/internal/choosing/taking_case.h"
#include "eventbus/internal/groups/core_access.h"
#include "eventbus/internal/groups/notifier_core.h"

namespace eventbus {

// Neither copyable nor movable: it is referred to. Fails at once if it is destroyed while something waits for it.
class Notifier {
 public:
  Notifier() = default;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Wakes one that waits, or lets the next wait go on.
  void Notify() { core_.Notify(); }

  // Blocks until there is a wake-up, and takes it.
  void Wait();

  // The same, or ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which it looks at first.
  absl::Status Wait(const Context& context);

  // The same, or ends with `kDeadlineExceeded` once `deadline` has passed. A wake-up that is pending is taken whatever the
  // time is.
  absl::Status WaitUntil(absl::Time deadline);

  // Takes the wake-up that is pending, else `kUnavailable`.
  absl::Status TryWait();

  // A case that takes a wake-up. With a handler: runs it once chosen. Borrows the notifier.
  Case OnNotify() {
    return OnNotify([] {});
  }
  template <std::invocable Handler>
  Case OnNotify(Handler handler) {
    return internal::TakingCase(
        core_, internal::WakeUpRequest{&core_},
        [handler = std::move(handler)](internal::WakeUpRequest&, internal::Outcome) mutable { handler(); });
  }

 private:
  friend struct internal::CoreAccess;

  internal::NotifierCore core_;
};

}  // namespace eventbus

#endif  // EVENTBUS_NOTIFIER_H_
