// Alarms that are set, moved, cancelled and rung at once, and what rests on them: coroutines with a deadline.

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/inline_executor.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/alarm.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus::internal {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

Instant In(absl::Duration delay) { return SteadyNow() + delay; }

class CountingAlarm final : public Alarm {
 public:
  explicit CountingAlarm(Instant at) : at_(at) {}
  ~CountingAlarm() { AlarmClock::Get().Cancel(*this); }

  void Ring(WakeList& wakes, ReadyWork&) override {
    rung_at = SteadyNow();
    Check(rung_at >= at_, "not before its time");
    ++rings;
    has_rung.Happen(wakes);
  }

  Instant at() const { return at_; }

  int rings = 0;
  Instant rung_at = Instant::Never();
  Event has_rung;

 private:
  const Instant at_;
};

TEST(AlarmModel, EachRingsWhoeverSetsItAndTheEarlierInTime) {
  Explore([] {
    CountingAlarm late(In(absl::Seconds(2)));
    CountingAlarm early(In(absl::Seconds(1)));
    Thread other([&] { AlarmClock::Get().Set(early, early.at()); });
    AlarmClock::Get().Set(late, late.at());
    other.Join();
    const bool in_time = SteadyNow() < early.at();
    early.has_rung.Wait();
    late.has_rung.Wait();
    Check(early.rings == 1 && late.rings == 1, "once");
    Check(!in_time || early.rung_at == early.at(), "the thread did not sleep past it");
  });
}

TEST(AlarmModel, OnceCancelledItNeitherRingsNorIsRinging) {
  Explore([] {
    int rings;
    {
      CountingAlarm alarm(SteadyNow());
      AlarmClock::Get().Set(alarm, SteadyNow());
      AlarmClock::Get().Cancel(alarm);
      rings = alarm.rings;
      SteadyNow();  // A point at which others could come in.
      Check(alarm.rings == rings, "it is over");
    }
    Check(rings <= 1, "once");
  });
}

// The thread may be about to go in the instant in which the next is set.
TEST(AlarmModel, OneThatIsSetWhileTheThreadLeavesRings) {
  Explore([] {
    CountingAlarm first(In(absl::Seconds(1)));
    CountingAlarm second(In(absl::Seconds(9)));
    AlarmClock::Get().Set(first, In(absl::Seconds(1)));
    first.has_rung.Wait();
    AlarmClock::Get().Set(second, In(absl::Seconds(9)));
    second.has_rung.Wait();
  });
}

Task<absl::Status> ReceiveUntilDone(Channel<int> channel, Context context) {
  const absl::StatusOr<int> received = co_await channel.AsyncReceive(context);
  co_return received.status();
}

// The value and the deadline in one instant: the task gets one of them, and nothing is lost.
TEST(AlarmModel, AValueInTheInstantOfTheDeadlineOfATask) {
  Explore([] {
    const Channel<int> channel(1);
    const CancelHandle limit = Context::Background().WithTimeout(absl::Seconds(1));
    InlineExecutor executor;
    Spawned<absl::Status> task = Spawn(executor, ReceiveUntilDone(channel, limit.context()));
    Thread sender([&] { Check(channel.TrySend(1).ok(), "there is room"); });
    const absl::Status status = task.Join();
    sender.Join();
    Check(status.ok() != channel.TryReceive().ok(), "one of the two has it");
  });
}

}  // namespace
}  // namespace eventbus::internal
