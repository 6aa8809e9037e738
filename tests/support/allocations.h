// Counts the calls of `operator new` in this program. Linking this replaces the global operators.

#ifndef EVENTBUS_TESTS_SUPPORT_ALLOCATIONS_H_
#define EVENTBUS_TESTS_SUPPORT_ALLOCATIONS_H_

#include <cstdint>

namespace eventbus::testing {

// By all threads, since the program started.
int64_t AllocationCount();

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_SUPPORT_ALLOCATIONS_H_
