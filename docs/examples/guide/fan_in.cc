// The guide's example of fan-in.

#include <numeric>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, FanIn) {
  const Context context = Context::Background();
  const std::vector<std::string> words = {"a", "bcd", "ef"};
  size_t length = 0;
  int sum = 0;
  // [guide]
  // One result for each input, in their order; the first error stops the rest.
  const absl::StatusOr<std::vector<size_t>> lengths =
      ParallelMap(context, words, {.limit = 2}, [](const std::string& word) { return word.size(); });
  if (lengths.ok()) length = std::accumulate(lengths->begin(), lengths->end(), size_t{0});

  // The first results of several tasks.
  TaskGroup group(context);
  Gather<int> replies(group, 2);
  for (const int replica : {1, 2, 3}) replies.Go([replica] { return replica; }).IgnoreError();
  const absl::StatusOr<std::vector<int>> two = replies.Collect(context);

  // Values as they come, until the last producer has ended.
  const Channel<int> numbers(4);
  for (const int n : {10, 20, 30}) group.Go([numbers, n] { return numbers.Send(n); }).IgnoreError();
  CloseWhenDone(group, numbers);
  for (const int number : numbers) sum += number;
  // [/guide]
  EXPECT_EQ(length, 6u);
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(two->size(), 2u);
  EXPECT_EQ(sum, 60);
}

}  // namespace
}  // namespace eventbus
