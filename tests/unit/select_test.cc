#include "eventbus/select.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/payloads.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AllocationCount;
using testing::AwaitReceivers;
using testing::AwaitSenders;
using testing::AwaitTrue;
using testing::Counted;
using testing::MoveOnly;
using testing::WaitingFor;
using testing::WaitingReceivers;
using testing::WaitingSenders;

TEST(Select, TakesTheReadyCaseAndLeavesTheOthersAlone) {
  const Channel<int> empty(1), ready(1);
  ASSERT_TRUE(ready.Send(7).ok());
  absl::StatusOr<int> of_empty = 1;
  absl::StatusOr<int> of_ready = 2;
  EXPECT_EQ(Select({empty.OnReceive(&of_empty), ready.OnReceive(&of_ready)}), 1);
  EXPECT_EQ(of_empty.value(), 1);
  EXPECT_EQ(of_ready.value(), 7);
}

TEST(Select, WaitsAndLeavesNoWaiterOnAnyOfItsChannels) {
  const Channel<int> a, b, c;
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread selecting([&] {
    absl::StatusOr<int> slot;
    int value = 1;
    EXPECT_EQ(Select({a.OnReceive(&slot), b.OnReceive(&slot), c.OnSend(&value), cancel.context().OnDone()}), 1);
    EXPECT_EQ(slot.value(), 7);
    EXPECT_EQ(value, 1);
  });
  AwaitReceivers(a, 1);
  AwaitReceivers(b, 1);
  AwaitSenders(c, 1);
  AwaitTrue([&] { return WaitingFor(cancel.context()) == 1; });
  EXPECT_TRUE(b.Send(7).ok());
  selecting.join();
  EXPECT_EQ(WaitingReceivers(a), 0u);
  EXPECT_EQ(WaitingReceivers(b), 0u);
  EXPECT_EQ(WaitingSenders(c), 0u);
  EXPECT_EQ(WaitingFor(cancel.context()), 0u);
}

TEST(Select, AStaleWaiterTakesNoValueFromTheNextReceiver) {
  for (int round = 0; round < 500; ++round) {
    const Channel<int> a, b;
    std::thread selecting([&] {
      absl::StatusOr<int> slot;
      EXPECT_GE(Select({a.OnReceive(&slot), b.OnReceive(&slot)}), 0);
      EXPECT_TRUE(slot.ok());
    });
    std::thread sender([&] {
      EXPECT_TRUE(a.Send(1).ok());
      EXPECT_TRUE(b.Send(2).ok());
    });
    // The select takes one value; whichever is left is for this thread, on whichever channel.
    absl::StatusOr<int> left;
    EXPECT_GE(Select({a.OnReceive(&left), b.OnReceive(&left)}), 0);
    EXPECT_TRUE(left.ok());
    selecting.join();
    sender.join();
  }
}

