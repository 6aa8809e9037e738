#include "tests/fuzz/world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <stdexcept>

#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

constexpr absl::StatusCode kOk = absl::StatusCode::kOk;

[[noreturn]] void Differ(const char* what, int line) {
  std::fprintf(stderr, "world.cc:%d: library and reference differ: %s\n", line, what);
  std::abort();
}

#define AGREE(condition) \
  if (!(condition)) Differ(#condition, __LINE__)

internal::Outcome OutcomeOf(ReferenceOperation::State state) {
  switch (state) {
    case ReferenceOperation::State::kWaiting:
      return internal::Outcome::kNotReady;
    case ReferenceOperation::State::kDone:
      return internal::Outcome::kDone;
    case ReferenceOperation::State::kClosed:
      return internal::Outcome::kClosed;
    case ReferenceOperation::State::kGivenUp:
      return internal::Outcome::kCancelled;
  }
  return internal::Outcome::kNotReady;
}

}  // namespace

World::World(std::span<const uint8_t> bytes) : bytes_(bytes) {
  for (PairPtr& channel : channels_) channel = std::make_shared<Pair>(Channel<Value>(1), 1);
  contexts_.push_back({.real = Context::Background().WithCancel(), .parent = 0});
}

World::~World() {
  for (FeedPair& feed : feeds_) feed.real->Close();
  if (flight_) flight_->thread.join();
}

void World::Run() {
  while (!bytes_.empty()) {
    DoOne();
    Land();
    CheckAll();
  }
}

void World::DoOne() {
  switch (bytes_.Next() % 24) {
    case 0:
      return MakeChannel();
    case 1:
    case 2:
      return TrySend();
    case 3:
    case 4:
      return TryReceive();
    case 5:
      return ReceiveMany();
    case 6:
      return CallWithContext();
    case 7:
      return bytes_.Below(4) == 0 ? CloseAndDrain() : Close();
    case 8:
    case 9:
      return Start(internal::Role::kSend);
    case 10:
    case 11:
      return Start(internal::Role::kReceive);
    case 12:
      return GiveUp();
    case 13:
    case 14:
      return DoSelect();
    case 15:
      return MakeContext();
    case 16:
      return bytes_.Below(4) == 0 ? DropContexts() : Cancel();
    case 17:
    case 18:
      return SubscribeOne();
    case 19:
      return UnsubscribeOne();
    case 20:
      return bytes_.Below(2) == 0 ? ReadErr() : TrackOne();
    case 21:
      return TrySendToFeed();
    case 22:
      return SendToFeed();
    case 23:
      switch (bytes_.Below(8)) {
        case 0:
          return CloseFeed();
        case 1:
          return CloseScope();
        default:
          return SendOfAnotherType();
      }
  }
}

void World::MakeChannel() {
  const size_t capacity = bytes_.Below(5);
  const bool unbounded = capacity == 4;
  channels_[SomeChannel()] =
      std::make_shared<Pair>(unbounded ? Channel<Value>(kUnbounded) : Channel<Value>(static_cast<int>(capacity)),
                             unbounded ? ReferenceChannel::kNoLimit : capacity);
}

void World::TrySend() {
  Pair& channel = *channels_[SomeChannel()];
  const int number = ++next_value_;
  Value value(number);
  const absl::StatusCode expected = channel.reference.TrySend(number);
  const absl::Status status = bytes_.Below(2) == 0 ? channel.real.TrySend(std::move(value))
                                                   : channel.real.SendUntil(absl::InfinitePast(), std::move(value));
  AGREE(status.code() == expected ||
        (status.code() == absl::StatusCode::kDeadlineExceeded && expected == absl::StatusCode::kResourceExhausted));
  AGREE(value.moved_from() == status.ok());
}

void World::TryReceive() {
  Pair& channel = *channels_[SomeChannel()];
  int number = 0;
  const absl::StatusCode expected = channel.reference.TryReceive(&number);
  const absl::StatusOr<Value> value = channel.real.TryReceive();
  AGREE(value.status().code() == expected);
  AGREE(!value.ok() || value->number() == number);
}

