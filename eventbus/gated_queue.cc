#include "eventbus/gated_queue.h"

#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/waiting/event.h"

namespace eventbus {

using internal::Arm;
using internal::GateCore;
using internal::GateTicket;
using internal::Instant;
using internal::MakeRef;
using internal::Ref;

namespace {

Ref<GateCore> MakeGate(GatedQueueOptions options) {
  if (options.drain_concurrency == 0) internal::Fail("GatedQueue", "drain_concurrency must be at least 1");
  return MakeRef<GateCore>(std::move(options.name), options.capacity, options.drain_concurrency);
}

}  // namespace

GatedQueue::GatedQueue(GatedQueueOptions options) : gate_(MakeGate(std::move(options))), deadline_(gate_) {}

GatedQueue::~GatedQueue() { Close(); }

absl::StatusOr<GatedQueue::Place> GatedQueue::LineUp() {
  GateCore::Entry entry = gate_->LineUp(nullptr);
  Ref<GateTicket> ticket;
  if (entry == GateCore::Entry::kInLine) {
    ticket = MakeRef<GateTicket>();
    entry = gate_->LineUp(ticket.get());
    if (entry == GateCore::Entry::kPasses) ticket = nullptr;
  }
  if (entry == GateCore::Entry::kPasses || entry == GateCore::Entry::kInLine) return Place(gate_, std::move(ticket));
  return gate_->StatusOf(entry);
}

absl::StatusOr<GatedQueue::Pass> GatedQueue::Enter(const Context& context) {
  return EnterUntilInstant(context, Instant::Never());
}

absl::StatusOr<GatedQueue::Pass> GatedQueue::EnterUntil(absl::Time deadline) {
  return EnterUntilInstant(Context::Background(), internal::ToInstant(deadline));
}

absl::StatusOr<GatedQueue::Pass> GatedQueue::EnterUntilInstant(const Context& context, Instant deadline) {
  if (context.done()) return context.status();
  absl::StatusOr<Place> place = LineUp();
  if (!place.ok()) return std::move(place).status();
  return place->AwaitUntil(context, deadline);
}

absl::StatusOr<GatedQueue::Pass> GatedQueue::TryEnter() {
  const GateCore::Entry entry = gate_->LineUp(nullptr);
  if (entry == GateCore::Entry::kPasses) return Pass();
  return gate_->StatusOf(entry == GateCore::Entry::kClosed ? entry : GateCore::Entry::kInLine);
}

void GatedQueue::Hold(absl::Duration at_most) { deadline_.HoldUntil(internal::SteadyNow() + at_most); }

bool GatedQueue::Release() {
  const uint64_t generation = gate_->Release();
  deadline_.Drop(generation);
  return generation != 0;
}

Case GatedQueue::Place::OnTurn() const {
  internal::CaseParts parts;
  parts.target = ticket_ ? &ticket_->settled() : &internal::Event::LongAgo();
  parts.kept_alive = ticket_;
  return Case(std::move(parts));
}

absl::StatusOr<GatedQueue::Pass> GatedQueue::Place::Take() {
  if (!gate_) return absl::FailedPreconditionError("Take: this place has been used already");
  if (!ticket_) {
    gate_ = nullptr;
    return Pass();
  }
  if (absl::Status status = gate_->TakePass(*ticket_); !status.ok()) return status;
  return Pass(gate_);
}

absl::StatusOr<GatedQueue::Pass> GatedQueue::Place::Await(const Context& context) {
  if (context.done()) return context.status();
  return AwaitUntil(context, Instant::Never());
}

absl::StatusOr<GatedQueue::Pass> GatedQueue::Place::AwaitUntil(const Context& context, Instant deadline) {
  if (!ticket_) return Take();
  const Arm arms[] = {{.target = ContextAccess::state(context)}, {.target = &ticket_->settled()}};
  const internal::Selected selected = internal::SelectAmong(arms, internal::Choice::kListed, deadline);
  if (selected.index == 1) return Take();
  return selected.index == 0 ? context.status() : absl::Status(absl::StatusCode::kDeadlineExceeded, "");
}

void GatedQueue::Place::Leave() {
  if (ticket_) gate_->Leave(*ticket_);
}

}  // namespace eventbus
