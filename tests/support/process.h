// What this process has, as the system sees it.

#ifndef EVENTBUS_TESTS_SUPPORT_PROCESS_H_
#define EVENTBUS_TESTS_SUPPORT_PROCESS_H_

#include <cstdint>
#include <fstream>
#include <string>

namespace eventbus::testing {

// How many threads it has.
inline int64_t ThreadCount() {
  std::ifstream status("/proc/self/status");
  std::string word;
  int64_t count = -1;
  while (status >> word) {
    if (word == "Threads:") status >> count;
  }
  return count;
}

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_SUPPORT_PROCESS_H_
