// The receiving side of a channel: `ReceiveChannel<T>`, and the calls that it shares with `Channel<T>`. See `channel.h`
// for what a channel is and for the table of states.

#ifndef EVENTBUS_RECEIVE_CHANNEL_H_
#define EVENTBUS_RECEIVE_CHANNEL_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/internal/channel/async_transfer.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/channel/channel_handle.h"
#include "eventbus/internal/channel/channel_status.h"
#include "eventbus/internal/channel/receive_slot.h"

namespace eventbus {

class Executor;
struct OnEachOptions;

// What a case that receives a `T` can report to: a `StatusOr<T>*`, or a handler that takes a `StatusOr<T>`.
template <typename Result, typename T>
concept ReceiveResult = std::same_as < Result,
        absl::StatusOr<T>
* > || std::invocable<Result&, absl::StatusOr<T>>;

// Status of each call: OK with the oldest value; `kOutOfRange`, the channel is closed and drained, there will be no
// more; and as said below. Unless OK, nothing was received. No status carries a message.
//
// All are thread-safe, allocate nothing unless said otherwise, are O(1), and fail at once on a null channel.
template <typename Self, typename T>
class ReceiveSide {
 public:
  // Blocks until there is a value or the end.
  absl::StatusOr<T> Receive() const { return ReceiveUntilInstant("Receive", internal::Instant::Never()); }

  // As `Receive`, but ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which is checked first.
  absl::StatusOr<T> Receive(const Context& context) const {
    internal::ReceiveSlot<T> slot;
    absl::Status status = ReceiveInto(context, slot, "Receive");
    if (!status.ok()) return internal::ErrorOr<T>(std::move(status));
    return slot.Take();
  }

  // As `Receive`, but ends with `kDeadlineExceeded` if there is no value by `deadline`. A deadline that has passed
  // tries once.
  absl::StatusOr<T> ReceiveUntil(absl::Time deadline) const {
    return ReceiveUntilInstant("ReceiveUntil", internal::ToInstant(deadline));
  }

  // Never blocks: `kUnavailable` if there is nothing yet; at capacity 0, if no sender waits.
  absl::StatusOr<T> TryReceive() const { return ReceiveUntilInstant("TryReceive", internal::Instant::Past()); }

  // Waits for one value, then takes what else is there, oldest first, up to `max` (at least 1) in all. Never returns an
  // empty vector: the end is `kOutOfRange`. Takes several values under one hold of the lock; allocates the vector.
  absl::StatusOr<std::vector<T>> ReceiveMany(size_t max) const { return ReceiveMany(Context::Background(), max); }
  absl::StatusOr<std::vector<T>> ReceiveMany(const Context& context, size_t max) const {
    if (max == 0) internal::Fail("ReceiveMany", "max must be at least 1");
    std::vector<T> values;
    values.reserve(std::min(max, self().Core("ReceiveMany").ApproxSize() + 1));
    internal::ReceiveSlot<T> slot;
    absl::Status status = ReceiveInto(context, slot, "ReceiveMany");
    if (!status.ok()) return status;
    slot.AppendTo(values);
    internal::TakeWhatIsThere(*self().core_, max, values);
    return values;
  }

