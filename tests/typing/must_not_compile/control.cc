// compiles
#include <memory>
#include <string>

#include "eventbus/eventbus.h"

// Each of the other programs, made right.
void Use() {
  eventbus::Channel<std::unique_ptr<int>> channel(1);
  channel.Send(std::make_unique<int>(1)).IgnoreError();
  eventbus::SendChannel<std::unique_ptr<int>> in = channel;
  eventbus::ReceiveChannel<std::unique_ptr<int>> out = channel;
  absl::StatusOr<std::unique_ptr<int>> slot;
  absl::Status status;
  eventbus::Select({out.OnReceive(&slot), out.OnReceive([](absl::StatusOr<std::unique_ptr<int>>) {}),
                    in.OnSend(std::make_unique<int>(2), &status),
                    in.OnSend(std::make_unique<int>(3), [](const absl::Status&) {})});

  eventbus::FeedOf<std::string> feed;
  const absl::StatusOr<eventbus::Subscription> subscription = feed.Subscribe(eventbus::Channel<std::string>(1));
  feed.Send("text");
  eventbus::Feed any;
  any.Send(std::string("text"));

  eventbus::CancelHandle cancel = eventbus::Context::Background().WithCancel();
  cancel.Cancel();
}
