// The explorer itself: what it finds, and that the schedule it prints leads there again.

#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "eventbus/internal/primitives/primitives.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus::internal {
namespace {

using explorer::Check;
using explorer::Failure;
using explorer::Options;
using explorer::Result;
using explorer::Search;
using explorer::Thread;

constexpr auto kRelaxed = std::memory_order_relaxed;

void ExpectFound(const std::string& what, const std::function<void()>& scenario, const Options& options = {}) {
  const Failure first = Search(options, scenario).failure;
  ASSERT_EQ(first.what.rfind(what, 0), 0u) << "found: " << first.what;

  setenv("EVENTBUS_SCHEDULE", first.schedule.c_str(), 1);
  const absl::Cleanup back = [] { unsetenv("EVENTBUS_SCHEDULE"); };
  const Result again = Search(options, scenario);
  EXPECT_EQ(again.executions, 1);
  EXPECT_EQ(again.failure.what.rfind(what, 0), 0u) << "the schedule led to: " << again.failure.what;
  EXPECT_EQ(again.failure.schedule, first.schedule);
}

// Two threads that each read a counter and then write it, with or without luck.
void CountToTwo() {
  Atomic<int> counter = 0;
  const auto count = [&] { counter.store(counter.load(kRelaxed) + 1, kRelaxed); };
  Thread other(count);
  count();
  other.Join();
  Check(counter.load(kRelaxed) == 2, "both were counted");
}

TEST(ExplorerModel, FindsALostUpdate) { ExpectFound("check failed: both were counted", CountToTwo); }

TEST(ExplorerModel, FindsItWithRandomPriorities) {
  ExpectFound("check failed: both were counted", CountToTwo, {.random_executions = 1000});
}

TEST(ExplorerModel, WithoutAPreemptionThereIsNoLostUpdate) {
  const Result result = Search({.preemptions = 0}, CountToTwo);
  EXPECT_FALSE(result.failure.failed()) << result.failure.what;
  EXPECT_TRUE(result.complete);
}

TEST(ExplorerModel, SaysWhenTheBoundOfExecutionsWasReached) {
  const Result result = Search({.max_executions = 3}, [] {
    Atomic<int> counter = 0;
    Thread other([&] { counter.fetch_add(1, kRelaxed); });
    counter.fetch_add(1, kRelaxed);
  });
  EXPECT_EQ(result.executions, 3);
  EXPECT_FALSE(result.complete);
}

TEST(ExplorerModel, FindsLocksTakenInOppositeOrders) {
  ExpectFound("deadlock: ", [] {
    Mutex a;
    Mutex b;
    Thread other([&] {
      b.Lock();
      a.Lock();
      a.Unlock();
      b.Unlock();
    });
    a.Lock();
    b.Lock();
    b.Unlock();
    a.Unlock();
  });
}

TEST(ExplorerModel, FindsALostWakeUp) {
  ExpectFound("deadlock: ", [] {
    Atomic<uint32_t> word = 0;
    Thread waker([&] {
      Futex::WakeOne(word);  // Before there is a reason to.
      word.store(1, kRelaxed);
    });
    if (word.load(kRelaxed) == 0) Futex::Wait(word, 0, Instant::Never());
  });
}

TEST(ExplorerModel, ADeadlineIsAChoice) {
  bool passed = false;
  bool woken = false;
  const Result result = Search({}, [&] {
    Atomic<uint32_t> word = 0;
    const Instant deadline = SteadyNow() + absl::Hours(1);
    Thread waker([&] {
      word.store(1, kRelaxed);
      Futex::WakeOne(word);
    });
    Futex::Wait(word, 0, deadline);
    (SteadyNow() < deadline ? woken : passed) = true;
  });
  EXPECT_FALSE(result.failure.failed()) << result.failure.what;
  EXPECT_TRUE(passed);
  EXPECT_TRUE(woken);
}

TEST(ExplorerModel, FindsALivelock) {
  ExpectFound("livelock: too many steps", [] {
    Atomic<int> word = 0;
    while (word.load(kRelaxed) == 0) continue;
  });
}

TEST(ExplorerModel, FindsAStepThatDoesNotEnd) {
  ExpectFound("livelock: a step that does not end", [] {
    Atomic<int> word = 0;
    Thread other([&] { word.store(1, kRelaxed); });
    volatile bool forever = word.load(kRelaxed) == 1;
    while (forever) continue;
  });
}

TEST(ExplorerModel, FindsACrash) {
  ExpectFound("crash: ", [] {
    Atomic<bool> ready = false;
    const int* shared = nullptr;
    const int one = 1;
    Thread other([&] {
      ready.store(true, kRelaxed);
      ready.load(kRelaxed);  // Others may look here.
      shared = &one;
    });
    if (ready.load(kRelaxed)) Check(*const_cast<const volatile int*>(shared) == 1, "reads what is there");
  });
}

int Sum(int depth) {
  volatile char frame[512] = {};
  return depth == 0 ? frame[0] : Sum(depth - 1) + frame[1];
}

TEST(ExplorerModel, FindsAnOverflowOfTheStack) {
  ExpectFound("crash: ", [] { Check(Sum(1'000'000) == 0, "never"); });
}

TEST(ExplorerModel, FindsAnAbort) {
  ExpectFound("crash: ", [] { std::abort(); });
}

TEST(ExplorerModel, FindsAnExceptionThatLeavesAThread) {
  ExpectFound("an exception left the thread: ", [] { throw std::runtime_error("nobody catches this"); });
}

TEST(ExplorerModel, FindsAUseAfterDestruction) {
  ExpectFound("use after destruction: ", [] {
    alignas(Mutex) static char memory[sizeof(Mutex)];
    auto* const mutex = new (memory) Mutex;
    Thread other([=] { mutex->Lock(); });
    mutex->~Mutex();
  });
}

TEST(ExplorerModel, FindsWhatIsLeftBehind) {
  ExpectFound("1 primitive(s) left behind", [] {
    alignas(Mutex) static char memory[sizeof(Mutex)];
    new (memory) Mutex;
  });
}

}  // namespace
}  // namespace eventbus::internal
