// A stack of its own, and switching to it: what a logical thread runs on.

#ifndef EVENTBUS_TESTS_SUPPORT_EXPLORER_FIBER_H_
#define EVENTBUS_TESTS_SUPPORT_EXPLORER_FIBER_H_

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace eventbus::explorer {

class Fiber {
 public:
  // The stack that the caller is running on.
  Fiber() = default;

  // Will run `body` when it is first switched to. `body` must not return: its last act is to switch away for ever.
  explicit Fiber(std::function<void()> body);

  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  // Leaves `from`, which is running, and goes on where `to` was left.
  static void Switch(Fiber& from, Fiber& to);

 private:
  static void Enter(unsigned high, unsigned low);

  // What the C++ runtime keeps for each operating system thread, and fibers need for each of theirs.
  struct ExceptionState {
    void* caught = nullptr;
    unsigned uncaught = 0;
  };

  ucontext_t context_;
  ExceptionState exceptions_;
  std::function<void()> body_;
  char* stack_ = nullptr;
};

}  // namespace eventbus::explorer

#endif  // EVENTBUS_TESTS_SUPPORT_EXPLORER_FIBER_H_
