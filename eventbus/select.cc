#include "eventbus/select.h"

#include <algorithm>
#include <memory>
#include <new>

#include "absl/container/fixed_array.h"
#include "eventbus/internal/ground/fail.h"

namespace eventbus {

namespace internal {

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

  bool CanBeReady() const {
    return std::any_of(arms_.begin(), arms_.end(), [](const Arm& arm) { return arm.target != nullptr; });
  }

  int Select(Choice choice, Instant deadline) {
    const Selected selected = SelectAmong(arms_, choice, deadline);
    if (selected.index >= 0) {
      Case& chosen = cases_[selected.index];
      if (chosen.finish_) chosen.finish_(arms_[selected.index].value, selected.outcome);
    }
    return selected.index;
  }

 private:
  const std::span<Case> cases_;
  absl::FixedArray<Arm, 8> arms_;
  ReceiveBuffer buffer_;
};

namespace {

int SelectForEver(absl::string_view call, std::span<Case> cases, Choice choice) {
  CaseList list(cases);
  if (!list.CanBeReady()) Fail(call, "no case can ever be ready (an empty list, or null channels only)");
  return list.Select(choice, Instant::Never());
}

}  // namespace

}  // namespace internal

int Select(std::span<Case> cases) { return internal::SelectForEver("Select", cases, internal::Choice::kFair); }

int TrySelect(std::span<Case> cases) {
  return internal::CaseList(cases).Select(internal::Choice::kFair, internal::Instant::Past());
}

int SelectUntil(absl::Time deadline, std::span<Case> cases) {
  return internal::CaseList(cases).Select(internal::Choice::kFair, internal::ToInstant(deadline));
}

int SelectInOrder(std::span<Case> cases) {
  return internal::SelectForEver("SelectInOrder", cases, internal::Choice::kListed);
}

}  // namespace eventbus
