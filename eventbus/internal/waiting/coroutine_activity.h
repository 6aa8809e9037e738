// A coroutine, and those that it awaits, as an activity: one chain of frames, of which one at a time is to be resumed.

#ifndef EVENTBUS_INTERNAL_WAITING_COROUTINE_ACTIVITY_H_
#define EVENTBUS_INTERNAL_WAITING_COROUTINE_ACTIVITY_H_

#include <concepts>
#include <coroutine>

#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/activity.h"

namespace eventbus::internal {

class CoroutineActivity : public Activity, public RefCounted {
 public:
  // All are called from inside a run, by the frame that is about to suspend, which does so next.

  // It has left a wait: the chain is resumed at `here` once notified.
  void WaitAt(std::coroutine_handle<> here) {
    resume_at_ = here;
    next_ = Next::kWaits;
  }
  // It lets others go first.
  void YieldAt(std::coroutine_handle<> here) {
    resume_at_ = here;
    next_ = Next::kAgain;
  }
  // Another frame of the chain goes on at once. Not by symmetric transfer: not every compiler makes that a jump in every
  // configuration, and a loop of calls would then eat the stack.
  void GoOnAt(std::coroutine_handle<> there) {
    resume_at_ = there;
    goes_on_ = true;
  }
  // The outermost frame is at its end.
  void Finish() { next_ = Next::kEnds; }
  // It awaits `wait`: an `AsyncWait`, say. True if it is to suspend: it has left a wait; or it lets others go first, with the
  // wait completed, after many that were completed at once; or it is never to be resumed, with the wait not begun, for
  // this is being stopped.
  template <typename Wait>
  bool Await(Wait& wait, std::coroutine_handle<> here) {
    if (stopping()) {
      YieldAt(here);
      return true;
    }
    if (wait.Suspend(*this, here)) return true;
    if (--budget_ > 0) return false;
    YieldAt(here);
    return true;
  }

 protected:
  CoroutineActivity(Executor& executor, std::coroutine_handle<> start) : Activity(executor), resume_at_(start) {}

  void Keep() final { AddRef(); }
  void LetGo() final { DropRef(); }

  bool finished() const { return next_ == Next::kEnds; }

 private:
  // How many awaits and frames one run goes through at most before others have their turn.
  static constexpr int kBudget = 128;

  Next DoSome() final {
    budget_ = kBudget;
    do {
      goes_on_ = false;
      resume_at_.resume();
      if (!goes_on_) return next_;
    } while (--budget_ > 0 && !stopping());
    return Next::kAgain;
  }

  std::coroutine_handle<> resume_at_;
  int budget_ = 0;  // Left of this run.
  Next next_ = Next::kWaits;
  bool goes_on_ = false;
};

// A promise whose coroutine may await the library's operations.
template <typename Promise>
concept ActivePromise = requires(Promise& promise) {
  { promise.activity() } -> std::convertible_to<CoroutineActivity&>;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_COROUTINE_ACTIVITY_H_