void World::ReceiveMany() {
  Pair& channel = *channels_[SomeChannel()];
  const size_t max = 1 + bytes_.Below(4);
  if (!channel.reference.has_value() && !channel.reference.closed()) return;  // It would block.
  const absl::StatusOr<std::vector<Value>> values = channel.real.ReceiveMany(max);
  std::vector<int> expected;
  for (int number = 0; expected.size() < max && channel.reference.TryReceive(&number) == kOk;)
    expected.push_back(number);
  if (!values.ok()) {
    AGREE(values.status().code() == absl::StatusCode::kOutOfRange && expected.empty());
    return;
  }
  AGREE(values->size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) AGREE((*values)[i].number() == expected[i]);
}

void World::CallWithContext() {
  Pair& channel = *channels_[SomeChannel()];
  const ContextPair& context = contexts_[SomeContext()];
  const bool send = bytes_.Below(2) == 0;
  ReferenceChannel& reference = channel.reference;
  const bool ready = reference.closed() || (send ? reference.has_room() : reference.has_value());
  if (context.status == kOk && !ready) return;  // It would block.
  if (send) {
    const int number = ++next_value_;
    const absl::StatusCode expected = context.status != kOk ? context.status : reference.TrySend(number);
    AGREE(channel.real.Send(context.real.context(), Value(number)).code() == expected);
  } else {
    int number = 0;
    const absl::StatusCode expected = context.status != kOk ? context.status : reference.TryReceive(&number);
    const absl::StatusOr<Value> value = channel.real.Receive(context.real.context());
    AGREE(value.status().code() == expected);
    AGREE(!value.ok() || value->number() == number);
  }
}

void World::Close() {
  Pair& channel = *channels_[SomeChannel()];
  AGREE(channel.real.Close() == channel.reference.Close());
}

void World::CloseAndDrain() {
  Pair& channel = *channels_[SomeChannel()];
  AGREE(channel.real.Close() == channel.reference.Close());
  int number = 0;
  for (const Value& value : channel.real) {
    AGREE(channel.reference.TryReceive(&number) == kOk && value.number() == number);
  }
  AGREE(channel.reference.TryReceive(&number) == absl::StatusCode::kOutOfRange);
}

void World::Start(internal::Role role) {
  if (started_.size() == kMost) {
    StartedPair& oldest = started_.front();
    AGREE(oldest.real->GiveUp() == oldest.channel->reference.GiveUp(*oldest.reference));
    started_.erase(started_.begin());
  }
  const PairPtr& channel = channels_[SomeChannel()];
  StartedPair started = {.channel = channel, .real = nullptr, .reference = std::make_unique<ReferenceOperation>()};
  started.reference->value = ++next_value_;
  started.real = std::make_unique<Started>(channel->real, role, started.reference->value);
  if (role == internal::Role::kSend) {
    channel->reference.StartSend(*started.reference);
  } else {
    channel->reference.StartReceive(*started.reference);
  }
  started_.push_back(std::move(started));
}

void World::GiveUp() {
  if (started_.empty()) return;
  StartedPair& started = started_[bytes_.Below(started_.size())];
  AGREE(started.real->GiveUp() == started.channel->reference.GiveUp(*started.reference));
}

