// The guide's example of executors and coroutines.

#include <optional>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

// [guide]
Task<int> Sum(ReceiveChannel<int> numbers) {
  int sum = 0;
  while (true) {
    const absl::StatusOr<int> number = co_await numbers.AsyncReceive();  // waits without a thread
    if (!number.ok()) co_return sum;                                     // closed and drained
    sum += *number;
  }
}

absl::StatusOr<int> SumOfTwo() {
  ThreadPool pool(1);
  const Channel<int> numbers;
  Spawned<int> sum = Spawn(pool, Sum(numbers));
  for (const int number : {40, 2}) {
    if (absl::Status sent = numbers.Send(number); !sent.ok()) return sent;
  }
  numbers.Close();
  return sum.Join();
}
// [/guide]

TEST(Guide, Coroutines) { EXPECT_EQ(SumOfTwo().value(), 42); }

}  // namespace
}  // namespace eventbus
