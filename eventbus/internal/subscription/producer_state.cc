#include "eventbus/internal/subscription/producer_state.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "eventbus/internal/choosing/await.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/subscription/subscription_id.h"

namespace eventbus::internal {

ProducerState::ProducerState(Executor* executor, const Context& parent, Label label, ErasedProducer producer)
    : StoppableTask(executor, parent),
      id_(NextCompositeId()),
      label_(std::move(label)),
      producer_(std::move(producer)) {}

void ProducerState::SetUnsubscribed() {
  MutexLock lock(&mutex_);
  unsubscribed_ = true;  // P1
}

void ProducerState::Unsubscribe() {
  SetUnsubscribed();
  Stop();
}

void ProducerState::Body(const Context& context) {
  result_ = StatusOfCall([&] { return producer_(context); },
                         [this](absl::string_view what) {
                           return SafeStatus(absl::StatusCode::kInternal, [&] {
                             return absl::StrCat("subscription '", name(), "': the producer threw",
                                                 what.empty() ? "" : ": ", what);
                           });
                         });
}

void ProducerState::Concluded(Ran ran) {
  if (ran == Ran::kAbandoned) {
    result_ = SafeStatus(absl::StatusCode::kUnavailable,
                         [this] { return absl::StrCat("subscription '", name(), "': the executor was shut down"); });
  }
  producer_ = nullptr;
  bool unsubscribed;
  {
    MutexLock lock(&mutex_);
    unsubscribed = unsubscribed_;
  }
  signal_.End(unsubscribed ? absl::OkStatus() : result_);  // P2
}

void ProducerState::RequestDrain() {
  SetUnsubscribed();
  RequestStop();
}

void ProducerState::AddDrained(std::vector<DrainEntry>& entries) const {
  entries.push_back({.name = name(), .running = ended() ? uint64_t{0} : uint64_t{1}, .subscription = id_});
}

absl::Status ProducerState::UnsubscribeWithin(const Context& context) {
  SetUnsubscribed();
  RequestStop();
  if (RunsHere() || ended()) return absl::OkStatus();
  return Await({.target = &StoppableTask::end()}, context) == Outcome::kDone ? absl::OkStatus() : context.status();
}

}  // namespace eventbus::internal
