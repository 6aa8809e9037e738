#include "eventbus/signal_context.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/config.h"
#include "absl/status/status.h"
#include "eventbus/internal/execution/signal_hub.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;

bool HasDefaultHandler(int signal) {
  struct sigaction action;
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

void AwaitNoThread() {
  AwaitTrue([] { return !internal::SignalHub::Get().has_thread(); });
}

TEST(SignalContext, ASignalBeforeAnybodyWaitsIsNotLost) {
  const SignalContext stop({SIGTERM, SIGINT});
  EXPECT_FALSE(stop.context().done());
  raise(SIGTERM);
  Select({stop.context().OnDone()});
  EXPECT_EQ(stop.context().status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(stop.context().cause(), absl::CancelledError("SIGTERM"));
}

TEST(SignalContext, TheCauseIsTheNameOfTheSignal) {
  for (const auto& [signal, name] : {std::pair(SIGHUP, "SIGHUP"), std::pair(SIGQUIT, "SIGQUIT"),
                                     std::pair(SIGUSR2, "SIGUSR2"), std::pair(SIGWINCH, "signal 28")}) {
    const SignalContext stop({signal});
    raise(signal);
    Select({stop.context().OnDone()});
    EXPECT_EQ(stop.context().cause(), absl::CancelledError(name));
  }
}

TEST(SignalContext, WakesWhoWaits) {
  const SignalContext stop({SIGUSR1});
  const Channel<int> work;
  std::thread worker([&] { EXPECT_EQ(work.Receive(stop.context()).status().code(), absl::StatusCode::kCancelled); });
  testing::AwaitReceivers(work, 1);
  kill(getpid(), SIGUSR1);
  worker.join();
}

TEST(SignalContext, EverySignalIsSeenAndTheFirstIsTheCause) {
  const SignalContext stop({SIGTERM, SIGINT});
  raise(SIGINT);
  raise(SIGTERM);
  raise(SIGTERM);
  EXPECT_EQ(*stop.signals().Receive(), SIGINT);
  EXPECT_EQ(*stop.signals().Receive(), SIGTERM);
  EXPECT_EQ(*stop.signals().Receive(), SIGTERM);
  EXPECT_EQ(stop.context().cause(), absl::CancelledError("SIGINT"));
  EXPECT_EQ(stop.signals().TryReceive().status().code(), absl::StatusCode::kUnavailable);
}

TEST(SignalContext, ThousandsThatNobodyReceivesAreNoHarm) {
  std::optional<SignalContext> stop(std::in_place, std::initializer_list<int>{SIGUSR1});
  for (int i = 0; i < 5000; ++i) raise(SIGUSR1);
  Select({stop->context().OnDone()});
  const ReceiveChannel<int> signals = stop->signals();
  AwaitTrue([&] { return signals.ApproxSize() == signals.capacity(); });
  stop.reset();
  int received = 0;
  while (signals.Receive().ok()) ++received;
  EXPECT_EQ(received, 64);
}

TEST(SignalContext, DestroyedItCancelsItsContextAndRestoresTheHandlers) {
  ASSERT_TRUE(HasDefaultHandler(SIGTERM));
  std::optional<SignalContext> stop(std::in_place, std::initializer_list<int>{SIGTERM});
  const Context context = stop->context();
  const ReceiveChannel<int> signals = stop->signals();
  EXPECT_FALSE(HasDefaultHandler(SIGTERM));
  stop.reset();
  EXPECT_TRUE(HasDefaultHandler(SIGTERM));
  EXPECT_TRUE(context.done());
  EXPECT_EQ(signals.Receive().status().code(), absl::StatusCode::kOutOfRange);
  AwaitNoThread();
}

TEST(SignalContext, AHandlerThatSomebodyElseHasSetMeanwhileStays) {
  {
    const SignalContext stop({SIGUSR2});
    signal(SIGUSR2, SIG_IGN);
  }
  struct sigaction action;
  sigaction(SIGUSR2, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_IGN);
  signal(SIGUSR2, SIG_DFL);
}

TEST(SignalContext, OfTwoEachLearnsOfWhatItNames) {
  std::optional<SignalContext> first(std::in_place, std::initializer_list<int>{SIGUSR1, SIGTERM});
  const SignalContext second({SIGUSR2, SIGTERM});
  raise(SIGUSR1);
  Select({first->context().OnDone()});
  EXPECT_FALSE(second.context().done());
  raise(SIGTERM);
  Select({second.context().OnDone()});
  EXPECT_EQ(*first->signals().Receive(), SIGUSR1);
  EXPECT_EQ(*first->signals().Receive(), SIGTERM);
  first.reset();
  EXPECT_TRUE(HasDefaultHandler(SIGUSR1));
  EXPECT_FALSE(HasDefaultHandler(SIGTERM)) << "the second still listens";
  raise(SIGTERM);
  EXPECT_EQ(*second.signals().Receive(), SIGTERM);
  EXPECT_EQ(*second.signals().Receive(), SIGTERM);
}

TEST(SignalContext, ACallbackMayDestroyIt) {
  std::optional<SignalContext> stop(std::in_place, std::initializer_list<int>{SIGUSR1});
  const Context context = stop->context();
  Channel<int> over(1);
  const CancelCallback callback = context.OnCancel([&] {
    stop.reset();
    over.Close();
  });
  raise(SIGUSR1);
  EXPECT_EQ(over.Receive().status().code(), absl::StatusCode::kOutOfRange);
  AwaitNoThread();
}

TEST(SignalContext, EndsWithItsParent) {
  CancelHandle parent = Context::Background().WithCancel();
  const SignalContext stop({SIGUSR1}, parent.context());
  parent.Cancel();
  EXPECT_TRUE(stop.context().done());
  raise(SIGUSR1);
  EXPECT_EQ(*stop.signals().Receive(), SIGUSR1) << "still handled";
}

TEST(SignalContext, MadeAndDestroyedAgainAndAgain) {
  for (int i = 0; i < 200; ++i) {
    const SignalContext stop({SIGUSR1});
    if (i % 2 == 0) continue;
    raise(SIGUSR1);
    EXPECT_EQ(*stop.signals().Receive(), SIGUSR1) << i;
  }
  AwaitNoThread();
}

TEST(SignalContextDeathTest, AForkedChildHasTheFormerHandler) {
#ifdef ABSL_HAVE_THREAD_SANITIZER
  GTEST_SKIP() << "ThreadSanitizer keeps signals back in a forked child";
#endif
  const SignalContext stop({SIGTERM});
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);  // Should it not end.
    raise(SIGTERM);
    while (true) pause();
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  EXPECT_FALSE(stop.context().done());
}

TEST(SignalContextDeathTest, WhatCannotBeHandledFailsAtOnce) {
  EXPECT_DEATH(SignalContext({SIGKILL}), "SignalContext: signal 9 cannot be handled");
  EXPECT_DEATH(SignalContext({SIGSEGV}), "cannot be handled");
  EXPECT_DEATH(SignalContext({0}), "cannot be handled");
  EXPECT_DEATH(SignalContext({-1}), "cannot be handled");
  EXPECT_DEATH(SignalContext({1000}), "cannot be handled");
  EXPECT_DEATH(SignalContext({}), "no signals");
}

}  // namespace
}  // namespace eventbus