void World::DoSelect() {
  struct Candidate {
    bool ready = false;
    PairPtr channel = nullptr;
    bool send = false;
    int number = 0;  // To send.
    std::optional<Value> value = {};
    absl::StatusOr<Value> received = absl::UnknownError("untouched");
  };
  const bool in_order = bytes_.Below(2) == 0;
  std::vector<Candidate> candidates(1 + bytes_.Below(10));
  std::vector<Case> cases;
  for (Candidate& candidate : candidates) {
    const size_t kind = bytes_.Below(8);
    if (kind < 3) {
      candidate.channel = channels_[SomeChannel()];
      candidate.ready = candidate.channel->reference.has_value() || candidate.channel->reference.closed();
      cases.push_back(candidate.channel->real.OnReceive(&candidate.received));
    } else if (kind < 6) {
      candidate.channel = channels_[SomeChannel()];
      candidate.send = true;
      candidate.number = ++next_value_;
      candidate.value.emplace(candidate.number);
      candidate.ready = candidate.channel->reference.has_room() || candidate.channel->reference.closed();
      cases.push_back(candidate.channel->real.OnSend(&*candidate.value));
    } else if (kind == 6) {
      const ContextPair& context = contexts_[SomeContext()];
      candidate.ready = context.status != kOk;
      cases.push_back(context.real.context().OnDone());
    } else if (const SubscriptionPtr subscription = SomeSubscription()) {
      candidate.ready = !subscription->member;
      cases.push_back(subscription->real.OnEnd());
    } else {
      cases.push_back(Case::Never());
    }
  }
  const auto first_ready =
      std::find_if(candidates.begin(), candidates.end(), [](const Candidate& c) { return c.ready; });
  int chosen;
  if (in_order && first_ready != candidates.end()) {
    chosen = SelectInOrder(cases);
    AGREE(chosen == first_ready - candidates.begin());
  } else {
    chosen = TrySelect(cases);
    AGREE((chosen >= 0) == (first_ready != candidates.end()));
  }
  for (int i = 0; i < static_cast<int>(candidates.size()); ++i) {
    Candidate& candidate = candidates[i];
    if (i != chosen) {
      AGREE(!candidate.value || !candidate.value->moved_from());
      AGREE(candidate.received.status().code() == absl::StatusCode::kUnknown);
      continue;
    }
    AGREE(candidate.ready);
    if (candidate.channel == nullptr) continue;
    if (candidate.send) {
      AGREE((candidate.channel->reference.TrySend(candidate.number) == kOk) == candidate.value->moved_from());
    } else {
      int number = 0;
      const absl::StatusCode expected = candidate.channel->reference.TryReceive(&number);
      AGREE(candidate.received.status().code() == expected);
      AGREE(!candidate.received.ok() || candidate.received->number() == number);
    }
  }
}

void World::MakeContext() {
  if (contexts_.size() == kMost) return;
  const size_t parent = SomeContext();
  const bool late = bytes_.Below(8) == 0;
  const Context& above = contexts_[parent].real.context();
  ContextPair made = {.real = late ? above.WithDeadline(absl::InfinitePast())
                                   : (bytes_.Below(2) == 0 ? above.WithCancel() : above.WithTimeout(absl::Hours(1))),
                      .parent = parent,
                      .status = contexts_[parent].status,
                      .cause = contexts_[parent].cause};
  if (late && made.status == kOk) made.status = made.cause = absl::StatusCode::kDeadlineExceeded;
  contexts_.push_back(std::move(made));
}

void World::Cancel() {
  const size_t context = SomeContext();
  const bool with_cause = bytes_.Below(2) == 0;
  const bool expected = contexts_[context].status == kOk;
  const bool ended = contexts_[context].real.Cancel(with_cause ? absl::DataLossError("") : absl::OkStatus());
  AGREE(ended == expected);
  if (expected) {
    CancelReference(context, absl::StatusCode::kCancelled,
                    with_cause ? absl::StatusCode::kDataLoss : absl::StatusCode::kCancelled);
  }
}

void World::DropContexts() {
  if (flight_ && flight_->context != kNone) return;   // Its context must keep its place.
  while (contexts_.size() > 1) contexts_.pop_back();  // A child always comes after its parent.
}

void World::CancelReference(size_t context, absl::StatusCode status, absl::StatusCode cause) {
  if (contexts_[context].status != kOk) return;
  contexts_[context].status = status;
  contexts_[context].cause = cause;
  if (flight_ && flight_->context == context) {
    for (auto& [subscription, operation] : flight_->waiting) {
      if (subscription->channel->reference.GiveUp(operation)) ++flight_->expected.missed;
    }
    flight_->expected.status = absl::StatusCode::kCancelled;
  }
  for (size_t child = context + 1; child < contexts_.size(); ++child) {
    if (contexts_[child].parent == context) CancelReference(child, status, cause);
  }
}

