// refused: a feed copies each value
#include <memory>

#include "eventbus/feed.h"

void Use(eventbus::FeedOf<std::unique_ptr<int>>& feed, const std::unique_ptr<int>& value) { feed.Send(value); }
