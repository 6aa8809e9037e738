// refused: nodiscard
#include "eventbus/context.h"

// It would be removed at once.
void Use(const eventbus::Context& context) {
  context.OnCancel([] {});
}
