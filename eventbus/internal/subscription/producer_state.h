// What is behind a subscription whose events a function produces.
//
// Invariants:
//   P1. `unsubscribed_` is set before the producer is asked to stop. Its error is the reason only if it was not set when the
//       producer had returned.
//   P2. The end is announced when the producer has returned and has been destroyed, or will never run.

#ifndef EVENTBUS_INTERNAL_SUBSCRIPTION_PRODUCER_STATE_H_
#define EVENTBUS_INTERNAL_SUBSCRIPTION_PRODUCER_STATE_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/owners/stoppable_task.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/subscription/end_signal.h"
#include "eventbus/internal/subscription/subscription_state.h"
#include "eventbus/receive_channel.h"
#include "eventbus/source_location.h"

namespace eventbus::internal {

using ErasedProducer = absl::AnyInvocable<absl::Status(const Context& context)>;

class ProducerState final : public SubscriptionState, public StoppableTask {
 public:
  ProducerState(Executor* executor, const Context& parent, Label label, ErasedProducer producer);

  void Unsubscribe() override;
  absl::Status UnsubscribeWithin(const Context& context) override;
  // A producer accepts nothing, so it is asked to stop; while it runs, it is its own one work.
  void RequestDrain() override;
  bool RunsHere() override { return StoppableTask::RunsHere(); }
  void AddDrained(std::vector<DrainEntry>& entries) const override;
  absl::Status Flush(const Context&) override { return absl::OkStatus(); }
  ReceiveChannel<absl::Status> Err() override { return signal_.Err(); }
  bool ended() const override { return signal_.ended(); }
  Selectable& end() override { return signal_; }
  uint64_t id() const override { return id_; }
  const std::string& name() const override { return label_.name(); }
  SourceLocation location() const override { return label_.location(); }

 private:
  void SetUnsubscribed();
  void Body(const Context& context) override;
  void Concluded(Ran ran) override;
  void Keep() override { AddRef(); }
  void LetGo() override { DropRef(); }

  const uint64_t id_;
  const Label label_;
  ErasedProducer producer_;
  absl::Status result_;  // For who holds `running`.
  EndSignal signal_;

  Mutex mutex_;  // No other lock is taken under it.
  bool unsubscribed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_SUBSCRIPTION_PRODUCER_STATE_H_
