// Waits until what is in a channel has been taken out.
//
// Invariants, whenever the channel's mutex is free:
//   E1. It is watched from `Start` until `Stop`, or until the last value that was there at `Start` has been taken; in between `left`
//       is how many of them are there. Values leave a channel in the order in which they came (I4 in `channel_core.h`).
//   E2. Of `Stop` and the end of the wait one comes first, and the other does nothing: true for the first `Stop`, or `Emptied`.
//
// Who wakes whom: the receiver of the last value calls `Emptied`, with no lock held.

#ifndef EVENTBUS_INTERNAL_FEED_CHANNEL_EMPTYING_H_
#define EVENTBUS_INTERNAL_FEED_CHANNEL_EMPTYING_H_

#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/channel/channel_watch.h"
#include "eventbus/internal/feed/readers_wait.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/ready_work.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class ChannelEmptying : public ReadersWait, private ChannelWatch, private SoleOperation {
 public:
  explicit ChannelEmptying(Ref<ChannelCore> channel) : channel_(std::move(channel)) { waiter_.operation = this; }

  // Not analysed: the mutex is that of the channel, which the base does not know.
  bool StartLocked() final ABSL_NO_THREAD_SAFETY_ANALYSIS;
  bool Stop() final;
  uint64_t left() const final;
  uint64_t queued() const final;

 private:
  void Received(WakeList& wakes) final ABSL_NO_THREAD_SAFETY_ANALYSIS;  // It is under the mutex.
  void Wake(Waiter&, ReadyWork& ready) final;

  const Ref<ChannelCore> channel_;
  bool waits_ ABSL_GUARDED_BY(channel_->mutex) = false;
  uint64_t queued_ ABSL_GUARDED_BY(channel_->mutex) = 0;
  uint64_t left_ ABSL_GUARDED_BY(channel_->mutex) = 0;
  Waiter waiter_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_CHANNEL_EMPTYING_H_
