// Counts the calls of `operator new` and `operator delete` in this program, and lets one fail. Linking this replaces the
// global operators.

#ifndef EVENTBUS_TESTS_SUPPORT_ALLOCATIONS_H_
#define EVENTBUS_TESTS_SUPPORT_ALLOCATIONS_H_

#include <cstdint>

namespace eventbus::testing {

// By all threads, since the program started.
int64_t AllocationCount();

// What has been allocated and not freed. Exact while no other thread does either.
int64_t LiveAllocations();

// Their bytes, with what the allocator rounds up, and without its headers.
int64_t LiveBytes();

// The `n`-th allocation of the calling thread from now on throws `std::bad_alloc`, once. 0: none does.
void FailAllocation(int64_t n);

// How far that allocation is; 0 if there is none, or it has failed.
int64_t AllocationsUntilFailure();

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_SUPPORT_ALLOCATIONS_H_
