#include "eventbus/internal/execution/signal_hub.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/ground/safe_status.h"

namespace eventbus::internal {

namespace {

// What the handler needs, which can follow no pointer that another thread may change. Written under the hub's mutex before
// the handler is installed; an installed handler's read comes after that by the system call.
ProcessWord<int> write_end{-1};
ProcessWord<int> owner{0};  // The process that has the thread.
struct sigaction former[65];

constexpr char kLookAgain = 0;  // No signal has this number.

std::string NameOf(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    case SIGQUIT:
      return "SIGQUIT";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGUSR2:
      return "SIGUSR2";
    default:
      return absl::StrCat("signal ", signal);
  }
}

bool CanBeHandled(int signal) {
  switch (signal) {
    case SIGKILL:
    case SIGSTOP:
    case SIGSEGV:  // These come again as soon as their handler returns.
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
      return false;
    default: {
      struct sigaction present;
      return signal > 0 && signal < 64 && ::sigaction(signal, nullptr, &present) == 0;
    }
  }
}

bool IsOurs(const struct sigaction& action, void (*handler)(int)) {
  return !(action.sa_flags & SA_SIGINFO) && action.sa_handler == handler;
}

}  // namespace

SignalListener::SignalListener(std::initializer_list<int> signals, const Context& parent)
    : cancel_(parent.WithCancel()), raised_(64) {
  if (signals.size() == 0) Fail("SignalContext", "no signals");
  for (const int signal : signals) {
    if (!CanBeHandled(signal)) Fail("SignalContext", absl::StrCat("signal ", signal, " cannot be handled"));
    named_ |= uint64_t{1} << signal;
  }
}

void SignalListener::Tell(int signal) {
  raised_.TrySend(signal).IgnoreError();  // Full or closed: nobody receives.
  cancel_.Cancel(SafeStatus(absl::StatusCode::kCancelled, [signal] { return NameOf(signal); }));
}

void SignalListener::End() {
  raised_.Close();
  cancel_.Cancel();
}

void SignalHub::Handle(int signal) {
  const int saved = errno;
  if (::getpid() == owner.load(std::memory_order_relaxed)) {
    const char number = static_cast<char>(signal);
    // A full pipe holds thousands that nobody has read yet; one more would say nothing new.
    [[maybe_unused]] const ssize_t written = ::write(write_end.load(std::memory_order_relaxed), &number, 1);
  } else {
    // A forked child, without the thread: as it was before us. It is delivered once this handler has returned.
    ::sigaction(signal, &former[signal], nullptr);
    ::raise(signal);
  }
  errno = saved;
}

void SignalHub::OpenPipe() {
  if (read_end_ >= 0) return;
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "SignalContext: no file descriptor");
  for (const int end : ends) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
  read_end_ = ends[0];
  write_end.store(ends[1], std::memory_order_relaxed);
}

void SignalHub::Install(const SignalListener& listener) {
  for (int signal = 1; signal < 64; ++signal) {
    if (!listener.Names(signal) || users_[signal]++ > 0) continue;
    struct sigaction action = {};
    action.sa_handler = &SignalHub::Handle;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    struct sigaction replaced;
    ::sigaction(signal, &action, &replaced);
    if (!IsOurs(replaced, &SignalHub::Handle)) former[signal] = replaced;
  }
}

void SignalHub::Restore(const SignalListener& listener) {
  for (int signal = 1; signal < 64; ++signal) {
    if (!listener.Names(signal) || --users_[signal] > 0) continue;
    struct sigaction present;
    ::sigaction(signal, nullptr, &present);
    if (IsOurs(present, &SignalHub::Handle)) ::sigaction(signal, &former[signal], nullptr);
  }
}

void SignalHub::Add(SignalListener& listener) {
  MutexLock lock(&mutex_);
  if (owner.load(std::memory_order_relaxed) !=
      ::getpid()) {  // Made by a fork: the thread and the pipe are the parent's.
    serving_ = false;
    read_end_ = -1;
  }
  OpenPipe();
  if (listeners_.empty()) DropUnread();
  if (!serving_) {
    // Under the mutex: if the system refuses it, nobody has relied on it.
    StartDetachedThread([this] { Serve(); });
    serving_ = true;
  }
  owner.store(::getpid(), std::memory_order_relaxed);
  listener.told = number_;
  listeners_.PushBack(listener);
  Install(listener);
}

void SignalHub::Remove(SignalListener& listener) {
  MutexLock lock(&mutex_);
  listener.Unlink();
  Restore(listener);
  if (!listeners_.empty()) return;
  [[maybe_unused]] const ssize_t written = ::write(write_end.load(std::memory_order_relaxed), &kLookAgain, 1);  // S3
}

bool SignalHub::has_thread() const {
  MutexLock lock(&mutex_);
  return serving_;
}

void SignalHub::DropUnread() {
  char numbers[64];
  while (::read(read_end_, numbers, sizeof(numbers)) > 0) {
  }
}

void SignalHub::Serve() {
  while (true) {
    char number = kLookAgain;
    ssize_t count;
    pollfd readable = {.fd = -1, .events = POLLIN, .revents = 0};
    {
      MutexLock lock(&mutex_);
      if (listeners_.empty()) {
        serving_ = false;
        return;
      }
      readable.fd = read_end_;
      // Under the mutex: who is added after this is not told of it.
      count = ::read(read_end_, &number, 1);
      if (count == 1 && number != kLookAgain) ++number_;
    }
    if (count == 1 && number != kLookAgain) TellAll(number);
    if (count < 0) ::poll(&readable, 1, -1);
  }
}

void SignalHub::TellAll(int signal) {
  while (true) {
    Ref<SignalListener> next;
    {
      MutexLock lock(&mutex_);
      const uint64_t number = number_;
      listeners_.ForEach([&next, signal, number](SignalListener& listener) {
        if (next || listener.told == number) return;
        listener.told = number;
        if (listener.Names(signal)) next = Ref<SignalListener>(&listener);
      });
    }
    if (!next) return;
    next->Tell(signal);
  }
}

}  // namespace eventbus::internal
