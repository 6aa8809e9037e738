// Handlers that read the broadcast of their feed: those that are slow, leave, miss values or join, against sends in the same
// instant. The values count themselves, so one that nobody ends, or two do, is a failure too.

#include <functional>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/subscription.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

// A number, and how many of its kind live.
class Counted {
 public:
  Counted(int& alive, int number) : alive_(&alive), number_(number) { ++*alive_; }
  Counted(const Counted& other) : Counted(*other.alive_, other.number_) {}
  Counted(Counted&& other) noexcept : Counted(*other.alive_, other.number_) {}
  ~Counted() {
    Check(alive_ != nullptr, "ended once");
    --*alive_;
    alive_ = nullptr;
  }

  int number() const {
    Check(alive_ != nullptr, "read while it lives");
    return number_;
  }

 private:
  int* alive_;
  int number_;
};

// The same, whose copies tell first.
class Copied : public Counted {
 public:
  Copied(int& alive, int number, const std::function<void()>& copying) : Counted(alive, number), copying_(&copying) {}
  Copied(const Copied& other) : Counted(other), copying_(other.copying_) {
    if (*copying_) (*copying_)();
  }
  Copied(Copied&& other) noexcept : Counted(std::move(other)), copying_(other.copying_) {}

 private:
  const std::function<void()>* copying_;
};

SubscribeOptions<Counted> On(Executor& executor, size_t capacity) {
  return {.executor = &executor, .capacity = capacity};
}

TEST(BroadcastModel, ReadersInTwoThreadsSeeAllInOrder) {
  Explore(
      [] {
        int alive = 0;
        {
          ManualExecutor executors[2];
          std::vector<int> seen[2];
          FeedOf<Counted> feed;
          std::vector<absl::StatusOr<Subscription>> subscriptions;
          for (int i = 0; i < 2; ++i) {
            subscriptions.push_back(feed.Subscribe(
                [&seen, i](const Counted& value) { seen[i].push_back(value.number()); }, On(executors[i], 1)));
          }
          Thread reader([&] { executors[0].RunAll(); });
          for (int i = 0; i < 2; ++i) {
            Thread other([&] { executors[1].RunAll(); });
            const SendResult sent = feed.TrySend(Counted(alive, i));
            Check(sent.delivered + sent.missed.size() == 2, "each takes it or misses it");
            other.Join();
          }
          reader.Join();
          for (int i = 0; i < 2; ++i) {
            executors[i].RunAll();
            for (size_t n = 1; n < seen[i].size(); ++n) Check(seen[i][n - 1] < seen[i][n], "in order");
          }
        }
        Check(alive == 0, "every value has ended");
      },
      {.random_executions = 4000});
}

TEST(BroadcastModel, ASendWaitsForTheReaderThatIsFull) {
  Explore([] {
    int alive = 0;
    {
      ThreadPool pool(1);
      int handled = 0;
      FeedOf<Counted> feed;
      auto subscription =
          feed.Subscribe([&](const Counted& value) { Check(value.number() == handled++, "in order"); }, On(pool, 1));
      for (int i = 0; i < 3; ++i) Check(feed.Send(Counted(alive, i)).delivered == 1, "delivered");
      pool.RequestDrain();
      Select({pool.OnEnd()});
      Check(handled == 3, "all");
    }
    Check(alive == 0, "every value has ended");
  });
}

// It makes room after the sender has looked for that, and before it waits; and leaves between its look at what is published and
// taking that, before the sender looks again. The first copy is between the sender's look and its wait, the second, for the
// channel, between that and its second look.
TEST(BroadcastModel, AReaderThatLeavesAsItTakesWhatASendWaitsForItWith) {
  Explore([] {
    int alive = 0;
    {
      ManualExecutor executor;
      std::vector<int> seen;
      std::function<void()> copying;
      FeedOf<Copied> feed;
      Subscription reader = *feed.Subscribe([&](const Copied& value) { seen.push_back(value.number()); },
                                            {.executor = &executor, .capacity = 1});
      const Channel<Copied> channel(4);
      const Subscription other = *feed.Subscribe(channel);
      feed.Send(Copied(alive, 0, copying));
      int copies = 0;
      copying = [&] {
        if (++copies == 1) {
          executor.RunAll();
          return;
        }
        Thread runner([&] { executor.RunAll(); });
        reader.RequestDrain();
      };
      const size_t delivered = feed.Send(Copied(alive, 1, copying)).delivered;
      Check(copies == 2, "one for the handlers, one for the channel");
      copying = nullptr;
      Check(feed.Send(Copied(alive, 2, copying)).delivered == 1, "to the channel");
      executor.RunAll();
      Select({reader.OnEnd()});
      Check(seen == (delivered == 2 ? std::vector<int>{0, 1} : std::vector<int>{0}), "as told");
    }
    Check(alive == 0, "every value has ended");
  });
}

