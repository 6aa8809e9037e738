#include "eventbus/service.h"

#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "eventbus/signal_context.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

using Lines = std::vector<std::string>;

// Adds a part that notes in `lines` when it is started and closed; those are never at once.
void AddNoted(Service& service, Lines& lines, const std::string& name, const absl::Status& start = absl::OkStatus()) {
  service.Add(
      name,
      [&lines, name, start] {
        lines.push_back("+" + name);
        return start;
      },
      [&lines, name] { lines.push_back("-" + name); });
}

TEST(Service, StartsInOrderAndClosesInReverse) {
  Lines lines;
  Service service(absl::Hours(1));
  for (const char* part : {"database", "workers", "listener"}) AddNoted(service, lines, part);
  EXPECT_EQ(service.Start(Context::Background()), absl::OkStatus());
  EXPECT_EQ(lines, (Lines{"+database", "+workers", "+listener"}));
  const ShutdownReport report = service.Close();
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(lines, (Lines{"+database", "+workers", "+listener", "-listener", "-workers", "-database"}));
  EXPECT_EQ(service.Close().ToString(), report.ToString());
}

TEST(Service, AHalfFailedStartCleansUp) {
  Lines lines;
  Service service(absl::Hours(1), {.name = "bank"});
  AddNoted(service, lines, "a");
  AddNoted(service, lines, "b");
  AddNoted(service, lines, "c", absl::UnavailableError("no port"));
  AddNoted(service, lines, "d");
  EXPECT_EQ(service.Start(Context::Background()), absl::UnavailableError("service 'bank': start of 'c': no port"));
  EXPECT_EQ(lines, (Lines{"+a", "+b", "+c", "-b", "-a"}));
  const ShutdownReport report = service.Close();
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.actions.size(), 2u);
  EXPECT_EQ(lines.size(), 5u) << "once";
  EXPECT_EQ(service.Start(Context::Background()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Service, AStartThatThrowsHasFailed) {
  Lines lines;
  Service service(absl::Hours(1));
  AddNoted(service, lines, "a");
  service.Add(
      "b", [] { throw std::runtime_error("boom"); }, [] {});
  const absl::Status status = service.Start(Context::Background());
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("boom"), absl::string_view::npos);
  EXPECT_EQ(lines, (Lines{"+a", "-a"}));
}

