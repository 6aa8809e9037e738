// refused: the element type must be a plain object type
#include "eventbus/channel.h"

int main() { eventbus::Channel<int[3]> channel(1); }
