// Raw memory for received values, and the ways out of it. A value that was moved into a slot is destroyed there exactly
// once, whatever the type's own operations throw.

#ifndef EVENTBUS_INTERNAL_CHANNEL_RECEIVE_SLOT_H_
#define EVENTBUS_INTERNAL_CHANNEL_RECEIVE_SLOT_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/utility/utility.h"
#include "eventbus/internal/channel/channel_core.h"

namespace eventbus::internal {

// A value that has just been received into raw memory: ends its life there.
template <typename T>
class TakenValue {
 public:
  explicit TakenValue(void* memory) : value_(static_cast<T*>(memory)) {}
  TakenValue(const TakenValue&) = delete;
  TakenValue& operator=(const TakenValue&) = delete;
  ~TakenValue() { value_->~T(); }

  T& operator*() const { return *value_; }

 private:
  T* const value_;
};

// Memory for one. Once a value has been received into `memory()`, call one of the others, once.
template <typename T>
class ReceiveSlot {
 public:
  void* memory() { return memory_; }

  absl::StatusOr<T> Take() {
    TakenValue<T> taken(memory_);
    return absl::StatusOr<T>(absl::in_place, std::move(*taken));
  }
  void MoveTo(std::optional<T>& to) {
    TakenValue<T> taken(memory_);
    to.emplace(std::move(*taken));
  }
  void AppendTo(std::vector<T>& values) {
    TakenValue<T> taken(memory_);
    values.push_back(std::move(*taken));
  }

 private:
  alignas(T) std::byte memory_[sizeof(T)];
};

// Memory for a batch.
template <typename T>
class ReceiveSlots {
 public:
  void* memory() { return memory_; }
  static constexpr size_t count() { return kCount; }

  // Moves the first `n` values to the end of `values`, which has the capacity for them.
  void AppendTo(std::vector<T>& values, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      TakenValue<T> taken(memory_ + i * sizeof(T));
      values.push_back(std::move(*taken));
    }
  }

 private:
  static constexpr size_t kCount = std::clamp<size_t>(2048 / sizeof(T), 1, 64);

  alignas(T) std::byte memory_[kCount * sizeof(T)];
};

// Receives what is in `channel` without waiting, until `values` has `max`.
template <typename T>
void TakeWhatIsThere(ChannelCore& channel, size_t max, std::vector<T>& values) {
  ReceiveSlots<T> slots;
  while (values.size() < max) {
    // Room first: a value that has been taken must not be lost to a failed allocation.
    if (values.size() == values.capacity()) {
      try {
        values.reserve(2 * values.size());
      } catch (const std::bad_alloc&) {
        return;  // What has been taken is the caller's; the rest stays in the channel.
      }
    }
    const size_t wanted = std::min({max - values.size(), values.capacity() - values.size(), slots.count()});
    const size_t taken = channel.TryReceiveMany(slots.memory(), wanted);
    slots.AppendTo(values, taken);
    if (taken < wanted) return;
  }
}

// `slot = value`, for values that need not be assignable.
template <typename T>
void Reset(absl::StatusOr<T>& slot, absl::StatusOr<T> value) {
  std::destroy_at(&slot);
  std::construct_at(&slot, std::move(value));
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHANNEL_RECEIVE_SLOT_H_