  // For tasks (`task.h`), which they suspend where the calls above block: `co_await channel.AsyncReceive()` is an
  // `absl::StatusOr<T>`, `co_await channel.AsyncReceiveMany(max)` an `absl::StatusOr<std::vector<T>>`, with the statuses of
  // `Receive` and `ReceiveMany`. The task goes on in its executor, and inside a sender's call only if that is an
  // `InlineExecutor`. A task that is stopped while it waits has received nothing, unless a sender gave it a value just
  // before, which is then destroyed. Borrow this handle, unless called on a temporary one. `AsyncReceive` allocates nothing
  // unless it waits for a timer. Deadlines and timers are waited for by a thread that the process has for all of them.
  internal::AsyncReceive<T> AsyncReceive() const& {
    return internal::AsyncReceive<T>(self().Core("AsyncReceive"), nullptr);
  }
  internal::AsyncReceive<T> AsyncReceive() && {
    internal::ChannelCore& channel = self().Core("AsyncReceive");
    return internal::AsyncReceive<T>(channel, TakeCore());
  }
  internal::AsyncReceiveUntilDone<T> AsyncReceive(Context context) const& {
    return internal::AsyncReceiveUntilDone<T>(self().Core("AsyncReceive"), nullptr, std::move(context));
  }
  internal::AsyncReceiveUntilDone<T> AsyncReceive(Context context) && {
    internal::ChannelCore& channel = self().Core("AsyncReceive");
    return internal::AsyncReceiveUntilDone<T>(channel, TakeCore(), std::move(context));
  }
  internal::AsyncReceiveMany<T> AsyncReceiveMany(size_t max) const& {
    return internal::AsyncReceiveMany<T>(CoreForMany(max), nullptr, max);
  }
  internal::AsyncReceiveMany<T> AsyncReceiveMany(size_t max) && {
    internal::ChannelCore& channel = CoreForMany(max);
    return internal::AsyncReceiveMany<T>(channel, TakeCore(), max);
  }
  internal::AsyncReceiveManyUntilDone<T> AsyncReceiveMany(Context context, size_t max) const& {
    return internal::AsyncReceiveManyUntilDone<T>(CoreForMany(max), nullptr, max, std::move(context));
  }
  internal::AsyncReceiveManyUntilDone<T> AsyncReceiveMany(Context context, size_t max) && {
    internal::ChannelCore& channel = CoreForMany(max);
    return internal::AsyncReceiveManyUntilDone<T>(channel, TakeCore(), max, std::move(context));
  }

  // The same for a loop: `while (std::optional<T> value = co_await channel.AsyncNext()) ...`. Empty once there will be no
  // more: the channel is closed and drained, or `context` is done.
  internal::AsyncNext<T> AsyncNext() const& { return internal::AsyncNext<T>(self().Core("AsyncNext"), nullptr); }
  internal::AsyncNext<T> AsyncNext() && {
    internal::ChannelCore& channel = self().Core("AsyncNext");
    return internal::AsyncNext<T>(channel, TakeCore());
  }
  internal::AsyncNextUntilDone<T> AsyncNext(Context context) const& {
    return internal::AsyncNextUntilDone<T>(self().Core("AsyncNext"), nullptr, std::move(context));
  }
  internal::AsyncNextUntilDone<T> AsyncNext(Context context) && {
    internal::ChannelCore& channel = self().Core("AsyncNext");
    return internal::AsyncNextUntilDone<T>(channel, TakeCore(), std::move(context));
  }

  // Has `handler` called on `executor` with each value, one at a time, until the channel is closed and drained. Returns a
  // `Spawned<absl::Status>`. Include `on_each.h`.
  template <typename Handler>
  [[nodiscard]] auto OnEach(Executor& executor, Handler handler) const;
  template <typename Handler>
  [[nodiscard]] auto OnEach(Executor& executor, Handler handler, OnEachOptions options) const;

  // A case that receives. Its last argument learns the outcome: a `StatusOr<T>*` that is set if the case is chosen, or
  // a handler called with the `StatusOr<T>`: a value, or `kOutOfRange`. Borrows the slot and, unless called on a
  // temporary handle, this handle.
  template <ReceiveResult<T> Result>
  Case OnReceive(Result result) const& {
    return Case(ReceiveParts(std::move(result)));
  }
  template <ReceiveResult<T> Result>
  Case OnReceive(Result result) && {
    internal::CaseParts parts = ReceiveParts(std::move(result));
    parts.kept_alive = TakeCore();
    return Case(std::move(parts));
  }

  // Receives until the channel is closed and drained: `for (T& value : channel) ...`. The value lives until the next
  // turn.
  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    T& operator*() const { return *value_; }
    T* operator->() const { return &*value_; }
    Iterator& operator++() {
      Advance();
      return *this;
    }
    void operator++(int) { Advance(); }
    friend bool operator==(const Iterator& iterator, std::default_sentinel_t) { return !iterator.value_.has_value(); }

