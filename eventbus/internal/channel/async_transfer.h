// What `co_await channel.AsyncReceive()` and its kin return.

#ifndef EVENTBUS_INTERNAL_CHANNEL_ASYNC_TRANSFER_H_
#define EVENTBUS_INTERNAL_CHANNEL_ASYNC_TRANSFER_H_

#include <algorithm>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/channel/channel_status.h"
#include "eventbus/internal/channel/receive_slot.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/async_wait.h"

namespace eventbus::internal {

// What is to be awaited: makes its awaiter where it is awaited, for an awaiter has its place in the wait queue and cannot
// move.
template <typename Awaiter, typename... Args>
class [[nodiscard]] AsyncOperation {
 public:
  using AwaitedInTask = void;

  explicit AsyncOperation(Args... args) : args_(std::forward<Args>(args)...) {}

  Awaiter operator co_await() && { return std::make_from_tuple<Awaiter>(std::move(args_)); }

 private:
  std::tuple<Args...> args_;
};

// The awaiter of one send or receive. What it keeps alive outlives the wait, so it comes first.
class TransferAwaiter {
 public:
  bool await_ready() { return wait_.TryNow(); }
  template <ActivePromise Promise>
  bool await_suspend(std::coroutine_handle<Promise> here) {
    return wait_.Suspend(here.promise().activity(), here);
  }

 protected:
  // Borrows `channel` unless `kept` is it.
  TransferAwaiter(ChannelCore& channel, Ref<ChannelCore> kept, Role role, void* value)
      : kept_(std::move(kept)), wait_(channel, role, value) {}

  AsyncWait& wait() { return wait_; }

 private:
  const Ref<ChannelCore> kept_;
  AsyncWait wait_;
};

template <typename T>
class SendAwaiter : public TransferAwaiter {
 public:
  SendAwaiter(ChannelCore& channel, T* value) : TransferAwaiter(channel, nullptr, Role::kSend, value) {}

  absl::Status await_resume() { return SendStatus(wait().Resume()); }
};

// The same with a value of its own.
template <typename T>
class OwnedValue {
 protected:
  explicit OwnedValue(T value) : value_(std::move(value)) {}
  T value_;
};

template <typename T>
class OwningSendAwaiter : private OwnedValue<T>, public SendAwaiter<T> {
 public:
  OwningSendAwaiter(ChannelCore& channel, T value)
      : OwnedValue<T>(std::move(value)), SendAwaiter<T>(channel, &this->value_) {}
};

// Memory for the value, and its end if nobody takes it.
template <typename T>
class ReceivingAwaiter : private ReceiveSlot<T>, public TransferAwaiter {
 public:
  ReceivingAwaiter(ChannelCore& channel, Ref<ChannelCore> kept)
      : TransferAwaiter(channel, std::move(kept), Role::kReceive, this->memory()) {}
  ~ReceivingAwaiter() {
    wait().Withdraw();
    if (!taken_ && wait().outcome() == Outcome::kDone) TakenValue<T> dropped(this->memory());
  }

 protected:
  // The outcome; if `kDone`, the caller takes the value out of `slot()`.
  Outcome Resume() {
    taken_ = true;
    return wait().Resume();
  }
  ReceiveSlot<T>& slot() { return *this; }

 private:
  bool taken_ = false;
};

template <typename T>
class ReceiveAwaiter : public ReceivingAwaiter<T> {
 public:
  using ReceivingAwaiter<T>::ReceivingAwaiter;

  absl::StatusOr<T> await_resume() {
    const Outcome outcome = this->Resume();
    if (outcome != Outcome::kDone) return ErrorOr<T>(ReceiveStatus(outcome));
    return this->slot().Take();
  }
};

template <typename T>
class ReceiveManyAwaiter : public ReceivingAwaiter<T> {
 public:
  ReceiveManyAwaiter(ChannelCore& channel, Ref<ChannelCore> kept, size_t max)
      : ReceivingAwaiter<T>(channel, std::move(kept)), channel_(channel), max_(max) {}

  absl::StatusOr<std::vector<T>> await_resume() {
    std::vector<T> values;
    values.reserve(std::min(max_, channel_.ApproxSize() + 1));  // May throw, so it comes before the value is taken.
    const Outcome outcome = this->Resume();
    if (outcome != Outcome::kDone) return ReceiveStatus(outcome);
    this->slot().AppendTo(values);
    TakeWhatIsThere(channel_, max_, values);
    return values;
  }

 private:
  ChannelCore& channel_;
  const size_t max_;
};

template <typename T>
using AsyncSend = AsyncOperation<SendAwaiter<T>, ChannelCore&, T*>;
template <typename T>
using AsyncOwningSend = AsyncOperation<OwningSendAwaiter<T>, ChannelCore&, T>;
template <typename T>
using AsyncReceive = AsyncOperation<ReceiveAwaiter<T>, ChannelCore&, Ref<ChannelCore>>;
template <typename T>
using AsyncReceiveMany = AsyncOperation<ReceiveManyAwaiter<T>, ChannelCore&, Ref<ChannelCore>, size_t>;

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHANNEL_ASYNC_TRANSFER_H_
