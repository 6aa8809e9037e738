// What libFuzzer calls.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/world.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  eventbus::testing::World({data, size}).Run();
  return 0;
}
