#include "tests/support/explorer/crash_guard.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "tests/support/explorer/scheduler.h"

namespace eventbus::explorer {

namespace {

// A step takes microseconds. This is processor time of this program, whatever else the machine does.
constexpr int kTickMicroseconds = 250'000;
constexpr int kTicksForAStep = 4;

// A stack may have overflowed.
alignas(64) char signal_stack[64 * 1024];

int ticks_in_step;
std::pair<int64_t, int64_t> step_seen;  // Of which execution, and which.

void OnSignal(int signal) {
  Scheduler* const scheduler = Scheduler::Current();
  if (signal == SIGVTALRM) {
    if (scheduler == nullptr) return;
    const std::pair<int64_t, int64_t> step(Scheduler::CurrentExecution(), scheduler->steps());
    if (std::exchange(step_seen, step) != step) ticks_in_step = 0;
    if (++ticks_in_step <= kTicksForAStep) return;
    scheduler->Fail("livelock: a step that does not end");
  }
  // A second crash, or one that is not the scenario's, ends the program.
  if (scheduler == nullptr || scheduler->failed()) {
    ::signal(signal, SIG_DFL);
    raise(signal);
    return;
  }
  scheduler->Fail(std::string("crash: ") + strsignal(signal));
}

}  // namespace

CrashGuard::CrashGuard() {
  stack_t stack = {};
  stack.ss_sp = signal_stack;
  stack.ss_size = sizeof(signal_stack);
  sigaltstack(&stack, &stack_before_);
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESTART;  // The handler may leave by switching to another fiber.
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
  const timeval tick = {.tv_sec = 0, .tv_usec = kTickMicroseconds};
  const itimerval every_tick = {.it_interval = tick, .it_value = tick};
  setitimer(ITIMER_VIRTUAL, &every_tick, &timer_before_);
}

CrashGuard::~CrashGuard() {
  setitimer(ITIMER_VIRTUAL, &timer_before_, nullptr);
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  sigaltstack(&stack_before_, nullptr);
}

}  // namespace eventbus::explorer
