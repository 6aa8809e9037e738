// A value of a type that is known at run time, in memory of its own.

#ifndef EVENTBUS_INTERNAL_GROUND_OWNED_ELEMENT_H_
#define EVENTBUS_INTERNAL_GROUND_OWNED_ELEMENT_H_

#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/raw_elements.h"

namespace eventbus::internal {

class OwnedElement {
 public:
  // `construct(void* to)` makes the value. Throws what that does, or `std::bad_alloc`.
  template <typename Construct>
  OwnedElement(const Element& element, Construct construct) : memory_(element, 1) {
    construct(memory_[0]);
  }
  ~OwnedElement() { memory_.element().destroy(memory_[0]); }

  void* get() { return memory_[0]; }
  const void* get() const { return memory_[0]; }

 private:
  const RawElements memory_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_OWNED_ELEMENT_H_
