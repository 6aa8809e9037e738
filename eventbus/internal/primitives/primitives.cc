#include "eventbus/internal/primitives/primitives.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <functional>
#include <thread>
#endif

namespace eventbus::internal {

namespace {

thread_local uint64_t random_state = 0;  // 0: not seeded. Its address is the thread's identity.

}  // namespace

const void*& ThreadPointer() {
  thread_local const void* pointer = nullptr;
  return pointer;
}

void*& HeldMutexPointer() {
  thread_local void* pointer = nullptr;
  return pointer;
}

const void*& WorkerPointer() {
  thread_local const void* pointer = nullptr;
  return pointer;
}

ThreadIdentity ThisThread() { return &random_state; }

uint64_t ThreadNumber() {
#ifdef __linux__
  thread_local const auto number = static_cast<uint64_t>(syscall(SYS_gettid));
#else
  thread_local const uint64_t number = std::hash<std::thread::id>()(std::this_thread::get_id());
#endif
  return number;
}

// SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
uint64_t RandomBits() {
  if (random_state == 0) {
    random_state = static_cast<uint64_t>(SteadyNow().nanoseconds()) ^ reinterpret_cast<uintptr_t>(&random_state);
  }
  uint64_t z = random_state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace eventbus::internal
