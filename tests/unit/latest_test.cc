#include "eventbus/latest.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/async_select.h"
#include "eventbus/context.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;

constexpr absl::StatusCode kNothing = absl::StatusCode::kUnavailable;
constexpr absl::StatusCode kEnd = absl::StatusCode::kOutOfRange;
constexpr absl::StatusCode kLate = absl::StatusCode::kDeadlineExceeded;

template <typename T>
size_t Waiting(Latest<T>& latest) {
  return internal::CoreAccess::core(latest)->CountWaiting();
}

TEST(Latest, SetThreeTimesThenRead) {
  Latest<int> latest;
  LatestReader<int> reader = latest.Reader();
  EXPECT_EQ(reader.TryNext().status().code(), kNothing);
  EXPECT_EQ(latest.Get().value, nullptr);
  EXPECT_EQ(latest.Get().version, 0u);
  EXPECT_EQ(latest.Set(1), 1u);
  EXPECT_EQ(latest.Set(2), 2u);
  EXPECT_EQ(latest.Set(3), 3u);
  const absl::StatusOr<LatestValue<int>> next = reader.Next();
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(*next->value, 3);
  EXPECT_EQ(next->version, 3u);
  EXPECT_EQ(next->skipped, 2u);
  EXPECT_EQ(reader.seen(), 3u);
  EXPECT_EQ(reader.TryNext().status().code(), kNothing) << "seen";
  EXPECT_EQ(*latest.Get().value, 3);
}

TEST(Latest, EachReaderHasItsOwnPosition) {
  Latest<std::string> latest("a");
  LatestReader<std::string> first = latest.Reader();
  EXPECT_EQ(*first.Next()->value, "a");
  latest.Set("b");
  LatestReader<std::string> copy = first;
  LatestReader<std::string> second = latest.Reader();
  EXPECT_EQ(second.TryNext()->skipped, 1u);
  EXPECT_EQ(first.TryNext()->skipped, 0u);
  EXPECT_EQ(*copy.TryNext()->value, "b");
  EXPECT_EQ(copy.TryNext().status().code(), kNothing);
}

TEST(Latest, SetWakesAllWhoWait) {
  Latest<int> latest;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([reader = latest.Reader()]() mutable { EXPECT_EQ(*reader.Next()->value, 7); });
  }
  AwaitTrue([&] { return Waiting(latest) == 4; });
  latest.Set(7);
  for (std::thread& thread : threads) thread.join();
}

TEST(Latest, AReaderSeesTheLastValueAndThenTheEnd) {
  std::optional<Latest<int>> latest(1);
  LatestReader<int> reader = latest->Reader();
  LatestReader<int> waiting = latest->Reader();
  EXPECT_TRUE(waiting.Next().ok());
  std::thread waiter([&] { EXPECT_EQ(waiting.Next().status().code(), kEnd); });
  AwaitTrue([&] { return Waiting(*latest) == 1; });
  EXPECT_TRUE(latest->Close());
  EXPECT_FALSE(latest->Close());
  waiter.join();
  EXPECT_EQ(latest->Set(2), 0u) << "refused";
  latest.reset();
  EXPECT_EQ(*reader.Next()->value, 1);
  EXPECT_EQ(reader.TryNext().status().code(), kEnd);
  EXPECT_EQ(reader.NextUntil(absl::InfiniteFuture()).status().code(), kEnd);
}

TEST(Latest, AWaitThatGaveUpMovedNothing) {
  Latest<int> latest(1);
  LatestReader<int> reader = latest.Reader();
  EXPECT_TRUE(reader.Next().ok());
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread waiter([&] { EXPECT_EQ(reader.Next(cancel.context()).status().code(), absl::StatusCode::kCancelled); });
  AwaitTrue([&] { return Waiting(latest) == 1; });
  cancel.Cancel();
  waiter.join();
  EXPECT_EQ(reader.NextUntil(absl::Now() + absl::Microseconds(10)).status().code(), kLate);
  EXPECT_EQ(Waiting(latest), 0u);
  latest.Set(2);
  EXPECT_EQ(reader.Next(cancel.context()).status().code(), absl::StatusCode::kCancelled) << "that is looked at first";
  EXPECT_EQ(reader.TryNext()->skipped, 0u);
}

