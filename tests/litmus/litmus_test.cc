// Litmus tests for the few lock-free lines, named as in docs/memory_model.md: a plain write on one side that must be visible
// on the other. On a machine with a strong memory order they show little by themselves; ThreadSanitizer, which knows the
// orders that the code names, shows a weaker one on any machine.

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/activity.h"
#include "eventbus/internal/waiting/executor_gate.h"
#include "eventbus/internal/waiting/parker.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

constexpr int kRounds = 2000;

// Runs `left` and `right` at the same time.
template <typename Left, typename Right>
void Together(Left left, Right right) {
  std::thread other(left);
  right();
  other.join();
}

TEST(Litmus, Mutex) {
  Mutex mutex;
  int64_t plain = 0;
  const auto add = [&] {
    for (int i = 0; i < 50 * kRounds; ++i) {
      MutexLock lock(&mutex);
      ++plain;
    }
  };
  Together(add, add);
  EXPECT_EQ(plain, 100 * kRounds);
}

// A handler in the sender's thread writes to what the other thread destroys once it has unsubscribed it.
TEST(Litmus, Calling) {
  FeedOf<int> feed;
  std::atomic<bool> over{false};
  const auto send = [&] {
    while (!over.load(std::memory_order_relaxed)) feed.Send(1);
  };
  Together(send, [&] {
    for (int round = 0; round < kRounds; ++round) {
      auto plain = std::make_unique<int>(0);
      absl::StatusOr<Subscription> subscription = feed.Subscribe([&plain](int) { ++*plain; });
      feed.TrySend(1);
      subscription->Unsubscribe();
      plain.reset();
    }
    over.store(true, std::memory_order_relaxed);
  });
}

// Handlers read, and count in it, a plain value that others write over, or end, once all have taken it.
TEST(Litmus, Broadcast) {
  ThreadPool pool(2);
  struct Plain {
    int number;
    std::shared_ptr<int> shared;
  };
  FeedOf<int> words;
  FeedOf<Plain> values;
  std::vector<Subscription> subscriptions;
  int64_t sums[3][2] = {};
  for (auto& [of_words, of_values] : sums) {
    subscriptions.push_back(
        *words.Subscribe([&sum = of_words](int value) { sum += value; }, {.executor = &pool, .capacity = 1}));
    subscriptions.push_back(*values.Subscribe([&sum = of_values](const Plain& value) { sum += value.number; },
                                              {.executor = &pool, .capacity = 2}));
  }
  for (int round = 0; round < kRounds; ++round) {
    words.Send(1);
    values.Send({.number = 1, .shared = std::make_shared<int>(round)});
    values.TrySend({.number = 0, .shared = nullptr});
  }
  const CancelHandle budget = Context::Background().WithTimeout(absl::Hours(1));
  EXPECT_TRUE(pool.Drain(budget.context()).ok());
  for (const auto& [of_words, of_values] : sums) {
    EXPECT_EQ(of_words, kRounds);
    EXPECT_EQ(of_values, kRounds);
  }
}

// Handlers, of each kind, write plainly what is read, and ended, after a flush.
TEST(Litmus, Handled) {
  ThreadPool pool(2);
  struct Counts {
    int common = 0;
    int by_policy = 0;
    int replayed = 0;
  };
  auto counts = std::make_unique<Counts>();
  FeedOf<int> feed({.history = 1});
  feed.Send(0);
  std::vector<Subscription> subscriptions;
  subscriptions.push_back(*feed.Subscribe([&](int) { ++counts->common; }, {.executor = &pool}));
  subscriptions.push_back(
      *feed.Subscribe([&](int) { ++counts->by_policy; }, {.executor = &pool, .overflow = Overflow::kDropOldest}));
  for (int round = 1; round <= kRounds; ++round) {
    Subscription replayed = *feed.Subscribe([&](int) { ++counts->replayed; }, {.executor = &pool, .replay = 1});
    feed.Send(round);
    ASSERT_TRUE(feed.Flush(Context::Background()).ok());
    EXPECT_EQ(counts->common, 1);
    EXPECT_EQ(counts->by_policy, 1);
    EXPECT_EQ(counts->replayed, 2);
    counts = std::make_unique<Counts>();
  }
}

