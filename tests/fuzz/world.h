// Drives channels, selects, contexts, feeds, subscriptions and scopes with operations that bytes choose, and does the same
// to a reference. Any difference ends the program.
//
// One thread, but for sends that block: such a send has a thread of its own, and the next operation waits until that
// thread has gone as far as the reference says it can.

#ifndef EVENTBUS_TESTS_FUZZ_WORLD_H_
#define EVENTBUS_TESTS_FUZZ_WORLD_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/eventbus.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/started.h"

namespace eventbus::testing {

// Bytes, and zeros once they have run out.
class Bytes {
 public:
  explicit Bytes(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  uint8_t Next() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  // A number below `n`.
  size_t Below(size_t n) { return Next() % n; }

 private:
  std::span<const uint8_t> bytes_;
};

class World {
 public:
  explicit World(std::span<const uint8_t> bytes);
  ~World();

  // Does what the bytes say, and checks after each operation.
  void Run();

 private:
  struct Pair {
    Pair(Channel<Value> channel, size_t capacity) : real(std::move(channel)), reference(capacity) {}

    Channel<Value> real;
    ReferenceChannel reference;
  };
  using PairPtr = std::shared_ptr<Pair>;

  struct StartedPair {
    PairPtr channel;
    std::unique_ptr<Started> real;
    std::unique_ptr<ReferenceOperation> reference;
  };

  struct ContextPair {
    CancelHandle real;
    size_t parent;  // Its place in `contexts_`, or that of itself: none.
    absl::StatusCode status = absl::StatusCode::kOk;
    absl::StatusCode cause = absl::StatusCode::kOk;
  };

  enum class Filter { kNone, kOdd, kThrowsAtMultiplesOf16 };

  struct SubscriptionPair {
    Subscription real;
    size_t feed;
    PairPtr channel;
    Filter filter;
    bool in_scope = false;
    bool member = true;
    absl::StatusCode reason = absl::StatusCode::kOk;  // Why it ended; OK: no reason.
    bool reason_read = false;
  };
  using SubscriptionPtr = std::shared_ptr<SubscriptionPair>;

  struct FeedPair {
    std::unique_ptr<Feed> real = std::make_unique<Feed>();
    bool closed = false;
    bool has_type = false;
  };

  // What one send should come to.
  struct Expected {
    absl::StatusCode status = absl::StatusCode::kOk;
    size_t delivered = 0;
    size_t disconnected = 0;
    size_t missed = 0;
  };

  // A send that blocks.
  struct Flight {
    size_t feed;
    size_t context;
    Expected expected;
    std::map<SubscriptionPtr, ReferenceOperation> waiting = {};
    SendResult result = {};
    std::atomic<bool> finished{false};
    std::thread thread = {};
  };

  static constexpr size_t kChannels = 4;
  static constexpr size_t kFeeds = 2;
  static constexpr size_t kMost = 8;  // Of anything else.
  static constexpr size_t kNone = ~size_t{0};

  void DoOne();

  // Channels.
  void MakeChannel();
  void TrySend();
  void TryReceive();
  void ReceiveMany();
  void CallWithContext();
  void Close();
  void CloseAndDrain();
  void Start(internal::Role role);
  void GiveUp();
  // Selects.
  void DoSelect();
  // Contexts.
  void MakeContext();
  void Cancel();
  void DropContexts();
  // Feeds.
  void SubscribeOne();
  void UnsubscribeOne();
  void ReadErr();
  void TrackOne();
  void CloseScope();
  void TrySendToFeed();
  void SendToFeed();
  void SendOfAnotherType();
  void CloseFeed();

  // The reference's part of a send: serves those with room, and calls `no_room` for the others.
  template <typename NoRoom>
  Expected Deliver(size_t feed, int value, NoRoom no_room);
  void End(SubscriptionPair& subscription, absl::StatusCode reason);
  void StartFlight(size_t feed, size_t context, int value);
  // Ends the send that blocks if by the reference it must have ended.
  void Land();
  void CancelReference(size_t context, absl::StatusCode status, absl::StatusCode cause);

  bool ChannelsAgree() const;
  bool StartedAgree() const;
  bool FeedsAgree() const;
  void CheckAll();

  size_t SomeChannel() { return bytes_.Below(kChannels); }
  size_t SomeContext() { return bytes_.Below(contexts_.size()); }
  SubscriptionPtr SomeSubscription();

  Bytes bytes_;
  int next_value_ = 0;
  std::array<PairPtr, kChannels> channels_;
  std::vector<StartedPair> started_;
  std::vector<ContextPair> contexts_;
  std::array<FeedPair, kFeeds> feeds_;
  std::vector<SubscriptionPtr> subscriptions_;
  std::optional<SubscriptionScope> scope_{std::in_place};
  bool scope_closed_ = false;
  std::unique_ptr<Flight> flight_;
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_FUZZ_WORLD_H_
