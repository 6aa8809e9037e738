// The sending side of a channel: `SendChannel<T>`, and the calls that it shares with `Channel<T>`. See `channel.h` for
// what a channel is and for the table of states.

#ifndef EVENTBUS_SEND_CHANNEL_H_
#define EVENTBUS_SEND_CHANNEL_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/internal/channel/async_transfer.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/channel/channel_handle.h"
#include "eventbus/internal/channel/channel_status.h"

namespace eventbus {

// Each call takes `T&&`, which is moved from only if the value was sent, or `const T&`, which is copied first, with no
// lock held; an exception of the copy reaches the caller and nothing was sent.
//
// Status of each: OK, the value was accepted, or taken by a receiver; `kFailedPrecondition`, the channel is closed; and
// as said below. Unless OK, nothing happened and the value is as it was. No status carries a message.
//
// All are thread-safe, allocate nothing (but for a chunk of an unbounded channel, now and then, which may throw
// `std::bad_alloc`), are O(1), and fail at once on a null channel.
template <typename Self, typename T>
class SendSide {
 public:
  // Blocks while there is no room; at capacity 0, until a receiver takes the value.
  absl::Status Send(T&& value) const { return SendUntilInstant("Send", value, internal::Instant::Never()); }
  absl::Status Send(const T& value) const requires std::copy_constructible<T> {
    T copy(value);
    return Send(std::move(copy));
  }

  // As `Send`, but ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which is checked first.
  absl::Status Send(const Context& context, T&& value) const {
    internal::ChannelCore& channel = self().Core("Send");
    return internal::WithContext(context, channel, internal::Role::kSend, &value, internal::SendStatus);
  }
  absl::Status Send(const Context& context, const T& value) const requires std::copy_constructible<T> {
    T copy(value);
    return Send(context, std::move(copy));
  }

  // As `Send`, but ends with `kDeadlineExceeded` if there is no room by `deadline`. A deadline that has passed tries
  // once.
  absl::Status SendUntil(absl::Time deadline, T&& value) const {
    return SendUntilInstant("SendUntil", value, internal::ToInstant(deadline));
  }
  absl::Status SendUntil(absl::Time deadline, const T& value) const requires std::copy_constructible<T> {
    T copy(value);
    return SendUntil(deadline, std::move(copy));
  }

  // Never blocks: `kResourceExhausted` if there is no room; at capacity 0, if no receiver waits.
  absl::Status TrySend(T&& value) const { return SendUntilInstant("TrySend", value, internal::Instant::Past()); }
  absl::Status TrySend(const T& value) const requires std::copy_constructible<T> {
    T copy(value);
    return TrySend(std::move(copy));
  }

  // For tasks (`task.h`), which it suspends where `Send` blocks: `co_await channel.AsyncSend(value)` is the `absl::Status`
  // of `Send`. What is passed as `T&&` is moved from only if it was sent, and must live until then, as it does when
  // written in the `co_await`. A task that is stopped while it waits has sent nothing, unless a receiver took
  // the value just before. Borrows this handle.
  internal::AsyncSend<T> AsyncSend(T&& value) const { return internal::AsyncSend<T>(self().Core("AsyncSend"), &value); }
  internal::AsyncOwningSend<T> AsyncSend(const T& value) const requires std::copy_constructible<T> {
    return internal::AsyncOwningSend<T>(self().Core("AsyncSend"), T(value));
  }
  internal::AsyncSendUntilDone<T> AsyncSend(Context context, T&& value) const {
    return internal::AsyncSendUntilDone<T>(self().Core("AsyncSend"), &value, std::move(context));
  }
  internal::AsyncOwningSendUntilDone<T> AsyncSend(Context context,
                                                  const T& value) const requires std::copy_constructible<T> {
    return internal::AsyncOwningSendUntilDone<T>(self().Core("AsyncSend"), T(value), std::move(context));
  }

  // A case that sends `*value`: moved from only if the case is chosen and the channel open. Borrows `value` and, unless
  // called on a temporary handle, this handle. The optional last argument learns what became of it, OK or
  // `kFailedPrecondition`: an `absl::Status*` that is set, or a handler called with the `absl::Status`.
  Case OnSend(T* value) const& { return Case(SendParts(value)); }
  Case OnSend(T* value) && { return KeepAlive(SendParts(value)); }
  template <typename Result>
  Case OnSend(T* value, Result result) const& {
    return Case(WithResult(SendParts(value), std::move(result)));
  }
  template <typename Result>
  Case OnSend(T* value, Result result) && {
    return KeepAlive(WithResult(SendParts(value), std::move(result)));
  }

  // The same, with a value that the case owns. Allocates if the value is larger than four words.
  Case OnSend(T value) const& { return Case(OwnedSendParts(std::move(value))); }
  Case OnSend(T value) && { return KeepAlive(OwnedSendParts(std::move(value))); }
  template <typename Result>
  Case OnSend(T value, Result result) const& {
    return Case(WithResult(OwnedSendParts(std::move(value)), std::move(result)));
  }
  template <typename Result>
  Case OnSend(T value, Result result) && {
    return KeepAlive(WithResult(OwnedSendParts(std::move(value)), std::move(result)));
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }

  absl::Status SendUntilInstant(absl::string_view call, T& value, internal::Instant deadline) const {
    return internal::SendStatus(self().Core(call).Complete(internal::Role::kSend, &value, deadline));
  }

  internal::CaseParts SendParts(T* value) const {
    internal::CaseParts parts;
    parts.target = self().core_.get();
    parts.role = internal::Role::kSend;
    parts.value = value;
    return parts;
  }
  internal::CaseParts OwnedSendParts(T value) const {
    internal::CaseParts parts = SendParts(nullptr);
    parts.owned_value = internal::ElementBox(std::move(value));
    return parts;
  }

  static internal::CaseParts WithResult(internal::CaseParts parts, absl::Status* result) {
    parts.finish = [result](void*, internal::Outcome outcome) { *result = internal::SendStatus(outcome); };
    return parts;
  }
  template <std::invocable<absl::Status> Handler>
  static internal::CaseParts WithResult(internal::CaseParts parts, Handler handler) {
    parts.finish = [handler = std::move(handler)](void*, internal::Outcome outcome) mutable {
      handler(internal::SendStatus(outcome));
    };
    return parts;
  }

  Case KeepAlive(internal::CaseParts parts) {
    parts.kept_alive = std::move(static_cast<Self&>(*this).core_);
    return Case(std::move(parts));
  }
};

// A copyable handle through which a channel can be sent to and closed. Default-constructed it is null: a case of it is
// never ready, and every other call fails at once.
template <typename T>
class SendChannel : public internal::ChannelHandle, public SendSide<SendChannel<T>, T> {
 public:
  SendChannel() = default;

  friend bool operator==(const SendChannel& a, const SendChannel& b) { return a.SameAs(b); }

 private:
  friend class SendSide<SendChannel<T>, T>;
  friend struct internal::ChannelAccess;
  template <typename>
  friend class Channel;

  explicit SendChannel(internal::Ref<internal::ChannelCore> core) : internal::ChannelHandle(std::move(core)) {}
};

}  // namespace eventbus

#endif  // EVENTBUS_SEND_CHANNEL_H_
