// refused: no matching
#include "eventbus/channel.h"

void Use(const eventbus::Channel<int>& channel, int* result) { channel.OnSend(1, result); }
