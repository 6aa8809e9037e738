// Prints the statistics of a bus with names that need care, for Prometheus's own tool to read.

#include <iostream>
#include <string>

#include "eventbus/channel.h"
#include "eventbus/event_bus.h"

int main() {
  eventbus::EventBus bus({.name = "a \"quoted\" \\ name\nin two lines, \xff and \xe2\x82\xac"});
  bus.Publish("orders.eu", 1);
  bus.Publish("orders.\"us\"\\", std::string("x"));
  bus.Publish("\xff.\xe4", 1.5);
  bus.Publish(1);
  const eventbus::Channel<int> channel(eventbus::kUnbounded);
  const auto subscription = bus.Subscribe<int>("orders.*", [](int) {});
  const auto named = bus.Subscribe<int>("orders.eu", channel, {.name = "\"{},=\\\n\xff"});
  const auto of_type = bus.Subscribe<int>([](int) {});
  std::cout << bus.Stats().ToPrometheus();
}