TEST(Select, AClosedChannelIsReadyInBothDirections) {
  const Channel<int> closed(1), open;
  closed.Close();
  absl::StatusOr<int> slot = 1;
  absl::Status status;
  EXPECT_EQ(Select({open.OnReceive(&slot), closed.OnReceive(&slot)}), 1);
  EXPECT_EQ(slot.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Select({open.OnSend(1), closed.OnSend(2, &status)}), 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Select, IsWokenByCloseInBothDirections) {
  const Channel<int> in, out, idle;
  std::thread receiving([&] {
    absl::StatusOr<int> slot = 1;
    EXPECT_EQ(Select({idle.OnReceive(&slot), in.OnReceive(&slot)}), 1);
    EXPECT_EQ(slot.status().code(), absl::StatusCode::kOutOfRange);
  });
  std::thread sending([&] {
    absl::StatusOr<int> slot = 1;
    absl::Status status;
    EXPECT_EQ(Select({idle.OnReceive(&slot), out.OnSend(2, &status)}), 1);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  });
  AwaitReceivers(in, 1);
  AwaitSenders(out, 1);
  in.Close();
  out.Close();
  receiving.join();
  sending.join();
  EXPECT_EQ(WaitingReceivers(idle), 0u);
}

TEST(Select, RunsTheHandlerOfTheChosenCaseOnly) {
  const Channel<int> empty(1), ready(1);
  ASSERT_TRUE(ready.Send(7).ok());
  std::vector<int> handled;
  EXPECT_EQ(Select({empty.OnReceive([&](const absl::StatusOr<int>&) { handled.push_back(-1); }),
                    ready.OnReceive([&](const absl::StatusOr<int>& value) { handled.push_back(value.value()); })}),
            1);
  EXPECT_EQ(handled, (std::vector<int>{7}));
}

TEST(Select, HandlerMayUseTheSameChannelsAndSelectAgain) {
  const Channel<int> channel(4);
  ASSERT_TRUE(channel.Send(1).ok());
  int inner = 0;
  EXPECT_EQ(Select({channel.OnReceive([&](const absl::StatusOr<int>& outer) {
              EXPECT_EQ(outer.value(), 1);
              EXPECT_TRUE(channel.Send(2).ok());
              EXPECT_EQ(Select({channel.OnReceive([&](const absl::StatusOr<int>& value) { inner = value.value(); })}),
                        0);
              EXPECT_TRUE(channel.Close());
            })}),
            0);
  EXPECT_EQ(inner, 2);
}

TEST(Select, HandlerThatThrowsLeavesAndTheChoiceStands) {
  const Channel<int> in(1), out(1);
  ASSERT_TRUE(in.Send(7).ok());
  EXPECT_THROW(Select({in.OnReceive([](const absl::StatusOr<int>&) { throw std::runtime_error("handler"); })}),
               std::runtime_error);
  EXPECT_EQ(in.ApproxSize(), 0u);
  EXPECT_THROW(Select({out.OnSend(8, [](const absl::Status&) { throw std::runtime_error("handler"); })}),
               std::runtime_error);
  EXPECT_EQ(out.Receive().value(), 8);
  EXPECT_TRUE(in.Send(9).ok());
  EXPECT_EQ(in.Receive().value(), 9);
}

TEST(Select, HandlerThatThrowsAfterAWaitLeavesNoWaiter) {
  const Channel<int> a, b;
  std::thread selecting([&] {
    absl::StatusOr<int> slot;
    EXPECT_THROW(
        Select({a.OnReceive([](const absl::StatusOr<int>&) { throw std::runtime_error("x"); }), b.OnReceive(&slot)}),
        std::runtime_error);
  });
  AwaitReceivers(b, 1);
  EXPECT_TRUE(a.Send(1).ok());
  selecting.join();
  EXPECT_EQ(WaitingReceivers(a), 0u);
  EXPECT_EQ(WaitingReceivers(b), 0u);
}

TEST(Select, TheSameChannelTwiceReceivesOneValue) {
  const Channel<int> channel(2);
  ASSERT_TRUE(channel.Send(1).ok());
  ASSERT_TRUE(channel.Send(2).ok());
  absl::StatusOr<int> first, second;
  const int chosen = Select({channel.OnReceive(&first), channel.OnReceive(&second)});
  EXPECT_EQ((chosen == 0 ? first : second).value(), 1);
  EXPECT_FALSE((chosen == 0 ? second : first).ok());
  EXPECT_EQ(channel.ApproxSize(), 1u);
}

TEST(Select, TheSameChannelTwiceIsWokenOnce) {
  const Channel<int> channel;
  std::thread selecting([&] {
    absl::StatusOr<int> first, second;
    const int chosen = Select({channel.OnReceive(&first), channel.OnReceive(&second)});
    EXPECT_EQ((chosen == 0 ? first : second).value(), 7);
    EXPECT_FALSE((chosen == 0 ? second : first).ok());
  });
  AwaitReceivers(channel, 2);
  EXPECT_TRUE(channel.TrySend(7).ok());
  EXPECT_FALSE(channel.TrySend(8).ok()) << "both of its waiters are one select";
  selecting.join();
  EXPECT_EQ(WaitingReceivers(channel), 0u);
}

TEST(Select, BothDirectionsOfOneChannelNeverPairWithEachOther) {
  const Channel<int> channel;
  absl::StatusOr<int> slot;
  int value = 1;
  EXPECT_EQ(TrySelect({channel.OnSend(&value), channel.OnReceive(&slot)}), -1);
  EXPECT_EQ(SelectUntil(absl::Now() + absl::Milliseconds(1), {channel.OnSend(&value), channel.OnReceive(&slot)}), -1);
  EXPECT_EQ(WaitingReceivers(channel), 0u);
  EXPECT_EQ(WaitingSenders(channel), 0u);
}

TEST(Select, BothDirectionsOfOneChannelPairWithOthers) {
  const Channel<int> channel;
  std::thread other([&] { EXPECT_EQ(channel.Receive().value(), 1); });
  absl::StatusOr<int> slot;
  int value = 1;
  EXPECT_EQ(Select({channel.OnReceive(&slot), channel.OnSend(&value)}), 1);
  other.join();
}

// Two selects that face each other and list the channels in opposite order: no deadlock, and both agree on one.
TEST(Select, TwoThatFaceEachOtherAgree) {
  for (int round = 0; round < 2'000; ++round) {
    const Channel<int> a, b;
    int sent = -1;
    std::thread sending([&] { sent = Select({a.OnSend(1), b.OnSend(2)}); });
    absl::StatusOr<int> slot;
    const int received = Select({b.OnReceive(&slot), a.OnReceive(&slot)});
    sending.join();
    ASSERT_EQ(received, 1 - sent);
    ASSERT_EQ(slot.value(), sent + 1);
  }
}

template <typename T>
void PassThroughSelect(const Channel<T>& channel, T value, const auto& check) {
  EXPECT_EQ(Select({channel.OnSend(std::move(value))}), 0);
  int handled = 0;
  EXPECT_EQ(Select({channel.OnReceive([&](absl::StatusOr<T> received) {
              ++handled;
              check(received.value());
            })}),
            0);
  EXPECT_EQ(handled, 1);
}

struct alignas(128) OverAligned {
  int number;
};
struct Large {
  int number;
  char bytes[1'020];
};

TEST(Select, PassesEveryKindOfValueFromBufferToHandler) {
  PassThroughSelect(Channel<MoveOnly>(1), MoveOnly(7), [](const MoveOnly& value) { EXPECT_EQ(value.number(), 7); });
  PassThroughSelect(Channel<OverAligned>(1), OverAligned{.number = 7}, [](const OverAligned& value) {
    EXPECT_EQ(value.number, 7);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&value) % 128, 0u);
  });
  PassThroughSelect(Channel<Large>(1), Large{.number = 7, .bytes = {}},
                    [](const Large& value) { EXPECT_EQ(value.number, 7); });
  PassThroughSelect(Channel<std::unique_ptr<int>>(1), std::make_unique<int>(7),
                    [](const std::unique_ptr<int>& value) { EXPECT_EQ(*value, 7); });
}

