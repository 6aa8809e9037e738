#include "eventbus/held_mutex.h"

#include <cstdlib>
#include <functional>
#include <mutex>
#include <regex>
#include <string>
#include <thread>

#include "eventbus/channel.h"
#include "eventbus/dump_waiters.h"
#include "eventbus/feed.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

#if EVENTBUS_CHECKS_HELD_MUTEXES

// Waits for one that sleeps: what it has to say has been said by then.
void AwaitSleeper() {
  AwaitTrue([] { return DumpWaiters().waiters.size() == 1; });
}

class HeldMutexTest : public ::testing::Test {
 protected:
  HeldMutexTest() {
    SetHeldMutexHook([this](const HeldMutexReport& report) { reports_.Send(report).IgnoreError(); });
  }
  ~HeldMutexTest() override { SetHeldMutexHook({}); }

  // Sends in another thread, to a channel that has no room until that thread sleeps. Expects a report, unless `silent`.
  void SendWhile(const Channel<int>& channel, const std::function<void()>& send, bool silent = false) {
    std::thread sender(send);
    AwaitSleeper();
    if (!silent) report_ = *reports_.Receive();
    channel.Receive().IgnoreError();
    sender.join();
    EXPECT_EQ(reports_.ApproxSize(), 0u);
  }

  Channel<HeldMutexReport> reports_{kUnbounded};
  HeldMutexReport report_;
};

TEST_F(HeldMutexTest, ASendOfAFeedThatBlocksUnderARegisteredMutex) {
  RegisteredMutex<std::mutex> mutex("books");
  FeedOf<int> feed({.name = "orders"});
  const Channel<int> slow;
  const Subscription subscription = MustSubscribe(feed.Subscribe(slow));
  SendWhile(slow, [&] {
    const std::lock_guard lock(mutex);
    feed.Send(1);
  });
  EXPECT_TRUE(std::regex_match(report_.ToString(),
                               std::regex("send to feed orders \\(held_mutex_test.cc:[0-9]+\\) blocks while its thread "
                                          "holds mutex books \\(held_mutex_test.cc:[0-9]+\\)\n")))
      << report_.ToString();
}

TEST_F(HeldMutexTest, ASendToAChannelUnderAScopeNamesTheMutexThatWasTakenLast) {
  const Channel<int> channel;
  SendWhile(channel, [&] {
    const HoldingMutex outer("outer");
    const HoldingMutex inner("inner");
    channel.Send(1).IgnoreError();
  });
  EXPECT_EQ(report_.mutex, "inner");
  EXPECT_EQ(report_.send.what, "send to channel");
}

TEST_F(HeldMutexTest, MutexesAreReleasedInAnyOrder) {
  RegisteredMutex<std::mutex> one("one");
  RegisteredMutex<std::mutex> two("two");
  RegisteredMutex<std::mutex> three("three");
  const Channel<int> channel;
  SendWhile(channel, [&] {
    one.lock();
    ASSERT_TRUE(two.try_lock());
    three.lock();
    two.unlock();
    three.unlock();
    channel.Send(1).IgnoreError();
    one.unlock();
  });
  EXPECT_EQ(report_.mutex, "one");
  SendWhile(
      channel, [&] { channel.Send(1).IgnoreError(); }, /*silent=*/true);
}

TEST_F(HeldMutexTest, OtherThreadsReceivesAndSendsWithRoomAreNotReported) {
  RegisteredMutex<std::mutex> mutex("books");
  const std::lock_guard lock(mutex);
  const Channel<int> channel;
  SendWhile(
      channel, [&] { channel.Send(1).IgnoreError(); }, /*silent=*/true);
  const Channel<int> buffered(1);
  EXPECT_TRUE(buffered.Send(1).ok());
  std::thread closer([&] {
    AwaitSleeper();
    channel.Close();
  });
  channel.Receive().IgnoreError();
  closer.join();
  EXPECT_EQ(reports_.ApproxSize(), 0u);
}

TEST(HeldMutexDeathTest, ByDefaultTheStandardErrorIsTold) {
  EXPECT_EXIT(
      {
        const Channel<int> channel;
        std::thread receiver([&] {
          AwaitSleeper();
          channel.Receive().IgnoreError();
        });
        {
          const HoldingMutex holding("books");
          channel.Send(1).IgnoreError();
        }
        receiver.join();
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "send to channel .* blocks while its thread holds mutex books");
}

#else

TEST(HeldMutex, CostsNothingWithoutTheCheck) { EXPECT_EQ(sizeof(RegisteredMutex<std::mutex>), sizeof(std::mutex)); }

#endif

}  // namespace
}  // namespace eventbus::testing
