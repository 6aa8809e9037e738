// Threads that decide under a lock and send after it: in the order of the decisions, with nothing left behind.

#include <vector>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/outbox.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(OutboxModel, TheOrderOfTheDecisionsIsThatOfTheValues) {
  Explore([] {
    const Channel<int> channel(4);
    Outbox<int> outbox(channel);
    internal::Mutex mutex;
    int head = 0;
    const auto decide = [&] { OutboxLock(&mutex, &outbox).Add(head++); };
    Thread first(decide);
    decide();
    Check(channel.ApproxSize() >= 1, "what was added has been sent");
    first.Join();
    for (int i = 0; i < 2; ++i) Check(*channel.TryReceive() == i, "in order");
  });
}

// One that does not wait leaves its value to the one that sends.
TEST(OutboxModel, WhatAHandlerLeavesIsSent) {
  Explore([] {
    const Channel<int> channel(4);
    Outbox<int> outbox(channel);
    const int handler = 0;
    Thread inside([&] {
      const internal::ConsumerScope scope(&handler);
      outbox.Add(1);
      outbox.Flush().IgnoreError();
    });
    outbox.Add(2);
    outbox.Flush().IgnoreError();
    inside.Join();
    Check(channel.ApproxSize() == 2, "nothing is left");
  });
}

TEST(OutboxModel, AFlushThatGivesUpHandsTheTurnOn) {
  Explore([] {
    const Channel<int> channel(1);
    Check(channel.TrySend(0).ok(), "full");
    Outbox<int> outbox(channel);
    outbox.Add(1);
    CancelHandle cancel = Context::Background().WithCancel();
    Thread hasty([&] { outbox.Flush(cancel.context()).IgnoreError(); });
    Thread patient([&] { Check(outbox.Flush().ok(), "sent, or sent by the other"); });
    cancel.Cancel();
    Check(*channel.Receive() == 0, "room");
    hasty.Join();
    patient.Join();
    Check(*channel.TryReceive() == 1 && !channel.TryReceive().ok(), "once");
  });
}

}  // namespace
}  // namespace eventbus
