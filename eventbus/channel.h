// A first-in first-out queue between threads, of bounded size unless asked otherwise.
//
//   Channel<Order> orders(64);                           // 64 queued at most; then senders wait
//   std::thread worker([orders] {
//     for (Order& order : orders) Handle(order);         // ends when the channel is closed and drained
//   });
//   absl::Status sent = orders.Send(Order{...});
//   orders.Close();
//
// Use a channel to hand values from any number of threads to any number of others, each value to one of them. To give
// every value to everybody, subscribe channels to a `FeedOf<T>`. To wait on several channels at once, `Select`.
//
// | operation | null handle | room or value there | no room, or empty | closed | capacity 0 |
// |---|---|---|---|---|---|
// | `Send` | fails at once | stores | blocks | `kFailedPrecondition` | blocks until a receiver takes it |
// | `TrySend` | fails at once | stores | `kResourceExhausted` | `kFailedPrecondition` | only to a waiting one |
// | `Receive` | fails at once | the oldest | blocks | what is left, then `kOutOfRange` | blocks until a sender gives |
// | `TryReceive` | fails at once | the oldest | `kUnavailable` | what is left, then `kOutOfRange` | only from a waiting one |
// | `Close` | fails at once | true | true | false | true |
// | in `Select` | never ready | ready | not ready | ready | ready if the other side waits |
//
// Guarantees:
//   - Values are received in the order in which they were accepted; blocked senders and blocked receivers are served in
//     the order in which they came.
//   - What a sender did before `Send` is visible to the receiver of that value; what the closer did before `Close`, to
//     who finds the end of the stream.
//   - An operation that was cancelled, timed out, refused or not chosen did nothing: the value is still the sender's,
//     unmoved. An accepted value is received or, if the last handle goes first, destroyed; `Close` drops nothing.
//   - No user code runs under a lock but the move of a value, and the destruction of the shell that it leaves.
//
// `T` is any object type whose move cannot throw; it need not be copyable, assignable or default-constructible. A type
// whose move constructor can throw does not compile: send it behind a `std::unique_ptr` or `std::shared_ptr`.
//
// Origin: Go's channels. Where Go panics (send on closed, close of closed), this returns a status.

#ifndef EVENTBUS_CHANNEL_H_
#define EVENTBUS_CHANNEL_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventbus/internal/channel/channel_handle.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/receive_channel.h"
#include "eventbus/send_channel.h"
#include "eventbus/source_location.h"

namespace eventbus {

// Asks for a channel with no limit: senders never wait, and a slow receiver costs memory without bound.
struct Unbounded {};
inline constexpr Unbounded kUnbounded;

// A copyable handle to a channel, one pointer wide; the channel lives as long as a handle does. Distinct handles may be
// used from any threads at once, and so may the `const` calls of one.
struct ChannelOptions {
  // For people: in what `DumpWaiters` says (`dump_waiters.h`).
  std::string name = {};
};

template <typename T>
class Channel : public internal::ChannelHandle, public SendSide<Channel<T>, T>, public ReceiveSide<Channel<T>, T> {
 public:
  // A new channel that holds `capacity` values; 0 is a rendezvous, where each send waits for its receiver. Allocates
  // all its memory here; may throw `std::bad_alloc`. A negative capacity fails at once.
  // `location` is where people are told that it was made.
  explicit Channel(std::ptrdiff_t capacity = 0, ChannelOptions options = {},
                   SourceLocation location = SourceLocation::current())
      : Channel(Slots{CheckedCapacity(capacity)}, std::move(options), location) {}

  explicit Channel(Unbounded, ChannelOptions options = {}, SourceLocation location = SourceLocation::current())
      : Channel(Slots{internal::kUnboundedCapacity}, std::move(options), location) {}

  // One direction of the same channel.
  operator SendChannel<T>() const { return SendChannel<T>(core_); }
  operator ReceiveChannel<T>() const { return ReceiveChannel<T>(core_); }

  friend bool operator==(const Channel& a, const Channel& b) { return a.SameAs(b); }

 private:
  friend class SendSide<Channel<T>, T>;
  friend class ReceiveSide<Channel<T>, T>;

  struct Slots {
    size_t count;
  };
  Channel(Slots slots, ChannelOptions options, SourceLocation location)
      : internal::ChannelHandle(internal::MakeRef<internal::ChannelCore>(
            internal::kElementOf<T>, slots.count, internal::Label(location, std::move(options.name)))) {}

  static size_t CheckedCapacity(std::ptrdiff_t capacity) {
    if (capacity < 0) internal::Fail("Channel", absl::StrCat("negative capacity ", capacity));
    return static_cast<size_t>(capacity);
  }
};

}  // namespace eventbus

#endif  // EVENTBUS_CHANNEL_H_
