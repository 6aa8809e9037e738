#include "eventbus/held_mutex.h"

#include <utility>

#include "eventbus/internal/observing/report_hook.h"

namespace eventbus {

void SetHeldMutexHook(HeldMutexHook hook) { internal::ReportHook<HeldMutexReport>::Get().Set(std::move(hook)); }

}  // namespace eventbus
