// What `co_await channel.AsyncReceive()` and its kin return.

#ifndef EVENTBUS_INTERNAL_CHANNEL_ASYNC_TRANSFER_H_
#define EVENTBUS_INTERNAL_CHANNEL_ASYNC_TRANSFER_H_

#include <algorithm>
#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/context.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/channel/channel_status.h"
#include "eventbus/internal/channel/receive_slot.h"
#include "eventbus/internal/choosing/async_select.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/async_operation.h"
#include "eventbus/internal/waiting/async_wait.h"

namespace eventbus::internal {

// How an awaiter waits for its channel alone.
class PlainWait {
 public:
  PlainWait(ChannelCore& channel, Role role, void* value) : wait_(channel, role, value) {}

  bool Suspend(CoroutineActivity& activity, std::coroutine_handle<> here) {
    Waiter& waiter = wait_.waiter();
    if (waiter.role == Role::kReceive && static_cast<ChannelCore&>(wait_.target()).TryReceiveQueued(waiter.value)) {
      waiter.outcome = Outcome::kDone;
      return false;
    }
    return wait_.Suspend(activity, here);
  }
  void Fail(std::exception_ptr thrown) { wait_.Fail(std::move(thrown)); }
  Outcome Resume() { return wait_.Resume(); }
  void Withdraw() { wait_.Withdraw(); }
  Outcome outcome() const { return wait_.outcome(); }
  // Why it gave up: it does not.
  absl::Status why() const { return absl::OkStatus(); }

 private:
  AsyncWait wait_;
};

// The same, until a context is done.
class ContextWait {
 public:
  ContextWait(ChannelCore& channel, Role role, void* value, Context context)
      : context_(std::move(context)),
        arms_{Arm{.target = ContextAccess::state(context_)}, Arm{.target = &channel, .role = role, .value = value}},
        wait_(arms_, Choice::kListed) {}

  bool Suspend(CoroutineActivity& activity, std::coroutine_handle<> here) { return wait_.Suspend(activity, here); }
  void Fail(std::exception_ptr thrown) { wait_.Fail(std::move(thrown)); }
  Outcome Resume() {
    wait_.Resume();
    return outcome();
  }
  void Withdraw() { wait_.Withdraw(); }
  Outcome outcome() const {
    const Selected selected = wait_.selected();
    return selected.index == 0 ? Outcome::kCancelled : selected.outcome;
  }
  absl::Status why() const { return context_.status(); }

 private:
  const Context context_;
  const std::array<Arm, 2> arms_;
  AsyncSelectWait wait_;
};

// The awaiter of one send or receive. What it keeps alive outlives the wait, so it comes first.
template <typename Wait>
class TransferAwaiter {
 public:
  bool await_ready() { return false; }
  template <ActivePromise Promise>
  bool await_suspend(std::coroutine_handle<Promise> here) {
    return here.promise().activity().Await(wait_, here);
  }

 protected:
  // Borrows `channel` unless `kept` is it.
  template <typename... Args>
  TransferAwaiter(Ref<ChannelCore> kept, ChannelCore& channel, Role role, void* value, Args... args)
      : kept_(std::move(kept)), wait_(channel, role, value, std::move(args)...) {}

  Wait& wait() { return wait_; }

 private:
  const Ref<ChannelCore> kept_;
  Wait wait_;
};

template <typename Wait>
class SendAwaiter : public TransferAwaiter<Wait> {
 public:
  template <typename... Args>
  SendAwaiter(ChannelCore& channel, void* value, Args... args)
      : TransferAwaiter<Wait>(nullptr, channel, Role::kSend, value, std::move(args)...) {}

  absl::Status await_resume() {
    const Outcome outcome = this->wait().Resume();
    return outcome == Outcome::kCancelled ? this->wait().why() : SendStatus(outcome);
  }
};

// The same with a value of its own.
template <typename T>
class OwnedValue {
 protected:
  explicit OwnedValue(T value) : value_(std::move(value)) {}
  T value_;
};

template <typename T, typename Wait>
class OwningSendAwaiter : private OwnedValue<T>, public SendAwaiter<Wait> {
 public:
  template <typename... Args>
  OwningSendAwaiter(ChannelCore& channel, T value, Args... args)
      : OwnedValue<T>(std::move(value)), SendAwaiter<Wait>(channel, &this->value_, std::move(args)...) {}
};

// Memory for the value, and its end if nobody takes it.
template <typename T, typename Wait>
class ReceivingAwaiter : private ReceiveSlot<T>, public TransferAwaiter<Wait> {
 public:
  template <typename... Args>
  ReceivingAwaiter(ChannelCore& channel, Ref<ChannelCore> kept, Args... args)
      : TransferAwaiter<Wait>(std::move(kept), channel, Role::kReceive, this->memory(), std::move(args)...) {}
  ~ReceivingAwaiter() {
    this->wait().Withdraw();
    if (!taken_ && this->wait().outcome() == Outcome::kDone) TakenValue<T> dropped(this->memory());
  }

