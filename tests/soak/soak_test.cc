// Random topologies at full load, one after another: what was accepted was received, and neither memory nor threads are
// left behind. Five seconds, or as many as EVENTBUS_SOAK_SECONDS says.

#include <fstream>
#include <iostream>
#include <string>

#include "absl/base/config.h"
#include "gtest/gtest.h"
#include "tests/soak/topology.h"
#include "tests/stress/stress.h"
#include "tests/support/allocations.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// In KiB: what an allocator may hold of memory that was freed. AddressSanitizer quarantines 256 MiB before it gives any
// back, and keeps its records of them beside.
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
constexpr int64_t kKeptByAllocator = (256 + 128) * 1024;
#else
constexpr int64_t kKeptByAllocator = 64 * 1024;
#endif

// A number from /proc/self/status, such as "Threads" or "VmRSS" (in KiB).
int64_t ProcessStatus(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1));
  }
  return -1;
}

TEST(Soak, ConservesEveryValueAndLeavesNothingBehind) {
  const StressRun run("EVENTBUS_SOAK_SECONDS", 5);
  std::mt19937_64 random = run.Random(0);
  int64_t rounds = 0;
  uint64_t received = 0;
  uint64_t returned = 0;
  int64_t live = 0;
  int64_t threads = 0;
  int64_t resident = 0;
  for (; run.goes_on() || rounds < 3; ++rounds) {
    {
      Topology topology{std::mt19937_64(random())};
      topology.Run(absl::Milliseconds(20 + random() % 200));
      const Account& account = topology.account();
      ASSERT_EQ(account.accepted, account.received);
      ASSERT_EQ(account.accepted_sum, account.received_sum);
      received += account.received;
      returned += account.returned;
    }
    // The first round makes what is made once.
    if (rounds == 0) {
      live = LiveAllocations();
      threads = ProcessStatus("Threads");
    }
    if (rounds < 3) resident = ProcessStatus("VmRSS");
    ASSERT_EQ(LiveAllocations(), live) << "memory left behind by round " << rounds;
    // A thread that was joined may still be on its way out of the kernel's list; one that was not is a hang here.
    AwaitTrue([&] { return ProcessStatus("Threads") == threads; });
  }
  const int64_t resident_in_the_end = ProcessStatus("VmRSS");
  std::cout << rounds << " topologies, " << received << " values received, " << returned << " sends returned, resident "
            << resident << " KiB at first and " << resident_in_the_end << " KiB in the end" << std::endl;
  EXPECT_GT(received, 0u);
  // Growth with the rounds would go past this within minutes.
  EXPECT_LT(resident_in_the_end, 2 * resident + kKeptByAllocator);
}

}  // namespace
}  // namespace eventbus::testing