TEST(Select, PassesEveryKindOfValueToAWaitingSelect) {
  const Channel<MoveOnly> move_only;
  const Channel<OverAligned> over_aligned;
  const Channel<Large> large;
  std::thread sender([&] {
    EXPECT_TRUE(move_only.Send(MoveOnly(1)).ok());
    EXPECT_TRUE(over_aligned.Send(OverAligned{.number = 2}).ok());
    EXPECT_TRUE(large.Send(Large{.number = 3, .bytes = {}}).ok());
  });
  std::optional<int> last;
  for (int i = 1; i <= 3; ++i) {
    absl::StatusOr<OverAligned> slot;
    absl::StatusOr<Large> large_slot;
    const int chosen = Select({move_only.OnReceive([&](absl::StatusOr<MoveOnly> value) { last = value->number(); }),
                               over_aligned.OnReceive(&slot), large.OnReceive(&large_slot)});
    if (chosen == 1) last = slot->number;
    if (chosen == 2) last = large_slot->number;
    EXPECT_EQ(last, i);
  }
  sender.join();
}

TEST(Select, ConservesValuesThatManySelectsCompeteFor) {
  constexpr int kThreads = 4;
  constexpr int kEach = 3'000;
  Counted::Counts counts;
  std::atomic<int64_t> sum{0};
  std::atomic<int> received{0};
  {
    const Channel<Counted> a(0), b(2);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 1; i <= kEach; ++i) {
          Counted value(counts, i);
          EXPECT_GE(Select({a.OnSend(&value), b.OnSend(&value)}), 0);
          EXPECT_EQ(value.number(), -1);
        }
      });
      threads.emplace_back([&] {
        for (int i = 1; i <= kEach; ++i) {
          const auto add = [&](const absl::StatusOr<Counted>& value) {
            sum += value->number();
            ++received;
          };
          EXPECT_GE(Select({b.OnReceive(add), a.OnReceive(add)}), 0);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(received, kThreads * kEach);
  EXPECT_EQ(sum, int64_t{kThreads} * kEach * (kEach + 1) / 2);
  EXPECT_EQ(counts.alive, 0);
}

TEST(TrySelect, NothingReadyLeavesNoWaiterAndTouchesNothing) {
  const Channel<int> a, b;
  CancelHandle cancel = Context::Background().WithCancel();
  absl::StatusOr<int> slot = 1;
  int value = 2;
  EXPECT_EQ(TrySelect({a.OnReceive(&slot), b.OnSend(&value), cancel.context().OnDone()}), -1);
  EXPECT_EQ(slot.value(), 1);
  EXPECT_EQ(value, 2);
  EXPECT_EQ(WaitingReceivers(a), 0u);
  EXPECT_EQ(WaitingSenders(b), 0u);
  EXPECT_EQ(WaitingFor(cancel.context()), 0u);
}

TEST(TrySelect, OfNoCasesIsNotReady) { EXPECT_EQ(TrySelect(std::span<Case>()), -1); }

TEST(TrySelect, PairsWithABlockedPeer) {
  const Channel<int> channel;
  std::thread sender([&] { EXPECT_TRUE(channel.Send(7).ok()); });
  AwaitSenders(channel, 1);
  absl::StatusOr<int> slot;
  EXPECT_EQ(TrySelect({channel.OnReceive(&slot)}), 0);
  EXPECT_EQ(slot.value(), 7);
  sender.join();
}

TEST(SelectUntil, GivesUpAtTheDeadlineAndNotBefore) {
  const Channel<int> a, b;
  absl::StatusOr<int> slot;
  const absl::Time deadline = absl::Now() + absl::Milliseconds(2);
  EXPECT_EQ(SelectUntil(deadline, {a.OnReceive(&slot), b.OnSend(1)}), -1);
  EXPECT_GE(absl::Now(), deadline - absl::Milliseconds(1));  // The wall clock and the steady one may differ a little.
  EXPECT_EQ(WaitingReceivers(a), 0u);
  EXPECT_EQ(WaitingSenders(b), 0u);
}

TEST(SelectUntil, ACaseThatIsReadyIsTakenEvenIfTheDeadlineHasPassed) {
  const Channel<int> channel(1);
  for (const absl::Time deadline : {absl::Now() - absl::Seconds(1), absl::InfinitePast()}) {
    ASSERT_TRUE(channel.Send(7).ok());
    absl::StatusOr<int> slot;
    EXPECT_EQ(SelectUntil(deadline, {channel.OnReceive(&slot)}), 0);
    EXPECT_EQ(SelectUntil(deadline, {channel.OnReceive(&slot)}), -1);
  }
}

TEST(SelectUntil, IsWokenBeforeAFarDeadline) {
  const Channel<int> channel;
  std::thread sender([&] {
    AwaitReceivers(channel, 1);
    EXPECT_TRUE(channel.Send(7).ok());
  });
  absl::StatusOr<int> slot;
  EXPECT_EQ(SelectUntil(absl::Now() + absl::Hours(24), {channel.OnReceive(&slot)}), 0);
  EXPECT_EQ(slot.value(), 7);
  sender.join();
}

TEST(SelectUntil, WithoutAnyCaseThatCanBeReadyIsAWaitForTheDeadline) {
  EXPECT_EQ(SelectUntil(absl::Now() + absl::Milliseconds(1), std::span<Case>()), -1);
  EXPECT_EQ(SelectUntil(absl::Now() + absl::Milliseconds(1), {Case::Never()}), -1);
}

TEST(SelectInOrder, TakesTheFirstListedOfSeveralReady) {
  const Channel<int> urgent(1'000), other(1'000);
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(urgent.Send(i).ok());
    ASSERT_TRUE(other.Send(i).ok());
  }
  absl::StatusOr<int> slot;
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_EQ(SelectInOrder({Case::Never(), urgent.OnReceive(&slot), other.OnReceive(&slot)}), 1);
  }
  EXPECT_EQ(SelectInOrder({urgent.OnReceive(&slot), other.OnReceive(&slot)}), 1);
}

