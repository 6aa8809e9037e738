// A coroutine, and those that it awaits, as an activity: one chain of frames, of which one at a time is to be resumed.

#ifndef EVENTBUS_INTERNAL_WAITING_COROUTINE_ACTIVITY_H_
#define EVENTBUS_INTERNAL_WAITING_COROUTINE_ACTIVITY_H_

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/activity.h"
#include "eventbus/internal/waiting/wait_description.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class CoroutineActivity : public Activity, public RefCounted, private ListNode<CoroutineActivity> {
 public:
  // Describes all coroutines that wait, adding to `waiters`. Each is kept from going on for as long as it is described, and costs
  // nothing else: who waits stores a pointer and looks at a clock. O(coroutines).
  static void DescribeAll(std::vector<WaiterInfo>& waiters);

  // All are called from inside a run, by the frame that is about to suspend, which does so next.

  // It is about to leave `wait`: the chain is resumed at `here` once notified.
  void WaitAt(std::coroutine_handle<> here, const WaitDescription& wait) {
    resume_at_ = here;
    next_ = Next::kWaits;
    wait_ = &wait;
    if (!ListsBlocked()) return;
    since_ = CoarseNow();
    if (!listed_) EnterList();
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
  // It awaits `wait`: an `AsyncWait`, say. True if it is to suspend: it has left a wait; or, after many that were completed at
  // once, it lets others go first, and the wait is begun by the next run; or it is never to be resumed, for this is being
  // stopped. In the latter two nothing has been sent or received yet.
  template <typename Wait>
  bool Await(Wait& wait, std::coroutine_handle<> here) {
    const bool goes_on = !stopping() && --budget_ > 0;
    if (goes_on) return wait.Suspend(*this, here);
    put_off_ = &wait;
    begin_ = [](CoroutineActivity& self, void* put_off) {
      auto& its_wait = *static_cast<Wait*>(put_off);
      try {
        return its_wait.Suspend(self, self.resume_at_);
      } catch (...) {
        its_wait.Fail(std::current_exception());
        return false;
      }
    };
    YieldAt(here);
    return true;
  }

 protected:
  CoroutineActivity(Executor& executor, std::coroutine_handle<> start) : Activity(executor), resume_at_(start) {}

  ~CoroutineActivity() override {
    if (listed_) LeaveList();
  }

  void Keep() final { AddRef(); }
  void LetGo() final { DropRef(); }

  bool finished() const { return next_ == Next::kEnds; }

 private:
  friend List<CoroutineActivity>;
  class ListOfAll;

  void EnterList();
  void LeaveList();

  // How many awaits and frames one run goes through at most before others have their turn.
  static constexpr int kBudget = 128;

  Next DoSome() final {
    budget_ = kBudget;
    if (begin_ != nullptr && std::exchange(begin_, nullptr)(*this, put_off_)) return next_;
    do {
      goes_on_ = false;
      resume_at_.resume();
      if (!goes_on_) return next_;
    } while (--budget_ > 0 && !stopping());
    return Next::kAgain;
  }

  std::coroutine_handle<> resume_at_;
  void* put_off_ = nullptr;  // The wait that the next run is to begin, if there is a `begin_`.
  bool (*begin_)(CoroutineActivity& self, void* put_off) = nullptr;
  int budget_ = 0;  // Left of this run.
  Next next_ = Next::kWaits;
  bool goes_on_ = false;

  // For `DescribeAll`.
  bool listed_ = false;
  uint32_t part_ = 0;  // Of the list.
  const WaitDescription* wait_ = nullptr;
  Instant since_ = Instant::Never();
};

// A promise whose coroutine may await the library's operations.
template <typename Promise>
concept ActivePromise = requires(Promise& promise) {
  { promise.activity() } -> std::convertible_to<CoroutineActivity&>;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_COROUTINE_ACTIVITY_H_
