// refused: nodiscard
#include "eventbus/timer.h"

void Use() { eventbus::After(absl::Seconds(1)); }
