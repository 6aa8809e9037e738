// Shutdown plans and services against actions that are late, against hard stops, and against those who close a second time.

#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "eventbus/service.h"
#include "eventbus/shutdown_plan.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Options;
using explorer::Thread;

// Plans have a deadline at each step, which may pass in each: too many ways for a depth-first search.
const Options kRandom = {.random_executions = 4000};

// Whatever is late and whatever is not: an action that the report calls done has run, in its turn.
TEST(ShutdownModel, AStageBeginsAfterTheOneBefore) {
  Explore(
      [] {
        bool first = false;
        bool in_order = true;
        ShutdownPlan plan(absl::Seconds(10));
        plan.AddStage("a").Add("x", [&] { first = true; });
        plan.AddStage("b").Add("y", [&] { in_order = first; });
        const ShutdownReport report = plan.Run();
        if (report.ok()) Check(first && in_order, "in order");
        if (report.actions[0].outcome == ShutdownOutcome::kDone) Check(in_order, "in order");
      },
      kRandom);
}

// The plan goes on without it, and its thread is joined.
TEST(ShutdownModel, AnActionThatHangsIsLeftBehind) {
  Explore(
      [] {
        const Channel<int> open;
        bool last = false;
        {
          ShutdownPlan plan(absl::Seconds(10));
          plan.AddStage("a").Add("x", [&] { open.Receive().IgnoreError(); });
          plan.AddStage("b").Add("y", [&] { last = true; });
          const ShutdownReport report = plan.Run();
          Check(report.status.code() == absl::StatusCode::kDeadlineExceeded, "not OK");
          Check(report.actions[0].outcome == ShutdownOutcome::kHung, "named");
          open.Close();
        }
        Check(last, "the later stage has run");
      },
      kRandom);
}

TEST(ShutdownModel, AHardStopAgainstAnAction) {
  Explore(
      [] {
        const Channel<int> open;
        int stopped = 0;
        ShutdownPlan plan(absl::Seconds(10), {.hard_stop_budget = absl::Seconds(10)});
        plan.AddStage("a").Add(
            "x", [&] { return open.Receive().status(); },
            [&] {
              ++stopped;
              open.Close();
            });
        Thread asker([&] { plan.RequestHardStop(); });
        const ShutdownReport report = plan.Run();
        Check(!report.ok(), "it did not end by itself");
        asker.Join();
        Check(stopped <= 1, "once");
      },
      kRandom);
}

TEST(ShutdownModel, TwoCallersShareOneRun) {
  Explore(
      [] {
        int runs = 0;
        ShutdownPlan plan(absl::Seconds(10));
        plan.AddStage("a").Add("x", [&] { ++runs; });
        ShutdownReport other;
        Thread caller([&] { other = plan.Run(); });
        const ShutdownReport report = plan.Run();
        caller.Join();
        Check(report.status == other.status, "one report");
        Check(report.actions[0].outcome == other.actions[0].outcome, "one report");
        if (report.ok()) Check(runs == 1, "one run");
      },
      kRandom);
}

TEST(ShutdownModel, AStartAgainstAClose) {
  Explore(
      [] {
        int open = 0;
        absl::Status started;
        ShutdownReport report;
        {
          Service service(absl::Seconds(10));
          for (int part = 0; part < 2; ++part)
            service.Add(
                "part", [&] { ++open; }, [&] { --open; });
          Thread starter([&] { started = service.Start(Context::Background()); });
          report = service.Close();
          starter.Join();
          report = service.Close();
        }
        Check(open == 0, "each that was started is closed");
        Check(!report.ok() || report.Hung().empty(), "none hangs");
      },
      kRandom);
}

TEST(ShutdownModel, TwoWhoStopGiveOneReason) {
  Explore([] {
    Service service(absl::Seconds(10));
    Thread other([&] { service.Stop(absl::AbortedError("a")); });
    service.Stop(absl::DataLossError("b"));
    const absl::Status why = service.Wait(Context::Background());
    other.Join();
    Check(why == service.Wait(Context::Background()), "it stays");
    Check(!why.ok(), "a reason");
  });
}

}  // namespace
}  // namespace eventbus
