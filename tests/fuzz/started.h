// A send or a receive that waits without a thread: it stands in the channel's queue until someone completes it.

#ifndef EVENTBUS_TESTS_FUZZ_STARTED_H_
#define EVENTBUS_TESTS_FUZZ_STARTED_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "eventbus/channel.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::testing {

// An integer on the heap, so that a sanitizer sees each value that is lost or destroyed twice.
class Value {
 public:
  explicit Value(int number) : number_(std::make_unique<int>(number)) {}
  Value(const Value& other) : Value(*other.number_) {}
  Value(Value&&) = default;
  Value& operator=(Value&&) = default;

  bool moved_from() const { return number_ == nullptr; }
  int number() const { return *number_; }

 private:
  std::unique_ptr<int> number_;
};

class Started final : public internal::SoleOperation {
 public:
  // A send of `number`, or a receive. May end at once.
  Started(const Channel<Value>& channel, internal::Role role, int number)
      : channel_(internal::ChannelAccess::core(channel)), value_(number) {
    waiter_.operation = this;
    waiter_.role = role;
    waiter_.value = is_send() ? static_cast<void*>(&value_) : received_;
    internal::WakeList wakes;
    internal::MutexLock lock(&channel_->mutex);
    if (channel_->TryComplete(waiter_, wakes)) {
      ended_.store(true, std::memory_order_relaxed);
    } else {
      channel_->Enlist(waiter_);
    }
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  ~Started() {
    GiveUp();
    if (!is_send() && outcome() == internal::Outcome::kDone) received().~Value();
  }

  void Wake(internal::Waiter&, internal::ReadyWork&) override {
    ended_.store(true, std::memory_order_release);  // By the thread of a send that blocks, perhaps.
  }

  // False if it has ended: then the transfer happened, or the channel was closed.
  bool GiveUp() {
    internal::MutexLock lock(&channel_->mutex);
    if (!waiter_.linked()) return false;
    waiter_.Unlink();
    waiter_.outcome = internal::Outcome::kCancelled;
    return true;
  }

  bool is_send() const { return waiter_.role == internal::Role::kSend; }
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  internal::Outcome outcome() const { return waiter_.outcome; }
  // What was received, if it ended with `kDone`.
  const Value& received() const { return *reinterpret_cast<const Value*>(received_); }
  // What is or was to be sent.
  const Value& to_send() const { return value_; }

 private:
  const internal::Ref<internal::ChannelCore> channel_;
  Value value_;
  alignas(Value) std::byte received_[sizeof(Value)];
  internal::Waiter waiter_;
  std::atomic<bool> ended_{false};
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_FUZZ_STARTED_H_
