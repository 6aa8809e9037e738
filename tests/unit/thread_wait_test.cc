#include "eventbus/internal/waiting/thread_wait.h"

#include <thread>

#include "absl/time/time.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

// The least that a thread can wait on.
struct Gate {
  Mutex mutex;
  WaitQueue waiting;

  void Enlist(Waiter& waiter) {
    MutexLock lock(&mutex);
    waiting.PushBack(waiter);
  }
  // Completes the oldest waiter, if there is one.
  bool Complete(Outcome outcome) {
    WakeList wakes;
    MutexLock lock(&mutex);
    Waiter* const waiter = waiting.PopClaimed();
    if (waiter == nullptr) return false;
    waiter->outcome = outcome;
    wakes.Add(*waiter);
    return true;
  }
};

TEST(ThreadWait, ReportsTheOutcomeOfItsCompletion) {
  Gate gate;
  ThreadWait wait;
  gate.Enlist(wait.waiter());
  std::thread completer([&gate] { EXPECT_TRUE(gate.Complete(Outcome::kClosed)); });
  EXPECT_EQ(wait.Await(gate.mutex, Instant::Never()), Outcome::kClosed);
  completer.join();
}

TEST(ThreadWait, TakesItselfOutAtTheDeadline) {
  Gate gate;
  ThreadWait wait;
  gate.Enlist(wait.waiter());
  const Instant deadline = SteadyNow() + absl::Milliseconds(1);
  EXPECT_EQ(wait.Await(gate.mutex, deadline), Outcome::kDeadline);
  EXPECT_GE(SteadyNow(), deadline);
  EXPECT_FALSE(gate.Complete(Outcome::kDone)) << "it still waits";
}

TEST(ThreadWait, ReportsACompletionEvenAfterTheDeadline) {
  Gate gate;
  ThreadWait wait;
  gate.Enlist(wait.waiter());
  EXPECT_TRUE(gate.Complete(Outcome::kDone));
  EXPECT_EQ(wait.Await(gate.mutex, Instant::Past()), Outcome::kDone);
}

// The completer and the waiter must agree on what happened, or a value is lost or given twice.
TEST(ThreadWait, AgreesWithACompletionInTheInstantOfTheDeadline) {
  for (int round = 0; round < 2'000; ++round) {
    Gate gate;
    bool completed = false;
    Outcome outcome;
    {
      ThreadWait wait;
      gate.Enlist(wait.waiter());
      std::thread completer([&] { completed = gate.Complete(Outcome::kDone); });
      outcome = wait.Await(gate.mutex, SteadyNow() + absl::Microseconds(round % 60));
      completer.join();
    }
    ASSERT_EQ(outcome, completed ? Outcome::kDone : Outcome::kDeadline) << "round " << round;
  }
}

}  // namespace
}  // namespace eventbus::internal
