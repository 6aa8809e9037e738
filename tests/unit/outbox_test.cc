#include "eventbus/outbox.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "eventbus/feed.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// A mutex that knows whether the calling thread holds it.
class WatchedMutex {
 public:
  void lock() {
    mutex_.lock();
    holder_ = std::this_thread::get_id();
  }
  void unlock() {
    holder_ = std::thread::id();
    mutex_.unlock();
  }
  bool HeldHere() const { return holder_ == std::this_thread::get_id(); }

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> holder_{};
};

TEST(Outbox, SendsInOrderAfterTheLockHasBeenReleased) {
  FeedOf<int> feed;
  Outbox<int> outbox(feed);
  WatchedMutex mutex;
  std::vector<int> seen;
  const Subscription subscription = MustSubscribe(feed.Subscribe([&](int value) {
    EXPECT_FALSE(mutex.HeldHere());
    const std::lock_guard<WatchedMutex> lock(mutex);  // Deadlock, if the sender held it.
    seen.push_back(value);
  }));
  {
    OutboxLock lock(&mutex, &outbox);
    for (int i = 0; i < 3; ++i) lock.Add(i);
    EXPECT_TRUE(mutex.HeldHere());
    EXPECT_TRUE(seen.empty());
    EXPECT_EQ(outbox.ApproxSize(), 3u);
  }
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(outbox.ApproxSize(), 0u);
}

TEST(Outbox, KnowsTheMutexesOfAbseil) {
  const Channel<std::unique_ptr<int>> channel(1);
  Outbox<std::unique_ptr<int>> outbox(channel);
  absl::Mutex mutex;
  {
    OutboxLock lock(&mutex, &outbox);
    lock.Add(std::make_unique<int>(7));
    mutex.AssertHeld();
  }
  EXPECT_EQ(**channel.Receive(), 7);
}

// Without an outbox, two threads would tell of their changes in any order.
TEST(Outbox, SubscribersSeeTheOrderOfTheChanges) {
  FeedOf<int> feed;
  const Channel<int> channel(kUnbounded);
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  Outbox<int> outbox(feed);
  std::mutex mutex;
  int head = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        OutboxLock lock(&mutex, &outbox);
        lock.Add(head++);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 800; ++i) EXPECT_EQ(*channel.TryReceive(), i);
}

TEST(Outbox, ReturnsOnceWhatWasAddedHasBeenSent) {
  const Channel<int> channel(0);
  Outbox<int> outbox(channel);
  outbox.Add(1);
  std::thread first([&] { EXPECT_TRUE(outbox.Flush().ok()); });
  AwaitSenders(channel, 1);
  outbox.Add(2);
  std::atomic<bool> returned{false};
  std::thread second([&] {
    EXPECT_TRUE(outbox.Flush().ok());
    returned = true;
  });
  AwaitTrue([&] { return outbox.ApproxWaiting() == 1; });
  const CancelHandle timeout = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(outbox.Flush(timeout.context()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(*channel.Receive(), 1);
  EXPECT_FALSE(returned);
  EXPECT_EQ(*channel.Receive(), 2);
  first.join();
  second.join();
}

TEST(Outbox, AHandlerInTheSendingThreadAddsAndNeverWaits) {
  FeedOf<int> feed;
  Outbox<int> outbox(feed);
  std::mutex mutex;
  std::vector<int> seen;
  const Subscription subscription = MustSubscribe(feed.Subscribe([&](int value) {
    seen.push_back(value);
    if (value >= 3) return;
    OutboxLock lock(&mutex, &outbox);
    lock.Add(value + 1);
  }));
  outbox.Add(1);
  EXPECT_TRUE(outbox.Flush().ok());
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

// The sender waits for the handler's queue; the handler must not wait for the sender.
TEST(Outbox, AHandlerOnAnExecutorNeverWaitsForASenderThatWaitsForIt) {
  ThreadPool pool(1);
  FeedOf<int> feed;
  Outbox<int> outbox(feed);
  std::mutex mutex;
  std::atomic<int> handled{0};
  const Channel<int> go_on;
  const Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int value) {
        go_on.Receive().IgnoreError();
        ++handled;
        if (value >= 10) return;
        OutboxLock lock(&mutex, &outbox);
        lock.Add(value + 10);
      },
      {.executor = &pool, .capacity = 1}));
  for (int i = 0; i < 5; ++i) outbox.Add(i);
  std::thread sender([&] { outbox.Flush().IgnoreError(); });
  AwaitTrue([&] { return outbox.ApproxSize() <= 3; });
  go_on.Close();
  sender.join();
  AwaitTrue([&] {
    outbox.Flush().IgnoreError();
    return handled == 10;
  });
}

