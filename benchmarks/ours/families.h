// The scenarios of this library, one file a family.

#ifndef EVENTBUS_BENCHMARKS_OURS_FAMILIES_H_
#define EVENTBUS_BENCHMARKS_OURS_FAMILIES_H_

#include "benchmarks/contender/contender.h"

namespace eventbus::benchmarks {

void AddChannel(contender::Contender& contender);
void AddSelect(contender::Contender& contender);
void AddFanOut(contender::Contender& contender);
void AddSlow(contender::Contender& contender);
void AddHandlers(contender::Contender& contender);
void AddSubscribe(contender::Contender& contender);
void AddLatency(contender::Contender& contender);
void AddMemory(contender::Contender& contender);
void AddPark(contender::Contender& contender);
void AddKit(contender::Contender& contender);

}  // namespace eventbus::benchmarks

#endif  // EVENTBUS_BENCHMARKS_OURS_FAMILIES_H_
