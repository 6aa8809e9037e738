// A part of the program that handles the events of many topics one at a time, in a thread of its own.

#ifndef EVENTBUS_DOCS_EXAMPLES_MATCHING_CONSUMER_H_
#define EVENTBUS_DOCS_EXAMPLES_MATCHING_CONSUMER_H_

#include <cstddef>
#include <string>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventbus/channel.h"
#include "eventbus/event_bus.h"
#include "eventbus/subscription.h"

namespace matching {

template <typename T>
class Consumer {
 public:
  // Subscribes to what `pattern` matches. Publishers wait while `capacity` events wait here.
  Consumer(eventbus::EventBus& bus, absl::string_view pattern, std::ptrdiff_t capacity,
           absl::AnyInvocable<void(const T& event)> handle)
      : channel_(capacity),
        subscription_(bus.Subscribe<T>(pattern, channel_, {.name = std::string(pattern)})),
        thread_([channel = channel_, handle = std::move(handle)]() mutable {
          for (const T& event : channel) handle(event);
        }) {}
  ~Consumer() { Finish(); }

  absl::Status status() const { return subscription_.status(); }

  // Takes no more, handles what has come, and ends. The second time it does nothing.
  void Finish() {
    if (!thread_.joinable()) return;
    if (subscription_.ok()) subscription_->Unsubscribe();
    channel_.Close();
    thread_.join();
  }

 private:
  const eventbus::Channel<T> channel_;
  absl::StatusOr<eventbus::Subscription> subscription_;
  std::thread thread_;
};

}  // namespace matching

#endif  // EVENTBUS_DOCS_EXAMPLES_MATCHING_CONSUMER_H_
