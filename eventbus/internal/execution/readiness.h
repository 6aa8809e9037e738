// What is behind a `ReadinessFd`: a watch of a channel that raises and lowers a descriptor.
//
// Invariants:
//   R1. Whenever the channel's mutex is free, the descriptor is raised if a receive would find something, and lowered if not;
//       but that it may stay raised once for a sender that has given up, until the next change or receive.
//   R2. `alarm_set_` under the channel's mutex says whether the alarm is set. It is, if the clock alone will make the
//       channel readable, and then it rings no later than that.

#ifndef EVENTBUS_INTERNAL_EXECUTION_READINESS_H_
#define EVENTBUS_INTERNAL_EXECUTION_READINESS_H_

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/channel/channel_watch.h"
#include "eventbus/internal/execution/descriptor.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/alarm.h"

namespace eventbus::internal {

class Readiness final : private ChannelWatch, private Alarm {
 public:
  // Throws `std::system_error` if there is no descriptor.
  explicit Readiness(Ref<ChannelCore> channel);
  ~Readiness();

  int fd() const { return fd_; }

 private:
  void Update(bool readable, Instant due) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(channel_->mutex);
  void Ring(WakeList&, ReadyWork&) override;

  const Ref<ChannelCore> channel_;
  Descriptor descriptor_ ABSL_GUARDED_BY(channel_->mutex);
  const int fd_;  // Of `descriptor_`.
  bool raised_ ABSL_GUARDED_BY(channel_->mutex) = false;
  bool alarm_set_ ABSL_GUARDED_BY(channel_->mutex) = false;
  bool timed_ ABSL_GUARDED_BY(channel_->mutex) = false;  // It has been set before.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_EXECUTION_READINESS_H_
