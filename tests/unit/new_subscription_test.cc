#include "eventbus/new_subscription.h"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/inline_executor.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/subscription_scope.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

constexpr absl::StatusCode kEnd = absl::StatusCode::kOutOfRange;

void UntilStopped(const Context& context) { Select({context.OnDone()}); }

TEST(NewSubscription, ItsErrorReachesErrAndThenErrCloses) {
  const Subscription subscription = NewSubscription([](const Context&) { return absl::AbortedError("lost"); });
  EXPECT_EQ(*subscription.Err().Receive(), absl::AbortedError("lost"));
  EXPECT_EQ(subscription.Err().Receive().status().code(), kEnd);
  EXPECT_TRUE(subscription.ended());
}

TEST(NewSubscription, ErrClosesOnSuccessToo) {
  const Subscription subscription = NewSubscription([](const Context&) { return absl::OkStatus(); }, {.name = "quiet"});
  EXPECT_EQ(subscription.Err().Receive().status().code(), kEnd);
  EXPECT_EQ(subscription.name(), "quiet");
  EXPECT_NE(subscription.id(), 0u);
  const Subscription nothing = NewSubscription([](const Context&) {});
  Select({nothing.OnEnd()});
  EXPECT_NE(nothing.id(), subscription.id());
}

TEST(NewSubscription, HasNothingToFlushNorToCount) {
  Subscription subscription = NewSubscription(UntilStopped);
  EXPECT_TRUE(subscription.Flush(Context::Background()).ok());
  EXPECT_EQ(subscription.stats().delivered, 0u);
}

TEST(NewSubscription, UnsubscribeCancelsTheProducerAndWaitsForIt) {
  const Channel<int> events(kUnbounded);
  const auto owned = std::make_shared<int>(1);
  std::atomic<bool> returned{false};
  Subscription subscription = NewSubscription([&, owned](const Context& context) {
    for (int i = 0; events.Send(context, i).ok(); ++i) {
    }
    returned = true;
    return absl::AbortedError("not told: it was unsubscribed first");
  });
  EXPECT_EQ(*events.Receive(), 0);
  const ReceiveChannel<absl::Status> err = subscription.Err();
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&] {
      subscription.Unsubscribe();
      EXPECT_TRUE(returned) << "every caller returns only then";
      EXPECT_TRUE(subscription.ended());
      subscription.Unsubscribe();
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(err.Receive().status().code(), kEnd);
  EXPECT_EQ(owned.use_count(), 1) << "the producer is gone";
}

TEST(NewSubscription, AProducerThatThrowsIsAStatus) {
  const Subscription subscription =
      NewSubscription([](const Context&) { throw std::runtime_error("eof"); }, {.name = "logs"});
  EXPECT_EQ(*subscription.Err().Receive(), absl::InternalError("subscription 'logs': the producer threw: eof"));
}

TEST(NewSubscription, AProducerThatUnsubscribesItselfDoesNotHang) {
  Subscription subscription;
  const Channel<int> go_on;
  const Channel<int> over;
  subscription = NewSubscription([&](const Context& context) {
    go_on.Receive().IgnoreError();
    subscription.Unsubscribe();
    EXPECT_TRUE(context.done());
    over.Close();
    return absl::AbortedError("too late");
  });
  go_on.Close();
  over.Receive().IgnoreError();
  EXPECT_EQ(subscription.Err().Receive().status().code(), kEnd);
}

// Says when the last of a thread has gone: what is local to it. It takes its time.
struct GoesWithItsThread {
  ~GoesWithItsThread() {
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    if (gone != nullptr) *gone = true;
  }

  std::atomic<bool>* gone = nullptr;
};
thread_local GoesWithItsThread of_this_thread;

TEST(NewSubscription, UnsubscribeWaitsForTheThreadOfTheProducerToo) {
  std::atomic<bool> gone{false};
  const Channel<int> entered;
  Subscription subscription = NewSubscription([&gone, entered](const Context&) {
    of_this_thread.gone = &gone;
    entered.Close();
  });
  entered.Receive().IgnoreError();
  subscription.Unsubscribe();
  EXPECT_TRUE(gone);
}

TEST(NewSubscription, AProducerMayOwnItsSubscriptionAndDropIt) {
  auto subscription = std::make_unique<std::optional<Subscription>>();
  const Channel<int> go_on;
  const Channel<int> over;
  auto* const slot = subscription.get();
  slot->emplace(NewSubscription([&over, go_on, owner = std::move(subscription)](const Context& context) mutable {
    go_on.Receive().IgnoreError();
    owner.reset();
    EXPECT_TRUE(context.done());
    over.Close();
  }));
  go_on.Close();
  over.Receive().IgnoreError();
}

TEST(NewSubscription, OneThatIsUnsubscribedBeforeItBeganNeverRuns) {
  ManualExecutor executor;
  Subscription subscription = NewSubscription([](const Context&) { FAIL(); }, {.executor = &executor});
  subscription.Unsubscribe();
  EXPECT_TRUE(subscription.ended());
  executor.RunAll();
}

TEST(NewSubscription, RunsOnAnExecutorAndEndsWithIt) {
  ManualExecutor executor;
  const Subscription subscription =
      NewSubscription([](const Context&) { FAIL(); }, {.name = "logs", .executor = &executor});
  executor.Close();
  EXPECT_EQ(*subscription.Err().Receive(), absl::UnavailableError("subscription 'logs': the executor was shut down"));
  ThreadPool pool(1);
  Channel<int> ran;
  const Subscription other = NewSubscription([&](const Context&) { ran.Close(); }, {.executor = &pool});
  EXPECT_EQ(ran.Receive().status().code(), kEnd);
}

TEST(NewSubscription, EndsWithTheContextAboveIt) {
  CancelHandle cancel = Context::Background().WithCancel();
  const Subscription subscription = NewSubscription(UntilStopped, {.context = cancel.context()});
  cancel.Cancel();
  Select({subscription.OnEnd()});
}

TEST(NewSubscription, IsAsGoodAsAnyInAScope) {
  SubscriptionScope scope;
  scope.Adopt(NewSubscription(UntilStopped));
  const Subscription tracked = scope.Track(NewSubscription(UntilStopped));
  scope.Close();
  EXPECT_TRUE(tracked.ended());
  const Subscription late = scope.Track(NewSubscription(UntilStopped));
  EXPECT_TRUE(late.ended()) << "a closed scope unsubscribes at once";
}

}  // namespace
}  // namespace eventbus::testing
