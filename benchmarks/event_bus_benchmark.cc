// What a bus adds to a feed. Events are one word, and go to one handler in the publishing thread unless it says otherwise. Each
// benchmark checks what arrived.
//
//   BM_Feed                      publisher ---> feed ---> handler: the measure
//   BM_Handle/<w>                publisher ---> handle ---> handler, with w wildcard subscriptions that match other topics
//   BM_HandleOverFeed/<w>        BM_Feed and BM_Handle/<w> in turn, a thousand events each: `ratio` is how many times as long the handle
//                                takes, the median over all turns
//   BM_HandleLimited             BM_Handle/0, with a limit of all queues
//   BM_HandleWildcard            publisher ---> handle ---> handler, which is a wildcard subscription
//   BM_HandleAny                 the same, of every type
//   BM_Name/<t>                  by name, among t topics
//   BM_Type                      by type
//   BM_SignalByKey/<t>           Boost.Signals2: one signal for each of t names, found in a hash table under a mutex, and called
//   BM_DispatcherByKey/<t>       a dispatcher as eventpp documents its own: a map from t names to lists of functions, found under a
//                                mutex, and each step along a list under that list's mutex
//   BM_Lookup/<t>                finding a topic by its name among t
//   BM_MakeTopic/<w>             making a topic, with w wildcard subscriptions of which one matches
//   BM_SubscribeWildcard/<t>     a wildcard subscription that matches 1 of t topics, and its end
//   BM_Memory/<t>                t topics: `bytes` is what each takes, with its entry in the tables
//
// Not measured: contention, which is that of the feed; slow subscribers; the tables' growth, but in BM_Memory.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <boost/signals2.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/measure.h"
#include "eventbus/event_bus.h"
#include "eventbus/feed.h"
#include "tests/support/allocations.h"

namespace eventbus::benchmarks {
namespace {

constexpr char kName[] = "orders.eu.filled";

// What is published, and the sum of what arrived.
class Tally {
 public:
  uint64_t Next() {
    published_ += ++last_;
    return last_;
  }

  void Arrived(uint64_t event) { arrived_ += event; }
  auto handler() {
    return [this](uint64_t event) { Arrived(event); };
  }

  void Check(benchmark::State& state) const {
    benchmarks::Check(state, arrived_ == published_, "an event was lost or came twice");
  }

