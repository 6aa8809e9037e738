#include "eventbus/shutdown_plan.h"

#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <sstream>
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

using Step = ShutdownProgress::Step;

// What happened, in order, from whatever thread.
class Journal {
 public:
  void Add(const std::string& line) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lines_.push_back(line);
  }
  std::vector<std::string> lines() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return lines_;
  }
  bool Has(const std::string& line) const {
    for (const std::string& l : lines()) {
      if (l == line) return true;
    }
    return false;
  }
  void Await(const std::string& line) const {
    AwaitTrue([&] { return Has(line); });
  }

  // For `on_progress`.
  std::function<void(const ShutdownProgress&)> Steps() {
    return [this](const ShutdownProgress& p) {
      static constexpr const char* kNames[] = {"begins", "ends", "hard stop ends", "hangs", "over", "hard stop"};
      std::string line = p.stage + (p.action.empty() ? "" : "/" + p.action) + " " + kNames[static_cast<int>(p.step)];
      if (!p.status.ok()) line += " " + absl::StatusCodeToString(p.status.code());
      Add(line);
    };
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// Runs a plan in a thread of its own, by a clock that a test moves.
class Running {
 public:
  explicit Running(ShutdownPlan& plan, const Context& hard_stop = Context::Background())
      : thread_([this, &plan, hard_stop] {
          report_ = plan.Run(hard_stop);
          ended_ = true;
        }) {}
  ~Running() { thread_.join(); }

  // Moves the clock on to whatever is next due, until `journal` has the line, and no further: only once the plan waits again, by
  // when it has told all that came before.
  void AdvanceTo(VirtualClock& clock, const Journal& journal, const std::string& line) {
    AwaitTrue([&] {
      const bool waits = clock.waiters() > 0;
      if (journal.Has(line)) return true;
      if (waits) clock.AdvanceToNext();
      return false;
    });
  }
  const ShutdownReport& AwaitReport() {
    AwaitTrue([this] { return ended_.load(); });
    return report_;
  }

 private:
  ShutdownReport report_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

TEST(ShutdownPlan, RunsStagesInOrderAndActionsSideBySide) {
  Journal journal;
  const Channel<int> meet;
  ShutdownPlan plan(absl::Hours(1), {.on_progress = journal.Steps()});
  plan.AddStage("intake").Add("a", [&] { return meet.Send(1); }).Add("b", [&] {
    return meet.Receive().status();
  });  // Each waits for the other.
  plan.AddStage("workers").Add("c", [&](const Context& context) {
    EXPECT_FALSE(context.done());
    journal.Add("c runs");
  });
  plan.AddStage("nothing to do");
  const ShutdownReport report = plan.Run();
  EXPECT_TRUE(report.ok()) << report;
  const std::vector<std::string> lines = journal.lines();
  ASSERT_EQ(lines.size(), 10u);
  EXPECT_EQ(lines[0], "intake begins");
  EXPECT_EQ(lines[3], "intake over");
  EXPECT_EQ((std::vector<std::string>(lines.begin() + 4, lines.end())),
            (std::vector<std::string>{"workers begins", "c runs", "workers/c ends", "workers over",
                                      "nothing to do begins", "nothing to do over"}));
  EXPECT_EQ(report.ToString(),
            "shut down\n"
            "  intake/a: done\n"
            "  intake/b: done\n"
            "  workers/c: done");
}

TEST(ShutdownPlan, KeepsAllErrorsAndGoesOn) {
  ShutdownPlan plan(absl::Hours(1), {.name = "server"});
  plan.AddStage("one").Add("fails", [] { return absl::DataLossError("lost"); }).Add("throws", [] {
    throw std::runtime_error("boom");
  });
  plan.AddStage("odd").Add("throws something", [] { throw 1; });
  bool last = false;
  plan.AddStage("two").Add("works", [&last] { last = true; });
  const ShutdownReport report = plan.Run();
  EXPECT_TRUE(last);
  EXPECT_EQ(report.status, absl::DataLossError("shutdown plan 'server': one/fails: lost"));
  ASSERT_EQ(report.actions.size(), 4u);
  EXPECT_EQ(report.actions[0].status, absl::DataLossError("lost"));
  EXPECT_EQ(report.actions[1].status, absl::InternalError("it threw: boom"));
  EXPECT_EQ(report.actions[2].status, absl::InternalError("it threw"));
  EXPECT_EQ(report.actions[3].outcome, ShutdownOutcome::kDone);
  EXPECT_TRUE(report.Hung().empty());
}

TEST(ShutdownPlan, AHungActionIsNamedAndLaterStagesRun) {
  VirtualClock clock;
  Journal journal;
  const Channel<int> open;
  ShutdownPlan plan(absl::Seconds(30), {.on_progress = journal.Steps()});
  plan.AddStage("workers").Add("quick", [] {}).Add("hangs", [&] { open.Receive().IgnoreError(); });
  plan.AddStage("resources").Add("database", [&](const Context& context) {
    EXPECT_FALSE(context.done()) << "it has time of its own";
    journal.Add("database closes");
  });
  const absl::Time began = clock.Now();
  Running running(plan);
  journal.Await("workers/quick ends");
  running.AdvanceTo(clock, journal, "workers/hangs hangs");
  const ShutdownReport& report = running.AwaitReport();
  EXPECT_TRUE(journal.Has("database closes"));
  EXPECT_EQ(report.status.code(), absl::StatusCode::kDeadlineExceeded) << report;
  EXPECT_EQ(report.Hung(), std::vector<std::string>{"workers/hangs"});
  EXPECT_NE(report.status.message().find("workers/hangs"), absl::string_view::npos);
  EXPECT_LE(clock.Now() - began, absl::Seconds(30));
  open.Close();  // Else the plan, which owns the thread, would wait for it.
}

TEST(ShutdownPlan, EvenIfAllHangTheBudgetHolds) {
  VirtualClock clock;
  Journal journal;
  const Channel<int> open;
  ShutdownPlan plan(absl::Seconds(10), {.on_progress = journal.Steps()});
  for (const char* stage : {"a", "b", "c"}) plan.AddStage(stage).Add("x", [&] { open.Receive().IgnoreError(); });
  const absl::Time began = clock.Now();
  Running running(plan);
  for (const char* stage : {"a", "b", "c"}) {
    running.AdvanceTo(clock, journal, std::string(stage) + "/x hangs");
    journal.Await(std::string(stage) + " over");
  }
  EXPECT_EQ(running.AwaitReport().Hung(), (std::vector<std::string>{"a/x", "b/x", "c/x"}));
  EXPECT_LE(clock.Now() - began, absl::Seconds(10) + absl::Microseconds(1));
  open.Close();
}

TEST(ShutdownPlan, ACapEndsAStageEarly) {
  VirtualClock clock;
  Journal journal;
  const Channel<int> open;
  ShutdownPlan plan(absl::Hours(1), {.on_progress = journal.Steps()});
  plan.AddStage("capped", {.cap = absl::Seconds(2)}).Add("x", [&] { open.Receive().IgnoreError(); });
  const absl::Time began = clock.Now();
  Running running(plan);
  running.AdvanceTo(clock, journal, "capped/x hangs");
  running.AwaitReport();
  EXPECT_LE(clock.Now() - began, absl::Seconds(2) + absl::Microseconds(1));
  open.Close();
}

TEST(ShutdownPlan, AnActionThatHeedsItsContextDoesNotHang) {
  VirtualClock clock;
  Journal journal;
  ShutdownPlan plan(absl::Seconds(10), {.on_progress = journal.Steps()});
  plan.AddStage("workers").Add("patient", [&](const Context& context) {
    journal.Add("waits");
    Select({context.OnDone()});
    return context.status();
  });
  Running running(plan);
  journal.Await("waits");
  clock.AwaitWaiters(2);  // The plan and the action.
  clock.Advance(absl::Seconds(9));
  const ShutdownReport& report = running.AwaitReport();
  EXPECT_TRUE(report.Hung().empty()) << report;
  EXPECT_EQ(report.actions[0].outcome, ShutdownOutcome::kFailed);
  EXPECT_EQ(report.actions[0].status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(ShutdownPlan, TheHardStopOfALateActionFreesIt) {
  VirtualClock clock;
  Journal journal;
  const Channel<int> open;
  ShutdownPlan plan(absl::Seconds(10), {.on_progress = journal.Steps()});
  plan.AddStage("workers").Add(
      "x", [&] { return open.Receive().status(); }, [&] { open.Close(); });
  Running running(plan);
  clock.AwaitWaiters(1);
  clock.AdvanceToNext();  // The time for the drain. That for the hard stop begins, and does not pass.
  journal.Await("workers/x hard stop ends");
  const ShutdownReport& report = running.AwaitReport();
  EXPECT_TRUE(report.Hung().empty()) << report;
  EXPECT_EQ(report.actions[0].status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(report.actions[0].hard_stop, ShutdownOutcome::kDone);
}

TEST(ShutdownPlan, TheHardStopOfAnActionThatFailedIsCalled) {
  ShutdownPlan plan(absl::Hours(1));
  int stopped = 0;
  plan.AddStage("a").Add(
      "fails", [] { return absl::AbortedError("no"); }, [&] { ++stopped; });
  plan.AddStage("b").Add(
      "works", [] {}, [&] { stopped += 10; });
  const ShutdownReport report = plan.Run();
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(report.actions[0].hard_stop, ShutdownOutcome::kDone);
  EXPECT_EQ(report.actions[1].hard_stop, ShutdownOutcome::kSkipped);
  EXPECT_STREQ(ToString(report.actions[1].hard_stop), "skipped");
}

// Objects of which the drain fails, and which have one of the hard stops that a plan knows.
struct DrainFails {
  DrainReport Drain(const Context&) { return {.status = absl::AbortedError("no")}; }

  int stopped = 0;
};
struct Closed : DrainFails {
  bool Close() { return ++stopped > 0; }  // Says nothing that a plan would report.
};
struct Stopped : DrainFails {
  absl::Status Stop() {
    ++stopped;
    return absl::DataLossError("some");
  }
};
struct Cancelled : DrainFails {
  void Cancel() { ++stopped; }
};

TEST(ShutdownPlan, TheHardStopOfAnObjectIsWhatItHas) {
  Closed closed;
  Stopped stopped;
  Cancelled cancelled;
  ShutdownPlan plan(absl::Hours(1));
  plan.AddStage("all").Drain("closed", closed).Drain("stopped", stopped).Drain("cancelled", cancelled);
  const ShutdownReport report = plan.Run();
  EXPECT_EQ(closed.stopped, 1);
  EXPECT_EQ(stopped.stopped, 1);
  EXPECT_EQ(cancelled.stopped, 1);
  EXPECT_EQ(report.actions[0].hard_stop, ShutdownOutcome::kDone);
  EXPECT_EQ(report.actions[1].hard_stop, ShutdownOutcome::kFailed);
  EXPECT_EQ(report.actions[2].hard_stop, ShutdownOutcome::kDone);
}

TEST(ShutdownPlan, AHardStopThatHangsIsNamed) {
  VirtualClock clock;
  Journal journal;
  const Channel<int> open;
  ShutdownPlan plan(absl::Seconds(10), {.on_progress = journal.Steps()});
  plan.AddStage("a").Add(
      "x", [] { return absl::AbortedError("no"); }, [&] { open.Receive().IgnoreError(); });
  Running running(plan);
  journal.Await("a/x ends ABORTED");
  running.AdvanceTo(clock, journal, "a/x hangs");
  EXPECT_EQ(running.AwaitReport().Hung(), std::vector<std::string>{"a/x (hard stop)"});
  open.Close();
}

TEST(ShutdownPlan, ASecondSignalSkipsToTheHardStop) {
  Journal journal;
  SignalContext stop({SIGUSR1});
  std::raise(SIGUSR1);
  ShutdownPlan plan(absl::Hours(1), {.hard_stop_budget = absl::Hours(1), .on_progress = journal.Steps()});
  plan.AddStage("workers").Add(
      "slow",
      [&](const Context& context) {
        std::raise(SIGUSR1);  // The second, while this runs.
        Select({context.OnDone()});
        return context.status();
      },
      [&] { journal.Add("slow is stopped"); });
  plan.AddStage("resources")
      .Add("skipped", [&] { journal.Add("never"); })
      .Add(
          "stopped", [&] { journal.Add("never"); }, [&] { journal.Add("resource is stopped"); });
  const ShutdownReport report = plan.Run(stop.signals());
  EXPECT_TRUE(report.hard_stopped);
  EXPECT_TRUE(journal.Has("slow is stopped"));
  EXPECT_TRUE(journal.Has("resource is stopped"));
  EXPECT_FALSE(journal.Has("never"));
  EXPECT_EQ(report.actions[0].status.code(), absl::StatusCode::kCancelled) << report;
  EXPECT_EQ(report.actions[1].outcome, ShutdownOutcome::kSkipped);
  EXPECT_EQ(report.actions[2].hard_stop, ShutdownOutcome::kDone);
}

TEST(ShutdownPlan, OneSignalIsNoHardStop) {
  SignalContext stop({SIGUSR1});
  ShutdownPlan plan(absl::Hours(1));
  plan.AddStage("workers").Add("x", [&] {
    std::raise(SIGUSR1);
    AwaitTrue([&] { return stop.context().done(); });
  });
  plan.AddStage("resources").Add("y", [] {});
  const ShutdownReport report = plan.Run(stop.signals());
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_FALSE(report.hard_stopped);
}

TEST(ShutdownPlan, AHardStopMayBeAskedForBefore) {
  ShutdownPlan plan(absl::Hours(1), {.name = "p"});
  int ran = 0;
  plan.AddStage("a").Add("x", [&] { ++ran; });
  plan.RequestHardStop();
  const ShutdownReport report = plan.Run();
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(report.status, absl::AbortedError("shutdown plan 'p': skipped to the hard stop"));
}

TEST(ShutdownPlan, TheHardStopHasABudgetOfItsOwn) {
  VirtualClock clock;
  Journal journal;
  const Channel<int> open;
  CancelHandle hard = Context::Background().WithCancel();
  ShutdownPlan plan(absl::Hours(1), {.hard_stop_budget = absl::Seconds(1), .on_progress = journal.Steps()});
  plan.AddStage("a").Add("x", [&] { open.Receive().IgnoreError(); });
  plan.AddStage("b").Add(
      "y", [] {}, [&] { journal.Add("b is stopped"); });
  const absl::Time began = clock.Now();
  Running running(plan, hard.context());
  AwaitReceivers(open, 1);
  hard.Cancel();
  journal.Await("a hard stop");
  running.AdvanceTo(clock, journal, "a/x hangs");
  EXPECT_EQ(running.AwaitReport().Hung(), std::vector<std::string>{"a/x"});
  EXPECT_TRUE(journal.Has("b is stopped"));
  EXPECT_LE(clock.Now() - began, absl::Seconds(1));
  open.Close();
}

TEST(ShutdownPlan, WhatComesBackLateHasFailedAndDoesNotHang) {
  VirtualClock clock;
  Journal journal;
  const Channel<int> open;
  const Channel<int> go_on;
  ShutdownPlan plan(absl::Seconds(10), {.on_progress = journal.Steps()});
  plan.AddStage("a").Add("x", [&] { open.Receive().IgnoreError(); });
  plan.AddStage("b").Add("y", [&] { go_on.Receive().IgnoreError(); });
  Running running(plan);
  running.AdvanceTo(clock, journal, "a/x hangs");
  open.Close();
  journal.Await("a/x ends DEADLINE_EXCEEDED");
  go_on.Close();
  const ShutdownReport& report = running.AwaitReport();
  EXPECT_TRUE(report.Hung().empty()) << report;
  EXPECT_EQ(report.actions[0].status, absl::DeadlineExceededError("it returned after its stage was over"));
  EXPECT_EQ(report.actions[1].outcome, ShutdownOutcome::kDone);
}

TEST(ShutdownPlan, DrainsWhatCanBeDrainedAndPrintsIt) {
  ThreadPool pool(1, {.name = "workers"});
  std::atomic<int> ran{0};
  for (int i = 0; i < 3; ++i) pool.Submit([&ran] { ++ran; });
  ShutdownPlan plan(absl::Hours(1));
  plan.AddStage("work").Drain("pool", pool);
  const ShutdownReport report = plan.Run();
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(ran, 3);
  ASSERT_EQ(report.actions[0].drained.size(), 1u);
  EXPECT_EQ(report.actions[0].drained[0].left, 0u);
  std::ostringstream text;
  text << report;
  EXPECT_EQ(text.str().substr(0, 41), "shut down\n  work/pool: done\n    workers: ");
}

TEST(ShutdownPlan, TwoCallersShareOneRun) {
  std::atomic<int> runs{0};
  const Channel<int> open;
  ShutdownPlan plan(absl::Hours(1));
  plan.AddStage("a").Add("x", [&] {
    ++runs;
    open.Receive().IgnoreError();
    return absl::AbortedError("no");
  });
  ShutdownReport reports[3];
  std::vector<std::thread> callers;
  for (ShutdownReport& report : reports) callers.emplace_back([&] { report = plan.Run(); });
  AwaitReceivers(open, 1);
  open.Close();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(runs, 1);
  for (const ShutdownReport& report : reports) EXPECT_EQ(report.ToString(), reports[0].ToString());
  EXPECT_EQ(plan.Run().ToString(), reports[0].ToString()) << "and later";
}

TEST(ShutdownPlan, WhoAsksForTheHardStopWithAContextIsHeardOnce) {
  const Channel<int> open;
  CancelHandle hard = Context::Background().WithCancel();
  ShutdownPlan plan(absl::Hours(1), {.hard_stop_budget = absl::Hours(1)});
  int stopped = 0;
  plan.AddStage("a").Add(
      "x", [&] { open.Receive().IgnoreError(); },
      [&] {
        ++stopped;
        open.Close();
      });
  std::thread asker([&] {
    AwaitReceivers(open, 1);
    hard.Cancel();
  });
  EXPECT_TRUE(plan.Run(hard.context()).hard_stopped);
  asker.join();
  EXPECT_EQ(stopped, 1);
}

TEST(ShutdownPlan, AJoinedCallerMayAskForTheHardStop) {
  const Channel<int> open;
  ShutdownPlan plan(absl::Hours(1), {.hard_stop_budget = absl::Hours(1)});
  plan.AddStage("a").Add(
      "x", [&] { open.Receive().IgnoreError(); }, [&] { open.Close(); });
  std::thread first([&] { EXPECT_TRUE(plan.Run().hard_stopped); });
  AwaitReceivers(open, 1);
  CancelHandle hard = Context::Background().WithCancel();
  hard.Cancel();
  EXPECT_TRUE(plan.Run(hard.context()).hard_stopped);
  first.join();
}

TEST(ShutdownPlan, RunFromInsideAnActionIsRefused) {
  ShutdownPlan plan(absl::Hours(1));
  ShutdownReport inside;
  plan.AddStage("a").Add("x", [&] { inside = plan.Run(); });
  EXPECT_TRUE(plan.Run().ok());
  EXPECT_EQ(inside.status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ShutdownPlan, WithoutStagesIsDone) { EXPECT_TRUE(ShutdownPlan(absl::Seconds(1)).Run().ok()); }

TEST(ShutdownPlan, AStageMayBeFilledLater) {
  Journal journal;
  ShutdownPlan plan(absl::Hours(1));
  ShutdownPlan::Stage& first = plan.AddStage("first");
  plan.AddStage("second").Add("y", [&] { journal.Add("y"); });
  first.Add("x", [&] { journal.Add("x"); });
  EXPECT_TRUE(plan.Run().ok());
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"x", "y"}));
}

TEST(ShutdownPlan, AProgressThatThrowsChangesNothing) {
  ShutdownPlan plan(absl::Hours(1), {.on_progress = [](const ShutdownProgress&) { throw std::runtime_error("no"); }});
  plan.AddStage("a").Add("x", [] {});
  EXPECT_TRUE(plan.Run().ok());
}

TEST(ShutdownPlanDeathTest, NeedsABudget) {
  EXPECT_DEATH(ShutdownPlan{absl::ZeroDuration()}, "positive and finite");
  EXPECT_DEATH(ShutdownPlan{absl::InfiniteDuration()}, "positive and finite");
  EXPECT_DEATH(ShutdownPlan(absl::Seconds(1), {.hard_stop_budget = absl::ZeroDuration()}), "needs time");
}

TEST(ShutdownPlanDeathTest, IsNotChangedAfterIt) {
  ShutdownPlan plan(absl::Hours(1));
  ShutdownPlan::Stage& stage = plan.AddStage("a");
  EXPECT_DEATH(plan.AddStage("b", {.cap = absl::ZeroDuration()}), "needs time");
  plan.Run();
  EXPECT_DEATH(plan.AddStage("b"), "has run");
  EXPECT_DEATH(stage.Add("x", [] {}), "has run");
}

TEST(FinishMain, IsZeroIfAllWentWell) {
  EXPECT_EQ(FinishMain({}), 0);
  EXPECT_EQ(FinishMain({.status = absl::AbortedError("no")}), 1);
  EXPECT_EQ(FinishMain({}, absl::AbortedError("no")), 1);
}

// Nothing else could end the process: the thread of the action cannot be joined.
void ShutDownWithAnActionThatHangs() {
  const Channel<int> never;
  ShutdownPlan plan(absl::Milliseconds(20));
  plan.AddStage("workers").Add("stuck", [&] { never.Receive().IgnoreError(); });
  static_cast<void>(FinishMain(plan.Run()));
}
TEST(FinishMainDeathTest, EndsTheProcessAndNamesWhatHangs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(ShutDownWithAnActionThatHangs(), ::testing::ExitedWithCode(1), "workers/stuck: hung");
}

}  // namespace
}  // namespace eventbus::testing