TEST(Service, ACancelledStartCleansUp) {
  Lines lines;
  Service service(absl::Hours(1));
  CancelHandle cancel = Context::Background().WithCancel();
  AddNoted(service, lines, "a");
  service.Add(
      "b",
      [&](const Context& context) {
        cancel.Cancel();
        EXPECT_TRUE(context.done());
      },
      [&] { lines.push_back("-b"); });
  AddNoted(service, lines, "c");
  EXPECT_EQ(service.Start(cancel.context()).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(lines, (Lines{"+a", "-b", "-a"}));
}

TEST(Service, CloseCancelsAStartAndWaitsForItsEnd) {
  Lines lines;
  Service service(absl::Hours(1));
  AddNoted(service, lines, "a");
  const Channel<int> waits(1);
  service.Add(
      "b",
      [&](const Context& context) {
        waits.Send(1).IgnoreError();
        Select({context.OnDone()});
        return context.status();
      },
      [] {});
  absl::Status started;
  std::thread starter([&] { started = service.Start(Context::Background()); });
  ASSERT_TRUE(waits.Receive().ok());
  EXPECT_TRUE(service.Close().ok());
  EXPECT_EQ(lines, (Lines{"+a", "-a"}));
  starter.join();
  EXPECT_EQ(started.code(), absl::StatusCode::kCancelled);
}

TEST(Service, CloseDoesNotWaitForEverForAStartThatHangs) {
  VirtualClock clock;
  const Channel<int> begun(1);
  const Channel<int> open;
  Service service(absl::Seconds(5), {.name = "bank"});
  service.Add(
      "stuck",
      [&] {
        begun.Send(1).IgnoreError();
        open.Receive().IgnoreError();
      },
      [] {});
  std::thread starter([&] { service.Start(Context::Background()).IgnoreError(); });
  ASSERT_TRUE(begun.Receive().ok());
  std::thread mover([&] {
    clock.AwaitWaiters(1);
    clock.Advance(absl::Seconds(5));
  });
  const ShutdownReport report = service.Close();
  EXPECT_EQ(report.status.code(), absl::StatusCode::kDeadlineExceeded) << report;
  EXPECT_EQ(report.Hung(), Lines{"stuck/start"});
  mover.join();
  open.Close();
  starter.join();
  EXPECT_TRUE(service.Close().ok()) << "it came back, and is closed";
}

TEST(Service, WaitsUntilItIsStoppedOrTheContextIsDone) {
  CancelHandle cancel = Context::Background().WithCancel();
  Service service(absl::Hours(1));
  EXPECT_EQ(service.Start(cancel.context()), absl::OkStatus());
  cancel.Cancel();
  EXPECT_EQ(service.Wait(cancel.context()), absl::OkStatus()) << "the usual end";
  std::thread part([&] { service.Stop(absl::DataLossError("the disk is gone")); });
  EXPECT_EQ(service.Wait(Context::Background()), absl::DataLossError("the disk is gone"));
  part.join();
  service.Stop(absl::InternalError("later"));
  EXPECT_EQ(service.Wait(Context::Background()), absl::DataLossError("the disk is gone"));
}

TEST(Service, CloseEndsTheWait) {
  Service service(absl::Hours(1));
  std::thread closer([&] { EXPECT_TRUE(service.Close().ok()); });
  EXPECT_EQ(service.Wait(Context::Background()), absl::OkStatus());
  closer.join();
}

TEST(Service, CloseFromInsideAPartIsRefused) {
  Service service(absl::Hours(1));
  absl::Status in_start;
  absl::Status in_close;
  service.Add(
      "a", [&] { in_start = service.Close().status; }, [&] { in_close = service.Close().status; });
  EXPECT_EQ(service.Start(Context::Background()), absl::OkStatus());
  EXPECT_TRUE(service.Close().ok());
  EXPECT_EQ(in_start.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(in_close.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Service, ClosesADrainableAndItsDestructionCloses) {
  ThreadPool pool(1, {.name = "pool"});
  Lines lines;
  {
    Service service(absl::Hours(1));
    AddNoted(service, lines, "a");
    service.Add("pool", pool);
    EXPECT_EQ(service.Start(Context::Background()), absl::OkStatus());
  }
  EXPECT_EQ(lines, (Lines{"+a", "-a"}));
  bool ran = false;
  pool.Submit([&ran] { ran = true; });
  EXPECT_FALSE(ran) << "it has drained";
}

TEST(ServiceDeathTest, IsNotChangedOnceStarted) {
  Service service(absl::Hours(1));
  EXPECT_EQ(service.Start(Context::Background()), absl::OkStatus());
  EXPECT_DEATH(service.Add(
                   "late", [] {}, [] {}),
               "was started");
}

int MainThatIsStopped() {
  SignalContext stop({SIGTERM});
  Service service(absl::Hours(1));
  service.Add(
      "raises", [] { std::raise(SIGTERM); }, [] {});
  return service.Main(stop);
}
int MainThatIsStoppedWhileItStarts() {
  SignalContext stop({SIGTERM});
  Service service(absl::Hours(1));
  // Its own context, which is a child of that of `stop` and may be done a moment later.
  const auto raise_and_wait = [](const Context& context) {
    std::raise(SIGTERM);
    Select({context.OnDone()});
  };
  service.Add("raises", raise_and_wait, [] {})
      .Add(
          "never", [] { return absl::InternalError("started"); }, [] {});
  return service.Main(stop);
}
int MainThatFailsToStart() {
  SignalContext stop({SIGTERM});
  Service service(absl::Hours(1), {.name = "bank"});
  service.Add(
      "port", [] { return absl::UnavailableError("in use"); }, [] {});
  return service.Main(stop);
}
int MainWithAPartThatHangs() {
  SignalContext stop({SIGTERM});
  const Channel<int> never;
  Service service(absl::Milliseconds(20));
  service.Add(
      "stuck", [] { std::raise(SIGTERM); }, [&] { never.Receive().IgnoreError(); });
  return service.Main(stop);
}

TEST(ServiceDeathTest, MainEndsAsItShould) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(MainThatIsStopped()), ::testing::ExitedWithCode(0), "^$");
  EXPECT_EXIT(_exit(MainThatIsStoppedWhileItStarts()), ::testing::ExitedWithCode(0), "^$");
  EXPECT_EXIT(_exit(MainThatFailsToStart()), ::testing::ExitedWithCode(1), "service 'bank': start of 'port': in use");
  EXPECT_EXIT(_exit(MainWithAPartThatHangs()), ::testing::ExitedWithCode(1), "stuck/close: hung");
}

}  // namespace
}  // namespace eventbus::testing
