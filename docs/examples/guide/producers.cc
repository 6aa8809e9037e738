#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace {

using namespace eventbus;

TEST(Guide, Producers) {
  // [guide]
  const Channel<int> readings(16);
  Subscription sensor = NewSubscription(
      [readings](const Context& context) -> absl::Status {
        for (int reading = 1;; ++reading) {  // until unsubscribed
          if (absl::Status sent = readings.Send(context, reading); !sent.ok()) return sent;
        }
      },
      {.name = "sensor"});

  const absl::StatusOr<int> first = readings.Receive();
  sensor.Unsubscribe();  // its context is cancelled, and it has returned
  // [/guide]
  EXPECT_EQ(*first, 1);
  EXPECT_TRUE(sensor.ended());
}

}  // namespace
