// A thousand waits of each kind that end without what they waited for: no thread is left over, and nothing in the heap.

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/process.h"

namespace eventbus {
namespace {

// Each of `waits` is made a thousand times, and is late.
void ExpectNothingIsLeft(const std::function<absl::Status(absl::Time)>& wait) {
  const auto late = [&] {
    const absl::Status status = wait(absl::Now() + absl::Microseconds(20));
    ASSERT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  };
  late();  // What is made once for the process is made here.
  const int64_t threads = testing::ThreadCount();
  const int64_t live = testing::LiveAllocations();
  for (int i = 0; i < 1'000; ++i) late();
  EXPECT_EQ(testing::ThreadCount(), threads);
  EXPECT_EQ(testing::LiveAllocations(), live);
}

absl::Status Late(int chosen) { return chosen == -1 ? absl::DeadlineExceededError("") : absl::InternalError("chosen"); }

// The three forms: until a time, until a context is done, and as a case.
template <typename Until, typename WithContext, typename MakeCase>
void ExpectNothingIsLeft(Until until, WithContext with_context, MakeCase make_case) {
  ExpectNothingIsLeft(until);
  ExpectNothingIsLeft([&](absl::Time deadline) {
    const CancelHandle handle = Context::Background().WithDeadline(deadline);
    return with_context(handle.context());
  });
  ExpectNothingIsLeft([&](absl::Time deadline) { return Late(SelectUntil(deadline, {make_case()})); });
}

TEST(TimedOutWaits, OfAWaitGroup) {
  WaitGroup group;
  group.Add();
  ExpectNothingIsLeft([&](absl::Time deadline) { return group.WaitUntil(deadline); },
                      [&](const Context& context) { return group.Wait(context); }, [&] { return group.OnZero(); });
  group.Done();
}

TEST(TimedOutWaits, OfASemaphore) {
  Semaphore semaphore(2);
  ASSERT_TRUE(semaphore.Acquire().ok());
  absl::StatusOr<SemaphorePermit> permit;
  ExpectNothingIsLeft([&](absl::Time deadline) { return semaphore.AcquireUntil(deadline, 2); },
                      [&](const Context& context) { return semaphore.Hold(context, 2).status(); },
                      [&] { return semaphore.OnAcquire(2, &permit); });
  EXPECT_EQ(semaphore.ApproxAvailable(), 1);
}

TEST(TimedOutWaits, OfANotifier) {
  Notifier notifier;
  ExpectNothingIsLeft([&](absl::Time deadline) { return notifier.WaitUntil(deadline); },
                      [&](const Context& context) { return notifier.Wait(context); },
                      [&] { return notifier.OnNotify(); });
}

TEST(TimedOutWaits, OfALatest) {
  Latest<std::string> latest;
  LatestReader<std::string> reader = latest.Reader();
  absl::StatusOr<LatestValue<std::string>> next;
  ExpectNothingIsLeft([&](absl::Time deadline) { return reader.NextUntil(deadline).status(); },
                      [&](const Context& context) { return reader.Next(context).status(); },
                      [&] { return reader.OnNext(&next); });
}

TEST(TimedOutWaits, OfAnErrorGroup) {
  const Channel<int> gate(0);
  ErrorGroup group(Context::Background(), {.limit = 1});
  ASSERT_TRUE(group.Go([&gate] { gate.Receive().IgnoreError(); }).ok());
  ExpectNothingIsLeft([&](absl::Time deadline) { return group.WaitUntil(deadline); },
                      [&](const Context& context) { return group.Wait(context); }, [&] { return group.OnDone(); });
  ExpectNothingIsLeft([&](absl::Time deadline) {
    const CancelHandle handle = Context::Background().WithDeadline(deadline);
    return group.Go(handle.context(), [] {});
  });
  gate.Close();
}

TEST(TimedOutWaits, OfATaskGroup) {
  TaskGroup group;
  const TaskToken token = group.Add();
  ExpectNothingIsLeft([&](absl::Time deadline) { return group.WaitUntil(deadline); },
                      [&](const Context& context) { return group.Wait(context); }, [&] { return group.OnDone(); });
}

}  // namespace
}  // namespace eventbus
