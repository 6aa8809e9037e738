// Groups: tasks that end while they are waited for, cancelled and joined; tokens and links that change in the same instant.

#include <memory>
#include <optional>
#include <utility>

#include "eventbus/channel.h"
#include "eventbus/close_when_done.h"
#include "eventbus/context.h"
#include "eventbus/error_group.h"
#include "eventbus/gather.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/select.h"
#include "eventbus/spawn_in.h"
#include "eventbus/task.h"
#include "eventbus/task_group.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(ErrorGroupModel, TheFirstErrorCancelsTheRest) {
  Explore([] {
    ErrorGroup group;
    Check(group
              .Go([](const Context& context) {
                Select({context.OnDone()});
                return context.status();
              })
              .ok(),
          "accepted");
    group.Go([] { return absl::AbortedError("first"); }).IgnoreError();
    Check(group.Wait() == absl::AbortedError("first"), "the first error");
    Check(group.context().cause() == absl::AbortedError("first"), "the cause");
    Check(group.errors().size() == 2, "all are kept");
  });
}

TEST(ErrorGroupModel, OneErrorIsFirstForAll) {
  Explore([] {
    ErrorGroup group;
    group.Go([] { return absl::AbortedError("a"); }).IgnoreError();
    group.Go([] { return absl::AbortedError("b"); }).IgnoreError();
    const absl::Status status = group.Wait();
    Check(status == group.context().cause(), "the same");
  });
}

TEST(ErrorGroupModel, DestructionJoins) {
  Explore([] {
    int ended = 0;
    {
      ErrorGroup group;
      for (int i = 0; i < 2; ++i) group.Go([&ended] { ++ended; }).IgnoreError();
    }
    Check(ended <= 2, "what had not begun may not have run");
  });
}

TEST(ErrorGroupModel, TheLimitIsNeverPassedAndNobodyIsForgotten) {
  Explore([] {
    ErrorGroup group(Context::Background(), {.limit = 1});
    int running = 0;
    internal::Mutex point;
    for (int i = 0; i < 2; ++i) {
      Check(group
                .Go([&] {
                  Check(++running == 1, "alone");
                  internal::MutexLock lock(&point);  // Others could come in here.
                  --running;
                })
                .ok(),
            "accepted");
    }
    Check(group.Wait().ok(), "ended");
  });
}

TEST(ErrorGroupModel, ACancelAgainstAGoThatWaitsForItsTurn) {
  Explore([] {
    ErrorGroup group(Context::Background(), {.limit = 1});
    internal::Event gate;
    group.Go([&gate] { gate.Wait(); }).IgnoreError();
    Thread canceller([&] {
      group.Cancel();
      gate.Happen();
    });
    int ran = 0;
    const bool accepted = group.Go([&ran] { ++ran; }).ok();
    const absl::Status status = group.Wait();
    Check(accepted || ran == 0, "refused is not run");
    Check(!accepted || status.ok() == (ran == 1), "run, or reported");
  });
}

TEST(ErrorGroupModel, OnAnExecutorThatIsClosed) {
  Explore([] {
    ThreadPool pool(1);
    ErrorGroup group(Context::Background(), {.executor = &pool});
    int ran = 0;
    Thread closer([&] { pool.Close(); });
    Check(group.Go([&ran] { ++ran; }).ok(), "accepted");
    Check(group.Wait().ok() == (ran == 1), "run, or reported");
  });
}

TEST(TaskGroupModel, TheLastTokenAgainstALateWait) {
  Explore([] {
    std::optional<TaskGroup> group(std::in_place);
    TaskToken token = group->Add();
    Thread worker([&] { token.Done(); });
    group->WaitUntil(internal::WallNow() + absl::Seconds(1)).IgnoreError();
    group.reset();  // Whether the token is done or not.
  });
}

