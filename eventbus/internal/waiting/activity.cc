#include "eventbus/internal/waiting/activity.h"

#include <optional>

#include "eventbus/internal/waiting/blocked_list.h"
#include "eventbus/internal/waiting/wait_description.h"

namespace eventbus::internal {

template <typename Change>
uint32_t Activity::Update(Change change) {
  uint32_t seen = word_.load(std::memory_order_relaxed);
  // Release, so that who sees the new word sees what was done before it; acquire, for the reverse (A4).
  while (!word_.compare_exchange_weak(seen, change(seen), std::memory_order_acq_rel, std::memory_order_relaxed)) {
  }
  return seen;
}

uint32_t Activity::EndRun(bool again) {
  return Update([again](uint32_t word) {
    if (word & kStopping) return word;
    return (word & ~(kRunning | kNotified)) | (again || (word & kNotified) ? kQueued : 0);
  });
}

void Activity::Start() {
  Keep();  // A2
  ReadyWork ready;
  Notify(ready);
}

bool Activity::Notify(ReadyWork& ready) {
  const uint32_t before = Update([](uint32_t word) {
    const bool busy = word & (kQueued | kRunning | kEnded);
    return (word & ~kAwaited) | kNotified | (busy ? 0 : kQueued);
  });
  ModelCheck(!(before & kEnded), "a waker came after the end of whom it wakes");  // A3
  if (!(before & (kQueued | kRunning | kEnded))) {
    ready.Add(*this);
    return true;
  }
  if (before & kAwaited) Futex::WakeAll(word_);  // Uses the address only: this may be gone.
  return false;
}

void Activity::AwaitNotified() {
  while (true) {
    const uint32_t before =
        Update([](uint32_t word) { return word & kNotified ? word & ~kNotified : word | kAwaited; });
    if (before & kNotified) return;
    Futex::Wait(word_, before | kAwaited, Instant::Never());
  }
}

void Activity::Run() {
  const uint32_t before = Update([](uint32_t word) {
    word &= ~kQueued;
    return word & (kRunning | kEnded) ? word : (word | kRunning) & ~kNotified;
  });
  if (before & (kRunning | kEnded)) {
    // Stopped while it was queued. Who does that drops the reference, unless it was done before this.
    if (before & kEnded) LetGo();
    return;
  }
  ModelCheck(!(before & kStopping), "a run starts after the stop");
  runner_.store(ThisThread(), std::memory_order_relaxed);
  Next next = Next::kEnds;
  try {
    next = DoSome();
  } catch (...) {
    End(/*abandoned=*/false);
    throw;
  }
  if (next == Next::kEnds) {
    End(/*abandoned=*/false);
    return;
  }
  runner_.store(nullptr, std::memory_order_relaxed);
  const uint32_t after = EndRun(next == Next::kAgain);
  if (after & kStopping) {
    End(/*abandoned=*/false);
  } else if (next == Next::kAgain || (after & kNotified)) {
    ReadyWork ready;  // Through the gate: the run may have been the end of the executor.
    ready.Add(*this);
  }
}

bool Activity::LookBetweenRuns(absl::FunctionRef<void()> look, ReadyWork& ready) {
  uint32_t seen = word_.load(std::memory_order_relaxed);
  do {
    if (seen & (kQueued | kRunning | kNotified | kStopping | kEnded)) return false;
    // As in `Update`.
  } while (!word_.compare_exchange_weak(seen, seen | kRunning, std::memory_order_acq_rel, std::memory_order_relaxed));
  // Not the runner: who stops this in here would wait for it in vain.
  look();
  const uint32_t after = EndRun(/*again=*/false);
  if (after & kStopping) {
    End(/*abandoned=*/false);
  } else if (after & kNotified) {
    ready.Add(*this);
  }
  return true;
}

void Activity::Abandon() {
  const uint32_t before = Update([](uint32_t word) {
    word &= ~kQueued;
    return word & (kRunning | kEnded) ? word : word | kRunning | kStopping | kNotified;
  });
  if (before & kEnded) {
    LetGo();
  } else if (!(before & kRunning)) {
    End(/*abandoned=*/true);
  }
}

void Activity::Stop() {
  RequestStop();
  if (!RunsHere()) AwaitEnd();
}

// What a thread waits for in `AwaitEnd`.
class Activity::AwaitedEnd final : public WaitDescription {
 public:
  explicit AwaitedEnd(const Activity& activity) : activity_(activity) {}
  void DescribeWait(WaiterInfo& info) const override { activity_.DescribeEnd(info.things.emplace_back()); }

 private:
  const Activity& activity_;
};

void Activity::AwaitEnd() {
  const AwaitedEnd awaited(*this);
  std::optional<BlockedListing> listing;
  while (true) {
    const uint32_t before = Update([](uint32_t word) { return word & kEnded ? word : word | kEnding; });
    if (before & kEnded) return;
    if (!listing) listing.emplace(&awaited);
    Futex::Wait(word_, before | kEnding, Instant::Never());
  }
}

void Activity::RequestStop() {
  const uint32_t before = Update([](uint32_t word) {
    if (word & kEnded) return word;
    if (word & kRunning) return word | kStopping;
    // A queued activity has left no wait that was not notified (A3).
    return word | kStopping | kRunning | (word & kQueued ? kNotified : 0);
  });
  if (!(before & (kRunning | kEnded))) End(/*abandoned=*/false);
}

void Activity::End(bool abandoned) {
  Keep();  // Its end may be what its last owner waits for.
  runner_.store(ThisThread(), std::memory_order_relaxed);
  CleanUp(abandoned);
  uint32_t before;
  {
    WakeList wakes;  // What is woken may run user code here, so it comes last.
    Announce(wakes);
    runner_.store(nullptr, std::memory_order_relaxed);
    before = Update([](uint32_t word) { return (word & ~kRunning) | kStopping | kEnded; });
    if (before & kEnding) Futex::WakeAll(word_);
  }
  if (!(before & kQueued)) LetGo();
  LetGo();
}

}  // namespace eventbus::internal
