// A bus under everything at once: eight threads make topics, subscribe with and without wildcards, publish, and unsubscribe. What
// the publishers' results say was delivered is what the subscribers got, and every first subscriber of a topic has its last.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "eventbus/channel.h"
#include "eventbus/event.h"
#include "eventbus/event_bus.h"
#include "gtest/gtest.h"
#include "tests/stress/stress.h"
#include "tests/support/subscribed.h"

namespace eventbus::testing {
namespace {

using Payload = std::shared_ptr<const uint64_t>;

constexpr int kThreads = 8;
constexpr int kSteps = 3'000;  // Of each thread.
constexpr size_t kNames = 24;

struct Counts {
  std::atomic<int64_t> delivered{0};
  std::atomic<int64_t> received{0};
  std::atomic<int64_t> tapped{0};
  std::atomic<int64_t> published{0};
  std::atomic<int64_t> clashes{0};
};

// Told by one thread at a time, whichever.
struct Turns {
  int first = 0;
  int last = 0;
  std::atomic<int> inside{0};
};

// One thread's part: its subscriptions, and the channels that some of them fill.
class Worker {
 public:
  Worker(EventBus& bus, Counts& counts, std::mt19937_64 random)
      : bus_(bus), counts_(counts), random_(std::move(random)) {}

  void Run() {
    for (int step = 0; step < kSteps; ++step) {
      switch (random_() % 10) {
        case 0:
          Keep(bus_.Subscribe<Payload>(Name(), Receiver()));
          break;
        case 1:
          Keep(bus_.Subscribe<Payload>(Pattern(), Receiver()));
          break;
        case 2:
          Keep(bus_.SubscribeAny(Pattern(), [this](const AnyEvent&) { ++counts_.received; }));
          break;
        case 3:
          Keep(bus_.Tap(Pattern(), [this](const AnyEvent&) { ++counts_.tapped; }));
          break;
        case 4:
          channels_.emplace_back(kUnbounded);
          Keep(random_() % 2 == 0 ? bus_.Subscribe<Payload>(Name(), channels_.back())
                                  : bus_.Subscribe<Payload>(Pattern(), channels_.back()));
          break;
        case 5:
          // A type that most names do not have.
          if (!bus_.Topic<int>(Name()).ok()) ++counts_.clashes;
          break;
        default:
          Publish(step);
          break;
      }
      while (subscriptions_.size() > 6) Drop();
    }
    while (!subscriptions_.empty()) Drop();
    for (const Channel<Payload>& channel : channels_) {
      channel.Close();
      for (const Payload& value : channel) counts_.received += *value > 0;
    }
  }

 private:
  std::string Name() { return absl::StrCat("t.", random_() % kNames); }

  std::string Pattern() {
    switch (random_() % 4) {
      case 0:
        return ">";
      case 1:
        return "t.>";
      case 2:
        return "*.*";
      default:
        return absl::StrCat("*.", random_() % kNames);
    }
  }

  std::function<void(const Payload&)> Receiver() {
    return [this](const Payload& value) { counts_.received += *value > 0; };
  }

  void Publish(int step) {
    const auto value = std::make_shared<const uint64_t>(step + 1);
    SendResult result;
    if (random_() % 4 == 0 || handles_.empty()) {
      const absl::StatusOr<TopicOf<Payload>> topic = bus_.Topic<Payload>(Name());
      if (!topic.ok()) return;
      if (handles_.size() < 4) handles_.push_back(*topic);
      result = topic->Publish(value);
    } else {
      result = handles_[random_() % handles_.size()].Publish(value);
    }
    ASSERT_TRUE(result.status.ok()) << result.status;
    ++counts_.published;
    counts_.delivered += result.delivered;
  }

  void Keep(absl::StatusOr<Subscription> subscription) {
    // Refused only where the topic carries `int`.
    if (!subscription.ok()) {
      ASSERT_EQ(subscription.status().code(), absl::StatusCode::kInvalidArgument);
      return;
    }
    subscriptions_.push_back(*std::move(subscription));
  }

  void Drop() {
    std::swap(subscriptions_[random_() % subscriptions_.size()], subscriptions_.back());
    if (random_() % 2 == 0) subscriptions_.back().Unsubscribe();
    subscriptions_.pop_back();
  }

