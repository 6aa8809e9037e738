// refused: destructor must not throw
#include "eventbus/channel.h"

struct ThrowingDestructor {
  ThrowingDestructor() = default;
  ThrowingDestructor(ThrowingDestructor&&) noexcept {}
  ~ThrowingDestructor() noexcept(false) {}
};

void Use() { eventbus::Channel<ThrowingDestructor> channel(1); }
