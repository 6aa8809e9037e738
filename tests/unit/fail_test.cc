#include "eventbus/internal/ground/fail.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

class FailDeathTest : public ::testing::Test {
 protected:
  FailDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(FailDeathTest, NamesTheLibraryTheCallAndWhatIsWrong) {
  EXPECT_DEATH(Fail("Send", "null channel"), "^eventbus: Send: null channel");
}

TEST_F(FailDeathTest, PrintsViewsThatAreNotTerminated) {
  const std::string text = "SendUntilEver";
  EXPECT_DEATH(Fail(absl::string_view(text).substr(0, 4), absl::string_view(text).substr(4, 5)),
               "^eventbus: Send: Until\n");
}

}  // namespace
}  // namespace eventbus::internal
