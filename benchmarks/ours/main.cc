// The contender `eventbus`: this library, in all the scenarios of benchmarks/scenarios.md.
//
// It counts allocations, which makes each of them a little slower than it would be: that shows in `subscribe/*`, `timer/*`,
// `context/*` and `error_group/*`, which allocate while they are measured.

#include "benchmarks/contender/contender.h"
#include "benchmarks/ours/families.h"
#include "tests/support/allocations.h"

int main(int argc, char** argv) {
  using namespace eventbus::benchmarks;
  contender::Contender contender(eventbus::testing::AllocationCount);
  AddChannel(contender);
  AddSelect(contender);
  AddFanOut(contender);
  AddSlow(contender);
  AddHandlers(contender);
  AddSubscribe(contender);
  AddLatency(contender);
  AddMemory(contender);
  AddPark(contender);
  AddKit(contender);
  return contender.Main(argc, argv);
}
