#include "tests/support/allocations.h"

#include <malloc.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

// Each thread counts in one of these, and few in the same, so that to count costs next to nothing: benchmarks do, too. Who frees
// what another thread allocated leaves a negative number of bytes.
struct alignas(64) Counts {
  std::atomic<int64_t> allocations{0};
  std::atomic<int64_t> deallocations{0};
  std::atomic<int64_t> bytes{0};
};
constinit std::array<Counts, 64> counts;
constinit std::atomic<size_t> threads{0};
constinit thread_local Counts* own_counts = nullptr;

Counts& OwnCounts() {
  if (own_counts == nullptr) own_counts = &counts[threads.fetch_add(1, std::memory_order_relaxed) % counts.size()];
  return *own_counts;
}

int64_t Sum(std::atomic<int64_t> Counts::*count) {
  int64_t sum = 0;
  for (const Counts& each : counts) sum += (each.*count).load(std::memory_order_relaxed);
  return sum;
}

// The allocation of this thread that fails, counted down; 0 or less: none.
constinit thread_local int64_t until_failure = 0;

void* Allocate(std::size_t size, std::size_t alignment) {
  if (until_failure > 0 && --until_failure == 0) throw std::bad_alloc();
  Counts& own = OwnCounts();
  own.allocations.fetch_add(1, std::memory_order_relaxed);
  if (size == 0) size = 1;
  void* memory = nullptr;
  if (alignment <= alignof(std::max_align_t)) {
    memory = std::malloc(size);
  } else if (posix_memalign(&memory, alignment, size) != 0) {
    memory = nullptr;
  }
  if (memory == nullptr) throw std::bad_alloc();
  own.bytes.fetch_add(static_cast<int64_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
  return memory;
}

void* AllocateOrNull(std::size_t size, std::size_t alignment) noexcept {
  try {
    return Allocate(size, alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void Deallocate(void* memory) {
  if (memory != nullptr) {
    Counts& own = OwnCounts();
    own.deallocations.fetch_add(1, std::memory_order_relaxed);
    own.bytes.fetch_sub(static_cast<int64_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
  }
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new[](std::size_t size) { return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { Deallocate(memory); }
void operator delete[](void* memory) noexcept { Deallocate(memory); }
void operator delete(void* memory, std::size_t) noexcept { Deallocate(memory); }
void operator delete[](void* memory, std::size_t) noexcept { Deallocate(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { Deallocate(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { Deallocate(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { Deallocate(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { Deallocate(memory); }

namespace eventbus::testing {

int64_t AllocationCount() { return Sum(&Counts::allocations); }

int64_t LiveAllocations() {
  // Freed ones first: what is allocated in between may be counted as alive, never the other way round.
  const int64_t freed = Sum(&Counts::deallocations);
  return AllocationCount() - freed;
}

int64_t LiveBytes() { return Sum(&Counts::bytes); }

void FailAllocation(int64_t n) { until_failure = n; }

int64_t AllocationsUntilFailure() { return until_failure; }

}  // namespace eventbus::testing