TEST(Outbox, AFlushThatIsCancelledLeavesTheRestForTheNext) {
  const Channel<int> channel(1);
  Outbox<int> outbox(channel);
  for (int i = 0; i < 3; ++i) outbox.Add(i);
  const CancelHandle timeout = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(outbox.Flush(timeout.context()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(outbox.ApproxSize(), 2u);
  EXPECT_EQ(outbox.Flush(timeout.context()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(*channel.Receive(), 0);
  std::thread receiver([&] {
    EXPECT_EQ(*channel.Receive(), 1);
    EXPECT_EQ(*channel.Receive(), 2);
  });
  EXPECT_TRUE(outbox.Flush().ok());
  receiver.join();
}

// Nobody has got anything of a value whose turn did not come.
TEST(Outbox, AFlushThatIsCancelledBeforeAFeedHasBegunLeavesTheValue) {
  FeedOf<int> feed({.held = true});
  std::vector<int> seen;
  const Subscription subscription = MustSubscribe(feed.Subscribe([&](int value) { seen.push_back(value); }));
  Outbox<int> outbox(feed);
  outbox.Add(1);
  outbox.Add(2);
  for (int i = 0; i < 3; ++i) {
    const CancelHandle moment = Context::Background().WithTimeout(absl::Milliseconds(1));
    EXPECT_EQ(outbox.Flush(moment.context()).code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(outbox.ApproxSize(), 2u);
  }
  feed.Release();
  EXPECT_TRUE(outbox.Flush().ok());
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

// A send by other means than the outbox waits for the handler, which must not wait for that send.
TEST(Outbox, InAHandlerWhatABusyFeedDoesNotTakeStaysForTheNextFlush) {
  ThreadPool pool(1);
  FeedOf<int> feed;
  std::vector<int> unsent;
  std::vector<int> seen;
  std::mutex mutex;
  {
    Outbox<int> outbox(feed, {.on_unsent = [&](int value, const absl::Status& why) {
                         EXPECT_EQ(why.code(), absl::StatusCode::kUnavailable);
                         unsent.push_back(value);
                       }});
    const Channel<int> full;
    const Subscription slow = MustSubscribe(feed.Subscribe(full));
    const Channel<size_t> left(1);
    const Subscription subscription = MustSubscribe(feed.Subscribe(
        [&](int value) {
          seen.push_back(value);
          if (value != 1) return;
          AwaitSenders(full, 1);
          { OutboxLock(&mutex, &outbox).Add(2); }
          left.Send(outbox.ApproxSize()).IgnoreError();
        },
        {.executor = &pool}));
    std::thread sender([&] { feed.Send(1); });
    EXPECT_EQ(*left.Receive(), 1u);
    EXPECT_EQ(*full.Receive(), 1);
    sender.join();
    std::thread receiver([&] { EXPECT_EQ(*full.Receive(), 2); });
    EXPECT_TRUE(outbox.Flush().ok());
    receiver.join();
    DrainInTime(feed);
  }
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
  EXPECT_EQ(unsent, std::vector<int>{});
}

TEST(Outbox, WhatIsLeftWhenItGoesIsGivenBack) {
  ThreadPool pool(1);
  FeedOf<int> feed;
  std::vector<int> unsent;
  const Channel<int> full;
  const Subscription slow = MustSubscribe(feed.Subscribe(full));
  const Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int) {
        AwaitSenders(full, 1);
        {
          Outbox<int> outbox(feed, {.on_unsent = [&](int value, const absl::Status&) { unsent.push_back(value); }});
          outbox.Add(2);
          outbox.Add(3);
        }
        EXPECT_EQ(unsent, (std::vector<int>{2, 3}));
        EXPECT_EQ(*full.Receive(), 1);
      },
      {.executor = &pool}));
  feed.Send(1);
}

TEST(Outbox, WhatCannotBeSentIsGivenBack) {
  struct Copied {
    explicit Copied(int its_number) : number(its_number) {}
    Copied(const Copied& other) : number(other.number) {
      if (number == 1) throw std::runtime_error("copy refused");
    }
    Copied(Copied&&) noexcept = default;
    int number;
  };
  FeedOf<Copied> feed;
  const Channel<Copied> channel(8);
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  std::vector<std::pair<int, absl::Status>> unsent;
  Outbox<Copied> outbox(feed, {.name = "chain", .on_unsent = [&](Copied value, const absl::Status& why) {
                                 unsent.emplace_back(value.number, why);
                                 throw std::runtime_error("ignored");
                               }});
  for (int i = 0; i < 3; ++i) outbox.Add(Copied(i));
  EXPECT_EQ(outbox.Flush().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(channel.ApproxSize(), 2u) << "the others were sent";
  feed.Close();
  outbox.Add(Copied(5));
  EXPECT_EQ(outbox.Flush().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(unsent.size(), 2u);
  EXPECT_EQ(unsent[0].first, 1);
  EXPECT_EQ(unsent[0].second, absl::InternalError("outbox 'chain': a copy threw: copy refused"));
  EXPECT_EQ(unsent[1].first, 5);
}

TEST(Outbox, DestructionFlushes) {
  const Channel<int> channel(4);
  {
    Outbox<int> outbox(channel);
    outbox.Add(1);
  }
  EXPECT_EQ(*channel.TryReceive(), 1);
}

TEST(Outbox, NoMemoryAddsNothing) {
  const Channel<std::string> channel(kUnbounded);
  std::optional<Outbox<std::string>> outbox(std::in_place, channel);
  int added = 0;
  for (int i = 0; i < 100; ++i) {
    FailAllocation(1);
    try {
      outbox->Add(std::string());
      ++added;
    } catch (const std::bad_alloc&) {
    }
    FailAllocation(0);
  }
  EXPECT_EQ(outbox->ApproxSize(), static_cast<size_t>(added));
  outbox.reset();
  EXPECT_EQ(channel.ApproxSize(), static_cast<size_t>(added));
}

}  // namespace
}  // namespace eventbus::testing
