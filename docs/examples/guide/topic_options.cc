// The guide's example of options of topics.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

struct Price {
  double euros = 0;
};

TEST(Guide, TopicOptions) {
  std::vector<std::string> log;
  // [guide]
  EventBus bus;
  // Prices are states: who comes late learns the last one at once, and who is slow has only the newest.
  const absl::Status set = bus.SetTopicOptions("prices.>", {.replay = 1, .overflow = Overflow::kLatest});
  bus.Publish("prices.gold", Price{.euros = 61});
  bus.Publish("prices.gold", Price{.euros = 62});

  const absl::StatusOr<Subscription> late = bus.Subscribe<Price>(
      "prices.*",
      [&](absl::string_view topic, const Price& price) { log.push_back(absl::StrCat(topic, " ", price.euros)); });

  // A subscription may say otherwise: this one begins with the next event, and has publishers wait for it.
  const Channel<Event<Price>> records(8);
  const absl::StatusOr<Subscription> recorder =
      bus.Subscribe<Price>("prices.gold", records, {.overflow = Overflow::kBlock, .replay = 0});
  bus.Publish("prices.gold", Price{.euros = 63});

  // Nothing is published here until everybody has subscribed.
  const absl::StatusOr<TopicOf<Price>> opening = bus.Topic<Price>("opening", {.held = true});
  const absl::StatusOr<Subscription> first =
      opening->Subscribe([&](const Price& price) { log.push_back(absl::StrCat("opening ", price.euros)); });
  opening->Release();
  opening->Publish({.euros = 60});
  // [/guide]
  EXPECT_TRUE(set.ok());
  EXPECT_EQ(log, (std::vector<std::string>{"prices.gold 62", "prices.gold 63", "opening 60"}));
  EXPECT_EQ(records.Receive()->info.sequence, 3u);
}

}  // namespace
}  // namespace eventbus
