// One turn of a bounded spin: tells the core that the thread waits for another one.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_SPIN_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_SPIN_H_

#include <thread>

namespace eventbus::internal {

inline void SpinPause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");  // Longer than `yield`, which most cores treat as nothing.
#endif
}

// Lets other threads run that are ready to, if there are any.
inline void YieldThread() { std::this_thread::yield(); }

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_SPIN_H_
