// refused: no member named
#include "eventbus/channel.h"

void Use(const eventbus::ReceiveChannel<int>& channel) { channel.Send(1).IgnoreError(); }
