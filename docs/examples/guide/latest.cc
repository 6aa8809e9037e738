// The guide's example of newest values.

#include <string>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, NewestValues) {
  std::string applied;
  uint64_t missed = 0;
  // [guide]
  Latest<std::string> config("v1");
  LatestReader<std::string> reader = config.Reader();
  config.Set("v2");
  config.Set("v3");
  const absl::StatusOr<LatestValue<std::string>> next = reader.Next();  // waits if there is nothing new
  if (next.ok()) {
    applied = *next->value;  // "v3"
    missed = next->skipped;  // 2: the reader knows that it did not see every value
  }
  // [/guide]
  EXPECT_EQ(applied, "v3");
  EXPECT_EQ(missed, 2u);
}

}  // namespace
}  // namespace eventbus
