// Asks the processor to fetch memory that is about to be read, in a walk over objects that lie apart.

#ifndef EVENTBUS_INTERNAL_GROUND_PREFETCH_H_
#define EVENTBUS_INTERNAL_GROUND_PREFETCH_H_

namespace eventbus::internal {

// Never faults, whatever `address` is, and changes nothing but the time that a later access takes.
inline void Prefetch(const void* address) { __builtin_prefetch(address); }

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_PREFETCH_H_
