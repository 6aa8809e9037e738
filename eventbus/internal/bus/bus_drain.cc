// How a bus drains: as all its topics.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "eventbus/internal/bus/bus_core.h"
#include "eventbus/internal/draining/drain_rules.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/safe_status.h"

namespace eventbus::internal {

namespace {

bool RunsIn(const std::vector<Ref<TopicState>>& topics) {
  return std::any_of(topics.begin(), topics.end(),
                     [](const Ref<TopicState>& topic) { return topic->core().WouldAwaitItself(); });
}

}  // namespace

void BusCore::RequestDrain() {
  {
    MutexLock lock(&mutex_);
    closed_ = true;
  }
  // Before the topics: what a wildcard subscription consists of begins to drain with it. Each leaves the list with that.
  for (const Ref<PatternState>& pattern : Patterns()) pattern->RequestDrain();
  for (const Ref<TopicState>& topic : Topics()) topic->core().RequestDrain();
  HasEnded();
}

DrainReport BusCore::Drain(const Context& context) {
  const std::string self = shared_->name.empty() ? "event bus" : absl::StrCat("event bus '", shared_->name, "'");
  if (RunsIn(Topics())) return {.status = RefuseDrainFromInside(self)};
  if (absl::Status refused = RefuseDrain(self, context); !refused.ok()) return {.status = std::move(refused)};
  const Ref<BusCore> kept(this);
  RequestDrain();
  const std::vector<Ref<TopicState>> topics = Topics();
  bool ended = true;
  for (const Ref<TopicState>& topic : topics) ended &= AwaitEnd({.target = &topic->core().end()}, context);
  DrainReport report;
  for (const Ref<TopicState>& topic : topics) topic->core().AddDrained(report.entries);
  Conclude(self, ended, context, report);
  return report;
}

absl::Status BusCore::Flush(const Context& context) const {
  const std::vector<Ref<TopicState>> topics = Topics();
  if (RunsIn(topics)) {
    return absl::FailedPreconditionError(
        shared_->Describe("Flush from inside a filter or handler would wait for itself"));
  }
  std::vector<std::string> late;
  absl::StatusCode code = absl::StatusCode::kOk;
  for (const Ref<TopicState>& topic : topics) {
    const absl::Status flushed = topic->core().Flush(context);
    if (flushed.ok()) continue;
    code = flushed.code();
    if (!flushed.message().empty()) late.emplace_back(flushed.message());
  }
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  return SafeStatus(code, [&] { return absl::StrJoin(late, "; "); });
}

}  // namespace eventbus::internal
