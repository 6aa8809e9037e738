// What is behind a `Subscription`: a thing that can be ended, from both sides.

#ifndef EVENTBUS_INTERNAL_SUBSCRIPTION_SUBSCRIPTION_STATE_H_
#define EVENTBUS_INTERNAL_SUBSCRIPTION_SUBSCRIPTION_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/receive_channel.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription_stats.h"

namespace eventbus::internal {

// All calls are thread-safe, and any number of them may run at once. Their promises are those of `Subscription`.
class SubscriptionState : public RefCounted {
 public:
  virtual void Unsubscribe() = 0;
  // The same, by the last who could call anything here.
  virtual void HandleGoes() { Unsubscribe(); }
  virtual absl::Status UnsubscribeWithin(const Context& context) = 0;
  // Nothing new reaches it; it ends, without a reason, once it has handled what it has. Does not wait. Throws `std::bad_alloc`, and
  // then did nothing.
  virtual void RequestDrain() = 0;
  // Whether the caller is what a drain of this would wait for.
  virtual bool RunsHere() = 0;
  // Adds what has become of what it had, for a report.
  virtual void AddDrained(std::vector<DrainEntry>& entries) const = 0;
  virtual absl::Status Flush(const Context& context) = 0;
  // Of what is not of a feed, nothing.
  virtual SubscriptionStats stats() const { return {}; }
  virtual ReceiveChannel<absl::Status> Err() = 0;
  virtual bool ended() const = 0;
  // Complete once it has ended. Lives as long as this.
  virtual Selectable& end() = 0;
  virtual uint64_t id() const = 0;
  virtual const std::string& name() const = 0;
  virtual SourceLocation location() const = 0;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_SUBSCRIPTION_SUBSCRIPTION_STATE_H_
