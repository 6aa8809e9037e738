#include "eventbus/case.h"

#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "eventbus/timer.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"

namespace eventbus {
namespace {

using testing::Counted;
using testing::MoveOnly;

TEST(Case, NeverIsNeverReady) { EXPECT_EQ(TrySelect({Case::Never()}), -1); }

TEST(Case, OfANullChannelIsNeverReady) {
  const SendChannel<int> null_send;
  const ReceiveChannel<int> null_receive;
  absl::StatusOr<int> slot = 7;
  int value = 7;
  EXPECT_EQ(TrySelect({null_send.OnSend(&value), null_send.OnSend(8), null_receive.OnReceive(&slot)}), -1);
  EXPECT_EQ(slot.value(), 7);
}

TEST(Case, OfTheBackgroundIsNeverReady) { EXPECT_EQ(TrySelect({Context::Background().OnDone()}), -1); }

TEST(Case, IsUsedForSelectAfterSelect) {
  const Channel<int> in(3);
  const Channel<int> out(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(in.Send(i).ok());
  absl::StatusOr<int> slot;
  int value = 10;
  std::vector<Case> cases;
  cases.push_back(in.OnReceive(&slot));
  cases.push_back(out.OnSend(&value));
  std::vector<int> received;
  int sent = 0;
  for (int round = 0; round < 6; ++round) {
    if (Select(cases) == 0) {
      received.push_back(slot.value());
    } else {
      ++sent;
      ++value;
    }
  }
  EXPECT_EQ(received, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(sent, 3);
  EXPECT_EQ(TrySelect(cases), -1);
  EXPECT_EQ(out.ReceiveMany(9).value(), (std::vector<int>{10, 11, 12}));
}

TEST(Case, ThatWasNotChosenStillOwnsItsValue) {
  const Channel<MoveOnly> channel(0);
  std::vector<Case> cases;
  cases.push_back(channel.OnSend(MoveOnly(7)));
  EXPECT_EQ(TrySelect(cases), -1);
  std::thread receiver([&] { EXPECT_EQ(channel.Receive().value().number(), 7); });
  EXPECT_EQ(Select(cases), 0);
  receiver.join();
}

TEST(Case, ThatWasMovedSendsTheValueThatMovedWithIt) {
  const Channel<std::string> channel(4);
  struct alignas(64) Aligned {
    int number;
  };
  const Channel<Aligned> aligned(4);
  std::vector<Case> cases;
  // The vector grows, so the cases move while they own values inside and outside.
  cases.push_back(channel.OnSend(std::string("small")));
  cases.push_back(channel.OnSend(std::string(1'000, 'x')));
  cases.push_back(aligned.OnSend(Aligned{.number = 7}));
  Case last = std::move(cases.back());
  cases.pop_back();
  cases.insert(cases.begin(), std::move(last));
  EXPECT_EQ(SelectInOrder(cases), 0);
  EXPECT_EQ(aligned.Receive().value().number, 7);
  cases.erase(cases.begin());
  EXPECT_EQ(SelectInOrder(cases), 0);
  EXPECT_EQ(channel.Receive().value(), "small");
  cases.erase(cases.begin());
  EXPECT_EQ(SelectInOrder(cases), 0);
  EXPECT_EQ(channel.Receive().value(), std::string(1'000, 'x'));
}

TEST(Case, DestroysAValueThatItNeverSent) {
  Counted::Counts counts;
  const Channel<Counted> channel(0);
  {
    std::vector<Case> cases;
    cases.push_back(channel.OnSend(Counted(counts, 1)));
    EXPECT_EQ(TrySelect(cases), -1);
    EXPECT_EQ(counts.alive, 1);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(Case, OfATemporaryHandleKeepsTheChannel) {
  absl::StatusOr<absl::Time> tick = absl::UnknownError("not set");
  std::vector<Case> cases;
  cases.push_back(After(absl::Milliseconds(1)).OnReceive(&tick));
  cases.push_back(After(absl::InfiniteDuration()).OnReceive(&tick));
  cases.push_back(Channel<int>().OnSend(7));
  EXPECT_EQ(Select(cases), 0);
  EXPECT_TRUE(tick.ok());
}

TEST(Case, OfATemporaryContextKeepsIt) {
  CancelHandle cancel = Context::Background().WithCancel();
  std::vector<Case> cases;
  {
    CancelHandle child = cancel.context().WithCancel();
    cases.push_back(Context(child.context()).OnDone());
    // The handle cancels here, and its context would go.
  }
  EXPECT_EQ(Select(cases), 0);
}

TEST(Case, OfATemporaryHandleWithEveryKindOfResult) {
  const Channel<int> channel(4);
  absl::Status status = absl::UnknownError("not set");
  int handled = 0;
  int value = 3;
  std::vector<Case> cases;
  cases.push_back(SendChannel<int>(channel).OnSend(1, &status));
  cases.push_back(SendChannel<int>(channel).OnSend(2, [&](const absl::Status&) { ++handled; }));
  cases.push_back(SendChannel<int>(channel).OnSend(&value, &status));
  cases.push_back(SendChannel<int>(channel).OnSend(&value));
  for (Case& each : cases) EXPECT_EQ(Select(std::span<Case>(&each, 1)), 0);
  EXPECT_EQ(channel.ReceiveMany(9).value(), (std::vector<int>{1, 2, 3, 3}));
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(handled, 1);
}

}  // namespace
}  // namespace eventbus
