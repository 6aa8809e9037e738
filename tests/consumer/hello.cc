// The smallest program that uses eventbus: one feed, one subscriber, one event.

#include <iostream>
#include <string>

#include "eventbus/eventbus.h"

int main() {
  eventbus::FeedOf<std::string> greetings;
  eventbus::Channel<std::string> inbox(1);

  auto subscription = greetings.Subscribe(inbox);
  if (!subscription.ok()) {
    std::cerr << subscription.status() << '\n';
    return 1;
  }

  const eventbus::SendResult result = greetings.Send("hello");
  const auto received = inbox.Receive();
  if (result.delivered != 1 || !received.ok() || *received != "hello") {
    std::cerr << "delivered " << result.delivered << ", received " << received.status() << '\n';
    return 1;
  }

  std::cout << "received: " << *received << '\n';
}
