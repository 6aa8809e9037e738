// The cases of one select as arms, and back.

#ifndef EVENTBUS_INTERNAL_CHOOSING_CASE_LIST_H_
#define EVENTBUS_INTERNAL_CHOOSING_CASE_LIST_H_

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>

#include "absl/container/fixed_array.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "eventbus/case.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/fail.h"

namespace eventbus::internal {

// Raw memory for the one value that a select can receive.
class ReceiveBuffer {
 public:
  ReceiveBuffer() = default;
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;
  ~ReceiveBuffer() {
    if (outside_ != nullptr) ::operator delete(outside_, alignment_);
  }

  // Makes room for `size` bytes. To be called once at most.
  void* Reserve(size_t size, size_t alignment) {
    if (size <= sizeof(inside_) && alignment <= alignof(std::max_align_t)) return inside_;
    alignment_ = std::align_val_t(alignment);
    return outside_ = ::operator new(size, alignment_);
  }

 private:
  void* outside_ = nullptr;
  std::align_val_t alignment_{};
  alignas(std::max_align_t) std::byte inside_[256];
};

// Borrows the cases. Not movable: arms point into it.
class CaseList {
 public:
  explicit CaseList(std::span<Case> cases) : cases_(cases), arms_(cases.size()) {
    size_t size = 0;
    size_t alignment = 1;
    for (const Case& c : cases) {
      if (c.received_ == nullptr) continue;
      size = std::max(size, c.received_->size);
      alignment = std::max(alignment, c.received_->alignment);
    }
    // One arm takes effect, so the receiving arms share one buffer.
    void* const received = size == 0 ? nullptr : buffer_.Reserve(size, alignment);
    for (size_t i = 0; i < cases.size(); ++i) {
      arms_[i] = cases[i].arm_;
      if (cases[i].received_ != nullptr) arms_[i].value = received;
      if (!cases[i].owned_value_.empty()) arms_[i].value = cases[i].owned_value_.get();
    }
  }

  // Fails if no case can ever be ready.
  void RequireReadiness(absl::string_view call) const {
    if (std::all_of(arms_.begin(), arms_.end(), [](const Arm& arm) { return arm.target == nullptr; })) {
      Fail(call, "no case can ever be ready (an empty list, or null channels only)");
    }
  }

  absl::Span<const Arm> arms() const { return arms_; }

  // Gives the outcome to the case that took effect, if any. Runs its handler.
  void Finish(Selected selected) {
    if (selected.index < 0) return;
    Case& chosen = cases_[selected.index];
    if (chosen.finish_) chosen.finish_(arms_[selected.index].value, selected.outcome);
  }

  // The case took effect and nobody will hear of it: ends the life of what it received.
  void Drop(Selected selected) {
    if (selected.index < 0 || selected.outcome != Outcome::kDone) return;
    const Element* const received = cases_[selected.index].received_;
    if (received != nullptr) received->destroy(arms_[selected.index].value);
  }

 private:
  const std::span<Case> cases_;
  absl::FixedArray<Arm, 8> arms_;
  ReceiveBuffer buffer_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHOOSING_CASE_LIST_H_
