// A value of a feed for which its receiver answers: acknowledged, or sent back, or reported as left, and never lost in between.
//
//   Channel<Delivery<Order>> channel(64);
//   absl::StatusOr<Subscription> ledger = orders.Subscribe(channel, {.name = "ledger"});
//   while (absl::StatusOr<Delivery<Order>> delivery = channel.Receive(); delivery.ok()) {
//     if (Book(**delivery).ok()) {
//       delivery->Ack();
//     } else {
//       delivery->Nack();   // it comes again
//     }
//   }
//
// Or with a handler: `channel.OnEach(pool, [](Delivery<Order> delivery) { ... })`.
//
// Use it where a value that was received and not dealt with is a loss: what is in the hand of a receiver that fails, throws or goes is
// not gone. Where that does not matter, subscribe a channel of plain values.
//
// | the receiver | then the value |
// |---|---|
// | `Ack` | is done with |
// | `Nack`, or destroys the delivery | comes again to the same channel, after what is there, as the next `attempt()` |
// | keeps it | is outstanding: drains and flushes of the subscription wait for it |
//
// What is outstanding when the subscription ends, by `Unsubscribe`, by `Close` after a drain that was late, or otherwise, is left:
// the report of the drain counts it, and `SubscribeOptions::on_left` is called with it, once. It does not come again, and its `Ack`
// is false. So every value that the channel has taken is acknowledged or left, never both, never neither.
//
// To handle what is still outstanding, `Drain` the subscription before it is unsubscribed and its channel closed. A value that
// comes again and finds its channel closed is left; so is one for which an unbounded channel has no memory.
//
// Guarantees: at least once. A receiver that has acted and fails before its `Ack` gets the value again, so acting twice must do no
// harm. The value is one copy, made by the sender, and constant; it is destroyed with its last delivery, in that thread. Neither call
// blocks: where the channel is full, the value waits for room, in its order among senders.
//
// Different objects may be used at the same time. Of one, `Ack`, `Nack` and what only reads may be called from several threads, and one
// call is true; moving, assigning and destroying it may not be beside anything else.
//
// Cost: one allocation for a value, none to acknowledge it or to send it back; a lock each.
//
// Origin: the acknowledgements of message brokers (AMQP, NATS JetStream).

#ifndef EVENTBUS_DELIVERY_H_
#define EVENTBUS_DELIVERY_H_

#include <cstdint>
#include <new>
#include <optional>
#include <utility>

#include "eventbus/event.h"
#include "eventbus/internal/feed/acknowledgements.h"
#include "eventbus/internal/feed/event_element.h"
#include "eventbus/internal/ground/ref_counted.h"

namespace eventbus {

template <typename T>
class Delivery;

namespace internal {

struct DeliveryAccess;

template <typename T>
class DeliveryNodeOf final : public DeliveryNode {
 public:
  DeliveryNodeOf(Ref<Acknowledgements> acknowledgements, const EventInfo& known, const T& copied)
      : DeliveryNode(std::move(acknowledgements), known), value_(copied) {}

  const void* value() const override { return &value_; }
  const T& typed_value() const { return value_; }

 private:
  ~DeliveryNodeOf() override = default;

  void* MakeHandle(uint32_t attempt) override;
  void DropHandle() override;

  const T value_;
  std::optional<eventbus::Delivery<T>> handle_;
};

}  // namespace internal

// Made by feeds only. Move-only; moved from, it is empty, and every call but destruction and assignment ends the program.
template <typename T>
class [[nodiscard]] Delivery : private internal::DeliveryHandle {
 public:
  Delivery(Delivery&&) noexcept = default;
  Delivery& operator=(Delivery&&) noexcept = default;

  // Also after `Ack` and `Nack`, as long as this lives.
  const T& operator*() const { return value("operator*"); }
  const T* operator->() const { return &value("operator->"); }

  // As of the first attempt.
  const EventInfo& info() const { return NodeFor("info").info; }

  // 1 at first, and one more each time that it comes again.
  uint32_t attempt() const {
    NodeFor("attempt");
    return attempt_number();
  }

  // The value has been dealt with: true. False if this delivery has been settled before, or the subscription has ended, which
  // has reported the value as left.
  bool Ack() { return Acknowledge(); }

  // The value has not been dealt with, and comes again: true. False as above, and then it does not.
  bool Nack() { return Return(); }

 private:
  friend internal::DeliveryAccess;
  friend internal::DeliveryNodeOf<T>;

  Delivery(internal::Ref<internal::DeliveryNode> node, uint32_t attempt) : DeliveryHandle(std::move(node), attempt) {}

  const T& value(const char* call) const {
    return static_cast<const internal::DeliveryNodeOf<T>&>(NodeFor(call)).typed_value();
  }
};

namespace internal {

// For feeds.
struct DeliveryAccess {
  template <typename T>
  static DeliveryHandle& handle(eventbus::Delivery<T>& delivery) {
    return delivery;
  }

  // Makes a delivery of a copy of `value` at `to`.
  template <typename T>
  static void Make(void* to, Ref<Acknowledgements> acknowledgements, const EventInfo& info, const T& value) {
    ::new (to) eventbus::Delivery<T>(MakeRef<DeliveryNodeOf<T>>(std::move(acknowledgements), info, value), 1);
  }
};

template <typename T>
DeliveryHandle& HandleAt(void* delivery) {
  return DeliveryAccess::handle(*static_cast<eventbus::Delivery<T>*>(delivery));
}

// How a feed makes a `Delivery<T>` for a channel.
template <typename T>
inline constexpr EventElement kDeliveryElementOf = {
    .make =
        [](void* to, const EventInfo& info, const void* value, const Ref<Acknowledgements>& acknowledgements) {
          DeliveryAccess::Make(to, acknowledgements, info, *static_cast<const T*>(value));
        },
    .info = [](void* event) -> EventInfo& { return HandleAt<T>(event).node().info; },
    .value = [](const void* event) -> const void* { return &**static_cast<const eventbus::Delivery<T>*>(event); },
    .handle = [](void* event) { return &HandleAt<T>(event); },
};

template <typename T>
void* DeliveryNodeOf<T>::MakeHandle(uint32_t attempt) {
  return &handle_.emplace(eventbus::Delivery<T>(Ref<DeliveryNode>(this), attempt));
}

template <typename T>
void DeliveryNodeOf<T>::DropHandle() {
  handle_->Disown();
  handle_.reset();
}

}  // namespace internal

}  // namespace eventbus

#endif  // EVENTBUS_DELIVERY_H_