World::SubscriptionPtr World::SomeSubscription() {
  return subscriptions_.empty() ? nullptr : subscriptions_[bytes_.Below(subscriptions_.size())];
}

void World::SubscribeOne() {
  if (subscriptions_.size() == kMost) {
    UnsubscribeOne();
    return;
  }
  const size_t feed = bytes_.Below(kFeeds);
  const PairPtr channel = channels_[SomeChannel()];
  const Filter filter = static_cast<Filter>(bytes_.Below(3));
  SubscribeOptions<Value> options;
  if (filter == Filter::kOdd) options.filter = [](const Value& value) { return value.number() % 2 == 1; };
  if (filter == Filter::kThrowsAtMultiplesOf16) {
    options.filter = [](const Value& value) {
      if (value.number() % 16 == 0) throw std::runtime_error("a multiple of 16");
      return true;
    };
  }
  absl::StatusOr<Subscription> made = feeds_[feed].real->Subscribe(channel->real, std::move(options));
  AGREE(made.status().code() == (feeds_[feed].closed ? absl::StatusCode::kFailedPrecondition : kOk));
  if (!made.ok()) return;
  feeds_[feed].has_type = true;
  auto subscription = std::make_shared<SubscriptionPair>();
  subscription->real = *std::move(made);
  subscription->feed = feed;
  subscription->channel = channel;
  subscription->filter = filter;
  subscriptions_.push_back(std::move(subscription));
}

void World::End(SubscriptionPair& subscription, absl::StatusCode reason) {
  if (!subscription.member) return;
  subscription.member = false;
  subscription.reason = reason;
}

void World::UnsubscribeOne() {
  const SubscriptionPtr subscription = SomeSubscription();
  if (subscription == nullptr) return;
  if (flight_) {
    if (const auto waiting = flight_->waiting.find(subscription); waiting != flight_->waiting.end()) {
      subscription->channel->reference.GiveUp(waiting->second);
    }
  }
  End(*subscription, kOk);
  if (bytes_.Below(2) == 0) {
    subscription->real.Unsubscribe();
  } else {
    subscription->real = Subscription();
    subscription->reason_read = true;
    subscriptions_.erase(std::find(subscriptions_.begin(), subscriptions_.end(), subscription));
  }
}

void World::ReadErr() {
  const SubscriptionPtr subscription = SomeSubscription();
  if (subscription == nullptr) return;
  const absl::StatusOr<absl::Status> reason = subscription->real.Err().TryReceive();
  if (subscription->member) {
    AGREE(reason.status().code() == absl::StatusCode::kUnavailable);
  } else if (subscription->reason != kOk && !subscription->reason_read) {
    AGREE(reason.ok() && reason->code() == subscription->reason);
    subscription->reason_read = true;
  } else {
    AGREE(reason.status().code() == absl::StatusCode::kOutOfRange);
  }
}

void World::TrackOne() {
  const SubscriptionPtr subscription = SomeSubscription();
  if (subscription == nullptr || flight_) return;
  if (scope_closed_) End(*subscription, kOk);
  subscription->real = scope_->Track(std::move(subscription->real));
  subscription->in_scope = true;
}

void World::CloseScope() {
  if (flight_) return;
  for (const SubscriptionPtr& subscription : subscriptions_) {
    if (subscription->in_scope) End(*subscription, kOk);
  }
  scope_->Close();
  AGREE(scope_->Count() == 0);
  scope_closed_ = bytes_.Below(2) == 0;
  if (!scope_closed_) scope_.emplace();
}

