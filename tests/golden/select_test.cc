// What a select may and may not do. Asked by select, select2, select4, select5, select8, doubleselect, chanlinear,
// TestSelfSelect, TestSelectDuplicateChannel, TestSelectFairness, TestSelectStress, TestChanSendSelectBarrier.

#include "eventbus/select.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
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
#include "eventbus/receive_channel.h"
#include "eventbus/send_channel.h"
#include "eventbus/timer.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// The bits of a number go out through two outputs, of which one is switched off at a time by making it null.
TEST(SelectQuestions, ANullHandleSwitchesACaseOffFromRoundToRound) {
  const Channel<int> zeros;
  const Channel<int> ones;
  constexpr unsigned kPattern = 0xb1a5'0f35u;
  std::jthread sender([&] {
    for (int bit = 0; bit < 32; ++bit) {
      SendChannel<int> to_zeros = zeros;
      SendChannel<int> to_ones = ones;
      const int value = (kPattern >> bit) & 1;
      (value ? to_zeros : to_ones) = SendChannel<int>();
      EXPECT_EQ(Select({to_zeros.OnSend(int{value}), to_ones.OnSend(int{value})}), value);
    }
    zeros.Close();
  });
  unsigned received = 0;
  for (int bit = 0; true; ++bit) {
    absl::StatusOr<int> zero, one;
    const int chosen = Select({zeros.OnReceive(&zero), ones.OnReceive(&one)});
    if (chosen == 0 && !zero.ok()) break;
    EXPECT_EQ((chosen == 0 ? zero : one).value_or(-1), chosen);
    received |= static_cast<unsigned>(chosen) << bit;
  }
  EXPECT_EQ(received, kPattern);
}

