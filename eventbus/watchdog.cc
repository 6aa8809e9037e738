#include "eventbus/watchdog.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/alarm.h"

namespace eventbus {

namespace internal {

// Invariants:
//   P1. `last_kick_` grows only, and ends at `kFired`, which is not left. Each change is a compare-exchange, so of a kick and
//       the shot in one instant, the later one sees the earlier.
//   P2. Until it has fired, was stopped or its context has ended, the alarm is set for no later than a period after
//       `last_kick_`, or about to ring.
class WatchdogState final : public RefCounted, private Alarm {
 public:
  WatchdogState(absl::Duration period, WatchdogOptions options)
      : name_(std::move(options.name)),
        period_(period),
        cancel_(options.parent.WithCancel()),
        last_kick_(SteadyNow().nanoseconds()) {}

  void Start() {
    const Instant due = DueAfter(last_kick_.load(std::memory_order_relaxed));
    if (!due.is_never()) AlarmClock::Get().Set(*this, due);
  }

  bool Kick() {
    const int64_t now = SteadyNow().nanoseconds();
    int64_t seen = last_kick_.load(std::memory_order_relaxed);
    do {
      if (seen == kFired || DueAfter(seen) <= Instant(now)) return false;
      if (seen >= now) return true;
      // Relaxed: it publishes nothing, see docs/memory_model.md.
    } while (!last_kick_.compare_exchange_weak(seen, now, std::memory_order_relaxed, std::memory_order_relaxed));
    return true;
  }

  void Stop() { AlarmClock::Get().Cancel(*this); }

  const Context& context() const { return cancel_.context(); }

 private:
  static constexpr int64_t kFired = std::numeric_limits<int64_t>::max();

  Instant DueAfter(int64_t kick) const { return Instant(kick) + period_; }

  void Ring(WakeList&, ReadyWork&) override {
    const Ref<WatchdogState> kept(this);  // A callback may destroy the watchdog.
    // Before the word: a kick that comes between the two is later than this, not earlier.
    const Instant now = SteadyNow();
    int64_t seen = last_kick_.load(std::memory_order_relaxed);
    do {
      if (const Instant due = DueAfter(seen); due > now) {
        if (!context().done()) AlarmClock::Get().Set(*this, due);
        return;
      }
    } while (!last_kick_.compare_exchange_strong(seen, kFired, std::memory_order_relaxed, std::memory_order_relaxed));
    cancel_.Cancel(SafeStatus(absl::StatusCode::kDeadlineExceeded, [this] {
      return absl::StrCat("watchdog '", name_, "': not kicked for ", absl::FormatDuration(period_));
    }));
  }

  const std::string name_;
  const absl::Duration period_;
  CancelHandle cancel_;
  Atomic<int64_t> last_kick_;  // On the steady clock, in nanoseconds.
};

}  // namespace internal

Watchdog::Watchdog(absl::Duration period, WatchdogOptions options)
    : state_(internal::MakeRef<internal::WatchdogState>(period, std::move(options))) {
  if (period < absl::Nanoseconds(1)) internal::Fail("Watchdog", "the period must be at least a nanosecond");
  state_->Start();
}

Watchdog::~Watchdog() { Stop(); }

bool Watchdog::Kick() { return state_->Kick(); }

void Watchdog::Stop() { state_->Stop(); }

const Context& Watchdog::context() const { return state_->context(); }

}  // namespace eventbus
