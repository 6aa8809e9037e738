// Memory for some values of a type that is known at run time. What lives there is its user's matter.

#ifndef EVENTBUS_INTERNAL_GROUND_RAW_ELEMENTS_H_
#define EVENTBUS_INTERNAL_GROUND_RAW_ELEMENTS_H_

#include <cstddef>

#include "eventbus/internal/ground/element.h"

namespace eventbus::internal {

class RawElements {
 public:
  // Throws `std::bad_alloc`.
  RawElements(const Element& element, size_t count)
      : element_(element), memory_(static_cast<std::byte*>(AllocateElements(element, count))) {}
  RawElements(const RawElements&) = delete;
  RawElements& operator=(const RawElements&) = delete;
  ~RawElements() { FreeElements(element_, memory_); }

  const Element& element() const { return element_; }

  // The memory of one.
  void* operator[](size_t index) const { return memory_ + index * element_.size; }

 private:
  const Element& element_;
  std::byte* const memory_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_RAW_ELEMENTS_H_