TEST(SelectQuestions, ManyRoundsKeepNoMemoryAndNoWaiters) {
  const Channel<int> pinged;
  const Channel<int> idle;
  std::jthread echo([&] {
    for (absl::StatusOr<int> got = 0; got.ok();) Select({pinged.OnReceive(&got), idle.OnReceive(&got)});
  });
  AwaitReceivers(idle, 1);
  const auto ping = [&](int rounds) {
    absl::StatusOr<int> nothing;
    for (int i = 0; i < rounds; ++i) {
      EXPECT_LT(TrySelect({idle.OnSend(int{i}), Case::Never()}), 1);
      EXPECT_TRUE(pinged.Send(i).ok());
    }
  };
  ping(100);
  const int64_t before = AllocationCount();
  ping(10'000);
  EXPECT_EQ(AllocationCount(), before);
  AwaitReceivers(idle, 1);
  EXPECT_EQ(WaitingSenders(idle), 0u);
  pinged.Close();
}

TEST(SelectQuestions, OnlyTheChosenCaseTouchesItsSlot) {
  const Channel<int> ready(1);
  const Channel<int> unready;
  ASSERT_TRUE(ready.Send(42).ok());
  absl::StatusOr<int> taken = -1;
  absl::StatusOr<int> untouched = -1;
  EXPECT_EQ(Select({unready.OnReceive(&untouched),
                    unready.OnReceive([](absl::StatusOr<int>) { ADD_FAILURE() << "the handler of another case"; }),
                    ready.OnReceive(&taken)}),
            2);
  EXPECT_EQ(taken.value_or(-2), 42);
  EXPECT_EQ(untouched.value_or(-2), -1);
}

TEST(SelectQuestions, ChannelsAndValuesOfAllCasesAreEvaluatedOnceInListedOrder) {
  std::string order;
  const Channel<int> unready;
  const Channel<int> with_room(1);
  const auto note = [&](char mark, const Channel<int>& channel) -> const Channel<int>& {
    order += mark;
    return channel;
  };
  const auto make = [&](char mark) {
    order += mark;
    return 1;
  };
  absl::StatusOr<int> got;
  EXPECT_EQ(Select({note('a', unready).OnSend(make('b')), note('c', unready).OnReceive(&got),
                    note('d', with_room).OnSend(make('e'))}),
            2);
  // C++ lists are evaluated left to right; within one case the channel comes before the value.
  EXPECT_EQ(order, "abcde");
}

TEST(SelectQuestions, AHandlerMayLeaveALoopOrReturnEarly) {
  const Channel<int> channel(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(channel.Send(i).ok());
  int seen = 0;
  bool stop = false;
  while (!stop) {
    Select({channel.OnReceive([&](absl::StatusOr<int> value) {
      if (value.value_or(-1) == 1) {
        stop = true;
        return;
      }
      ++seen;
    })});
  }
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(channel.ApproxSize(), 1u);
}

// A value that is offered to four takers at once goes to one of them, never to two.
TEST(SelectQuestions, AValueOfferedOnSeveralChannelsIsTakenOnce) {
  constexpr int kCount = 5'000;
  const std::array<Channel<int>, 4> outputs;
  const Channel<int> merged(16);
  std::array<std::vector<int>, 2> seen;
  {
    std::vector<std::jthread> takers;
    for (std::vector<int>& mine : seen) {
      takers.emplace_back([&] {
        int open = 4;
        std::array<bool, 4> is_open = {true, true, true, true};
        while (open > 0) {
          absl::StatusOr<int> got;
          const auto from = [&](int i) { return is_open[i] ? outputs[i].OnReceive(&got) : Case::Never(); };
          const int chosen = Select({from(0), from(1), from(2), from(3)});
          if (got.ok()) {
            mine.push_back(*got);
          } else {
            is_open[chosen] = false;
            --open;
          }
        }
      });
    }
    for (int i = 0; i < kCount; ++i) {
      int value = i;
      Select(
          {outputs[3].OnSend(&value), outputs[1].OnSend(&value), outputs[0].OnSend(&value), outputs[2].OnSend(&value)});
    }
    for (const Channel<int>& output : outputs) output.Close();
  }
  std::vector<int> times(kCount);
  for (const std::vector<int>& mine : seen) {
    for (size_t i = 0; i < mine.size(); ++i) {
      ++times[mine[i]];
      EXPECT_TRUE(i == 0 || mine[i - 1] < mine[i]);
    }
  }
  EXPECT_EQ(times, std::vector<int>(kCount, 1));
}

TEST(SelectQuestions, TwoThreadsThatSendAndReceiveOnOneChannelNeverMeetThemselves) {
  constexpr int kRounds = 5'000;
  for (const int capacity : {0, 10}) {
    const Channel<int> channel(capacity);
    std::atomic<int> sent{0};
    std::atomic<int> received{0};
    {
      std::vector<std::jthread> threads;
      for (int me = 0; me < 2; ++me) {
        threads.emplace_back([&, me] {
          for (int i = 0; i < kRounds; ++i) {
            int value = me;
            absl::StatusOr<int> got;
            absl::Status status = absl::OkStatus();
            const bool send_first = (i + me) % 2 == 0;
            const int chosen = send_first ? Select({channel.OnSend(&value, &status), channel.OnReceive(&got)})
                                          : Select({channel.OnReceive(&got), channel.OnSend(&value, &status)});
            if ((chosen == 0) == send_first) {
              if (!status.ok()) return;
              ++sent;
            } else {
              if (!got.ok()) return;
              ++received;
              // With a buffer, a value of one's own may come back.
              EXPECT_TRUE(capacity > 0 || *got == 1 - me);
            }
          }
          // The other may still be waiting for a partner that is not coming any more.
          channel.Close();
        });
      }
    }
    while (channel.TryReceive().ok()) ++received;
    EXPECT_EQ(sent, received);
    EXPECT_GE(sent + received, kRounds);
  }
}

TEST(SelectQuestions, AChannelListedTwiceIsWaitedForTwiceAndLeftTwice) {
  const Channel<int> twice;
  const Channel<int> once;
  std::jthread selecting([&] {
    absl::StatusOr<int> got;
    EXPECT_EQ(Select({twice.OnReceive(&got), twice.OnReceive(&got), once.OnReceive(&got)}), 2);
  });
  AwaitReceivers(twice, 2);
  std::jthread behind([&] { EXPECT_EQ(twice.Receive().value_or(-1), 7); });
  AwaitReceivers(twice, 3);
  ASSERT_TRUE(once.Send(1).ok());
  selecting.join();
  EXPECT_EQ(WaitingReceivers(twice), 1u);
  EXPECT_TRUE(twice.TrySend(7).ok());
}

TEST(SelectQuestions, OfTwoCasesThatAreAlwaysReadyEachIsChosenAboutHalfTheTime) {
  constexpr int kRounds = 10'000;
  const Channel<int> even;
  const Channel<int> odd;
  even.Close();
  odd.Close();
  const Channel<int> idle;
  std::array<int, 4> chosen = {};
  absl::StatusOr<int> got;
  for (int i = 0; i < kRounds; ++i) {
    ++chosen[Select({idle.OnReceive(&got), even.OnReceive(&got), idle.OnSend(int{i}), odd.OnReceive(&got)})];
  }
  EXPECT_EQ(chosen[1] + chosen[3], kRounds);
  // 5 % is ten standard deviations.
  EXPECT_NEAR(chosen[1], kRounds / 2, kRounds / 20);
}

TEST(SelectQuestions, PlainCallsAndSelectsOfAllKindsOnTheSameChannelsComeToAnEnd) {
  constexpr int kEach = 2'000;
  const std::array<Channel<int>, 4> channels = {Channel<int>(0), Channel<int>(2), Channel<int>(3), Channel<int>(4)};
  std::atomic<int> received{0};
  {
    std::vector<std::jthread> threads;
    for (const Channel<int>& channel : channels) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) EXPECT_TRUE(channel.Send(i).ok());
      });
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) received += channel.Receive().ok();
      });
    }
    // A select over all, each channel chosen `kEach` times.
    const auto all = [&](auto make_case) {
      std::array<int, 4> left = {kEach, kEach, kEach, kEach};
      for (int i = 0; i < 4 * kEach; ++i) {
        const auto one = [&](int k) { return left[k] > 0 ? make_case(k) : Case::Never(); };
        --left[Select({one(0), one(1), one(2), one(3)})];
      }
    };
    threads.emplace_back([&, all] { all([&](int k) { return channels[k].OnSend(int{k}); }); });
    threads.emplace_back([&, all] {
      all([&](int k) { return channels[k].OnReceive([&](absl::StatusOr<int> got) { received += got.ok(); }); });
    });
  }
  EXPECT_EQ(received, 2 * 4 * kEach);
}