   private:
    friend class ReceiveSide;

    explicit Iterator(internal::ChannelCore& channel) : channel_(&channel) { Advance(); }

    void Advance() {
      value_.reset();
      internal::ReceiveSlot<T> slot;
      if (channel_->Complete(internal::Role::kReceive, slot.memory(), internal::Instant::Never()) ==
          internal::Outcome::kDone) {
        slot.MoveTo(value_);
      }
    }

    internal::ChannelCore* channel_;
    mutable std::optional<T> value_;
  };
  Iterator begin() const { return Iterator(self().Core("begin")); }
  std::default_sentinel_t end() const { return std::default_sentinel; }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }

  internal::Ref<internal::ChannelCore> TakeCore() { return std::move(static_cast<Self&>(*this).core_); }
  internal::ChannelCore& CoreForMany(size_t max) const {
    if (max == 0) internal::Fail("AsyncReceiveMany", "max must be at least 1");
    return self().Core("AsyncReceiveMany");
  }

  absl::StatusOr<T> ReceiveUntilInstant(absl::string_view call, internal::Instant deadline) const {
    internal::ReceiveSlot<T> slot;
    const internal::Outcome outcome = self().Core(call).Complete(internal::Role::kReceive, slot.memory(), deadline);
    if (outcome != internal::Outcome::kDone) return internal::ErrorOr<T>(internal::ReceiveStatus(outcome));
    return slot.Take();
  }

  absl::Status ReceiveInto(const Context& context, internal::ReceiveSlot<T>& slot, absl::string_view call) const {
    internal::ChannelCore& channel = self().Core(call);
    return internal::WithContext(context, channel, internal::Role::kReceive, slot.memory(), internal::ReceiveStatus);
  }

  static auto Finish(absl::StatusOr<T>* slot) {
    return [slot](void* value, internal::Outcome outcome) {
      if (outcome == internal::Outcome::kDone) {
        internal::TakenValue<T> taken(value);
        slot->emplace(std::move(*taken));
      } else {
        internal::Reset(*slot, internal::ErrorOr<T>(internal::ReceiveStatus(outcome)));
      }
    };
  }
  template <std::invocable<absl::StatusOr<T>> Handler>
  static auto Finish(Handler handler) {
    return [handler = std::move(handler)](void* value, internal::Outcome outcome) mutable {
      if (outcome != internal::Outcome::kDone) {
        handler(internal::ErrorOr<T>(internal::ReceiveStatus(outcome)));
        return;
      }
      internal::TakenValue<T> taken(value);
      handler(absl::StatusOr<T>(absl::in_place, std::move(*taken)));
    };
  }

  template <typename Result>
  internal::CaseParts ReceiveParts(Result result) const {
    internal::CaseParts parts;
    parts.target = self().core_.get();
    parts.role = internal::Role::kReceive;
    parts.received = &internal::kElementOf<T>;
    parts.finish = Finish(std::move(result));
    return parts;
  }
};

// A copyable handle through which a channel can be received from and closed. Default-constructed it is null: a case of
// it is never ready, and every other call fails at once.
template <typename T>
class ReceiveChannel : public internal::ChannelHandle, public ReceiveSide<ReceiveChannel<T>, T> {
 public:
  ReceiveChannel() = default;

  friend bool operator==(const ReceiveChannel& a, const ReceiveChannel& b) { return a.SameAs(b); }

 private:
  friend class ReceiveSide<ReceiveChannel<T>, T>;
  friend struct internal::ChannelAccess;
  template <typename>
  friend class Channel;

  explicit ReceiveChannel(internal::Ref<internal::ChannelCore> core) : internal::ChannelHandle(std::move(core)) {}
};

}  // namespace eventbus

#endif  // EVENTBUS_RECEIVE_CHANNEL_H_