template <typename NoRoom>
World::Expected World::Deliver(size_t feed, int value, NoRoom no_room) {
  Expected expected;
  for (const SubscriptionPtr& subscription : subscriptions_) {
    if (subscription->feed != feed || !subscription->member) continue;
    if (subscription->filter == Filter::kOdd && value % 2 == 0) continue;
    if (subscription->filter == Filter::kThrowsAtMultiplesOf16 && value % 16 == 0) {
      ++expected.disconnected;
      End(*subscription, absl::StatusCode::kInternal);
      continue;
    }
    switch (subscription->channel->reference.TrySend(value)) {
      case kOk:
        ++expected.delivered;
        break;
      case absl::StatusCode::kFailedPrecondition:
        ++expected.disconnected;
        End(*subscription, absl::StatusCode::kFailedPrecondition);
        break;
      default:
        no_room(subscription);
        break;
    }
  }
  return expected;
}

void World::TrySendToFeed() {
  const size_t feed = bytes_.Below(kFeeds);
  const int number = ++next_value_;
  const Value value(number);
  Expected expected;
  if (flight_ && flight_->feed == feed) {
    expected.status = absl::StatusCode::kUnavailable;
  } else if (feeds_[feed].closed) {
    expected.status = absl::StatusCode::kFailedPrecondition;
  } else {
    size_t missed = 0;
    expected = Deliver(feed, number, [&](const SubscriptionPtr&) { ++missed; });
    expected.missed = missed;
    if (missed > 0) expected.status = absl::StatusCode::kResourceExhausted;
  }
  feeds_[feed].has_type = true;
  const SendResult result = feeds_[feed].real->TrySend(value);
  AGREE(result.status.code() == expected.status);
  AGREE(result.delivered == expected.delivered);
  AGREE(result.disconnected == expected.disconnected);
  AGREE(result.missed.size() == expected.missed);
}

void World::SendToFeed() {
  const size_t feed = bytes_.Below(kFeeds);
  const size_t context = bytes_.Below(2) == 0 ? kNone : SomeContext();
  if (flight_) return;  // One at a time.
  // Which of two subscriptions of one channel would wait is not said anywhere.
  for (const SubscriptionPtr& a : subscriptions_) {
    for (const SubscriptionPtr& b : subscriptions_) {
      if (a != b && a->feed == feed && b->feed == feed && a->channel == b->channel && a->member && b->member) return;
    }
  }
  feeds_[feed].has_type = true;
  StartFlight(feed, context, ++next_value_);
}

void World::StartFlight(size_t feed, size_t context, int value) {
  flight_.reset(new Flight{.feed = feed, .context = context, .expected = {}});
  if (context != kNone && contexts_[context].status != kOk) {
    flight_->expected.status = contexts_[context].status;
  } else if (feeds_[feed].closed) {
    flight_->expected.status = absl::StatusCode::kFailedPrecondition;
  } else {
    flight_->expected = Deliver(feed, value, [&](const SubscriptionPtr& subscription) {
      ReferenceOperation& operation = flight_->waiting[subscription];
      operation.value = value;
      subscription->channel->reference.StartSend(operation);
    });
  }
  Feed& real = *feeds_[feed].real;
  const Context chosen = context == kNone ? Context::Background() : contexts_[context].real.context();
  if (flight_->waiting.empty()) {
    flight_->result = real.Send(chosen, Value(value));
    return;
  }
  flight_->thread = std::thread([flight = flight_.get(), &real, chosen, value] {
    flight->result = real.Send(chosen, Value(value));
    flight->finished = true;
  });
  AwaitTrue([&] { return ChannelsAgree() && StartedAgree() && FeedsAgree(); });
}

void World::Land() {
  if (!flight_) return;
  Expected& expected = flight_->expected;
  for (const auto& [subscription, operation] : flight_->waiting) {
    if (operation.state == ReferenceOperation::State::kWaiting) {
      AGREE(!flight_->finished);
      return;
    }
  }
  if (flight_->thread.joinable()) flight_->thread.join();
  bool cut_short = false;
  for (const auto& [subscription, operation] : flight_->waiting) {
    if (operation.state == ReferenceOperation::State::kDone) ++expected.delivered;
    if (operation.state == ReferenceOperation::State::kGivenUp) cut_short = true;
    if (operation.state == ReferenceOperation::State::kClosed && subscription->member) {
      ++expected.disconnected;
      End(*subscription, absl::StatusCode::kFailedPrecondition);
    }
  }
  if (cut_short && feeds_[flight_->feed].closed) expected.status = absl::StatusCode::kFailedPrecondition;
  const SendResult& result = flight_->result;
  AGREE(result.status.code() == expected.status);
  AGREE(result.delivered == expected.delivered);
  AGREE(result.disconnected == expected.disconnected);
  AGREE(result.missed.size() == expected.missed);
  flight_.reset();
}

