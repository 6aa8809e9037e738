// How a subscription says that it has ended: once, with at most one reason, to whoever asks before or after.

#ifndef EVENTBUS_INTERNAL_SUBSCRIPTION_END_SIGNAL_H_
#define EVENTBUS_INTERNAL_SUBSCRIPTION_END_SIGNAL_H_

#include <optional>

#include "absl/status/status.h"
#include "eventbus/channel.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class EndSignal {
 public:
  // Ends with `reason`, or with none if it is OK. True for the first call; later ones change nothing.
  bool End(const absl::Status& reason);

  bool ended() const;

  // The channel that carries the reason, then closes. Made when first asked for: most subscriptions never are.
  ReceiveChannel<absl::Status> Err();

 private:
  static void Announce(const Channel<absl::Status>& channel, const absl::Status& reason);

  mutable Mutex mutex_;  // Held for a few assignments only; the channel is used outside it.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status reason_ ABSL_GUARDED_BY(mutex_);
  std::optional<Channel<absl::Status>> channel_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_SUBSCRIPTION_END_SIGNAL_H_
