// Asks the processor to fetch memory that is about to be used.

#ifndef EVENTBUS_INTERNAL_GROUND_PREFETCH_H_
#define EVENTBUS_INTERNAL_GROUND_PREFETCH_H_

namespace eventbus::internal {

// None of these ever faults, whatever `address` is, or changes anything but the time that a later access takes.

// To be read: in a walk over objects that lie apart.
inline void Prefetch(const void* address) { __builtin_prefetch(address); }

// To be written, which takes the cache line from whoever else has it.
inline void PrefetchToWrite(void* address) {
#if defined(__x86_64__)
  // The built-in function only fetches it to be read, unless the compiler is told of a processor that came with this instruction;
  // all but the first for which one could compile had it.
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address, 1);
#endif
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_PREFETCH_H_
