// The guide's example of events of every type, hooks and taps.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

struct Reading {
  double celsius = 0;
};

TEST(Guide, AnyEvents) {
  std::vector<std::string> log;
  bool sensor_is_on = false;
  std::string statistics;
  // [guide]
  EventBus bus({.on_unheard = [&](const AnyEvent& event) { log.push_back(absl::StrCat(event.topic(), ": nobody")); }});
  const absl::StatusOr<TopicOf<Reading>> kitchen = bus.Topic<Reading>("home.kitchen");
  const absl::Status hooked = kitchen->SetHooks(
      {.on_first_subscriber = [&] { sensor_is_on = true; }, .on_last_subscriber = [&] { sensor_is_on = false; }});

  // Looks on: it is no subscriber, and turns no sensor on.
  const absl::StatusOr<Subscription> tap = bus.Tap(
      "home.>", [&](const AnyEvent& event) { log.push_back(absl::StrCat(event.topic(), " #", event.sequence())); });
  kitchen->Publish({.celsius = 21});

  // Subscribes to every type, and asks which it is.
  const absl::StatusOr<Subscription> every = bus.SubscribeAny("home.*", [&](const AnyEvent& event) {
    if (const auto* reading = event.Get<Reading>()) log.push_back(absl::StrCat(reading->celsius));
  });
  kitchen->Publish({.celsius = 22});
  statistics = bus.Stats().ToPrometheus();  // or ToTable(), ToJson()
  // [/guide]
  EXPECT_TRUE(hooked.ok());
  EXPECT_TRUE(sensor_is_on);
  EXPECT_EQ(log, (std::vector<std::string>{"home.kitchen #1", "home.kitchen: nobody", "home.kitchen #2", "22"}));
  EXPECT_NE(statistics.find("eventbus_topic_published_total"), std::string::npos);
}

}  // namespace
}  // namespace eventbus