TEST(SelectQuestions, OwnedMemorySentThroughASelectArrivesWhole) {
  constexpr int kCount = 3'000;
  const Channel<std::unique_ptr<std::string>> channel;
  const Channel<int> idle;
  std::jthread sender([&] {
    for (int i = 0; i < kCount; ++i) {
      auto text = std::make_unique<std::string>(std::to_string(i) + " and enough to need memory of its own");
      int unused = 0;
      EXPECT_EQ(Select({channel.OnSend(&text), idle.OnSend(&unused)}), 0);
      EXPECT_EQ(text, nullptr);
    }
    channel.Close();
  });
  int next = 0;
  for (std::unique_ptr<std::string>& text : channel) {
    ASSERT_EQ(*text, std::to_string(next++) + " and enough to need memory of its own");
  }
  EXPECT_EQ(next, kCount);
}

TEST(SelectQuestions, ManyWaitersOnOneChannelLeaveItWhenAContextEnds) {
  constexpr int kWaiters = 50;
  const Channel<int> channel;
  CancelHandle handle = Context::Background().WithCancel();
  std::vector<std::jthread> waiters;
  for (int i = 0; i < kWaiters; ++i) {
    waiters.emplace_back([&] {
      absl::StatusOr<int> got;
      EXPECT_EQ(Select({channel.OnReceive(&got), handle.context().OnDone()}), 1);
    });
  }
  AwaitReceivers(channel, kWaiters);
  handle.Cancel();
  waiters.clear();
  EXPECT_EQ(WaitingReceivers(channel), 0u);
}

TEST(SelectQuestions, ATimeIsACaseLikeAnyOther) {
  const Channel<int> idle;
  absl::StatusOr<int> got;
  absl::StatusOr<absl::Time> tick;
  const absl::Time start = absl::Now();
  EXPECT_EQ(Select({idle.OnReceive(&got), After(absl::Milliseconds(5)).OnReceive(&tick)}), 1);
  ASSERT_TRUE(tick.ok());
  EXPECT_GE(*tick, start);
}

}  // namespace
}  // namespace eventbus::testing