void World::SendOfAnotherType() {
  const size_t feed = bytes_.Below(kFeeds);
  if (!feeds_[feed].has_type) return;
  AGREE(feeds_[feed].real->TrySend(1.5).status.code() == absl::StatusCode::kInvalidArgument);
}

void World::CloseFeed() {
  const size_t feed = bytes_.Below(kFeeds);
  const bool with_reason = bytes_.Below(2) == 0;
  const bool replaced = bytes_.Below(2) == 0;
  FeedPair& closed = feeds_[feed];
  const bool first = closed.real->Close(with_reason ? absl::DataLossError("") : absl::OkStatus());
  AGREE(first == !closed.closed);
  closed.closed = true;
  if (first) {
    for (const SubscriptionPtr& subscription : subscriptions_) {
      if (subscription->feed == feed) End(*subscription, with_reason ? absl::StatusCode::kDataLoss : kOk);
    }
    if (flight_ && flight_->feed == feed) {
      for (auto& [subscription, operation] : flight_->waiting) subscription->channel->reference.GiveUp(operation);
    }
  }
  Land();
  if (!replaced) return;
  std::erase_if(subscriptions_, [&](const SubscriptionPtr& subscription) { return subscription->feed == feed; });
  feeds_[feed] = FeedPair();
}

bool World::ChannelsAgree() const {
  const auto agrees = [](const PairPtr& channel) {
    return channel->real.ApproxSize() == channel->reference.size() &&
           channel->real.closed() == channel->reference.closed() &&
           WaitingSenders(channel->real) == channel->reference.waiting_senders() &&
           WaitingReceivers(channel->real) == channel->reference.waiting_receivers();
  };
  return std::all_of(channels_.begin(), channels_.end(), agrees) &&
         std::all_of(subscriptions_.begin(), subscriptions_.end(),
                     [&](const SubscriptionPtr& subscription) { return agrees(subscription->channel); });
}

bool World::StartedAgree() const {
  return std::all_of(started_.begin(), started_.end(), [](const StartedPair& started) {
    const bool waits = started.reference->state == ReferenceOperation::State::kWaiting;
    return started.real->ended() != waits || started.reference->state == ReferenceOperation::State::kGivenUp;
  });
}

bool World::FeedsAgree() const {
  for (size_t feed = 0; feed < kFeeds; ++feed) {
    size_t members = 0;
    for (const SubscriptionPtr& subscription : subscriptions_) {
      if (subscription->feed != feed) continue;
      members += subscription->member;
      if (subscription->real.ended() == subscription->member) return false;
    }
    if (feeds_[feed].real->subscribers() != members || feeds_[feed].real->closed() != feeds_[feed].closed) return false;
  }
  return true;
}

void World::CheckAll() {
  AGREE(ChannelsAgree());
  AGREE(StartedAgree());
  AGREE(FeedsAgree());
  for (const StartedPair& started : started_) {
    AGREE(started.real->outcome() == OutcomeOf(started.reference->state));
    if (started.real->outcome() == internal::Outcome::kNotReady) continue;
    const bool transferred = started.real->outcome() == internal::Outcome::kDone;
    if (started.real->is_send()) {
      AGREE(started.real->to_send().moved_from() == transferred);
    } else {
      AGREE(!transferred || started.real->received().number() == started.reference->value);
    }
  }
  for (const ContextPair& context : contexts_) {
    AGREE(context.real.context().status().code() == context.status);
    AGREE(context.real.context().cause().code() == context.cause);
  }
}

}  // namespace eventbus::testing
