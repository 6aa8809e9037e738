// refused: no matching
#include <string>

#include "eventbus/channel.h"

void Use(const eventbus::Channel<int>& channel) {
  channel.OnReceive([](absl::StatusOr<std::string>) {});
}
