// A random network of feeds, channels and threads, that runs at full load for a while and then ends, with every value
// accounted for.
//
//   sources --> feeds --> subscribed channels --> relays (selects) --> more feeds ... --> sinks
//
// and beside it visitors, who subscribe, take some values, unsubscribe and take what is left, again and again.

#ifndef EVENTBUS_TESTS_SOAK_TOPOLOGY_H_
#define EVENTBUS_TESTS_SOAK_TOPOLOGY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "eventbus/eventbus.h"

namespace eventbus::testing {

// Each value counts once for each channel that accepted it, and once for each receive; so do the numbers themselves, so
// that one value cannot stand in for another.
struct Account {
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> accepted_sum{0};
  std::atomic<uint64_t> received{0};
  std::atomic<uint64_t> received_sum{0};
  std::atomic<uint64_t> returned{0};  // Sends that were cancelled, refused or late.

  void Accept(uint64_t value, uint64_t times) {
    accepted += times;
    accepted_sum += value * times;
  }
  void Receive(uint64_t value) {
    ++received;
    received_sum += value;
  }
};

class Topology {
 public:
  explicit Topology(std::mt19937_64 random);
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  // Runs for `time`, ends everything, and joins all threads.
  void Run(absl::Duration time);

  const Account& account() const { return account_; }

 private:
  // On the heap, so that a sanitizer sees one that is lost.
  using Event = std::shared_ptr<const uint64_t>;

  void Source(std::mt19937_64 random, Context context);
  void Relay(std::mt19937_64 random, Context context, std::vector<ReceiveChannel<Event>> inputs, size_t layer);
  void Sink(Context context, ReceiveChannel<Event> input);
  void Visitor(std::mt19937_64 random, Context context);

  void SendToFeed(FeedOf<Event>& feed, std::mt19937_64& random, const Context& context, const Event& event);
  void Take(const Event& event) { account_.Receive(*event); }

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<FeedOf<Event>>> feeds_;  // By layer.
  std::vector<Channel<Event>> channels_;
  SubscriptionScope scope_;
  std::atomic<uint64_t> next_value_{1};
  Account account_;
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_SOAK_TOPOLOGY_H_
