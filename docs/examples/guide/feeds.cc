// The guide's example of feeds.

#include <string>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Feeds) {
  // [guide]
  FeedOf<std::string> news({.name = "news"});
  const Channel<std::string> desk(16);
  const Channel<std::string> archive(16);
  const absl::StatusOr<Subscription> at_the_desk = news.Subscribe(desk, {.name = "desk"});
  const absl::StatusOr<Subscription> archived = news.Subscribe(archive, {.name = "archive"});

  const SendResult sent = news.Send("it rains");  // returns once both have it
  // [/guide]
  EXPECT_EQ(sent.delivered, 2u);
  EXPECT_EQ(*desk.TryReceive(), "it rains");
  EXPECT_EQ(*archive.TryReceive(), "it rains");
}

}  // namespace
}  // namespace eventbus