// Two groups that are linked to each other at once: one of them is refused.
TEST(TaskGroupModel, ACircleIsRefusedWhoeverIsFirst) {
  Explore([] {
    TaskGroup a;
    TaskGroup b;
    bool first = false;
    Thread other([&] { first = a.Link(b).ok(); });
    const bool second = b.Link(a).ok();
    other.Join();
    Check(first != second, "one of them");
  });
}

TEST(TaskGroupModel, ALinkToAGroupThatEnds) {
  Explore([] {
    TaskGroup front;
    TaskGroup back;
    TaskToken token = back.Add();
    Thread worker([&] { token.Done(); });
    Check(front.Link(back).ok(), "linked");
    Check(front.Wait().ok(), "both have ended");
    worker.Join();
    Check(front.ApproxOpen() == 0, "counted as often as discounted");
  });
}

TEST(TaskGroupModel, ALinkedGroupThatIsBusyAgain) {
  Explore([] {
    TaskGroup front;
    TaskGroup back;
    Check(front.Link(back).ok(), "linked");
    const auto work = [&] { TaskToken token = back.Add(); };
    Thread one(work);
    Thread other(work);
    one.Join();
    other.Join();
    Check(front.ApproxOpen() == 0, "counted as often as discounted");
    TaskToken token = back.Add();
    Check(front.ApproxOpen() == 1, "busy");
  });
}

TEST(TaskGroupModel, ALinkedGroupGoesWhileItsWorkEnds) {
  Explore([] {
    TaskGroup front;
    std::optional<TaskGroup> back(std::in_place);
    Check(front.Link(*back).ok(), "linked");
    TaskToken token = back->Add();
    Thread worker([&] { token.Done(); });
    back.reset();
    Check(front.Wait().ok(), "ended");
    worker.Join();
    Check(internal::CoreAccess::core(front)->CountLinked() == 0, "forgotten");
  });
}

TEST(TaskGroupModel, AFrontThatGoesWhileTheBackEnds) {
  Explore([] {
    TaskGroup first;
    std::optional<TaskGroup> front(std::in_place);
    TaskGroup back;
    Check(first.Link(*front).ok() && front->Link(back).ok(), "linked");
    TaskToken token = back.Add();
    Thread worker([&] { token.Done(); });
    front.reset();
    worker.Join();
    Check(first.ApproxOpen() == 0, "counted as often as discounted");
  });
}

Task<> ReceiveOne(ReceiveChannel<int> channel) { co_await channel.AsyncReceive(); }

// The group goes while its coroutine waits, is woken, or has just ended.
TEST(TaskGroupModel, TheEndOfAGroupAgainstItsCoroutine) {
  Explore([] {
    ThreadPool pool(1);
    const Channel<int> channel(0);
    {
      TaskGroup group;
      Check(SpawnIn(group, pool, ReceiveOne(channel)).ok(), "accepted");
      channel.TrySend(1).IgnoreError();
    }
    Check(!channel.TrySend(2).ok(), "nobody is left");
  });
}

TEST(FanInModel, TheChannelIsClosedOnceAfterTheLastProducer) {
  Explore([] {
    const Channel<int> channel(1);
    TaskGroup group;
    TaskToken token = group.Add();
    Thread producer([&] {
      Check(channel.Send(1).ok(), "open");
      token.Done();
    });
    CloseWhenDone(group, channel);
    Check(channel.Receive().ok(), "the value");
    Check(!channel.Receive().ok(), "the end");
  });
}

TEST(FanInModel, NoProducerIsLeftBlocked) {
  Explore(
      [] {
        TaskGroup group;
        Gather<int> gather(group, 1);
        for (int i = 0; i < 2; ++i) Check(gather.Go([i] { return i; }).ok(), "accepted");
        Check(gather.Collect()->size() == 1, "one");
        Check(group.Wait().ok(), "both have ended");
      },
      {.preemptions = 1});
}

}  // namespace
}  // namespace eventbus
