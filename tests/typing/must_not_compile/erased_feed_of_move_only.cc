// refused: a feed copies each value
#include <memory>

#include "eventbus/feed.h"

void Use(eventbus::Feed& feed) { feed.Send(std::make_unique<int>(1)); }