// Who goes through the gate writes to what the other destroys once it has retired.
TEST(Litmus, ExecutorGate) {
  for (int round = 0; round < kRounds; ++round) {
    ManualExecutor executor;
    const auto gate = MakeRef<ExecutorGate>(executor);
    auto plain = std::make_unique<int>(0);
    const auto use = [&] {
      while (gate->Enter()) {
        ++*plain;
        gate->Leave();
      }
    };
    Together(use, [&] {
      gate->Retire();
      plain.reset();
    });
  }
}

// A run in one thread, the next in another: plain data of the consumer needs no lock of its own.
class CountingActivity final : public Activity, public RefCounted {
 public:
  explicit CountingActivity(Executor& executor) : Activity(executor) {}
  int64_t plain = 0;

 private:
  Next DoSome() override { return ++plain < kRounds ? Next::kAgain : Next::kEnds; }
  void CleanUp(bool) override { ++plain; }
  void Keep() override { AddRef(); }
  void LetGo() override { DropRef(); }
};

TEST(Litmus, Activity) {
  ManualExecutor executor;
  const auto activity = MakeRef<CountingActivity>(executor);
  activity->Start();
  const auto run = [&] {
    while (!activity->stopping()) executor.RunOne();
  };
  Together(run, run);
  EXPECT_EQ(activity->plain, kRounds + 1);
  // What a waker wrote before it notified is visible to the run.
  for (int round = 0; round < kRounds; ++round) {
    class Reads final : public Activity, public RefCounted {
     public:
      Reads(Executor& its_executor, const int& source) : Activity(its_executor), source_(source) {}
      int seen = 0;

     private:
      Next DoSome() override {
        seen = source_;
        return Next::kEnds;
      }
      void CleanUp(bool) override {}
      void Keep() override { AddRef(); }
      void LetGo() override { DropRef(); }
      const int& source_;
    };
    int plain = 0;
    const auto reads = MakeRef<Reads>(executor, plain);
    reads->StartWaiting();
    Together(
        [&] {
          plain = 1;
          ReadyWork ready;
          reads->Notify(ready);
        },
        [&] {
          while (!executor.RunOne()) std::this_thread::yield();
        });
    EXPECT_EQ(reads->seen, 1);
  }
}

TEST(Litmus, Parker) {
  for (int round = 0; round < kRounds; ++round) {
    int plain = 0;
    Parker parker;
    Together(
        [&] {
          plain = 1;
          parker.Unpark(Parker::kWoken);
        },
        [&] {
          parker.Park(Parker::kWoken, Instant::Never());
          EXPECT_EQ(plain, 1);
        });
  }
}

// The claimer's and the owner's plain writes each reach the other side, though the claim itself is relaxed.
TEST(Litmus, Claim) {
  for (int round = 0; round < kRounds; ++round) {
    int owners = 0;
    int claimers = 0;
    Channel<int> a;
    Channel<int> b;
    Together(
        [&] {
          claimers = 1;
          EXPECT_TRUE(b.Send(1).ok());
          // Whoever took the value had written `owners`; the close tells this thread.
          EXPECT_FALSE(a.Send(2).ok());
          EXPECT_EQ(owners, 1);
        },
        [&] {
          absl::StatusOr<int> slot = absl::UnavailableError("");
          owners = 1;
          EXPECT_EQ(Select({Case::Never(), b.OnReceive(&slot)}), 1);
          EXPECT_EQ(claimers, 1);
          a.Close();
        });
  }
}

// Two receivers complete a send; the sender sees what both did before.
TEST(Litmus, Countdown) {
  for (int round = 0; round < kRounds / 4; ++round) {
    FeedOf<int> feed;
    Channel<int> a;
    Channel<int> b;
    absl::StatusOr<Subscription> first = feed.Subscribe(a);
    absl::StatusOr<Subscription> second = feed.Subscribe(b);
    int before_a = 0;
    int before_b = 0;
    std::thread one([&] {
      before_a = 1;
      EXPECT_TRUE(a.Receive().ok());
    });
    std::thread two([&] {
      before_b = 1;
      EXPECT_TRUE(b.Receive().ok());
    });
    EXPECT_EQ(feed.Send(1).delivered, 2u);
    EXPECT_EQ(before_a + before_b, 2);
    one.join();
    two.join();
  }
}

