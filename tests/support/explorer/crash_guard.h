// Makes failures of the execution in progress out of what would end or hang the whole program: a crash, an `abort`, and a step
// that never ends. So these too are reported with a schedule.

#ifndef EVENTBUS_TESTS_SUPPORT_EXPLORER_CRASH_GUARD_H_
#define EVENTBUS_TESTS_SUPPORT_EXPLORER_CRASH_GUARD_H_

#include <signal.h>
#include <sys/time.h>

#include <array>

namespace eventbus::explorer {

// For the time of its life. One at a time. After a crash the process is as good as the crash left it: a test reports, and ends.
class CrashGuard {
 public:
  CrashGuard();
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;
  ~CrashGuard();

 private:
  static constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGVTALRM};

  std::array<struct sigaction, kSignals.size()> before_;
  stack_t stack_before_;
  itimerval timer_before_;
};

}  // namespace eventbus::explorer

#endif  // EVENTBUS_TESTS_SUPPORT_EXPLORER_CRASH_GUARD_H_
