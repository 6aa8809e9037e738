// refused: the element type must be a plain object type
#include "eventbus/channel.h"

void Use() { eventbus::Channel<const int> channel(1); }