 protected:
  // OK, and the caller takes the value out of `slot()`; or why there is none.
  absl::Status Resume() {
    taken_ = true;
    const Outcome outcome = this->wait().Resume();
    return outcome == Outcome::kCancelled ? this->wait().why() : ReceiveStatus(outcome);
  }
  ReceiveSlot<T>& slot() { return *this; }

 private:
  bool taken_ = false;
};

template <typename T, typename Wait>
class ReceiveAwaiter : public ReceivingAwaiter<T, Wait> {
 public:
  using ReceivingAwaiter<T, Wait>::ReceivingAwaiter;

  absl::StatusOr<T> await_resume() {
    absl::Status status = this->Resume();
    if (!status.ok()) return ErrorOr<T>(std::move(status));
    return this->slot().Take();
  }
};

template <typename T, typename Wait>
class NextAwaiter : public ReceivingAwaiter<T, Wait> {
 public:
  using ReceivingAwaiter<T, Wait>::ReceivingAwaiter;

  std::optional<T> await_resume() {
    std::optional<T> next;
    if (this->Resume().ok()) this->slot().MoveTo(next);
    return next;
  }
};

template <typename T, typename Wait>
class ReceiveManyAwaiter : public ReceivingAwaiter<T, Wait> {
 public:
  template <typename... Args>
  ReceiveManyAwaiter(ChannelCore& channel, Ref<ChannelCore> kept, size_t max, Args... args)
      : ReceivingAwaiter<T, Wait>(channel, std::move(kept), std::move(args)...), channel_(channel), max_(max) {
    values_.reserve(std::min(max, channel.ApproxSize() + 1));  // May throw, so it comes before the wait.
  }

  absl::StatusOr<std::vector<T>> await_resume() {
    absl::Status status = this->Resume();
    if (!status.ok()) return status;
    this->slot().AppendTo(values_);
    TakeWhatIsThere(channel_, max_, values_);
    return std::move(values_);
  }

 private:
  ChannelCore& channel_;
  const size_t max_;
  std::vector<T> values_;
};

template <typename T>
using AsyncSend = AsyncOperation<SendAwaiter<PlainWait>, ChannelCore&, T*>;
template <typename T>
using AsyncOwningSend = AsyncOperation<OwningSendAwaiter<T, PlainWait>, ChannelCore&, T>;
template <typename T>
using AsyncReceive = AsyncOperation<ReceiveAwaiter<T, PlainWait>, ChannelCore&, Ref<ChannelCore>>;
template <typename T>
using AsyncNext = AsyncOperation<NextAwaiter<T, PlainWait>, ChannelCore&, Ref<ChannelCore>>;
template <typename T>
using AsyncReceiveMany = AsyncOperation<ReceiveManyAwaiter<T, PlainWait>, ChannelCore&, Ref<ChannelCore>, size_t>;

// With a context.
template <typename T>
using AsyncSendUntilDone = AsyncOperation<SendAwaiter<ContextWait>, ChannelCore&, T*, Context>;
template <typename T>
using AsyncOwningSendUntilDone = AsyncOperation<OwningSendAwaiter<T, ContextWait>, ChannelCore&, T, Context>;
template <typename T>
using AsyncReceiveUntilDone = AsyncOperation<ReceiveAwaiter<T, ContextWait>, ChannelCore&, Ref<ChannelCore>, Context>;
template <typename T>
using AsyncNextUntilDone = AsyncOperation<NextAwaiter<T, ContextWait>, ChannelCore&, Ref<ChannelCore>, Context>;
template <typename T>
using AsyncReceiveManyUntilDone =
    AsyncOperation<ReceiveManyAwaiter<T, ContextWait>, ChannelCore&, Ref<ChannelCore>, size_t, Context>;

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHANNEL_ASYNC_TRANSFER_H_