TEST(SelectInOrder, OfTwoCasesOfOneChannelTheFirstIsServedAlsoAfterAWait) {
  const Channel<int> channel;
  for (int i = 0; i < 50; ++i) {
    std::thread sender([&] {
      AwaitReceivers(channel, 2);
      EXPECT_TRUE(channel.Send(7).ok());
    });
    absl::StatusOr<int> slot;
    EXPECT_EQ(SelectInOrder({channel.OnReceive(&slot), channel.OnReceive(&slot)}), 0);
    sender.join();
  }
}

TEST(SelectInOrder, WaitsIfNothingIsReady) {
  const Channel<int> a, b;
  std::thread sender([&] {
    AwaitReceivers(b, 1);
    EXPECT_TRUE(b.Send(7).ok());
  });
  absl::StatusOr<int> slot;
  EXPECT_EQ(SelectInOrder({a.OnReceive(&slot), b.OnReceive(&slot)}), 1);
  sender.join();
}

// Ten standard deviations.
void ExpectEven(int count, int rounds) {
  EXPECT_GE(count, rounds * 45 / 100);
  EXPECT_LE(count, rounds * 55 / 100);
}

TEST(SelectFairness, TwoReadyForEverAreChosenEquallyOften) {
  constexpr int kRounds = 10'000;
  const Channel<int> a(1), b(1);
  ASSERT_TRUE(a.Send(1).ok());
  ASSERT_TRUE(b.Send(1).ok());
  int of_a = 0;
  for (int i = 0; i < kRounds; ++i) {
    absl::StatusOr<int> slot;
    const int chosen = Select({a.OnReceive(&slot), b.OnReceive(&slot)});
    of_a += chosen == 0;
    ASSERT_TRUE((chosen == 0 ? a : b).Send(1).ok());
  }
  ExpectEven(of_a, kRounds);
}

