// Sleeping on a 32-bit word until it changes: what the mutex and the parker are made of.
//
// `Wait` returns when it was woken, when the word no longer holds `expected`, when the deadline passed, or for no
// reason at all; callers loop over their own condition. `Wake...` uses the address of the word and never its contents,
// so it may be called for a word whose owner has just gone: that is what lets a waiter live on the stack of the thread
// that it wakes.
//
// Origin: Franke, Russell and Kirkwood, "Fuss, Futexes and Furwocks", 2002; the table of the portable form is the
// parking lot of WebKit.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_FUTEX_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_FUTEX_H_

#include <atomic>
#include <cstdint>

#include "eventbus/internal/primitives/clock.h"

namespace eventbus::internal {

#ifdef __linux__
// The system call.
struct LinuxFutex {
  static void Wait(const std::atomic<uint32_t>& word, uint32_t expected, Instant deadline);
  static void WakeOne(const std::atomic<uint32_t>& word);
  static void WakeAll(const std::atomic<uint32_t>& word);
};
#endif

// A table of mutexes and condition variables, keyed by address, for every other system.
struct PortableFutex {
  static void Wait(const std::atomic<uint32_t>& word, uint32_t expected, Instant deadline);
  static void WakeOne(const std::atomic<uint32_t>& word) { WakeAll(word); }
  static void WakeAll(const std::atomic<uint32_t>& word);
};

#ifdef __linux__
using Futex = LinuxFutex;
#else
using Futex = PortableFutex;
#endif

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_FUTEX_H_
