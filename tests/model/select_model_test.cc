// Selects that face each other, and that are closed or cancelled in the instant in which they are served.

#include <memory>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "eventbus/semaphore.h"
#include "eventbus/timer.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

// Each offers what the other wants, in opposite order: exactly one transfer, never a circle.
TEST(SelectModel, FacingSelectsInOppositeOrdersCommitOnce) {
  Explore([] {
    Channel<int> a;
    Channel<int> b;
    int transfers = 0;
    Thread other([&] {
      absl::StatusOr<int> slot = absl::UnavailableError("");
      int value = 1;
      transfers += SelectInOrder({b.OnSend(&value), a.OnReceive(&slot)}) == 1;
    });
    absl::StatusOr<int> slot = absl::UnavailableError("");
    int value = 2;
    const int chosen = SelectInOrder({a.OnSend(&value), b.OnReceive(&slot)});
    transfers += chosen == 1;
    other.Join();
    Check(transfers == 1, "one of them received");
    Check(a.ApproxSize() + b.ApproxSize() == 0, "nothing left");
  });
}

TEST(SelectModel, ThreeFacingSelectsOverOneChannelConserveValues) {
  Explore(
      [] {
        Channel<int> channel;
        int sent = 0;
        int received = 0;
        const auto both = [&] {
          absl::StatusOr<int> slot = absl::UnavailableError("");
          int value = 1;
          const int chosen =
              SelectUntil(absl::UnixEpoch() + absl::Seconds(2), {channel.OnSend(&value), channel.OnReceive(&slot)});
          sent += chosen == 0;
          received += chosen == 1;
        };
        Thread first(both);
        Thread second(both);
        both();
        first.Join();
        second.Join();
        Check(sent == received, "pairs");
      },
      {.preemptions = 1});
}

TEST(SelectModel, TheSameChannelTwiceTakesOneValue) {
  Explore([] {
    Channel<int> channel;
    Thread sender([&] { Check(channel.Send(1).ok(), "sent"); });
    absl::StatusOr<int> first = absl::UnavailableError("");
    absl::StatusOr<int> second = absl::UnavailableError("");
    Select({channel.OnReceive(&first), channel.OnReceive(&second)});
    Check(first.ok() != second.ok(), "one slot");
  });
}

TEST(SelectModel, CloseWakesASelectOnBothSides) {
  Explore([] {
    Channel<int> a;
    Channel<int> b;
    Thread selecting([&] {
      absl::StatusOr<int> slot = absl::UnavailableError("");
      absl::Status status;
      const int chosen = Select({a.OnReceive(&slot), b.OnSend(1, &status)});
      Check(chosen == 0 ? slot.status().code() == absl::StatusCode::kOutOfRange
                        : status.code() == absl::StatusCode::kFailedPrecondition,
            "the end");
    });
    Thread closer([&] { a.Close(); });
    b.Close();
  });
}

TEST(SelectModel, ASenderAgainstASelectThatIsCancelled) {
  Explore([] {
    Channel<std::unique_ptr<int>> channel;
    CancelHandle cancel = Context::Background().WithCancel();
    bool received = false;
    Thread selecting([&] {
      absl::StatusOr<std::unique_ptr<int>> slot = absl::UnavailableError("");
      received = Select({channel.OnReceive(&slot), cancel.context().OnDone()}) == 0;
      channel.Close();
    });
    Thread canceller([&] { cancel.Cancel(); });
    auto value = std::make_unique<int>(1);
    const bool sent = channel.Send(std::move(value)).ok();
    selecting.Join();
    Check(sent == received, "not lost, not twice");
    Check(sent == (value == nullptr), "sent, or still here");
  });
}

TEST(SelectModel, ATimerAgainstAValue) {
  Explore([] {
    Channel<int> channel;
    bool received = false;
    Thread selecting([&] {
      absl::StatusOr<int> slot = absl::UnavailableError("");
      absl::StatusOr<absl::Time> now = absl::UnavailableError("");
      const int chosen = Select({channel.OnReceive(&slot), After(absl::Seconds(1)).OnReceive(&now)});
      received = chosen == 0;
      Check(received ? slot.ok() : now.ok(), "what was chosen");
      channel.Close();
    });
    const bool sent = channel.Send(1).ok();
    selecting.Join();
    Check(sent == received, "not lost, not twice");
  });
}

// The thread wakes for the moment that was set first, and finds what has become of the timer and of the semaphore.
TEST(SelectModel, AMomentThatHasMovedAgainstAnotherCase) {
  Explore([] {
    Semaphore semaphore(1);
    Check(semaphore.TryAcquire().ok(), "a unit");
    const Timer timer(absl::Seconds(1));
    int chosen = -1;
    Thread selecting([&] {
      absl::StatusOr<SemaphorePermit> permit = absl::UnavailableError("");
      absl::StatusOr<absl::Time> now = absl::UnavailableError("");
      chosen = Select({semaphore.OnAcquire(1, &permit), timer.OnReceive(&now)});
      Check(chosen == 0 ? permit.ok() : now.ok(), "what was chosen");
    });
    timer.Reset(absl::Seconds(2));
    semaphore.Release();
    selecting.Join();
    Check(semaphore.ApproxAvailable() == 1, "no unit was lost");
    Check(chosen == 0 || !timer.TryReceive().ok(), "one tick");
  });
}

TEST(SelectModel, AMomentThatHasMovedComesLater) {
  Explore([] {
    const Channel<int> never;
    const Timer timer(absl::Seconds(1));
    Thread selecting([&] {
      absl::StatusOr<int> value = absl::UnavailableError("");
      absl::StatusOr<absl::Time> now = absl::UnavailableError("");
      Check(Select({never.OnReceive(&value), timer.OnReceive(&now)}) == 1 && now.ok(), "it comes");
    });
    timer.Reset(absl::Seconds(2));
    timer.Reset(absl::Seconds(3));
    selecting.Join();
    Check(!timer.TryReceive().ok(), "once");
  });
}

TEST(SelectModel, OneTickForTwoReceivers) {
  Explore([] {
    const ReceiveChannel<absl::Time> timer = After(absl::Seconds(1));
    int ticks = 0;
    const auto receive = [&] { ticks += timer.ReceiveUntil(absl::UnixEpoch() + absl::Seconds(3)).ok(); };
    Thread other(receive);
    receive();
    other.Join();
    Check(ticks == 1, "one tick");
  });
}

}  // namespace
}  // namespace eventbus
