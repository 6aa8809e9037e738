// A consumer without a thread: something that an executor runs, a little at a time, whenever there is something for it
// to do. Under every coroutine and every handler that has an executor.
//
// One word says what is going on. Its bits:
//
//   queued    the work is in the hands of the executor
//   running   a thread has the right to touch the consumer's own state: it runs it, or ends it
//   notified  the wait that the consumer left has been ended by its waker
//   stopping  it is to end: no run starts after this
//   ended     it has ended, and been cleaned up
//   awaited   who holds `running` sleeps until `notified`
//   ending    someone sleeps until `ended`
//
// Invariants:
//   A1. One thread at a time holds `running`: the executor's, from the start of a run to its end; or the one that
//       stops an activity that does not run.
//   A2. From its start until it has ended and is not queued, the activity keeps itself alive (`Keep`).
//   A3. A run leaves one wait at most. If that is claimed, exactly one `Notify` follows, which is the waker's last access
//       unless it queues the work. Who ends a consumer whose wait was claimed waits for that (`AwaitNotified`), so that
//       the waiter, which is part of the consumer, does not go before its waker.
//   A4. What a run left in the consumer is visible to the next run and to the end: the word is released at the end of
//       each and acquired at the start.
//
// Origin: the task state of tokio's scheduler.

#ifndef EVENTBUS_INTERNAL_WAITING_ACTIVITY_H_
#define EVENTBUS_INTERNAL_WAITING_ACTIVITY_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "eventbus/executor.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/ready_work.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class Activity : public BoundWork {
 public:
  // Something has happened: a run follows. From any thread, with no lock held. True if that run is now on `ready`; false if one is
  // due anyway, or it has been stopped.
  bool Notify(ReadyWork& ready);

  // Submits the first run. Call `Start` or `StartWaiting`, once, before anything else.
  void Start();
  // The same with no first run: the caller leaves the first wait.
  void StartWaiting() { Keep(); }

  // Ends it: no run starts from now on, and the last has ended and been cleaned up when this returns; unless it is called
  // from inside that run, which then is the last. Any number of times, from any thread that holds a reference.
  void Stop();

  // The same, and does not wait for a run that is in progress.
  void RequestStop();

  // Whether it is to end, or has ended.
  bool stopping() const { return word_.load(std::memory_order_acquire) & (kStopping | kEnded); }

  // Whether the calling thread runs or ends this.
  bool RunsHere() const { return runner_.load(std::memory_order_relaxed) == ThisThread(); }

  // For who holds `running`, takes its wait back and finds that it was claimed: returns once the waker has made its last
  // access, which depends on no user code. No run follows from that notification.
  void AwaitNotified();

 protected:
  explicit Activity(Executor& executor) : BoundWork(executor) {}

  enum class Next {
    kWaits,  // A wait has been left; its end will notify.
    kAgain,  // There is more to do; others first.
    kEnds,   // Nothing will come any more.
  };

  // Calls `look` with the right to touch the consumer's own state, if that has left a wait and nothing has happened to it yet:
  // true. What happens meanwhile follows: a run is added to `ready`; if it was stopped, this thread ends it.
  bool LookBetweenRuns(absl::FunctionRef<void()> look, ReadyWork& ready);

  // Does what there is to do. What it throws ends the activity, and reaches the executor.
  virtual Next DoSome() = 0;

  // Takes the wait out and ends the lives of what the consumer consists of. Called once, holding `running`, after the last
  // run. `abandoned`: by an executor that has been shut down. Must not throw.
  virtual void CleanUp(bool abandoned) = 0;

  // Says for people what it is whose end somebody waits for.
  virtual void DescribeEnd(WaitedFor& thing) const { thing.what = "end of task"; }

  // Tells others, after that. Who waits in `Stop` goes on afterwards; those on `wakes`, after that.
  virtual void Announce(WakeList& wakes) { static_cast<void>(wakes); }

  // Adds and drops a reference to what this is a part of.
  virtual void Keep() = 0;
  virtual void LetGo() = 0;

 private:
  static constexpr uint32_t kQueued = 1;
  static constexpr uint32_t kRunning = 2;
  static constexpr uint32_t kNotified = 4;
  static constexpr uint32_t kStopping = 8;
  static constexpr uint32_t kEnded = 16;
  static constexpr uint32_t kAwaited = 32;
  static constexpr uint32_t kEnding = 64;

  void Run() final;
  void Abandon() final;

  // Blocks until it has ended.
  void AwaitEnd();

  // Ends what the caller holds `running` of, and drops the reference of A2 unless the work is still queued.
  void End(bool abandoned);

  // Changes the word from any value to `change(value)`. Returns the value that was changed.
  template <typename Change>
  uint32_t Update(Change change);

  // Gives `running` back, unless this is to end; queued, if it runs `again` or was notified. Returns the word before that.
  uint32_t EndRun(bool again);

  class AwaitedEnd;

  Atomic<uint32_t> word_{0};
  Atomic<ThreadIdentity> runner_{nullptr};  // Who holds `running`. Relaxed: each thread looks for itself only.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_ACTIVITY_H_
