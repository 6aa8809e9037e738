#include "eventbus/subscription.h"

#include "eventbus/channel.h"

namespace eventbus {

ReceiveChannel<absl::Status> Subscription::Err() const {
  if (state_) return state_->Err();
  Channel<absl::Status> ended;
  ended.Close();
  return ended;
}

}  // namespace eventbus
