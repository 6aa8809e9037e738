// A wait until receivers are done with what a subscription has been given: whatever being done means for its channel.

#ifndef EVENTBUS_INTERNAL_FEED_READERS_WAIT_H_
#define EVENTBUS_INTERNAL_FEED_READERS_WAIT_H_

#include <cstdint>

#include "eventbus/internal/waiting/ready_work.h"

namespace eventbus::internal {

class ReadersWait {
 public:
  ReadersWait() = default;
  ReadersWait(const ReadersWait&) = delete;
  ReadersWait& operator=(const ReadersWait&) = delete;
  virtual ~ReadersWait() = default;

  // Begins to wait: true; false if there is nothing to wait for. Once, under the channel's mutex.
  virtual bool StartLocked() = 0;

  // Ends the wait: true. False if there was none, or it has just ended by itself. Of the two one comes first.
  virtual bool Stop() = 0;

  // How many of the values are not done with, or were not when the wait was ended; and how many there were at its start.
  virtual uint64_t left() const = 0;
  virtual uint64_t queued() const = 0;

 protected:
  // Called once, by who is done with the last value, with no lock held. Runs no user code; what it makes ready goes to `ready`. Its
  // last access to this ends before it returns, or destroys it.
  virtual void Emptied(ReadyWork& ready) = 0;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_READERS_WAIT_H_
