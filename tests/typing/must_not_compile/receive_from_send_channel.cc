// refused: no member named
#include "eventbus/channel.h"

void Use(const eventbus::SendChannel<int>& channel) { channel.Receive().IgnoreError(); }
