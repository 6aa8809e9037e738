// Channels of every kind under sends, receives, deadlines, cancellation and close in the same instant.

#include <memory>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(ChannelModel, RendezvousHandsOver) {
  Explore([] {
    Channel<int> channel(0);
    Thread sender([&] { Check(channel.Send(7).ok(), "sent"); });
    Check(*channel.Receive() == 7, "received");
  });
}

TEST(ChannelModel, TwoSendersOneReceiver) {
  for (const int capacity : {0, 1}) {
    Explore([capacity] {
      Channel<int> channel(capacity);
      Thread first([&] { Check(channel.Send(1).ok(), "sent"); });
      Thread second([&] { Check(channel.Send(2).ok(), "sent"); });
      Check(*channel.Receive() + *channel.Receive() == 3, "both, once");
    });
  }
}

TEST(ChannelModel, OneSenderKeepsItsOrderThroughASmallBuffer) {
  for (const int capacity : {0, 1, 2}) {
    Explore([capacity] {
      Channel<int> channel(capacity);
      Thread sender([&] {
        for (int i = 0; i < 3; ++i) Check(channel.Send(i).ok(), "sent");
      });
      for (int i = 0; i < 3; ++i) Check(*channel.Receive() == i, "in order");
    });
  }
}

TEST(ChannelModel, OneReceiveFreesOneBlockedSender) {
  Explore([] {
    Channel<int> channel(1);
    Check(channel.TrySend(0).ok(), "room for one");
    Thread sender([&] { Check(channel.Send(1).ok(), "sent"); });
    Check(*channel.Receive() == 0, "the first");
    sender.Join();
    Check(channel.ApproxSize() == 1, "the slot is filled");
  });
}

TEST(ChannelModel, UnboundedNeverBlocksItsSender) {
  Explore([] {
    Channel<int> channel(kUnbounded);
    Thread receiver([&] {
      Check(*channel.Receive() == 1, "first");
      Check(*channel.Receive() == 2, "second");
    });
    Check(channel.TrySend(1).ok(), "sent");
    Check(channel.TrySend(2).ok(), "sent");
  });
}

TEST(ChannelModel, CloseAgainstABlockedSenderReturnsTheValue) {
  for (const int capacity : {0, 1}) {
    Explore([capacity] {
      Channel<std::unique_ptr<int>> channel(capacity);
      int accepted = 0;
      Thread sender([&] {
        for (int i = 0; i < 2; ++i) {
          auto value = std::make_unique<int>(i);
          const bool sent = channel.Send(std::move(value)).ok();
          Check(sent == (value == nullptr), "sent, or still here");
          accepted += sent;
        }
      });
      Check(channel.Close(), "first to close");
      sender.Join();
      int received = 0;
      while (channel.Receive().ok()) ++received;
      Check(received == accepted, "what was accepted is received");
    });
  }
}

TEST(ChannelModel, CloseAgainstBlockedReceivers) {
  for (const int capacity : {0, 1}) {
    Explore([capacity] {
      Channel<int> channel(capacity);
      const auto receive = [&] {
        const absl::StatusOr<int> value = channel.Receive();
        Check(value.status().code() == absl::StatusCode::kOutOfRange, "the end");
      };
      Thread first(receive);
      Thread second(receive);
      Check(channel.Close(), "first to close");
    });
  }
}

TEST(ChannelModel, TwoClosersOneWins) {
  Explore([] {
    Channel<int> channel(0);
    int first = 0;
    Thread a([&] { first += channel.Close(); });
    Thread b([&] { first += channel.Close(); });
    a.Join();
    b.Join();
    Check(first == 1, "one first");
  });
}

// The hand-off race: a receive that is cancelled in the instant in which it is served.
TEST(ChannelModel, ACancelledReceiveLosesNothing) {
  for (const int capacity : {0, 1}) {
    Explore([capacity] {
      Channel<std::unique_ptr<int>> channel(capacity);
      CancelHandle cancel = Context::Background().WithCancel();
      int received = 0;
      Thread receiver([&] {
        const absl::StatusOr<std::unique_ptr<int>> value = channel.Receive(cancel.context());
        if (value.ok()) {
          ++received;
        } else {
          Check(value.status().code() == absl::StatusCode::kCancelled, "cancelled");
        }
        channel.Close();
      });
      Thread canceller([&] { cancel.Cancel(); });
      auto value = std::make_unique<int>(1);
      const bool sent = channel.Send(std::move(value)).ok();
      receiver.Join();
      canceller.Join();
      if (channel.TryReceive().ok()) ++received;
      Check(sent == (value == nullptr), "sent, or still here");
      Check(received == sent, "not lost, not twice");
    });
  }
}

TEST(ChannelModel, ASendThatIsLateLosesNothing) {
  Explore([] {
    Channel<std::unique_ptr<int>> channel(0);
    auto value = std::make_unique<int>(1);
    bool sent = false;
    Thread sender([&] {
      sent = channel.SendUntil(absl::UnixEpoch() + absl::Seconds(2), std::move(value)).ok();
      channel.Close();
    });
    const bool received = channel.Receive().ok();
    sender.Join();
    Check(received == sent, "not lost, not twice");
    Check(sent == (value == nullptr), "sent, or still here");
  });
}

TEST(ChannelModel, AReceiveThatIsLateLosesNothing) {
  Explore([] {
    Channel<int> channel(0);
    bool received = false;
    Thread receiver([&] {
      received = channel.ReceiveUntil(absl::UnixEpoch() + absl::Seconds(2)).ok();
      channel.Close();
    });
    const bool sent = channel.Send(1).ok();
    receiver.Join();
    Check(received == sent, "not lost, not twice");
  });
}

}  // namespace
}  // namespace eventbus