// A value is there when its count is, and a slot is free when its count is: the values are plain, and slots are used again.
TEST(Litmus, SplitRing) {
  constexpr int kValues = 20 * kRounds;
  Channel<std::unique_ptr<int>> channel(static_cast<std::ptrdiff_t>(kLeastSplitCapacity));
  Together(
      [&] {
        for (int i = 0; i < kValues; ++i) EXPECT_TRUE(channel.Send(std::make_unique<int>(i)).ok());
      },
      [&] {
        for (int i = 0; i < kValues; ++i) EXPECT_EQ(**channel.Receive(), i);
      });
  // Two receivers follow each other under the receiving end's lock alone.
  int64_t sum = 0;
  std::thread sender([&] {
    for (int i = 0; i < kValues; ++i) EXPECT_TRUE(channel.Send(std::make_unique<int>(1)).ok());
    channel.Close();
  });
  std::atomic<int64_t> other{0};
  Together(
      [&] {
        for (std::unique_ptr<int>& value : channel) other.fetch_add(*value, std::memory_order_relaxed);
      },
      [&] {
        for (std::unique_ptr<int>& value : channel) sum += *value;
      });
  sender.join();
  EXPECT_EQ(sum + other.load(), kValues);
}

TEST(Litmus, ContextDone) {
  for (int round = 0; round < kRounds; ++round) {
    int plain = 0;
    CancelHandle cancel = Context::Background().WithCancel();
    Together(
        [&] {
          plain = 1;
          cancel.Cancel();
        },
        [&] {
          while (!cancel.context().done()) std::this_thread::yield();
          EXPECT_EQ(plain, 1);
        });
  }
}

TEST(Litmus, ChannelClosed) {
  for (int round = 0; round < kRounds; ++round) {
    int plain = 0;
    Channel<int> channel;
    Together(
        [&] {
          plain = 1;
          channel.Close();
        },
        [&] {
          while (!channel.closed()) std::this_thread::yield();
          EXPECT_EQ(plain, 1);
        });
  }
}

TEST(Litmus, LastReference) {
  struct Shared final : RefCounted {
    explicit Shared(int64_t& sum_to) : sum(sum_to) {}
    ~Shared() override { sum = left + right; }
    int64_t& sum;
    int64_t left = 0;
    int64_t right = 0;
  };
  for (int round = 0; round < kRounds; ++round) {
    int64_t out = 0;
    Ref<Shared> shared = MakeRef<Shared>(out);
    Together(
        [mine = shared]() mutable {
          mine->left = 1;
          mine = {};
        },
        [&] {
          shared->right = 1;
          shared = {};
        });
    EXPECT_EQ(out, 2);
  }
}

// What was written before the clock was moved is read by who finds the deadline passed.
TEST(Litmus, VirtualTime) {
  for (int round = 0; round < kRounds / 10; ++round) {
    VirtualClock clock;
    const CancelHandle limit = Context::Background().WithTimeout(absl::Seconds(1));
    int plain = 0;
    const auto move = [&] {
      plain = 1;
      clock.Advance(absl::Seconds(1));
    };
    Together(move, [&] {
      while (!limit.context().done()) std::this_thread::yield();
      EXPECT_EQ(plain, 1);
    });
  }
}

// Who begins to wait is counted by who waits for that.
TEST(Litmus, AwaitWaiters) {
  for (int round = 0; round < kRounds / 10; ++round) {
    VirtualClock clock;
    int plain = 0;
    const auto wait = [&] {
      plain = 1;
      SelectUntil(clock.Now() + absl::Seconds(1), {Case::Never()});
    };
    Together(wait, [&] {
      clock.AwaitWaiters(1);
      EXPECT_EQ(plain, 1);
      clock.AdvanceToNext();
    });
  }
}

}  // namespace
}  // namespace eventbus::internal
