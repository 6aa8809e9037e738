#include "eventbus/internal/ground/type_name.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace shop {
struct Order {};
}  // namespace shop

namespace eventbus::internal {
namespace {

TEST(TypeName, IsWhatAPersonWrites) {
  EXPECT_EQ(TypeName<int>(), "int");
  EXPECT_EQ(TypeName<double>(), "double");
  EXPECT_EQ(TypeName<shop::Order>(), "shop::Order");
}

TEST(TypeName, TellsTypesApart) {
  EXPECT_NE(TypeName<std::vector<int>>(), TypeName<std::vector<long>>());
  EXPECT_NE(TypeName<int*>(), TypeName<int>());
}

TEST(TypeName, HasNothingOfTheFunctionAroundIt) {
  EXPECT_EQ(TypeName<std::string>().find('['), absl::string_view::npos);
  EXPECT_EQ(TypeName<std::string>().find(']'), absl::string_view::npos);
  EXPECT_EQ(TypeName<std::string>().find("FunctionNamedAfter"), absl::string_view::npos);
}

}  // namespace
}  // namespace eventbus::internal
