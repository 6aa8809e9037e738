#include "eventbus/internal/ground/cache_aligned.h"

#include <cstdint>
#include <new>

namespace eventbus::internal {

void* CacheAligned::operator new(size_t size) {
  constexpr size_t kMostSkipped = kLine - __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  auto* const memory = static_cast<std::byte*>(::operator new(kMostSkipped + size + 1));
  const size_t skipped = -reinterpret_cast<uintptr_t>(memory) % kLine;
  std::byte* const object = memory + skipped;
  object[size] = static_cast<std::byte>(skipped);  // Behind the object, for who frees it.
  return object;
}

void CacheAligned::operator delete(void* object, size_t size) {
  auto* const begin = static_cast<std::byte*>(object);
  ::operator delete(begin - std::to_integer<size_t>(begin[size]));
}

}  // namespace eventbus::internal
