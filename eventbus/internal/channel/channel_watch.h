// Someone who is told whether a channel has something to receive, and of what others receive, and takes nothing.

#ifndef EVENTBUS_INTERNAL_CHANNEL_CHANNEL_WATCH_H_
#define EVENTBUS_INTERNAL_CHANNEL_CHANNEL_WATCH_H_

#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

// In the list of its channel from `ChannelCore::AddWatch` until `RemoveWatch`.
class ChannelWatch {
 public:
  // Called under the channel's mutex, when it is added and after every change. `readable`: a receive need not wait, or a
  // sender that has given up was just there. Otherwise `due` is when the clock alone will make it so. Must not block, throw,
  // or run user code.
  virtual void Update(bool readable, Instant due) {
    static_cast<void>(readable);
    static_cast<void>(due);
  }

  // Called under the channel's mutex when the oldest of the values that were queued has been taken out. Whom that makes ready goes on
  // `wakes`. As `Update`.
  virtual void Received(WakeList& wakes) { static_cast<void>(wakes); }

 protected:
  ChannelWatch() = default;
  ChannelWatch(const ChannelWatch&) = delete;
  ChannelWatch& operator=(const ChannelWatch&) = delete;
  virtual ~ChannelWatch() = default;

 private:
  friend class ChannelCore;

  ChannelWatch* next_ = nullptr;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHANNEL_CHANNEL_WATCH_H_
