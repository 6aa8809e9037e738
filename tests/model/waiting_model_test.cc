// The blocking path: parker, wait queue and claim, turn, and a thread that gives up in the instant in which it is served.

#include <optional>

#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/parker.h"
#include "eventbus/internal/waiting/thread_wait.h"
#include "eventbus/internal/waiting/turn.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus::internal {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(ParkerModel, WakeUpIsNeverLost) {
  Explore([] {
    Parker parker;
    Thread waker([&] { parker.Unpark(Parker::kWoken); });
    Check(parker.Park(Parker::kWoken, Instant::Never()) == Parker::kWoken, "woken");
  });
}

TEST(ParkerModel, TwoWakersAndADeadline) {
  Explore([] {
    Parker parker;
    Thread first([&] { parker.Unpark(1); });
    Thread second([&] { parker.Unpark(2); });
    const Parker::Tokens seen = parker.Park(1, SteadyNow() + absl::Seconds(1));
    Check((seen & 2) == 0, "only what was asked for");
    Check(parker.Park(2, Instant::Never()) == 2, "the second");
    Check(parker.Park(1, Instant::Never()) == 1, "the first");
  });
}

// The parker is gone as soon as its thread has seen the token.
TEST(ParkerModel, TheLastAccessOfAWakerIsTheToken) {
  Explore([] {
    std::optional<Parker> parker(std::in_place);
    Thread waker([&] { parker->Unpark(Parker::kWoken); });
    parker->Park(Parker::kWoken, Instant::Never());
    parker.reset();
  });
}

// A resource with one unit that threads wait for: the smallest use of the protocol.
class Resource {
 public:
  // Gives the unit to the oldest waiter, or keeps it.
  void Give() {
    WakeList wakes;
    MutexLock lock(&mutex_);
    if (Waiter* waiter = waiting_.PopClaimed()) {
      waiter->outcome = Outcome::kDone;
      wakes.Add(*waiter);
    } else {
      ++units_;
    }
  }

  bool Take(Instant deadline) {
    ThreadWait wait;
    {
      MutexLock lock(&mutex_);
      if (units_ > 0) {
        --units_;
        return true;
      }
      waiting_.PushBack(wait.waiter());
    }
    return wait.Await(mutex_, deadline) == Outcome::kDone;
  }

  int units() {
    MutexLock lock(&mutex_);
    return units_;
  }

 private:
  Mutex mutex_;
  WaitQueue waiting_;
  int units_ = 0;
};

TEST(ThreadWaitModel, AUnitGivenInTheInstantOfTheDeadlineIsNotLost) {
  Explore([] {
    Resource resource;
    int taken = 0;
    Thread taker([&] { taken += resource.Take(SteadyNow() + absl::Seconds(1)); });
    resource.Give();
    taker.Join();
    Check(taken + resource.units() == 1, "one unit, somewhere");
  });
}

TEST(ThreadWaitModel, TwoTakersOneWithADeadline) {
  Explore([] {
    Resource resource;
    int patient = 0;
    int hasty = 0;
    Thread first([&] { hasty += resource.Take(SteadyNow() + absl::Seconds(1)); });
    Thread second([&] { patient += resource.Take(Instant::Never()); });
    resource.Give();
    resource.Give();
    first.Join();
    second.Join();
    Check(patient == 1, "who waits for ever is served");
    Check(patient + hasty + resource.units() == 2, "two units, somewhere");
  });
}

TEST(TurnModel, OneAtATimeAndNobodyForgotten) {
  Explore([] {
    Turn turn;
    int inside = 0;
    int done = 0;
    const auto use = [&] {
      const Arm arms[] = {{.target = &turn}};
      Check(SelectAmong(arms, Choice::kListed, Instant::Never()).index == 0, "has the turn");
      Check(++inside == 1, "alone");
      turn.CountWaiting();  // A point at which others could come in.
      --inside;
      ++done;
      turn.Release();
    };
    Thread first(use);
    Thread second(use);
    use();
    first.Join();
    second.Join();
    Check(done == 3, "all had it");
    Check(turn.TryTake(), "free in the end");
  });
}

TEST(TurnModel, CloseEndsAWaitThoughTheTurnIsHeld) {
  Explore([] {
    Turn turn;
    Check(turn.TryTake(), "free at first");
    Thread waiter([&] {
      const Arm arms[] = {{.target = &turn}};
      const Outcome outcome = SelectAmong(arms, Choice::kListed, Instant::Never()).outcome;
      Check(outcome == Outcome::kClosed, "it never has the turn");
    });
    turn.Close();
    waiter.Join();
    turn.Release();
    Check(turn.TryTake(), "free in the end");
  });
}

TEST(TurnModel, CloseAgainstAWaitAndARelease) {
  Explore([] {
    Turn turn;
    Check(turn.TryTake(), "free at first");
    Thread waiter([&] {
      const Arm arms[] = {{.target = &turn}};
      const Outcome outcome = SelectAmong(arms, Choice::kListed, Instant::Never()).outcome;
      Check(outcome == Outcome::kDone || outcome == Outcome::kClosed, "it has the turn, or never will");
      if (outcome == Outcome::kDone) turn.Release();
    });
    Thread closer([&] { turn.Close(); });
    turn.Release();
    closer.Join();
    waiter.Join();
    Check(turn.CountWaiting() == 0, "nobody waits");
    Check(turn.TryTake(), "free in the end");
  });
}

}  // namespace
}  // namespace eventbus::internal
