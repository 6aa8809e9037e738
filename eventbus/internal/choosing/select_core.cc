#include "eventbus/internal/choosing/select_core.h"

#include <algorithm>

#include "eventbus/internal/choosing/select_run.h"
#include "eventbus/internal/waiting/parker.h"

namespace eventbus::internal {

namespace {

// A select that a thread waits for.
class SelectOperation final : public Operation {
 public:
  // `slow` may be null.
  SelectOperation(const SelectRun& run, SlowWait* slow) : run_(run), slow_(slow) {}

  bool TryClaim(Waiter& waiter) override { return word_.Claim(&waiter); }

  void Wake(Waiter&, ReadyWork&) override { parker_.Unpark(Parker::kWoken); }

  void DescribeWait(WaiterInfo& info) const override { run_.Describe(info); }

  // Sleeps until claimed or until `until`. False if it gave up: then nobody will claim.
  bool Await(Instant until) {
    if (AwaitClaim(until)) return true;
    if (word_.Claim(this)) return false;
    AwaitWakeUp();
    return true;
  }

  // The same, but claims nothing: false if nobody has claimed it yet.
  bool AwaitClaim(Instant until) {
    while (!parker_.Park(Parker::kWoken, slow_ != nullptr ? std::min(until, slow_->due()) : until, this)) {
      if (slow_ == nullptr || slow_->due() >= until) return false;
      slow_->Tell();
    }
    return true;
  }

  // Claimed in the same instant: the transfer happened and the wake-up is on its way.
  void AwaitWakeUp() { parker_.Park(Parker::kWoken, Instant::Never()); }

  // The waiter that took effect. Ordered by the parker.
  const Waiter& chosen() const { return *static_cast<const Waiter*>(word_.claimer()); }

  ClaimWord& word() { return word_; }

 private:
  const SelectRun& run_;
  SlowWait* const slow_;
  ClaimWord word_;
  Parker parker_;
};

// The waiters of `run` are enlisted, and one may be ready by itself at `due`. Waits until one has taken effect: true; or until
// `deadline`. Afterwards nobody will claim.
bool AwaitEnlisted(SelectRun& run, SelectOperation& operation, Instant due, Instant deadline, Selected& selected) {
  while (due < deadline) {
    if (operation.AwaitClaim(due)) {
      selected = run.SelectedBy(operation.chosen());
      return true;
    }
    WakeList wakes;
    switch (run.PollDue(&operation, operation.word(), wakes, selected, due)) {
      case SelectRun::Due::kClaimed:
        operation.AwaitWakeUp();
        selected = run.SelectedBy(operation.chosen());
        return true;
      case SelectRun::Due::kDone:
        return true;
      case SelectRun::Due::kNotYet:
        break;
    }
  }
  if (!operation.Await(deadline)) return false;
  selected = run.SelectedBy(operation.chosen());
  return true;
}

// Steps 2 and 3. False if nothing took effect by `deadline`.
bool PollTogetherAndWait(SelectRun& run, Instant deadline, SlowWait* slow, Selected& selected) {
  SelectOperation operation(run, slow);
  const bool may_wait = deadline != Instant::Past();
  Instant due = Instant::Never();
  {
    WakeList wakes;
    if (run.PollTogether(may_wait ? &operation : nullptr, wakes, selected, due)) return true;
  }
  if (!may_wait) return false;
  const bool has_chosen = AwaitEnlisted(run, operation, due, deadline, selected);
  WakeList wakes;
  run.Withdraw(wakes);
  return has_chosen;
}

}  // namespace

Selected SelectAmong(absl::Span<const Arm> arms, Choice choice, Instant deadline, SlowWait* slow) {
  SelectRun run(arms, choice);
  Selected selected = {.index = -1, .outcome = Outcome::kDeadline};
  if (run.PollOneByOne(selected)) return selected;
  if (PollTogetherAndWait(run, deadline, slow, selected)) return selected;
  // A poll comes after the deadline too, so what was ready by then is not missed.
  if (deadline != Instant::Past()) PollTogetherAndWait(run, Instant::Past(), slow, selected);
  return selected;
}

}  // namespace eventbus::internal
