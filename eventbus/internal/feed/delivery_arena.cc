#include "eventbus/internal/feed/delivery_arena.h"

#include <algorithm>
#include <new>

namespace eventbus::internal {

DeliveryArena::~DeliveryArena() {
  for (std::byte* block : blocks_) ::operator delete(block, std::align_val_t(alignment_));
}

void DeliveryArena::AddBlock(const Element& element) {
  // A trivial value is read where the sender has it, and needs no memory here.
  const size_t value_size = element.trivial ? 0 : element.size;
  const size_t value_alignment = element.trivial ? 1 : element.alignment;
  alignment_ = std::max(alignof(Delivery), value_alignment);
  const size_t value_offset = RoundUp(sizeof(Delivery), value_alignment);
  stride_ = RoundUp(value_offset + value_size, alignment_);

  // By hand, for it comes before the block; geometrically, so that k blocks cost O(k).
  if (blocks_.size() == blocks_.capacity()) blocks_.reserve(std::max<size_t>(8, 2 * blocks_.size()));
  auto* block = static_cast<std::byte*>(::operator new(stride_* kBlock, std::align_val_t(alignment_)));
  blocks_.push_back(block);
  for (size_t i = 0; i < kBlock; ++i) {
    auto* delivery = ::new (block + i * stride_) Delivery;
    delivery->memory = block + i * stride_ + value_offset;
  }
}

}  // namespace eventbus::internal