// A choice that walks on to the next ready case favours the one after the case that is never ready.
TEST(SelectFairness, ACaseThatIsNeverReadyFavoursNobody) {
  constexpr int kRounds = 10'000;
  const Channel<int> idle, a(1), b(1);
  ASSERT_TRUE(a.Send(1).ok());
  ASSERT_TRUE(b.Send(1).ok());
  int of_a = 0;
  for (int i = 0; i < kRounds; ++i) {
    absl::StatusOr<int> slot;
    const int chosen = Select({idle.OnReceive(&slot), a.OnReceive(&slot), b.OnReceive(&slot)});
    ASSERT_NE(chosen, 0);
    of_a += chosen == 1;
    ASSERT_TRUE((chosen == 1 ? a : b).Send(1).ok());
  }
  ExpectEven(of_a, kRounds);
}

TEST(SelectFairness, TrySelectIsFairToo) {
  constexpr int kRounds = 10'000;
  const Channel<int> a(1), b(1);
  a.Close();
  b.Close();
  int of_a = 0;
  for (int i = 0; i < kRounds; ++i) of_a += TrySelect({a.OnSend(1), b.OnSend(2)}) == 0;
  ExpectEven(of_a, kRounds);
}

// Which of the two is in front in the channel's queue decides, not which is ready: nine standard deviations.
TEST(SelectFairness, TwoCasesOfOneChannelAreChosenEquallyOftenAfterAWait) {
  constexpr int kRounds = 2'000;
  const Channel<int> channel;
  std::thread sender([&] {
    for (int i = 0; i < kRounds; ++i) {
      AwaitReceivers(channel, 2);
      EXPECT_TRUE(channel.Send(i).ok());
    }
  });
  int of_first = 0;
  absl::StatusOr<int> slot;
  for (int i = 0; i < kRounds; ++i) of_first += Select({channel.OnReceive(&slot), channel.OnReceive(&slot)}) == 0;
  sender.join();
  EXPECT_GE(of_first, kRounds * 40 / 100);
  EXPECT_LE(of_first, kRounds * 60 / 100);
}

