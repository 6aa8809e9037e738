#include "tests/soak/topology.h"

#include <cstdlib>
#include <utility>

namespace eventbus::testing {

Topology::Topology(std::mt19937_64 random) : random_(std::move(random)) {
  for (size_t layers = 1 + random_() % 3; layers > 0; --layers) feeds_.push_back(std::make_unique<FeedOf<Event>>());
}

void Topology::Run(absl::Duration time) {
  CancelHandle end = Context::Background().WithCancel();
  const Context context = end.context();
  std::vector<std::thread> threads;
  const auto fork = [&] { return std::mt19937_64(random_()); };
  for (size_t layer = 0; layer < feeds_.size(); ++layer) {
    std::vector<ReceiveChannel<Event>> inputs;
    for (size_t subscribers = 1 + random_() % 4; subscribers > 0; --subscribers) {
      const size_t capacity = random_() % 5;
      const Channel<Event> channel = capacity == 4 ? Channel<Event>(64) : Channel<Event>(static_cast<int>(capacity));
      SubscribeOptions<Event> options;
      if (random_() % 4 == 0) options.filter = [](const Event& event) { return *event % 3 != 0; };
      const absl::Status status = scope_.Adopt(feeds_[layer]->Subscribe(channel, std::move(options)));
      if (!status.ok()) std::abort();
      channels_.push_back(channel);
      inputs.push_back(channel);
    }
    // The last input goes straight to a sink, and each relay has all the others.
    threads.emplace_back(&Topology::Sink, this, context, inputs.back());
    inputs.pop_back();
    for (size_t relays = inputs.empty() ? 0 : 1 + random_() % 2; relays > 0; --relays) {
      threads.emplace_back(&Topology::Relay, this, fork(), context, inputs, layer + 1);
    }
  }
  for (int i = 0; i < 2; ++i) threads.emplace_back(&Topology::Source, this, fork(), context);
  for (size_t visitors = random_() % 3; visitors > 0; --visitors) {
    threads.emplace_back(&Topology::Visitor, this, fork(), context);
  }

  Select({After(time).OnReceive([](const absl::StatusOr<absl::Time>&) {})});
  // Ended in one of three ways, each of which must free everybody.
  switch (random_() % 3) {
    case 0:
      break;
    case 1:
      for (const auto& feed : feeds_) feed->Close(absl::UnavailableError("the end"));
      break;
    case 2:
      for (const Channel<Event>& channel : channels_) channel.Close();
      break;
  }
  end.Cancel();
  for (std::thread& thread : threads) thread.join();
  scope_.Close();
  for (const Channel<Event>& channel : channels_) {
    channel.Close();
    for (const Event& event : channel) Take(event);
  }
}

void Topology::Source(std::mt19937_64 random, Context context) {
  while (!context.done()) SendToFeed(*feeds_[0], random, context, std::make_shared<const uint64_t>(next_value_++));
}

void Topology::SendToFeed(FeedOf<Event>& feed, std::mt19937_64& random, const Context& context, const Event& event) {
  SendResult result;
  if (random() % 8 == 0) {
    const CancelHandle soon = context.WithTimeout(absl::Microseconds(random() % 500));
    result = feed.Send(soon.context(), event);
  } else if (random() % 8 == 0) {
    result = feed.TrySend(event);
  } else {
    result = feed.Send(context, event);
  }
  account_.Accept(*event, result.delivered);
  if (!result.status.ok()) ++account_.returned;
}

void Topology::Relay(std::mt19937_64 random, Context context, std::vector<ReceiveChannel<Event>> inputs, size_t layer) {
  const Channel<Event> out(static_cast<int>(random() % 3));
  std::thread sink(&Topology::Sink, this, context, out);
  absl::StatusOr<Event> event;
  std::vector<Case> cases;
  for (const ReceiveChannel<Event>& input : inputs) cases.push_back(input.OnReceive(&event));
  const int done = static_cast<int>(cases.size());
  cases.push_back(context.OnDone());
  while (true) {
    const int chosen = Select(cases);
    if (chosen == done) break;
    if (!event.ok()) {  // One input has ended.
      cases[chosen] = Case::Never();
      continue;
    }
    Take(*event);
    if (layer < feeds_.size() && random() % 2 == 0) {
      SendToFeed(*feeds_[layer], random, context, *event);
      continue;
    }
    const uint64_t value = **event;
    absl::Status sent = absl::CancelledError();
    Select({out.OnSend(*std::move(event), &sent), context.OnDone()});
    if (sent.ok()) {
      account_.Accept(value, 1);
    } else {
      ++account_.returned;
    }
  }
  out.Close();
  sink.join();
  for (const Event& left : out) Take(left);
}

void Topology::Sink(Context context, ReceiveChannel<Event> input) {
  while (true) {
    absl::StatusOr<std::vector<Event>> events = input.ReceiveMany(context, 16);
    if (!events.ok()) return;
    for (const Event& event : *events) Take(event);
  }
}

void Topology::Visitor(std::mt19937_64 random, Context context) {
  while (!context.done()) {
    FeedOf<Event>& feed = *feeds_[random() % feeds_.size()];
    const Channel<Event> channel(static_cast<int>(random() % 4));
    absl::StatusOr<Subscription> subscription = feed.Subscribe(channel);
    if (!subscription.ok()) return;  // Closed.
    for (size_t left = random() % 30; left > 0; --left) {
      absl::StatusOr<Event> event;
      const int chosen = Select({channel.OnReceive(&event), subscription->OnEnd(), context.OnDone()});
      if (chosen != 0 || !event.ok()) break;
      Take(*event);
    }
    if (random() % 4 == 0) channel.Close();  // Leaves it to the feed to notice.
    subscription->Unsubscribe();
    channel.Close();
    for (const Event& event : channel) Take(event);
  }
}

}  // namespace eventbus::testing