TEST(Latest, IsACase) {
  Latest<int> latest;
  LatestReader<int> reader = latest.Reader();
  absl::StatusOr<LatestValue<int>> next;
  EXPECT_EQ(TrySelect({reader.OnNext(&next)}), -1);
  latest.Set(1);
  latest.Set(2);
  EXPECT_EQ(Select({reader.OnNext(&next)}), 0);
  EXPECT_EQ(next->skipped, 1u);
  latest.Close();
  bool ended = false;
  EXPECT_EQ(Select({reader.OnNext([&](absl::StatusOr<LatestValue<int>> end) { ended = !end.ok(); })}), 0);
  EXPECT_TRUE(ended);
}

Task<> ReadOne(LatestReader<int>& reader) {
  absl::StatusOr<LatestValue<int>> next;
  co_await AsyncSelect(reader.OnNext(&next));
}

TEST(Latest, ACoroutineThatIsStoppedMovedNothing) {
  Latest<int> latest;
  LatestReader<int> reader = latest.Reader();
  ManualExecutor executor;
  Spawned<> stopped = Spawn(executor, ReadOne(reader));
  executor.RunAll();
  latest.Set(1);
  stopped.Stop();
  EXPECT_EQ(*reader.TryNext()->value, 1);
}

// Values are neither copied nor kept longer than someone reads them.
TEST(Latest, SharesItsValues) {
  const int64_t before = testing::LiveAllocations();
  {
    Latest<std::unique_ptr<int>> latest(std::make_unique<int>(1));
    std::shared_ptr<const std::unique_ptr<int>> kept = latest.Get().value;
    std::weak_ptr<const std::unique_ptr<int>> gone = kept;
    auto second = std::make_shared<const std::unique_ptr<int>>();
    latest.Set(second);
    EXPECT_EQ(latest.Get().value, second);
    EXPECT_FALSE(gone.expired());
    kept.reset();
    EXPECT_TRUE(gone.expired());
    const int64_t allocations = testing::AllocationCount();
    LatestReader<std::unique_ptr<int>> reader = latest.Reader();
    EXPECT_TRUE(reader.Next().ok());
    EXPECT_EQ(testing::AllocationCount(), allocations);
  }
  EXPECT_EQ(testing::LiveAllocations(), before);
}

// A value whose destructor uses the object that it was in: no lock is held.
TEST(Latest, AValueMayUseItsLatestWhenItGoes) {
  struct Curious {
    explicit Curious(Latest<std::shared_ptr<Curious>>* in) : latest(in) {}
    ~Curious() { latest->Get(); }

    Latest<std::shared_ptr<Curious>>* const latest;
  };
  Latest<std::shared_ptr<Curious>> latest;
  latest.Set(std::make_shared<Curious>(&latest));
  latest.Set(std::shared_ptr<Curious>());
  EXPECT_EQ(latest.Get().version, 2u);
}

TEST(Latest, VersionsThatAReaderSeesGrow) {
  Latest<uint64_t> latest;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([reader = latest.Reader()]() mutable {
      uint64_t seen = 0;
      uint64_t skipped = 0;
      uint64_t count = 0;
      while (true) {
        const absl::StatusOr<LatestValue<uint64_t>> next = reader.Next();
        if (!next.ok()) break;
        EXPECT_GT(next->version, seen);
        EXPECT_EQ(*next->value, next->version);
        seen = next->version;
        skipped += next->skipped;
        ++count;
      }
      EXPECT_EQ(seen, 10'000u) << "the last is seen by all";
      EXPECT_EQ(skipped + count, 10'000u);
    });
  }
  for (uint64_t i = 1; i <= 10'000; ++i) EXPECT_EQ(latest.Set(i), i);
  latest.Close();
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace eventbus
