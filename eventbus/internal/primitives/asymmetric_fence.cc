#include "eventbus/internal/primitives/asymmetric_fence.h"

#ifdef __linux__
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <cstdlib>

namespace eventbus::internal {

namespace {

#if defined(__linux__) && defined(SYS_membarrier)

bool Register() { return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0; }

bool FenceAllThreads() { return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0; }

#else

bool Register() { return false; }

bool FenceAllThreads() { return false; }

#endif

}  // namespace

constinit std::atomic<int> AsymmetricFence::state_{kUndecided};

// Before there are many threads, it is quickest.
const int AsymmetricFence::decided_at_start_ = Decide();

int AsymmetricFence::Decide() {
  int decided = kUndecided;
  const int wanted = Register() && FenceAllThreads() ? kAsymmetric : kSymmetric;
  // One decision for all: who sleeps never takes the other side to be stronger than it is.
  if (state_.compare_exchange_strong(decided, wanted, std::memory_order_relaxed, std::memory_order_relaxed)) {
    decided = wanted;
  }
  return decided;
}

void AsymmetricFence::Heavy() {
  int state = state_.load(std::memory_order_relaxed);
  if (state == kUndecided) state = Decide();
  if (state != kAsymmetric || FenceAllThreads()) return;
  // A filter of system calls that was put up since. To go on could be to sleep for ever.
  if (!Register() || !FenceAllThreads()) std::abort();
}

}  // namespace eventbus::internal
