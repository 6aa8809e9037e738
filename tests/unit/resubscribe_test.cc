#include "eventbus/resubscribe.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "eventbus/internal/subscription/backoff.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

constexpr absl::StatusCode kEnd = absl::StatusCode::kOutOfRange;
constexpr absl::Duration kShort = absl::Microseconds(10);

// One that has failed.
Subscription Failed(const absl::Status& reason) {
  FeedOf<int> feed;
  const Channel<int> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  feed.Close(reason);
  return subscription;
}

TEST(Backoff, DoublesUpToTheMaximumWithJitterAndStartsAgainAfterAQuietPeriod) {
  double fraction = 0;
  internal::Backoff backoff(absl::Seconds(1), absl::Seconds(5), [&] { return fraction; });
  EXPECT_EQ(backoff.Next(absl::ZeroDuration()), absl::Milliseconds(500));
  fraction = 0.5;
  EXPECT_EQ(backoff.Next(absl::Seconds(5)), absl::Milliseconds(1500));
  EXPECT_EQ(backoff.Next(absl::ZeroDuration()), absl::Seconds(3));
  EXPECT_EQ(backoff.Next(absl::ZeroDuration()), absl::Milliseconds(3750));
  EXPECT_EQ(backoff.Next(absl::ZeroDuration()), absl::Milliseconds(3750));
  EXPECT_EQ(backoff.Next(absl::Seconds(6)), absl::Milliseconds(750)) << "it had lasted";
  internal::Backoff large(absl::Hours(1), absl::Seconds(2), [] { return 0; });
  EXPECT_EQ(large.Next(absl::ZeroDuration()), absl::Seconds(1)) << "the first wait is no longer than the maximum";
  internal::Backoff endless(absl::Seconds(1), absl::InfiniteDuration(), [] { return 0; });
  for (int i = 0; i < 2000; ++i) EXPECT_GT(endless.Next(absl::ZeroDuration()), absl::ZeroDuration());
}

// The model feed makes 89,000 calls.
TEST(Resubscribe, AnInnerThatFailsAtOnceIsNotAskedForAllTheTime) {
  std::atomic<int> calls{0};
  const CancelHandle time = Context::Background().WithTimeout(absl::Milliseconds(300));
  const Subscription subscription = Resubscribe(absl::Seconds(10),
                                                [&](const Context&) {
                                                  ++calls;
                                                  return Failed(absl::AbortedError("at once"));
                                                },
                                                {.context = time.context()});
  Select({subscription.OnEnd()});
  EXPECT_GE(calls, 1);
  EXPECT_LE(calls, 5);
}

TEST(Resubscribe, WaitsWhateverFailed) {
  std::vector<double> waits;
  std::vector<absl::Status> errors;
  const Subscription subscription =
      Resubscribe(kShort,
                  [&](const Context&, const absl::Status& last_error) -> absl::StatusOr<Subscription> {
                    errors.push_back(last_error);
                    switch (errors.size()) {
                      case 1:
                        return absl::UnavailableError("refused");
                      case 2:
                        throw std::runtime_error("no route");
                      case 3:
                        return Failed(absl::AbortedError("broken"));
                      default:
                        return Subscription();  // Ended well.
                    }
                  },
                  {.name = "node", .random = [&] { return waits.emplace_back(0.25); }});
  Select({subscription.OnEnd()});
  EXPECT_EQ(subscription.Err().Receive().status().code(), kEnd) << "what failed was told to the next call";
  EXPECT_EQ(errors, (std::vector<absl::Status>{absl::OkStatus(), absl::UnavailableError("refused"),
                                               absl::InternalError("subscription 'node': subscribing threw: no route"),
                                               absl::AbortedError("broken")}));
  EXPECT_EQ(waits.size(), 3u) << "one after each failure";
}

TEST(Resubscribe, ANewOneTakesThePlaceOfOneThatFailed) {
  FeedOf<int> first;
  FeedOf<int> second;
  const Channel<int> channel(8);
  std::atomic<int> calls{0};
  Subscription subscription =
      Resubscribe(kShort, [&](const Context&) { return (calls++ == 0 ? first : second).Subscribe(channel); });
  AwaitTrue([&] { return first.subscribers() == 1; });
  first.Close(absl::AbortedError("restarts"));
  AwaitTrue([&] { return second.subscribers() == 1; });
  EXPECT_EQ(second.Send(7).delivered, 1u);
  EXPECT_EQ(*channel.Receive(), 7);
  subscription.Unsubscribe();
  EXPECT_EQ(second.subscribers(), 0u);
  EXPECT_EQ(calls, 2);
}

TEST(Resubscribe, UnsubscribeEndsAWaitBetweenTwoCalls) {
  std::atomic<int> calls{0};
  Subscription subscription = Resubscribe(absl::Hours(1),
                                          [&](const Context&) -> absl::StatusOr<Subscription> {
                                            ++calls;
                                            return absl::UnavailableError("");
                                          },
                                          {.backoff_initial = absl::Hours(1)});
  AwaitTrue([&] { return calls == 1; });
  subscription.Unsubscribe();
  EXPECT_TRUE(subscription.ended());
  EXPECT_EQ(calls, 1);
}

TEST(Resubscribe, AnInnerThatArrivesWhileUnsubscribingIsUnsubscribed) {
  FeedOf<int> feed;
  const Channel<int> channel(1);
  const Channel<int> entered;
  Subscription subscription = Resubscribe(kShort, [&](const Context& context) {
    entered.Close();
    Select({context.OnDone()});  // Only now does it arrive.
    return feed.Subscribe(channel);
  });
  entered.Receive().IgnoreError();
  subscription.Unsubscribe();
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST(ResubscribeDeathTest, AProgrammingErrorFailsAtOnce) {
  const auto subscribe = [](const Context&) { return Subscription(); };
  EXPECT_DEATH(Resubscribe(absl::ZeroDuration(), subscribe).Unsubscribe(), "Resubscribe: backoff_max must be positive");
  EXPECT_DEATH(Resubscribe(kShort, subscribe, {.backoff_initial = -kShort}).Unsubscribe(),
               "Resubscribe: backoff_initial must be positive");
}

}  // namespace
}  // namespace eventbus::testing
