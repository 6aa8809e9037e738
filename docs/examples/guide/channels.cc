// The guide's example of channels.

#include <thread>
#include <vector>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Channels) {
  std::vector<int> seen;
  // [guide]
  const Channel<int> numbers(16);  // holds up to 16; then a send waits
  std::thread producer([numbers] {
    for (int n = 1; n <= 3; ++n) {
      if (!numbers.Send(n).ok()) return;  // closed: nobody wants more
    }
    numbers.Close();
  });
  for (const int number : numbers) seen.push_back(number);  // ends once closed and drained
  producer.join();
  // [/guide]
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

}  // namespace
}  // namespace eventbus
