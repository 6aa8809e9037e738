// refused: no matching
#include "eventbus/channel.h"

void Use(const eventbus::Channel<int>& channel, absl::StatusOr<long>* slot) { channel.OnReceive(slot); }
