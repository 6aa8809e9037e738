#include "eventbus/internal/primitives/futex.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <limits>
#include <mutex>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#endif

namespace eventbus::internal {

#ifdef __linux__

namespace {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t), "the kernel sees the atomic as a plain word");

long FutexCall(const std::atomic<uint32_t>& word, int operation, uint32_t value, const timespec* until) {
  return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void LinuxFutex::Wait(const std::atomic<uint32_t>& word, uint32_t expected, Instant deadline) {
  // WAIT_BITSET, because it takes an absolute time on the monotonic clock, which is the steady clock here.
  if (deadline.is_never()) {
    FutexCall(word, FUTEX_WAIT_BITSET, expected, nullptr);
    return;
  }
  constexpr int64_t kSecond = 1'000'000'000;
  if (deadline.nanoseconds() <= 0) return;  // The kernel refuses a negative time; it has passed.
  const timespec until = {.tv_sec = static_cast<time_t>(deadline.nanoseconds() / kSecond),
                          .tv_nsec = static_cast<long>(deadline.nanoseconds() % kSecond)};
  FutexCall(word, FUTEX_WAIT_BITSET, expected, &until);
}

void LinuxFutex::WakeOne(const std::atomic<uint32_t>& word) { FutexCall(word, FUTEX_WAKE, 1, nullptr); }

void LinuxFutex::WakeAll(const std::atomic<uint32_t>& word) {
  FutexCall(word, FUTEX_WAKE, std::numeric_limits<int32_t>::max(), nullptr);
}

#endif  // __linux__

namespace {

// All words that hash to one bucket share its condition variable; a wake-up for one of them is a spurious one for the
// others, which `Wait` allows.
struct Bucket {
  std::mutex mutex;
  std::condition_variable changed;
};

Bucket& BucketOf(const void* address) {
  // Leaked on purpose: threads may still be parked when static objects are destroyed.
  static auto& buckets = *new std::array<Bucket, 64>;
  const auto bits = reinterpret_cast<uintptr_t>(address);
  return buckets[((bits >> 4) ^ (bits >> 12)) % buckets.size()];
}

}  // namespace

void PortableFutex::Wait(const std::atomic<uint32_t>& word, uint32_t expected, Instant deadline) {
  Bucket& bucket = BucketOf(&word);
  std::unique_lock lock(bucket.mutex);
  // The waker changes the word before it takes the bucket's mutex, so either this sees the change or the waker finds
  // this thread waiting. Relaxed is enough: the mutex orders it.
  if (word.load(std::memory_order_relaxed) != expected) return;
  if (deadline.is_never()) {
    bucket.changed.wait(lock);
  } else {
    const std::chrono::nanoseconds since_start(deadline.nanoseconds());
    bucket.changed.wait_until(lock, std::chrono::steady_clock::time_point(
                                        std::chrono::duration_cast<std::chrono::steady_clock::duration>(since_start)));
  }
}

void PortableFutex::WakeAll(const std::atomic<uint32_t>& word) {
  Bucket& bucket = BucketOf(&word);
  { std::lock_guard lock(bucket.mutex); }
  bucket.changed.notify_all();  // Of one bucket's sleepers only all is sure to contain the right one.
}

}  // namespace eventbus::internal
