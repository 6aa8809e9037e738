// The bugs that real services ship in their shutdown: one test for each, named after it and numbered as in docs/shutdown.md. Beside this,
// in drain_bugs/, is for each a wrong version, of the library or of the program that uses it, which that test must catch
// (drain_bugs:wrong_versions_test).

#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/actor.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/delivery.h"
#include "eventbus/drain_report.h"
#include "eventbus/error_group.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/service.h"
#include "eventbus/shutdown_plan.h"
#include "eventbus/signal_context.h"
#include "eventbus/sleep.h"
#include "eventbus/subscription.h"
#include "eventbus/task_group.h"
#include "eventbus/thread_pool.h"
#include "eventbus/timer.h"
#include "eventbus/wait_group.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/process.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

CancelHandle Soon() { return Context::Background().WithTimeout(absl::Milliseconds(5)); }

// Long enough that whoever does not wait for this is seen not to have waited.
void TakeAWhile() {
  for (int i = 0; i < 20'000; ++i) std::this_thread::yield();
}

// Keeps a thread of a pool busy from construction until `Open`, or destruction.
class Busy {
 public:
  explicit Busy(ThreadPool& pool) {
    pool.Submit([begun = begun_, open = open_] {
      begun.Close();
      open.Receive().IgnoreError();
    });
    begun_.Receive().IgnoreError();
  }
  ~Busy() { Open(); }
  void Open() { open_.Close(); }

 private:
  const Channel<int> begun_;
  const Channel<int> open_;
};

TEST(DrainBugs, N01_SignalLostSinceNobodyWaitedYet) {
  SignalContext stop({SIGTERM});
  SignalContext later({SIGUSR1});
  std::raise(SIGTERM);
  std::raise(SIGUSR1);
  Select({later.context()
              .OnDone()});  // Signals come in order: so by now the first one has come, and found nobody waiting.
  Select({stop.context().OnDone()});
  EXPECT_NE(stop.context().cause().message().find("SIGTERM"), absl::string_view::npos);
  EXPECT_EQ(*stop.signals().Receive(), SIGTERM);
}

TEST(DrainBugs, N01_HardStopWhereGracefulWasMeant) {
  std::atomic<int> ran{0};
  ThreadPool drained(1);
  {
    Busy busy(drained);
    for (int i = 0; i < 10; ++i) drained.Submit([&ran] { ++ran; });
    drained.RequestDrain();
  }
  EXPECT_TRUE(DrainInTime(drained).ok());
  EXPECT_EQ(ran, 10) << "a drain delivers what was queued";

  ThreadPool closed(1);
  Busy busy(closed);
  std::atomic<int> dropped{0};
  for (int i = 0; i < 10; ++i) {
    closed.Submit([token = std::shared_ptr<void>(nullptr, [&dropped](void*) { ++dropped; })] {});
  }
  std::thread opener([&] {
    AwaitTrue([&] { return dropped == 10; });
    busy.Open();
  });
  EXPECT_EQ(closed.Close().left(), 10u) << "a hard stop reports it";
  opener.join();
}

TEST(DrainBugs, N01_HardStopOfAFeedWhereGracefulWasMeant) {
  ManualExecutor executor;
  int handled = 0;
  FeedOf<int> drained;
  Subscription subscription = MustSubscribe(drained.Subscribe([&](int) { ++handled; }, {.executor = &executor}));
  for (int i = 0; i < 10; ++i) drained.Send(i);
  drained.RequestDrain();
  executor.RunAll();
  EXPECT_TRUE(DrainInTime(drained).ok());
  EXPECT_EQ(handled, 10) << "a drain delivers what was queued";

  int handed_back = 0;
  FeedOf<int> closed;
  Subscription other = MustSubscribe(
      closed.Subscribe([&](int) { ++handled; }, {.executor = &executor, .on_left = [&](int) { ++handed_back; }}));
  for (int i = 0; i < 10; ++i) closed.Send(i);
  closed.Close();
  EXPECT_EQ(DrainInTime(closed).left(), 10u) << "a hard stop reports it";
  EXPECT_EQ(handed_back, 10);
}

TEST(DrainBugs, N02_DrainDeadlineFromAContextThatIsAlreadyCancelled) {
  CancelHandle program = Context::Background().WithCancel();
  ThreadPool pool(1);
  std::atomic<int> ran{0};
  Busy busy(pool);
  for (int i = 0; i < 10; ++i) pool.Submit([&ran] { ++ran; });
  program.Cancel();
  const CancelHandle zero = program.context().WithTimeout(absl::Seconds(10));
  EXPECT_EQ(pool.Drain(zero.context()).status.code(), absl::StatusCode::kInvalidArgument);
  busy.Open();
  const CancelHandle budget = program.context().WithoutCancel().WithTimeout(absl::Hours(1));
  EXPECT_TRUE(pool.Drain(budget.context()).ok());
  EXPECT_EQ(ran, 10);
}

TEST(DrainBugs, N03_WaitForWorkersWithoutADeadline) {
  const int64_t threads = ThreadCount();
  {
    ThreadPool pool(1, {.name = "workers"});
    Busy hung(pool);
    const CancelHandle soon = Soon();
    const DrainReport late = pool.Drain(soon.context());
    EXPECT_EQ(late.status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(late.running(), 1u);
    EXPECT_NE(late.status.message().find("workers"), absl::string_view::npos);
  }
  AwaitTrue([&] { return ThreadCount() == threads; });
}

TEST(DrainBugs, N04_SubmitRacesWithClose) {
  ManualExecutor executor;
  int handled = 0;
  std::atomic<int> accepted{0};
  Actor<int> actor({.capacity = 2, .executor = &executor}, 0);
  std::vector<std::thread> submitters;
  for (int i = 0; i < 8; ++i) {
    submitters.emplace_back([&] {
      while (actor.Post([&handled](int&) { ++handled; }).ok()) ++accepted;
    });
  }
  AwaitTrue([&] { return actor.ApproxPending() == 2 + 8; });  // The queue is full, and all are blocked.
  actor.RequestDrain();
  for (std::thread& submitter : submitters) submitter.join();  // Refused, although nothing has been handled.
  executor.RunAll();
  const DrainReport report = DrainInTime(actor);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(handled, accepted);
  EXPECT_EQ(report.handled(), static_cast<uint64_t>(accepted));
}

TEST(DrainBugs, N04_SendRacesWithTheDrainOfItsFeed) {
  ManualExecutor executor;
  uint64_t handled = 0;
  std::atomic<uint64_t> accepted{0};
  FeedOf<int> feed;
  Subscription subscription =
      MustSubscribe(feed.Subscribe([&](int) { ++handled; }, {.executor = &executor, .capacity = 2}));
  const auto send = [&](const Context& context) {
    SendResult result;
    do {
      result = feed.Send(context, 1);
      accepted += result.delivered;
    } while (result.status.ok());
  };
  // The queue gets full, and all are blocked: one for room, with what it offers, and the others for their turn.
  const CancelHandle of_the_first = Context::Background().WithCancel();
  std::vector<std::thread> senders;
  senders.emplace_back(send, of_the_first.context());
  AwaitTrue([&] { return WaitingFor(of_the_first.context()) == 1; });
  for (int i = 1; i < 8; ++i) senders.emplace_back(send, Context::Background());
  AwaitTrue([&] { return WaitingSends(feed) == 7; });
  feed.RequestDrain();
  for (std::thread& sender : senders) sender.join();  // Refused, although nothing has been handled.
  executor.RunAll();
  const DrainReport report = DrainInTime(feed);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(handled, accepted);
  EXPECT_EQ(report.handled(), accepted);
}

TEST(DrainBugs, N05_ReceiveLoopThatCannotBeCancelled) {
  CancelHandle cancel = Context::Background().WithCancel();
  const Channel<int> values;
  std::thread loop([&] {
    while (values.Receive(cancel.context()).ok()) {
    }
  });
  std::thread handler([&] {  // Of one value, while it sends on to somebody slow.
    values.Send(cancel.context(), 1).IgnoreError();
    const Channel<int> slow;
    EXPECT_EQ(slow.Send(cancel.context(), 1).code(), absl::StatusCode::kCancelled);
  });
  AwaitTrue([&] { return WaitingFor(cancel.context()) == 2; });
  cancel.Cancel();
  loop.join();
  handler.join();
}

TEST(DrainBugs, N06_HandlerThatIgnoresItsContext) {
  TaskGroup group;
  absl::Status slept;
  ASSERT_TRUE(group.Go([&](const Context& context) { slept = SleepFor(context, absl::Hours(1)); }).ok());
  AwaitTrue([&] { return WaitingFor(group.context()) == 1; });
  group.Cancel();
  EXPECT_EQ(group.Wait(), absl::OkStatus());
  EXPECT_EQ(slept.code(), absl::StatusCode::kCancelled);
}

TEST(DrainBugs, N07_ResourceClosedBeforeItsUsers) {
  std::atomic<bool> open{true};
  bool was_open = false;
  ShutdownPlan plan(absl::Hours(1));
  plan.AddStage("workers").Add("slow", [&] {
    TakeAWhile();
    was_open = open;
  });
  plan.AddStage("resources").Add("database", [&] { open = false; });
  EXPECT_TRUE(plan.Run().ok());
  EXPECT_TRUE(was_open);
}

TEST(DrainBugs, N08_CancelWithoutWaitingForTheExit) {
  bool ended = false;
  {
    TaskGroup group;
    ASSERT_TRUE(group
                    .Go([&ended](const Context& context) {
                      Select({context.OnDone()});
                      TakeAWhile();
                      ended = true;
                    })
                    .ok());
    AwaitTrue([&] { return WaitingFor(group.context()) == 1; });
  }
  EXPECT_TRUE(ended);
}

TEST(DrainBugs, N09_OneOnceGuardForAllInstances) {
  std::atomic<int> ran{0};
  ThreadPool pools[2] = {ThreadPool(1), ThreadPool(1)};
  for (ThreadPool& pool : pools) {
    Busy busy(pool);
    pool.Submit([&ran] { ++ran; });
    DrainReport reports[2];
    std::vector<std::thread> drainers;
    const CancelHandle budget = Context::Background().WithTimeout(absl::Hours(1));
    for (DrainReport& report : reports) drainers.emplace_back([&] { report = pool.Drain(budget.context()); });
    AwaitTrue([&] { return WaitingFor(budget.context()) == 2; });
    busy.Open();
    for (std::thread& drainer : drainers) drainer.join();
    EXPECT_TRUE(reports[0].ok()) << reports[0];
    EXPECT_EQ(reports[0].handled(), 2u);
    EXPECT_EQ(reports[0].entries, reports[1].entries);
  }
  EXPECT_EQ(ran, 2);
}

TEST(DrainBugs, N10_BusyLoopWithADefaultArm) {
  const auto cpu_time = [] {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
  };
  CancelHandle cancel = Context::Background().WithCancel();
  ThreadPool pool(2);
  const Channel<int> values;
  pool.Submit([&] {
    absl::StatusOr<int> value;
    Select({values.OnReceive(&value), cancel.context().OnDone()});
  });
  AwaitTrue([&] { return WaitingFor(cancel.context()) == 1; });
  const absl::Duration before = cpu_time();
  EXPECT_FALSE(values.ReceiveUntil(absl::Now() + absl::Milliseconds(500)).ok());
  EXPECT_LT(cpu_time() - before, absl::Milliseconds(100)) << "three threads that wait, for half a second";
  cancel.Cancel();
  EXPECT_TRUE(DrainInTime(pool).ok());
}

TEST(DrainBugs, N11_ExitFromAWorkerThatSkipsTheCleanUp) {
  std::vector<std::string> closed;
  Service service(absl::Hours(1));
  service.Add(
      "database", [] {}, [&] { closed.push_back("database"); });
  ASSERT_TRUE(service.Start(Context::Background()).ok());
  bool sibling_ended = false;
  ErrorGroup workers;
  ASSERT_TRUE(workers
                  .Go([&](const Context& context) {
                    Select({context.OnDone()});
                    sibling_ended = true;
                  })
                  .ok());
  AwaitTrue([&] { return WaitingFor(workers.context()) == 1; });
  ASSERT_TRUE(workers.Go([] { return absl::DataLossError("the disk is gone"); }).ok());
  service.Stop(workers.Wait());
  EXPECT_EQ(service.Wait(Context::Background()), absl::DataLossError("the disk is gone"));
  EXPECT_TRUE(sibling_ended);
  EXPECT_TRUE(service.Close().ok());
  EXPECT_EQ(closed, std::vector<std::string>{"database"});
}

TEST(DrainBugs, N12_ShutdownWithoutADeadline) {
  ThreadPool pool(1);
  EXPECT_EQ(pool.Drain(Context::Background()).status.code(), absl::StatusCode::kInvalidArgument);
  bool closed = false;
  const Channel<int> open;
  {
    ShutdownPlan plan(absl::Milliseconds(50));
    plan.AddStage("workers").Add("hung", [&] { open.Receive().IgnoreError(); });
    plan.AddStage("resources").Add("database", [&] { closed = true; });
    const ShutdownReport report = plan.Run();
    EXPECT_EQ(report.status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(report.Hung().front(), "workers/hung");
    open.Close();
  }  // However late the thread was that was to do it: by now it has.
  EXPECT_TRUE(closed);
}

TEST(DrainBugs, N13_CapturedLoopVariable) {
  std::mutex mutex;
  std::multiset<int> seen;
  std::multiset<int> expected;
  {
    TaskGroup group;
    for (int i = 0; i < 100; ++i) {
      expected.insert(i);
      ASSERT_TRUE(group
                      .Go([&mutex, &seen, i] {
                        const std::lock_guard<std::mutex> lock(mutex);
                        seen.insert(i);
                      })
                      .ok());
    }
    EXPECT_TRUE(DrainInTime(group).ok());
  }
  EXPECT_EQ(seen, expected);
}

TEST(DrainBugs, N14_AcknowledgedBeforeItWasProcessed) {
  FeedOf<int> orders;
  const Channel<Delivery<int>> channel(8);
  std::vector<int> left;
  Subscription ledger =
      MustSubscribe(orders.Subscribe(channel, {.on_left = [&](int order) { left.push_back(order); }}));
  for (int order = 1; order <= 3; ++order) orders.Send(order);
  static_cast<void>(channel.Receive());                    // One worker fails with what it has,
  absl::StatusOr<Delivery<int>> held = channel.Receive();  // one hangs,
  EXPECT_TRUE(channel.Receive()->Ack());                   // and one does its work.
  const CancelHandle budget = Context::Background().WithTimeout(absl::Milliseconds(5));
  const DrainReport report = orders.Drain(budget.context());
  EXPECT_EQ(report.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(report.left(), 2u);
  orders.Close();
  EXPECT_EQ(left, (std::vector<int>{1, 2}));
  EXPECT_FALSE(held->Ack()) << "reported is not handled";
  EXPECT_FALSE(channel.Receive()->Ack());
}

TEST(DrainBugs, N15_SuccessReportedOnAHang) {
  const Channel<int> open;
  TaskGroup group;
  Actor<int> actor({}, 0);
  ThreadPool pool(1);
  ASSERT_TRUE(group.Go([&] { open.Receive().IgnoreError(); }).ok());
  ASSERT_TRUE(actor.Post([&](int&) { open.Receive().IgnoreError(); }).ok());
  pool.Submit([&] { open.Receive().IgnoreError(); });
  AwaitReceivers(open, 3);
  EXPECT_EQ(group.Drain(Soon().context()).status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(actor.Drain(Soon().context()).status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(pool.Drain(Soon().context()).status.code(), absl::StatusCode::kDeadlineExceeded);
  open.Close();
}

TEST(DrainBugs, N16_ShutdownFromAHandlerThatItWaitsFor) {
  ThreadPool pool(1);
  DrainReport inside;
  pool.Submit([&] {
    const CancelHandle budget = Context::Background().WithTimeout(absl::Milliseconds(50));
    inside = pool.Drain(budget.context());
    pool.RequestDrain();
  });
  Select({pool.OnEnd()});
  EXPECT_EQ(inside.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(DrainInTime(pool).ok());
}

int MainThatIsTerminated() {
  SignalContext stop({SIGTERM});
  ThreadPool pool(1);
  Service service(absl::Hours(1));
  service.Add("pool", pool);
  std::thread killer([&] {
    AwaitTrue([&] { return WaitingFor(stop.context()) == 1; });  // The main thread.
    std::raise(SIGTERM);
  });
  const int code = service.Main(stop);
  killer.join();
  return code;
}
TEST(DrainBugs, N17_MainThreadBlockedForEver) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(MainThatIsTerminated()), ::testing::ExitedWithCode(0), "^$");
}

TEST(DrainBugs, N18_ReaderClosedBeforeWorkersCommit) {
  std::atomic<bool> reader_open{false};
  bool committed = false;
  Service service(absl::Hours(1));
  service.Add(
      "reader", [&] { reader_open = true; }, [&] { reader_open = false; });
  service.Add(
      "workers", [] {}, [&] { committed = reader_open; });
  ASSERT_TRUE(service.Start(Context::Background()).ok());
  EXPECT_TRUE(service.Close().ok());
  EXPECT_TRUE(committed);
}

TEST(DrainBugs, N19_TickerThatCannotBeStopped) {
  const auto use = [] {
    CancelHandle cancel = Context::Background().WithCancel();
    const ReceiveChannel<absl::Time> tick = Tick(absl::Hours(1));
    absl::StatusOr<absl::Time> now;
    cancel.Cancel();
    EXPECT_EQ(SelectInOrder({cancel.context().OnDone(), tick.OnReceive(&now)}), 0);
  };
  use();
  const int64_t before = LiveAllocations();
  for (int i = 0; i < 10'000; ++i) use();
  EXPECT_EQ(LiveAllocations(), before);
}

TEST(DrainBugs, N20_ConditionWaitWithoutABound) {
  WaitGroup in_flight;
  in_flight.Add();  // And nobody ever says that it is done.
  EXPECT_EQ(in_flight.Wait(Soon().context()).code(), absl::StatusCode::kDeadlineExceeded);
  in_flight.Done();
}

}  // namespace
}  // namespace eventbus::testing