// What a send gave up on is missed, and nothing else is.
TEST(BroadcastModel, ACancelledSendIsMissedByTheFullReaderAlone) {
  Explore([] {
    int alive = 0;
    {
      ManualExecutor slow;
      ManualExecutor quick;
      std::vector<int> seen;
      int quickly = 0;
      FeedOf<Counted> feed;
      const auto a = feed.Subscribe([&](const Counted& value) { seen.push_back(value.number()); }, On(slow, 1));
      const auto b = feed.Subscribe([&](const Counted&) { ++quickly; }, On(quick, 3));
      feed.Send(Counted(alive, 0));
      CancelHandle cancel = Context::Background().WithCancel();
      Thread runner([&] { slow.RunAll(); });
      Thread canceller([&] { cancel.Cancel(); });
      const SendResult sent = feed.Send(cancel.context(), Counted(alive, 1));
      runner.Join();
      canceller.Join();
      slow.RunAll();
      Check(feed.TrySend(Counted(alive, 2)).delivered == 2, "has room again");
      slow.RunAll();
      quick.RunAll();
      const bool was_sent = !sent.missed.empty() || sent.delivered > 0;  // Else it was cancelled before it began.
      Check(quickly == (was_sent ? 3 : 2), "the other one takes all");
      Check(seen == (sent.delivered == 2 ? std::vector<int>{0, 1, 2} : std::vector<int>{0, 2}), "in order, as told");
    }
    Check(alive == 0, "every value has ended");
  });
}

// It goes to wait in the same instant, and must be found there by what is sent later.
TEST(BroadcastModel, AMissedValueAgainstTheOnlyReader) {
  Explore([] {
    int alive = 0;
    {
      ManualExecutor executor;
      std::vector<int> seen;
      FeedOf<Counted> feed;
      const auto subscription =
          feed.Subscribe([&](const Counted& value) { seen.push_back(value.number()); }, On(executor, 1));
      feed.Send(Counted(alive, 0));
      Thread runner([&] { executor.RunAll(); });
      const bool taken = feed.TrySend(Counted(alive, 1)).delivered == 1;
      runner.Join();
      executor.RunAll();
      Check(feed.TrySend(Counted(alive, 2)).delivered == 1, "has room again");
      executor.RunAll();
      Check(seen == (taken ? std::vector<int>{0, 1, 2} : std::vector<int>{0, 2}), "as told");
    }
    Check(alive == 0, "every value has ended");
  });
}

// The copy for the channel fails when the handlers have theirs, or wait for it.
TEST(BroadcastModel, ASendThatThrowsAgainstTheReaderThatIsFull) {
  Explore(
      [] {
        struct Fragile {
          Fragile(int n, int copies_left) : number(n), copies(copies_left) {}
          Fragile(const Fragile& other) : number(other.number), copies(other.copies) {
            if (--*const_cast<int*>(&other.copies) < 0) throw 1;
          }
          Fragile(Fragile&& other) noexcept : number(std::exchange(other.number, -1)), copies(other.copies) {}
          ~Fragile() { number = -2; }
          int number;
          int copies;
        };
        ManualExecutor executor;
        FeedOf<Fragile> feed;
        int last = -1;
        const auto subscription = feed.Subscribe(
            [&](const Fragile& value) {
              Check(value.number > last, "in order, and alive");
              last = value.number;
            },
            {.executor = &executor, .capacity = 1});
        const Channel<Fragile> channel(4);
        const auto other = feed.Subscribe(channel);
        feed.Send(Fragile(0, 9));
        Thread runner([&] { executor.RunAll(); });
        bool thrown = false;
        try {
          feed.Send(Fragile(1, 1));
        } catch (int) {
          thrown = true;
        }
        Check(thrown, "thrown to the sender");
        runner.Join();
        executor.RunAll();
        feed.TrySend(Fragile(2, 9));
        executor.RunAll();
        Check(last == 2, "goes on");
      },
      {.preemptions = 3});
}

