// Which key has a value in a queue, and where: for a queue that keeps only the newest value of each key.
//
// Positions are those of `overflow_queue.h`: they grow, values enter at the back and leave at the front. The key of a value is
// made, and put where it will stay, before the queue's lock is taken, for that runs user code; under it keys are compared and hashed.

#ifndef EVENTBUS_INTERNAL_FEED_KEY_INDEX_H_
#define EVENTBUS_INTERNAL_FEED_KEY_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/hash/hash.h"

namespace eventbus::internal {

class KeyIndex {
 public:
  KeyIndex() = default;
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;
  virtual ~KeyIndex() = default;

  // Makes the key of `*value` the current one. Runs user code; what that throws leaves here. For who has the feed's turn.
  virtual void Prepare(const void* value) = 0;
  // Puts the current key, if it is not there, where it can enter from. What moving it throws leaves here, and so may `std::bad_alloc`.
  virtual void Stage() = 0;

  // Under the queue's mutex from here on.

  // Where a value of the current key is; null if there is none.
  virtual const uint64_t* Find() const = 0;
  // A value of the current key, which had none, is about to enter at the back, at `position`.
  virtual void Enter(uint64_t position) = 0;
  // The value at the front leaves.
  virtual void Leave() = 0;
};

// For at most `capacity` values, and one more that enters before another leaves.
using MakeKeyIndex = absl::AnyInvocable<std::unique_ptr<KeyIndex>(size_t capacity)>;

// Allocates for as many keys as there have been at a time, and one, and whatever a key does as it is made. Not Abseil's map, which an
// allocation that fails leaves broken.
template <typename T, typename KeyOf>
class KeyIndexOf final : public KeyIndex {
 public:
  KeyIndexOf(KeyOf key_of, size_t capacity) : key_of_(std::move(key_of)), in_order_(capacity + 1) {
    positions_.reserve(capacity + 1);  // So that iterators stay valid.
    spare_.reserve(capacity + 1);
  }

  void Prepare(const void* value) override { current_.emplace(std::invoke(key_of_, *static_cast<const T*>(value))); }

  void Stage() override {
    if (!current_) return;
    if (staged_.empty()) {
      staged_ = made_.extract(made_.emplace(*std::move(current_), 0).first);
    } else {
      staged_.key() = *std::move(current_);
    }
    current_.reset();
  }

  const uint64_t* Find() const override {
    const auto found = positions_.find(staged_.key());
    return found == positions_.end() ? nullptr : &found->second;
  }
  void Enter(uint64_t position) override {
    staged_.mapped() = position;
    in_order_[position % in_order_.size()] = positions_.insert(std::move(staged_)).position;
    if (spare_.empty()) return;
    staged_ = std::move(spare_.back());
    spare_.pop_back();
  }
  void Leave() override { spare_.push_back(positions_.extract(in_order_[front_++ % in_order_.size()])); }

 private:
  using Key = std::decay_t<std::invoke_result_t<KeyOf&, const T&>>;
  using Positions = std::unordered_map<Key, uint64_t, absl::Hash<Key>>;

  KeyOf key_of_;
  std::optional<Key> current_;            // Until it is staged.
  Positions made_;                        // Where a node comes from; else empty.
  typename Positions::node_type staged_;  // With the current key, until that enters; then a spare one, if there is one.
  Positions positions_;
  std::vector<typename Positions::iterator> in_order_;  // By position, as a ring.
  uint64_t front_ = 0;
  std::vector<typename Positions::node_type> spare_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_KEY_INDEX_H_