TEST(SelectAllocations, UpToEightCasesAllocateNothing) {
  const Channel<int> in(1), out(1);
  std::vector<Channel<int>> idle(6);
  absl::StatusOr<int> slot = 0;
  int value = 1;
  const auto round = [&] {
    EXPECT_EQ(Select({in.OnReceive(&slot), out.OnSend(&value), idle[0].OnReceive(&slot), idle[1].OnReceive(&slot),
                      idle[2].OnReceive(&slot), idle[3].OnReceive(&slot), idle[4].OnReceive(&slot),
                      idle[5].OnReceive(&slot)}),
              1);
    EXPECT_EQ(out.Receive().value(), 1);
    EXPECT_EQ(TrySelect({in.OnReceive(&slot), idle[0].OnSend(&value), idle[1].OnSend(2)}), -1);
    EXPECT_EQ(SelectUntil(absl::Now() + absl::Microseconds(10),
                          {in.OnReceive(&slot), idle[0].OnReceive(&slot), idle[1].OnReceive(&slot)}),
              -1);
  };
  round();
  const int64_t before = AllocationCount();
  for (int i = 0; i < 100; ++i) round();
  EXPECT_EQ(AllocationCount(), before);
}

TEST(SelectAllocations, ManyCasesWork) {
  std::vector<Channel<int>> channels(100);
  absl::StatusOr<int> slot;
  std::vector<Case> cases;
  for (const Channel<int>& channel : channels) cases.push_back(channel.OnReceive(&slot));
  EXPECT_EQ(TrySelect(cases), -1);
  std::thread sender([&] { EXPECT_TRUE(channels[63].Send(7).ok()); });
  EXPECT_EQ(Select(cases), 63);
  sender.join();
  EXPECT_EQ(slot.value(), 7);
  for (const Channel<int>& channel : channels) EXPECT_EQ(WaitingReceivers(channel), 0u);
}

TEST(SelectDeathTest, NoCaseThatCanEverBeReadyDiesNamingTheCall) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const ReceiveChannel<int> null_channel;
  absl::StatusOr<int> slot;
  EXPECT_DEATH(Select(std::span<Case>()), "eventbus: Select: no case can ever be ready");
  EXPECT_DEATH(Select({null_channel.OnReceive(&slot), Case::Never()}), "eventbus: Select: no case can ever be ready");
  EXPECT_DEATH(SelectInOrder(std::span<Case>()), "eventbus: SelectInOrder: no case can ever be ready");
  EXPECT_DEATH(Select({Context::Background().OnDone()}), "eventbus: Select: no case can ever be ready");
}

}  // namespace
}  // namespace eventbus
