// What becomes of a value that a subscriber of a feed has no room for.
//
//   feed.Subscribe(handler, {.executor = &pool, .overflow = Overflow::kDropOldest});
//   feed.Subscribe(handler, {.executor = &pool, .overflow = LatestBy([](const Quote& quote) { return quote.symbol; })});
//
// | policy | a value comes and there is no room | handler with an executor | channel |
// |---|---|---|---|
// | `kBlock` | the sender waits, bounded by its context | yes | yes |
// | `kDropNewest` | this value is lost | yes | bounded or rendezvous |
// | `kDropOldest` | the oldest queued value is lost, this one goes in | yes | bounded |
// | `kLatest` | all queued values are lost, this one goes in | yes | bounded |
// | `kDisconnect` | the subscription ends with `kResourceExhausted` | yes | bounded or rendezvous |
// | `LatestBy(key)` | room or none: of each key only the newest is kept | yes | no |
//
// What a policy cannot work on is refused by `Subscribe`, with `kInvalidArgument`. A handler without an executor has no queue
// and takes every value, so no policy works on it.
//
// With every policy but `kBlock` a subscription never delays a sender or the others. What is lost is counted, told to the
// subscriber with the next value (`EventInfo::lost`), and given to `SubscribeOptions::on_lost`.
//
// To make room in a channel takes what is the oldest there, so such a channel should have no other senders and no other
// subscription: their values would be lost to this one. If others keep it full, this value is lost in the end.

#ifndef EVENTBUS_OVERFLOW_H_
#define EVENTBUS_OVERFLOW_H_

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "eventbus/internal/feed/key_index.h"

namespace eventbus {

enum class Overflow : uint8_t { kBlock, kDropNewest, kDropOldest, kLatest, kDisconnect };

// Keeps only the newest value of each key: it takes the place of the one before it, which is lost. The keys are delivered in the
// order in which they came. A value whose key is not in the queue and has no room there takes that of the oldest.
//
// `key` takes a `const T&`, and gives something that can be copied, assigned, compared, and hashed by `absl::Hash`. It runs in the
// sending thread, one call at a time and with no lock held; if it throws, the subscription ends as for a filter. Comparing and
// hashing run under a lock: they must not throw nor call this library.
template <typename Key>
struct LatestBy {
  explicit LatestBy(Key key_of) : key(std::move(key_of)) {}
  Key key;
};

// A policy for values of type `T`.
template <typename T>
class OverflowPolicy {
 public:
  // None was chosen: `kBlock`, or what the options of a topic say.
  OverflowPolicy() = default;
  OverflowPolicy(Overflow overflow) : overflow_(overflow), is_chosen_(true) {}
  template <std::invocable<const T&> Key>
  OverflowPolicy(LatestBy<Key> latest_by)
      : overflow_(Overflow::kDropOldest),
        is_chosen_(true),
        make_index_([key = std::move(latest_by.key)](size_t capacity) mutable {
          return std::unique_ptr<internal::KeyIndex>(
              std::make_unique<internal::KeyIndexOf<T, Key>>(std::move(key), capacity));
        }) {}

  bool is_chosen() const { return is_chosen_; }
  // What becomes of a value without room.
  Overflow overflow() const { return overflow_; }
  // Whether only the newest of each key is kept.
  bool by_key() const { return static_cast<bool>(make_index_); }

 private:
  friend struct OverflowAccess;

  Overflow overflow_ = Overflow::kBlock;
  bool is_chosen_ = false;
  internal::MakeKeyIndex make_index_;
};

// For the library itself.
struct OverflowAccess {
  template <typename T>
  static internal::MakeKeyIndex& make_index(OverflowPolicy<T>& policy) {
    return policy.make_index_;
  }
};

}  // namespace eventbus

#endif  // EVENTBUS_OVERFLOW_H_
