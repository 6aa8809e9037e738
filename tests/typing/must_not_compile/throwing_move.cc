// refused: move constructor can throw
#include "eventbus/channel.h"

struct ThrowingMove {
  ThrowingMove() = default;
  ThrowingMove(ThrowingMove&&) noexcept(false) {}
};

void Use() { eventbus::Channel<ThrowingMove> channel(1); }
