#include "eventbus/internal/choosing/select_core.h"

#include <algorithm>

#include "eventbus/internal/choosing/select_run.h"
#include "eventbus/internal/waiting/parker.h"

namespace eventbus::internal {

namespace {

// A select that a thread waits for.
class SelectOperation final : public Operation {
 public:
  bool TryClaim(Waiter& waiter) override { return word_.Claim(&waiter); }

  void Wake(Waiter&, ReadyWork&) override { parker_.Unpark(Parker::kWoken); }

  // Sleeps until claimed or until `until`. The waiter that took effect, or null if this gave up: then nobody will
  // claim.
  const Waiter* Await(Instant until) {
    if (!parker_.Park(Parker::kWoken, until)) {
      if (word_.Claim(this)) return nullptr;
      // Claimed in the same instant: the transfer happened and the wake-up is on its way.
      parker_.Park(Parker::kWoken, Instant::Never());
    }
    // Ordered by the parker; the owner cannot have claimed itself here.
    return static_cast<const Waiter*>(word_.claimer());
  }

 private:
  ClaimWord word_;
  Parker parker_;
};

// Steps 2 and 3. False if nothing took effect by `deadline`, or if a selectable has become due.
bool PollTogetherAndWait(SelectRun& run, Instant deadline, Selected& selected) {
  SelectOperation operation;
  const bool may_wait = deadline != Instant::Past();
  Instant due = Instant::Never();
  {
    WakeList wakes;
    if (run.PollTogether(may_wait ? &operation : nullptr, wakes, selected, due)) return true;
  }
  if (!may_wait) return false;
  const Waiter* const chosen = operation.Await(std::min(deadline, due));
  {
    WakeList wakes;
    run.Withdraw(wakes);
  }
  if (chosen == nullptr) return false;
  selected = run.SelectedBy(*chosen);
  return true;
}

}  // namespace

Selected SelectAmong(absl::Span<const Arm> arms, Choice choice, Instant deadline) {
  SelectRun run(arms, choice);
  Selected selected = {.index = -1, .outcome = Outcome::kDeadline};
  if (run.PollOneByOne(selected)) return selected;
  while (!PollTogetherAndWait(run, deadline, selected)) {
    // Either late, or an arm has become due by itself and the next poll finds it. A poll comes after the deadline too,
    // so what was ready by then is not missed.
    if (deadline == Instant::Past()) return selected;
    if (SteadyNow() >= deadline) deadline = Instant::Past();
  }
  return selected;
}

}  // namespace eventbus::internal
