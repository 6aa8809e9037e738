// One value of a type that is known at run time, or none. Small values are stored inside.

#ifndef EVENTBUS_INTERNAL_GROUND_ELEMENT_BOX_H_
#define EVENTBUS_INTERNAL_GROUND_ELEMENT_BOX_H_

#include <cstddef>
#include <utility>

#include "eventbus/internal/ground/element.h"

namespace eventbus::internal {

class ElementBox {
 public:
  ElementBox() = default;

  // Holds `value`. Allocates if it is larger than four words.
  template <typename T>
  explicit ElementBox(T value) : element_(&kElementOf<T>) {
    if (!IsInside()) outside_ = AllocateElements(*element_, 1);
    element_->move(get(), &value);
  }

  ElementBox(ElementBox&& other) noexcept : element_(std::exchange(other.element_, nullptr)), outside_(other.outside_) {
    if (element_ != nullptr && IsInside()) element_->Relocate(inside_, other.inside_);
  }
  ElementBox& operator=(ElementBox&& other) noexcept {
    if (this != &other) {
      this->~ElementBox();
      ::new (this) ElementBox(std::move(other));
    }
    return *this;
  }
  ~ElementBox() {
    if (element_ == nullptr) return;
    element_->destroy(get());
    if (!IsInside()) FreeElements(*element_, outside_);
  }

  bool empty() const { return element_ == nullptr; }

  // Where the value is. It moves with the box.
  void* get() { return IsInside() ? static_cast<void*>(inside_) : outside_; }

 private:
  static constexpr size_t kInside = 4 * sizeof(void*);

  bool IsInside() const { return element_->size <= kInside && element_->alignment <= alignof(std::max_align_t); }

  const Element* element_ = nullptr;
  void* outside_ = nullptr;
  alignas(std::max_align_t) std::byte inside_[kInside];
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_ELEMENT_BOX_H_
