// What a bus shares with its topics and subscriptions, which may outlive it: its name, its limits, its hook, and its end.

#ifndef EVENTBUS_INTERNAL_BUS_BUS_SHARED_H_
#define EVENTBUS_INTERNAL_BUS_BUS_SHARED_H_

#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus {

class AnyEvent;

namespace internal {

class BusShared final : public RefCounted {
 public:
  // Several threads may call it at once.
  using Unheard = absl::AnyInvocable<void(const AnyEvent& event) const>;

  static constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

  BusShared(std::string bus_name, size_t most_topics, size_t most_subscriptions, size_t most_queued, Unheard unheard)
      : name(std::move(bus_name)),
        max_topics(most_topics),
        max_subscriptions(most_subscriptions),
        max_queued(most_queued),
        on_unheard(std::move(unheard)) {}

  // "bus 'x': " and `what`.
  std::string Describe(absl::string_view what) const;

  // Counts one more subscription: OK, or `kResourceExhausted`. Each is to be counted out once.
  absl::Status CountIn();
  void CountOut() { subscriptions_.fetch_sub(1, std::memory_order_relaxed); }

  size_t subscriptions() const { return subscriptions_.load(std::memory_order_relaxed); }

  // Promises that `room` more events may wait for the `what` of that name: OK; or `kResourceExhausted`, or, if `room` is without limit,
  // `kInvalidArgument`. Each is to be given back once. Nothing is counted where there is no limit.
  absl::Status TakeRoom(size_t room, absl::string_view what, absl::string_view its_name);
  void GiveRoomBack(size_t room) {
    if (max_queued != kNoLimit) room_.fetch_sub(room, std::memory_order_relaxed);
  }

  // The bus is one, and each of its topics, which begin before the bus has ended. Its end is that of the last.
  void OneHasBegun() { not_ended_.fetch_add(1, std::memory_order_relaxed); }
  void OneHasEnded(WakeList& wakes);
  Event& end() { return end_; }

  size_t room() const { return room_.load(std::memory_order_relaxed); }

  const std::string name;
  const size_t max_topics;
  const size_t max_subscriptions;
  const size_t max_queued;
  const Unheard on_unheard;  // May be empty.

 private:
  ~BusShared() override = default;

  // Relaxed: counts, which guard nothing.
  Atomic<size_t> subscriptions_{0};
  Atomic<size_t> room_{0};  // Of the queues of subscriptions that last, all together.

  Atomic<size_t> not_ended_{1};
  EventCalled<"end of event bus"> end_;
};

}  // namespace internal
}  // namespace eventbus

#endif  // EVENTBUS_INTERNAL_BUS_BUS_SHARED_H_