TEST(BroadcastModel, UnsubscribeAgainstASendThatWaits) {
  Explore([] {
    int alive = 0;
    {
      ManualExecutor executor;
      bool subscribed = true;
      FeedOf<Counted> feed;
      auto subscription = feed.Subscribe(
          [&](const Counted& value) {
            value.number();
            Check(subscribed, "not called later");
          },
          On(executor, 1));
      const auto other = feed.Subscribe([&](const Counted& value) { value.number(); }, On(executor, 2));
      feed.Send(Counted(alive, 0));
      Thread sender([&] { Check(feed.Send(Counted(alive, 1)).delivered >= 1, "the other one takes it"); });
      Thread runner([&] { executor.RunOne(); });
      subscription->Unsubscribe();
      subscribed = false;
      sender.Join();
      runner.Join();
      executor.RunAll();
    }
    Check(alive == 0, "every value has ended");
  });
}

// A reader that leaves while its handler runs still reads the value, whatever is sent meanwhile.
TEST(BroadcastModel, AHandlerThatRunsKeepsItsValue) {
  Explore([] {
    int alive = 0;
    {
      ManualExecutor executors[2];
      FeedOf<Counted> feed;
      absl::StatusOr<Subscription> subscription;
      subscription = feed.Subscribe(
          [&](const Counted& value) {
            subscription->Unsubscribe();
            Check(value.number() == 0, "still there");
          },
          On(executors[0], 1));
      const auto other = feed.Subscribe([](const Counted& value) { value.number(); }, On(executors[1], 1));
      feed.Send(Counted(alive, 0));
      Thread runner([&] { executors[0].RunAll(); });
      // More than the ring has room for.
      for (int i = 1; i < 6; ++i) {
        executors[1].RunAll();
        feed.TrySend(Counted(alive, i));
      }
      runner.Join();
      for (ManualExecutor& executor : executors) executor.RunAll();
    }
    Check(alive == 0, "every value has ended");
  });
}

// Joins with a larger capacity, for which the ring is replaced, while another reader still reads the old one.
TEST(BroadcastModel, AReaderThatNeedsALargerRingAgainstAReader) {
  Explore([] {
    int alive = 0;
    {
      ManualExecutor executor;
      FeedOf<Counted> feed;
      int first = 0;
      int second = 0;
      const auto a =
          feed.Subscribe([&](const Counted& value) { Check(value.number() == first++, "in order"); }, On(executor, 2));
      feed.Send(Counted(alive, 0));
      Thread runner([&] { executor.RunAll(); });
      const auto b =
          feed.Subscribe([&](const Counted& value) { Check(value.number() == ++second, "in order"); }, On(executor, 7));
      Check(feed.Send(Counted(alive, 1)).delivered == 2, "to both");
      runner.Join();
      executor.RunAll();
      Check(first == 2 && second == 1, "all");
    }
    Check(alive == 0, "every value has ended");
  });
}

// The filter gives it a broadcast of its own.
TEST(BroadcastModel, AFilteredReaderThatIsFull) {
  Explore([] {
    int alive = 0;
    {
      ThreadPool pool(1);
      int handled = 0;
      FeedOf<Counted> feed;
      SubscribeOptions<Counted> options = On(pool, 1);
      options.filter = [](const Counted& value) { return value.number() != 1; };
      auto subscription = feed.Subscribe(
          [&](const Counted& value) { Check(value.number() == 2 * handled++, "in order"); }, std::move(options));
      Check(feed.Send(Counted(alive, 0)).delivered == 1, "delivered");
      Check(feed.Send(Counted(alive, 1)).delivered == 0, "not wanted");
      Check(feed.Send(Counted(alive, 2)).delivered == 1, "delivered");
      pool.RequestDrain();
      Select({pool.OnEnd()});
      Check(handled == 2, "both");
    }
    Check(alive == 0, "every value has ended");
  });
}

TEST(BroadcastModel, CloseAgainstASendThatWaits) {
  Explore([] {
    int alive = 0;
    {
      ManualExecutor executor;
      FeedOf<Counted> feed;
      const auto subscription = feed.Subscribe([](const Counted& value) { value.number(); }, On(executor, 1));
      feed.Send(Counted(alive, 0));
      Thread sender([&] { feed.Send(Counted(alive, 1)); });
      Thread runner([&] { executor.RunAll(); });
      feed.Close(absl::AbortedError("over"));
      sender.Join();
      runner.Join();
      executor.RunAll();
      Check(subscription->Err().Receive()->code() == absl::StatusCode::kAborted, "told why");
    }
    Check(alive == 0, "every value has ended");
  });
}

}  // namespace
}  // namespace eventbus
