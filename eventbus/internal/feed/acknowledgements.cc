#include "eventbus/internal/feed/acknowledgements.h"

#include <new>
#include <utility>

#include "eventbus/internal/choosing/await.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/ground/fail.h"

namespace eventbus::internal {

DeliveryNode::DeliveryNode(Ref<Acknowledgements> acknowledgements, const EventInfo& known)
    : info(known), acknowledgements_(std::move(acknowledgements)) {
  waiter_.operation = this;
  waiter_.role = Role::kSend;
}

DeliveryNode::~DeliveryNode() = default;

void DeliveryNode::Wake(Waiter&, ReadyWork& ready) { acknowledgements_->HasWaited(*this, ready); }

void Acknowledgements::Offer(DeliveryNode& node) {
  MutexLock lock(&mutex_);
  node.serial_ = ++last_serial_;
  node.outstanding_ = true;
  outstanding_.PushBack(node);
  ++outstanding_count_;
}

void Acknowledgements::TakeBack(DeliveryNode& node, WakeList& wakes) {
  MutexLock lock(&mutex_);
  if (node.outstanding_) SettleLocked(node, wakes);
}

bool Acknowledgements::Acknowledge(DeliveryNode& node, uint32_t attempt) {
  WakeList wakes;  // Declared before the lock, so wakes after it.
  MutexLock lock(&mutex_);
  if (!node.outstanding_ || node.attempt_ != attempt) return false;
  SettleLocked(node, wakes);
  ++acknowledged_count_;
  return true;
}

bool Acknowledgements::Return(DeliveryNode& node, uint32_t attempt) {
  {
    MutexLock lock(&mutex_);
    if (!node.outstanding_ || node.attempt_ != attempt) return false;
    ++node.attempt_;
    ++returned_count_;
    if (std::exchange(node.returning_, true)) {  // A4
      node.returns_again_ = true;
      return true;
    }
  }
  GoBack(node, nullptr);
  return true;
}

void Acknowledgements::GoBack(DeliveryNode& node, ReadyWork* ready) {
  bool again = true;
  while (again) {
    const Offered offered = OfferAgain(node, ready);
    if (offered == Offered::kWaits) return;
    if (offered == Offered::kRefused) Leave(node, ready);
    MutexLock lock(&mutex_);
    again = std::exchange(node.returns_again_, false);
    node.returning_ = again;
  }
}

Acknowledgements::Offered Acknowledgements::OfferAgain(DeliveryNode& node, ReadyWork* ready) {
  Ref<ChannelCore> channel;
  uint32_t attempt;
  {
    MutexLock lock(&mutex_);
    channel = channel_;
    attempt = node.attempt_;
  }
  if (!channel) return Offered::kRefused;
  WakeList wakes;
  Outcome outcome = Outcome::kWithdrawn;
  {
    MutexLock lock(&channel->mutex);
    if (open_) {
      node.waiter_.value = node.MakeHandle(attempt);
      try {
        outcome = channel->TrySendLocked(node.waiter_.value, wakes);
      } catch (const std::bad_alloc&) {  // It cannot come back, and a destructor may have asked for that.
      }
      if (outcome == Outcome::kNotReady) {
        node.AddRef();  // Of the wait.
        node.waiter_.outcome = Outcome::kNotReady;
        channel->Enlist(node.waiter_);
        return Offered::kWaits;
      }
      node.DropHandle();
    }
  }
  if (ready != nullptr) wakes.WakeAll(*ready);
  return outcome == Outcome::kDone ? Offered::kTaken : Offered::kRefused;
}

void Acknowledgements::HasWaited(DeliveryNode& node, ReadyWork& ready) {
  const auto kept = Ref<DeliveryNode>::Adopt(&node);  // Of the wait.
  node.DropHandle();
  if (node.waiter_.outcome != Outcome::kDone) Leave(node, &ready);
  {
    MutexLock lock(&mutex_);
    node.returning_ = std::exchange(node.returns_again_, false);
    if (!node.returning_) return;
  }
  GoBack(node, &ready);
}

void Acknowledgements::Leave(DeliveryNode& node, ReadyWork* ready) {
  WakeList wakes;
  {
    MutexLock lock(&mutex_);
    if (node.outstanding_) LeaveLocked(node, wakes);
  }
  if (ready != nullptr) wakes.WakeAll(*ready);
}

void Acknowledgements::LeaveLocked(DeliveryNode& node, WakeList& wakes) {
  SettleLocked(node, wakes);
  node.AddRef();
  left_.PushBack(node);
  ++left_count_;
}

void Acknowledgements::SettleLocked(DeliveryNode& node, WakeList& wakes) {
  node.outstanding_ = false;
  node.Unlink();
  --outstanding_count_;
  // Those that wait for it are few: a drain, and flushes.
  List<Settling> rest;
  while (Settling* const settling = settlings_.PopFront()) {
    if (node.serial_ > settling->until_ || --settling->left_ > 0) {
      rest.PushBack(*settling);
    } else {
      wakes.Add(settling->waiter_);
    }
  }
  settlings_.TakeAll(rest);
}

void Acknowledgements::CloseLocked(WakeList& wakes) {
  open_ = false;
  MutexLock lock(&mutex_);
  channel_ = nullptr;  // A5. The caller has another reference.
  while (DeliveryNode* const node = outstanding_.front()) {
    if (node->waiter_.linked()) {
      node->waiter_.Unlink();
      node->waiter_.outcome = Outcome::kWithdrawn;
      wakes.Add(node->waiter_);
    }
    LeaveLocked(*node, wakes);
  }
}

bool Acknowledgements::HandBack(absl::FunctionRef<void(const void* value)> see, const Context* until) {
  while (true) {
    {
      MutexLock lock(&handing_back_.mutex);
      if (handing_back_.by == ThisThread()) return true;
      if (handing_back_.by == nullptr) {
        handing_back_.by = ThisThread();
        break;
      }
    }
    // That thread has not found the end of what is left (A6).
    if (until == nullptr || Await({.target = &handing_back_}, *until) != Outcome::kDone) return false;
  }
  while (const Ref<DeliveryNode> node = NextToHandBack()) see(node->value());
  return true;
}

Ref<DeliveryNode> Acknowledgements::NextToHandBack() {
  WakeList wakes;  // Declared before the locks, so wakes after them.
  MutexLock handing_back(&handing_back_.mutex);
  MutexLock lock(&mutex_);
  auto node = Ref<DeliveryNode>::Adopt(left_.PopFront());
  if (!node) {  // A6
    handing_back_.by = nullptr;
    handing_back_.waiting.ClaimAll(Outcome::kDone, wakes);
  }
  return node;
}

bool Acknowledgements::HandingBack::TryComplete(Waiter& arm, WakeList&) {
  if (by != nullptr) return false;
  arm.outcome = Outcome::kDone;
  return true;
}

uint64_t Acknowledgements::outstanding() const {
  MutexLock lock(&mutex_);
  return outstanding_count_;
}

uint64_t Acknowledgements::acknowledged() const {
  MutexLock lock(&mutex_);
  return acknowledged_count_;
}

uint64_t Acknowledgements::returned() const {
  MutexLock lock(&mutex_);
  return returned_count_;
}

uint64_t Acknowledgements::left() const {
  MutexLock lock(&mutex_);
  return left_count_;
}

bool Settling::StartLocked() {
  MutexLock lock(&acknowledgements_->mutex_);
  queued_ = left_ = acknowledgements_->outstanding_count_;
  until_ = acknowledgements_->last_serial_;
  if (left_ == 0) return false;
  acknowledgements_->settlings_.PushBack(*this);
  return true;
}

bool Settling::Stop() {
  MutexLock lock(&acknowledgements_->mutex_);
  if (!linked()) return false;
  Unlink();
  return true;
}

uint64_t Settling::left() const {
  MutexLock lock(&acknowledgements_->mutex_);
  return left_;
}

uint64_t Settling::queued() const {
  MutexLock lock(&acknowledgements_->mutex_);
  return queued_;
}

DeliveryHandle& DeliveryHandle::operator=(DeliveryHandle&& other) noexcept {
  if (this != &other) {
    if (node_) Return();
    node_ = std::move(other.node_);
    attempt_ = other.attempt_;
  }
  return *this;
}

DeliveryHandle::~DeliveryHandle() {
  if (node_) Return();
}

void DeliveryHandle::Offer() { node_->acknowledgements_->Offer(*node_); }

void DeliveryHandle::TakeBack(WakeList& wakes) {
  if (node_) node_->acknowledgements_->TakeBack(*node_, wakes);
}

bool DeliveryHandle::Acknowledge() { return NodeFor("Ack").acknowledgements_->Acknowledge(*node_, attempt_); }

bool DeliveryHandle::Return() { return NodeFor("Nack").acknowledgements_->Return(*node_, attempt_); }

const DeliveryNode& DeliveryHandle::NodeFor(const char* call) const {
  if (!node_) Fail(call, "the delivery was moved from");
  return *node_;
}

}  // namespace eventbus::internal
