#include "eventbus/internal/execution/descriptor.h"

#include <poll.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

bool IsReadable(int fd) {
  pollfd polled = {.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, 0) == 1 && (polled.revents & POLLIN);
}

template <typename T>
class DescriptorTest : public ::testing::Test {};
using Kinds = ::testing::Types<PipeDescriptor, Descriptor>;
TYPED_TEST_SUITE(DescriptorTest, Kinds);

TYPED_TEST(DescriptorTest, IsReadableWhileRaised) {
  TypeParam descriptor;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(IsReadable(descriptor.fd()));
    descriptor.Raise();
    EXPECT_TRUE(IsReadable(descriptor.fd()));
    EXPECT_TRUE(IsReadable(descriptor.fd()));
    descriptor.Lower();
  }
}

TYPED_TEST(DescriptorTest, ClosesWhatItOpened) {
  const int next = ::dup(0);
  ::close(next);
  { const TypeParam descriptor; }
  const int after = ::dup(0);
  ::close(after);
  EXPECT_EQ(after, next);
}

TEST(DescriptorDeathTest, SaysThatSomeoneElseHasReadIt) {
  Descriptor descriptor;
  EXPECT_DEATH(descriptor.Lower(), "by someone else");
}

}  // namespace
}  // namespace eventbus::internal
