// A gate that is held, released and closed while a line forms in front of it, gives up and is let in.

#include <optional>

#include "absl/time/time.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/gated_queue.h"
#include "eventbus/internal/owners/gate_core.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(GateModel, NobodyLinesUpAtAnOpenGate) {
  Explore([] {
    GatedQueue queue;
    queue.Hold();
    Thread comer([&] { Check(queue.Enter().ok(), "lets in, sooner or later"); });
    queue.Release();
    comer.Join();
    Check(queue.ApproxWaiting() == 0, "nobody is left");
  });
}

TEST(GateModel, EachOfTheLineLetsInTheNext) {
  Explore([] {
    GatedQueue queue({.drain_concurrency = 1});
    queue.Hold();
    int inside = 0;
    absl::StatusOr<GatedQueue::Place> first = queue.LineUp();
    absl::StatusOr<GatedQueue::Place> second = queue.LineUp();
    const auto use = [&](GatedQueue::Place& place) {
      const absl::StatusOr<GatedQueue::Pass> pass = place.Await(Context::Background());
      Check(pass.ok() && ++inside == 1, "alone");
      queue.ApproxWaiting();  // A point at which others could come in.
      --inside;
    };
    Thread other([&] { use(*second); });
    Thread releaser([&] { queue.Release(); });
    use(*first);
    other.Join();
    releaser.Join();
  });
}

TEST(GateModel, CancelAgainstReleaseLosesNoPass) {
  Explore([] {
    GatedQueue queue;
    queue.Hold();
    CancelHandle cancel = Context::Background().WithCancel();
    Thread hasty([&] { queue.Enter(cancel.context()).status().IgnoreError(); });
    absl::StatusOr<GatedQueue::Place> patient = queue.LineUp();
    Thread canceller([&] { cancel.Cancel(); });
    queue.Release();
    Check(patient->Await(Context::Background()).ok(), "let in, whatever became of the other");
    hasty.Join();
    canceller.Join();
    Check(queue.ApproxWaiting() == 0, "nobody is left");
  });
}

TEST(GateModel, AFullLineEvictsTheOldest) {
  Explore([] {
    GatedQueue queue({.capacity = 1});
    queue.Hold();
    int let_in = 0;
    int evicted = 0;
    const auto enter = [&] {
      const absl::Status status = queue.Enter().status();
      let_in += status.ok();
      evicted += absl::IsResourceExhausted(status);
    };
    Thread first(enter);
    Thread second(enter);
    absl::StatusOr<GatedQueue::Place> last = queue.LineUp();
    queue.Release();
    last->Take().status().IgnoreError();
    last = absl::CancelledError("");
    first.Join();
    second.Join();
    Check(let_in + evicted == 2, "each is told");
  });
}

TEST(GateModel, CloseAgainstTheLine) {
  Explore([] {
    GatedQueue queue;
    queue.Hold();
    Thread comer([&] {
      const absl::Status status = queue.Enter().status();
      Check(status.ok() || absl::IsFailedPrecondition(status), "let in or told");
    });
    Thread releaser([&] { queue.Release(); });
    queue.Close();
    comer.Join();
    releaser.Join();
  });
}

TEST(GateModel, ADeadlineOfAnEarlierHoldNeverEndsALaterOne) {
  Explore([] {
    const auto gate = internal::MakeRef<internal::GateCore>("", 1, 1);
    const uint64_t first = gate->Hold();
    Thread clock([&] {
      internal::WakeList wakes;
      gate->EndHold(first, wakes);
    });
    gate->Release();
    const uint64_t second = gate->Hold();
    clock.Join();
    Check(gate->IsHeldBy(second), "still held");
  });
}

TEST(GateModel, AHoldThatEndsByItselfAgainstItsRelease) {
  Explore([] {
    VirtualClock clock;
    GatedQueue queue;
    queue.Hold(absl::Seconds(1));
    absl::StatusOr<GatedQueue::Place> waiting = queue.LineUp();
    Thread time([&] { clock.Advance(absl::Seconds(2)); });
    queue.Release();
    Check(waiting->Await(Context::Background()).ok(), "let in");
    Check(!queue.held(), "open");
    time.Join();
  });
}

TEST(GateModel, TheDeadlineOfAHoldInTheInstantOfTheNext) {
  Explore([] {
    VirtualClock clock;
    GatedQueue queue;
    queue.Hold(absl::Seconds(1));
    Thread time([&] { clock.Advance(absl::Seconds(2)); });
    queue.Hold();
    time.Join();
    Check(queue.held(), "by the one that has no deadline");
    queue.Hold(absl::Seconds(1));
    clock.Advance(absl::Seconds(2));
    Check(!queue.held(), "by that which had the last word");
  });
}

TEST(GateModel, TheEndOfAGateAgainstTheDeadlineOfItsHold) {
  Explore([] {
    VirtualClock clock;
    std::optional<GatedQueue> queue(std::in_place);
    queue->Hold(absl::Seconds(1));
    Thread time([&] { clock.Advance(absl::Seconds(2)); });
    queue.reset();
    time.Join();
  });
}

}  // namespace
}  // namespace eventbus
