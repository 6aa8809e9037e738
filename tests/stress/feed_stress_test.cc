// A feed under everything at once: senders with and without contexts, subscribers that come, go, close their channels and
// filter. What the senders' results say was delivered is what the subscribers got, in one order for all.

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/feed.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/stress/stress.h"
#include "tests/support/subscribed.h"

namespace eventbus::testing {
namespace {

using Payload = std::shared_ptr<const uint64_t>;

// A value is `number << 2 | sender`, and each sender's numbers grow.
TEST(FeedStress, ConservesValuesUnderChurn) {
  const StressRun run;
  FeedOf<Payload> feed({.name = "stress"});
  std::atomic<int64_t> delivered{0};
  std::atomic<int64_t> received{0};
  std::atomic<int64_t> missed{0};
  std::atomic<bool> senders_run{true};

  std::vector<std::thread> senders;
  for (int t = 0; t < 3; ++t) {
    senders.emplace_back([&, t] {
      std::mt19937_64 random = run.Random(t);
      for (uint64_t number = 0; run.goes_on(); ++number) {
        auto value = std::make_shared<const uint64_t>(number << 2 | t);
        SendResult result;
        switch (random() % 4) {
          case 0: {
            CancelHandle soon = Context::Background().WithTimeout(absl::Microseconds(random() % 300));
            result = feed.Send(soon.context(), value);
            break;
          }
          case 1:
            result = feed.TrySend(value);
            break;
          default:
            result = feed.Send(value);
            break;
        }
        delivered += result.delivered;
        missed += result.missed.size();
      }
    });
  }

  std::vector<std::thread> subscribers;
  for (int t = 0; t < 5; ++t) {
    subscribers.emplace_back([&, t] {
      std::mt19937_64 random = run.Random(100 + t);
      while (senders_run) {
        Channel<Payload> channel(random() % 3);
        SubscribeOptions<Payload> options;
        if (random() % 3 == 0) options.filter = [](const Payload& value) { return (*value >> 2) % 2 == 0; };
        Subscription subscription = MustSubscribe(feed.Subscribe(channel, std::move(options)));
        uint64_t next[3] = {0, 0, 0};
        const auto take = [&](const Payload& value) {
          ++received;
          uint64_t& expected = next[*value & 3];
          ASSERT_GE(*value >> 2, expected) << "a sender's own order";
          expected = (*value >> 2) + 1;
        };
        for (uint64_t left = random() % 50; left > 0 && senders_run; --left) {
          const absl::StatusOr<Payload> value = channel.ReceiveUntil(absl::Now() + absl::Milliseconds(1));
          if (value.ok()) take(*value);
        }
        if (random() % 3 == 0) channel.Close();
        subscription.Unsubscribe();
        channel.Close();
        for (const Payload& value : channel) take(value);
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  senders_run = false;
  for (std::thread& subscriber : subscribers) subscriber.join();
  std::cout << "delivered " << delivered << ", missed " << missed << std::endl;
  EXPECT_EQ(delivered, received);
  EXPECT_GT(received, 0);
  EXPECT_EQ(feed.subscribers(), 0u);
}

// Closing at a random moment under senders and subscribers frees everybody.
TEST(FeedStress, CloseFreesEverybody) {
  const StressRun run;
  int64_t rounds = 0;
  for (; run.goes_on(); ++rounds) {
    auto feed = std::make_unique<FeedOf<int>>();
    std::atomic<int64_t> delivered{0};
    std::atomic<int64_t> received{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        while (true) {
          const SendResult result = feed->Send(1);
          delivered += result.delivered;
          if (!result.status.ok()) {
            ASSERT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
            return;
          }
        }
      });
    }
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        Channel<int> channel(t % 2);
        absl::StatusOr<Subscription> subscription = feed->Subscribe(channel);
        if (!subscription.ok()) return;
        while (true) {
          absl::StatusOr<int> value = absl::UnavailableError("");
          absl::StatusOr<absl::Status> reason = absl::UnavailableError("");
          if (Select({channel.OnReceive(&value), subscription->Err().OnReceive(&reason)}) == 1) {
            ASSERT_TRUE(reason.ok());
            break;
          }
          received += *value;
        }
        channel.Close();
        for (int value : channel) received += value;
      });
    }
    std::mt19937_64 random = run.Random(rounds);
    for (uint64_t spin = random() % 20'000; spin > 0; --spin) std::atomic_signal_fence(std::memory_order_seq_cst);
    feed->Close(absl::AbortedError("over"));
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(delivered, received);
  }
  std::cout << rounds << " rounds" << std::endl;
}

}  // namespace
}  // namespace eventbus::testing