  EventBus& bus_;
  Counts& counts_;
  std::mt19937_64 random_;
  std::vector<Subscription> subscriptions_;
  std::vector<TopicOf<Payload>> handles_;
  std::deque<Channel<Payload>> channels_;
};

TEST(EventBusStress, ConservesEventsAndTurnsUnderChurn) {
  const StressRun run;
  Counts counts;
  std::atomic<int64_t> unheard{0};
  EventBus bus({.name = "stress", .on_unheard = [&](const AnyEvent&) { ++unheard; }});
  std::vector<Turns> turns(kNames / 2);
  for (size_t i = 0; i < turns.size(); ++i) {
    const TopicOf<Payload> topic = *bus.Topic<Payload>(absl::StrCat("t.", i));
    Turns& its = turns[i];
    ASSERT_TRUE(topic
                    .SetHooks({.on_first_subscriber =
                                   [&its] {
                                     EXPECT_EQ(its.inside.fetch_add(1), 0);
                                     EXPECT_EQ(its.first++, its.last);
                                     --its.inside;
                                   },
                               .on_last_subscriber =
                                   [&its] {
                                     EXPECT_EQ(its.inside.fetch_add(1), 0);
                                     EXPECT_EQ(++its.last, its.first);
                                     --its.inside;
                                   }})
                    .ok());
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] { Worker(bus, counts, run.Random(t)).Run(); });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(counts.delivered, counts.received);
  EXPECT_GT(counts.delivered, 0);
  EXPECT_GT(counts.tapped, 0);
  int64_t published = 0;
  int64_t unheard_by_topic = 0;
  const BusStats stats = bus.Stats();
  for (const TopicStats& topic : stats.topics) {
    published += static_cast<int64_t>(topic.published);
    unheard_by_topic += static_cast<int64_t>(topic.unheard);
    EXPECT_EQ(topic.subscribers, 0u) << topic.name;
  }
  EXPECT_EQ(published, counts.published);
  EXPECT_EQ(unheard_by_topic, unheard);
  EXPECT_EQ(stats.subscriptions, 0u);
  EXPECT_TRUE(stats.patterns.empty());
  int turned = 0;
  for (const Turns& its : turns) {
    EXPECT_EQ(its.first, its.last);
    turned += its.first;
  }
  EXPECT_GT(turned, 0);
  std::cout << "published " << counts.published << ", delivered " << counts.delivered << ", tapped " << counts.tapped
            << ", unheard " << unheard << ", turns " << turned << ", clashes " << counts.clashes << std::endl;
}

// Topics that keep their last events, under publishers that do not stop: whoever comes begins with what was the last, and gets
// each that follows once and in order, by name or by pattern; and what queues have room for is never more than may be.
TEST(EventBusStress, WhoComesLateHasNoGapAndNoRepetition) {
  const StressRun run;
  constexpr size_t kMostQueued = 100;
  constexpr int kTopics = 3;
  constexpr int kRounds = 400;  // Of each subscriber.
  EventBus bus({.max_queued = kMostQueued});
  ASSERT_TRUE(bus.SetTopicOptions("state.*", {.replay = 2}).ok());
  const auto publish = [&](int topic) { bus.Publish(absl::StrCat("state.", topic), topic); };
  for (int topic = 0; topic < kTopics; ++topic) publish(topic);
  std::atomic<bool> done{false};
  std::atomic<int64_t> received{0};
  std::atomic<int64_t> refused{0};
  std::vector<std::thread> publishers;
  for (int t = 0; t < 3; ++t) {
    publishers.emplace_back([&, t] {
      for (std::mt19937_64 random = run.Random(t); !done;) publish(static_cast<int>(random() % kTopics));
    });
  }
  std::vector<std::thread> subscribers;
  for (int t = 3; t < 8; ++t) {
    subscribers.emplace_back([&, t] {
      std::mt19937_64 random = run.Random(t);
      for (int round = 0; round < kRounds; ++round) {
        const bool by_pattern = random() % 2 == 0;
        // One after another for each topic, in whichever thread.
        std::vector<uint64_t> last(kTopics);
        std::atomic<int> seen{0};
        // Where more was published while a channel began than it has room for, it is told of what is missing.
        const auto look = [&](int topic, const EventInfo& info) {
          uint64_t& before = last[topic];
          if (before != 0 && info.sequence != before + info.lost + 1) {
            ADD_FAILURE() << topic << ": " << info.sequence << " after " << before << ", " << info.lost << " lost";
          }
          before = info.sequence;
          ++seen;
          ++received;
        };
        if (by_pattern) {
          const absl::StatusOr<Subscription> all =
              bus.Subscribe<int>("state.*", [&](int topic, const EventInfo& info) { look(topic, info); });
          ASSERT_TRUE(all.ok()) << all.status();
          EXPECT_GE(seen, kTopics) << "what was the last of each";
          while (seen < kTopics + 5) std::this_thread::yield();
          continue;
        }
        const Channel<Event<int>> channel(static_cast<std::ptrdiff_t>(8 + random() % 40));
        const int topic = static_cast<int>(random() % kTopics);
        absl::StatusOr<Subscription> one = bus.Subscribe<int>(absl::StrCat("state.", topic), channel);
        if (!one.ok()) {
          ASSERT_EQ(one.status().code(), absl::StatusCode::kResourceExhausted);
          ++refused;
          continue;
        }
        EXPECT_GE(channel.ApproxSize(), 1u) << "what was the last";
        for (int n = 0; n < 5; ++n) look(topic, channel.Receive()->info);
        EXPECT_LE(bus.Stats().room, kMostQueued);
        one->Unsubscribe();
        while (true) {
          const absl::StatusOr<Event<int>> rest = channel.TryReceive();
          if (!rest.ok()) break;
          look(topic, rest->info);
        }
      }
    });
  }
  for (std::thread& thread : subscribers) thread.join();
  done = true;
  for (std::thread& thread : publishers) thread.join();
  EXPECT_EQ(bus.Stats().room, 0u);
  std::cout << "received " << received << ", refused " << refused << std::endl;
}

}  // namespace
}  // namespace eventbus::testing
