// What the process has one of. In model tests, which stand in for many processes, each execution has its own.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_PROCESS_WIDE_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_PROCESS_WIDE_H_

#ifdef EVENTBUS_EXPLORER

#include "tests/support/explorer/process_wide.h"

#else

#include <atomic>
#include <cstddef>
#include <new>

namespace eventbus::internal {

// A static atomic. Not a point in model tests: use it for what is written under a mutex or as the first thing.
template <typename T>
using ProcessWord = std::atomic<T>;

// The one `T` of the process, made by the first call, which may be that of a thread that is about to wait: in static memory.
// Never destroyed: threads may outlive the end of `main`.
template <typename T>
T& ProcessWide() {
  alignas(T) static std::byte memory[sizeof(T)];
  static T& object = *new (memory) T;
  return object;
}

}  // namespace eventbus::internal

#endif

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_PROCESS_WIDE_H_
