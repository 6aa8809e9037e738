// refused: nodiscard
#include "eventbus/context.h"

// It would be cancelled at once.
void Use() { eventbus::Context::Background().WithCancel(); }
