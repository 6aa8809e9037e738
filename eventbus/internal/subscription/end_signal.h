// How a subscription says that it has ended: once, with at most one reason, to whoever asks before or after.

#ifndef EVENTBUS_INTERNAL_SUBSCRIPTION_END_SIGNAL_H_
#define EVENTBUS_INTERNAL_SUBSCRIPTION_END_SIGNAL_H_

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/receive_channel.h"

namespace eventbus::internal {

class EndSignal final : public Event {
 public:
  // One that ended long ago, without a reason.
  static EndSignal& Ended();

  // Ends with `reason`, or with none if it is OK. True for the first call; later ones change nothing.
  bool End(const absl::Status& reason);
  // The same; whom that makes ready is left on `wakes`.
  bool End(const absl::Status& reason, WakeList& wakes);

  bool ended() const { return has_happened(); }

  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = "end of subscription"; }

  // The channel that carries the reason, then closes. Made when first asked for: most subscriptions never are.
  ReceiveChannel<absl::Status> Err();

 private:
  Ref<ChannelCore> ErrCore();
  // Whom that makes ready goes on `wakes`.
  static void Announce(ChannelCore& channel, const absl::Status& reason, WakeList& wakes);

  // Under `mutex` there are a few assignments only; the channel is used outside it.
  absl::Status reason_ ABSL_GUARDED_BY(mutex);
  Ref<ChannelCore> channel_ ABSL_GUARDED_BY(mutex);  // Null until asked for.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_SUBSCRIPTION_END_SIGNAL_H_
