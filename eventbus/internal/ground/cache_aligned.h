// Objects that begin with a cache line, and are made and destroyed often.

#ifndef EVENTBUS_INTERNAL_GROUND_CACHE_ALIGNED_H_
#define EVENTBUS_INTERNAL_GROUND_CACHE_ALIGNED_H_

#include <cstddef>

namespace eventbus::internal {

// Base of a class whose objects `new` puts at the beginning of a cache line, for `alignas(CacheAligned::kLine)`. Takes a line more
// than the object, less what any allocation is aligned to. The `operator new` with an alignment takes more time: malloc keeps no
// lists of such pieces, and has to cut each.
class CacheAligned {
 public:
  static constexpr size_t kLine = 64;

  // Throws `std::bad_alloc`. `size` is that of the object.
  static void* operator new(size_t size);
  static void operator delete(void* object, size_t size);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_CACHE_ALIGNED_H_