 private:
  uint64_t last_ = 0;
  uint64_t published_ = 0;
  uint64_t arrived_ = 0;
};

EventBusOptions Unlimited() {
  return {.max_topics = EventBusOptions::kNoLimit, .max_subscriptions = EventBusOptions::kNoLimit};
}

std::string NameOf(int64_t i) { return absl::StrCat("topics.", i % 100, ".", i); }

std::vector<Subscription> WildcardsElsewhere(EventBus& bus, int64_t count) {
  std::vector<Subscription> subscriptions;
  for (int64_t i = 0; i < count; ++i) {
    subscriptions.push_back(*bus.Subscribe<uint64_t>(absl::StrCat("elsewhere.", i, ".>"), [](uint64_t) {}));
  }
  return subscriptions;
}

void MakeTopics(EventBus& bus, int64_t count) {
  for (int64_t i = 0; i < count; ++i) bus.Topic<uint64_t>(NameOf(i)).IgnoreError();
}

template <typename Publish>
void PublishAll(benchmark::State& state, Tally& tally, Publish publish) {
  const AllocationMeter allocations;
  for (auto _ : state) publish(tally.Next());
  allocations.Report(state, state.iterations());
  tally.Check(state);
}

void BM_Feed(benchmark::State& state) {
  FeedOf<uint64_t> feed;
  Tally tally;
  const Subscription subscription = *feed.Subscribe(tally.handler());
  PublishAll(state, tally, [&](uint64_t event) { feed.Send(event); });
}
BENCHMARK(BM_Feed);

void BM_Handle(benchmark::State& state) {
  EventBus bus(Unlimited());
  const std::vector<Subscription> wildcards = WildcardsElsewhere(bus, state.range(0));
  Tally tally;
  const TopicOf<uint64_t> topic = *bus.Topic<uint64_t>(kName);
  const Subscription subscription = *topic.Subscribe(tally.handler());
  PublishAll(state, tally, [&](uint64_t event) { topic.Publish(event); });
}
BENCHMARK(BM_Handle)->Arg(0)->Arg(100)->Arg(10'000);

// A function of its own for each: in one, which of two loops the processor predicts better is chance.
template <typename Publish>
ABSL_ATTRIBUTE_NOINLINE double SecondsOfAThousand(Tally& tally, Publish publish) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1'000; ++i) publish(tally.Next());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void BM_HandleOverFeed(benchmark::State& state) {
  EventBus bus(Unlimited());
  const std::vector<Subscription> wildcards = WildcardsElsewhere(bus, state.range(0));
  FeedOf<uint64_t> feed;
  const TopicOf<uint64_t> topic = *bus.Topic<uint64_t>(kName);
  Tally of_feed;
  Tally of_topic;
  const Subscription to_feed = *feed.Subscribe(of_feed.handler());
  const Subscription to_topic = *topic.Subscribe(of_topic.handler());
  std::vector<double> ratios;
  for (auto _ : state) {
    const double by_feed = SecondsOfAThousand(of_feed, [&](uint64_t event) { feed.Send(event); });
    const double by_topic = SecondsOfAThousand(of_topic, [&](uint64_t event) { topic.Publish(event); });
    ratios.push_back(by_topic / by_feed);
  }
  const auto median = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
  std::nth_element(ratios.begin(), median, ratios.end());
  state.counters["ratio"] = *median;
  of_feed.Check(state);
  of_topic.Check(state);
}
BENCHMARK(BM_HandleOverFeed)->Arg(0)->Arg(100)->Arg(10'000);

void BM_HandleLimited(benchmark::State& state) {
  EventBus bus({.max_queued = 1000});
  Tally tally;
  const TopicOf<uint64_t> topic = *bus.Topic<uint64_t>(kName);
  const Subscription subscription = *topic.Subscribe(tally.handler());
  PublishAll(state, tally, [&](uint64_t event) { topic.Publish(event); });
}
BENCHMARK(BM_HandleLimited);

void BM_HandleWildcard(benchmark::State& state) {
  EventBus bus(Unlimited());
  Tally tally;
  const TopicOf<uint64_t> topic = *bus.Topic<uint64_t>(kName);
  const Subscription subscription = *bus.Subscribe<uint64_t>("orders.>", tally.handler());
  PublishAll(state, tally, [&](uint64_t event) { topic.Publish(event); });
}
BENCHMARK(BM_HandleWildcard);

void BM_HandleAny(benchmark::State& state) {
  EventBus bus(Unlimited());
  Tally tally;
  const TopicOf<uint64_t> topic = *bus.Topic<uint64_t>(kName);
  const Subscription subscription =
      *bus.SubscribeAny("orders.>", [&](const AnyEvent& event) { tally.Arrived(*event.Get<uint64_t>()); });
  PublishAll(state, tally, [&](uint64_t event) { topic.Publish(event); });
}
BENCHMARK(BM_HandleAny);

void BM_Name(benchmark::State& state) {
  EventBus bus(Unlimited());
  MakeTopics(bus, state.range(0) - 1);
  Tally tally;
  const Subscription subscription = *bus.Subscribe<uint64_t>(kName, tally.handler());
  PublishAll(state, tally, [&](uint64_t event) { bus.Publish(kName, event); });
}
BENCHMARK(BM_Name)->Arg(1)->Arg(10'000);

void BM_Type(benchmark::State& state) {
  EventBus bus(Unlimited());
  Tally tally;
  const Subscription subscription = *bus.Subscribe<uint64_t>(tally.handler());
  PublishAll(state, tally, [&](uint64_t event) { bus.Publish(event); });
}
BENCHMARK(BM_Type);

void BM_SignalByKey(benchmark::State& state) {
  using Signal = boost::signals2::signal<void(uint64_t)>;
  std::mutex mutex;
  absl::flat_hash_map<std::string, std::shared_ptr<Signal>> signals;
  for (int64_t i = 1; i < state.range(0); ++i) signals[NameOf(i)] = std::make_shared<Signal>();
  signals[kName] = std::make_shared<Signal>();
  Tally tally;
  signals[kName]->connect(tally.handler());
  PublishAll(state, tally, [&](uint64_t event) {
    std::shared_ptr<Signal> signal;
    {
      std::lock_guard lock(mutex);
      signal = signals.find(kName)->second;
    }
    (*signal)(event);
  });
}
BENCHMARK(BM_SignalByKey)->Arg(1)->Arg(10'000);

// Events by key to functions that are called where they are dispatched, and may add and remove others.
class Dispatcher {
 public:
  using Callback = std::function<void(uint64_t)>;

  void Append(const std::string& key, Callback callback) {
    const std::lock_guard lock(mutex_);
    lists_[key].Append(std::move(callback));
  }

  void Dispatch(const std::string& key, uint64_t event) const {
    const List* list = nullptr;
    {
      const std::lock_guard lock(mutex_);
      const auto found = lists_.find(key);
      if (found != lists_.end()) list = &found->second;  // Which stays where it is.
    }
    if (list != nullptr) list->Call(event);
  }

 private:
  struct Node {
    Callback callback;
    std::shared_ptr<Node> next;
  };

  class List {
   public:
    void Append(Callback callback) {
      const std::lock_guard lock(mutex_);
      std::shared_ptr<Node>* end = &first_;
      while (*end) end = &(*end)->next;
      *end = std::make_shared<Node>(Node{std::move(callback), nullptr});
    }

    void Call(uint64_t event) const {
      for (std::shared_ptr<Node> node = Following(first_); node; node = Following(node->next)) node->callback(event);
    }

   private:
    std::shared_ptr<Node> Following(const std::shared_ptr<Node>& link) const {
      const std::lock_guard lock(mutex_);
      return link;
    }

    mutable std::mutex mutex_;
    std::shared_ptr<Node> first_;
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::string, List> lists_;
};

void BM_DispatcherByKey(benchmark::State& state) {
  Dispatcher dispatcher;
  for (int64_t i = 1; i < state.range(0); ++i) dispatcher.Append(NameOf(i), [](uint64_t) {});
  Tally tally;
  dispatcher.Append(kName, tally.handler());
  const std::string name = kName;  // As its keys are, so that finding one allocates nothing.
  PublishAll(state, tally, [&](uint64_t event) { dispatcher.Dispatch(name, event); });
}
BENCHMARK(BM_DispatcherByKey)->Arg(1)->Arg(10'000);

void BM_Lookup(benchmark::State& state) {
  EventBus bus(Unlimited());
  MakeTopics(bus, state.range(0));
  std::vector<std::string> names;
  for (int64_t i = 0; i < 64; ++i) names.push_back(NameOf(i * (state.range(0) / 64 + 1) % state.range(0)));
  size_t next = 0;
  bool right = true;
  for (auto _ : state) {
    const std::string& name = names[next++ % names.size()];
    right &= (*bus.Topic<uint64_t>(name)).name().size() == name.size();
  }
  Check(state, right, "another topic was found");
}
BENCHMARK(BM_Lookup)->Arg(1)->Arg(1'000)->Arg(100'000);

void BM_MakeTopic(benchmark::State& state) {
  auto bus = std::make_unique<EventBus>(Unlimited());
  std::vector<Subscription> wildcards = WildcardsElsewhere(*bus, state.range(0) - 1);
  wildcards.push_back(*bus->Subscribe<uint64_t>("topics.>", [](uint64_t) {}));
  int64_t made = 0;
  for (auto _ : state) bus->Topic<uint64_t>(NameOf(made++)).IgnoreError();
  const BusStats stats = bus->Stats();
  Check(state, stats.topics.size() == static_cast<size_t>(made), "a topic is missing");
  Check(state, stats.patterns.back().topics == static_cast<size_t>(made), "a topic was not subscribed to");
}
BENCHMARK(BM_MakeTopic)->Arg(1)->Arg(10'000)->Iterations(20'000);

void BM_SubscribeWildcard(benchmark::State& state) {
  EventBus bus(Unlimited());
  MakeTopics(bus, state.range(0) - 1);
  const TopicOf<uint64_t> topic = *bus.Topic<uint64_t>(kName);
  bool right = true;
  for (auto _ : state) {
    const Subscription subscription = *bus.Subscribe<uint64_t>("orders.*.filled", [](uint64_t) {});
    right &= topic.subscribers() == 1;
  }
  Check(state, right, "the topic was not subscribed to");
}
BENCHMARK(BM_SubscribeWildcard)->Arg(1)->Arg(100'000);

void BM_Memory(benchmark::State& state) {
  double bytes = 0;
  for (auto _ : state) {
    const int64_t before = testing::LiveBytes();
    EventBus bus(Unlimited());
    MakeTopics(bus, state.range(0));
    bytes = static_cast<double>(testing::LiveBytes() - before) / static_cast<double>(state.range(0));
    Check(state, bus.topics() == static_cast<size_t>(state.range(0)), "a topic is missing");
  }
  state.counters["bytes"] = bytes;
}
BENCHMARK(BM_Memory)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace eventbus::benchmarks
