// A descriptor that says what a channel has, against everything that changes that.

#include <poll.h>

#include "absl/status/status.h"
#include "eventbus/channel.h"
#include "eventbus/readiness_fd.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

bool IsReadable(const ReadinessFd& ready) {
  pollfd polled = {.fd = ready.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, 0) == 1;
}

TEST(ReadinessModel, SendAgainstReceive) {
  for (const int capacity : {1, 2}) {
    Explore([capacity] {
      const Channel<int> channel(capacity);
      const ReadinessFd ready(channel);
      Check(channel.TrySend(1).ok(), "room");
      Thread sender([&] { channel.TrySend(2).IgnoreError(); });
      Check(channel.TryReceive().ok(), "there is one");
      sender.Join();
      Check(IsReadable(ready) == (channel.ApproxSize() != 0), "as it says");
      while (channel.TryReceive().ok()) {
      }
      Check(!IsReadable(ready), "nothing is left");
    });
  }
}

TEST(ReadinessModel, ABlockedSendAgainstReceive) {
  Explore([] {
    const Channel<int> channel(0);
    const ReadinessFd ready(channel);
    Thread sender([&] { Check(channel.Send(1).ok(), "taken"); });
    bool received = channel.TryReceive().ok();
    if (!received) {
      Check(channel.Receive().ok(), "it comes");
      received = true;
    }
    sender.Join();
    Check(!IsReadable(ready), "nothing is left");
  });
}

TEST(ReadinessModel, CloseAgainstReceive) {
  Explore([] {
    const Channel<int> channel(1);
    const ReadinessFd ready(channel);
    Check(channel.TrySend(1).ok(), "room");
    Thread closer([&] { channel.Close(); });
    Check(channel.TryReceive().ok(), "there is one");
    closer.Join();
    Check(IsReadable(ready), "the end is to be received");
  });
}

TEST(ReadinessModel, EndAgainstSend) {
  Explore([] {
    const Channel<int> channel(1);
    Thread sender([&] { Check(channel.TrySend(1).ok(), "room"); });
    {
      const ReadinessFd ready(channel);
      const ReadinessFd other(channel);
    }
    sender.Join();
    const ReadinessFd late(channel);
    Check(IsReadable(late), "the value is there");
  });
}

}  // namespace
}  // namespace eventbus
