// Many channels subscribed to one feed.

#ifndef EVENTBUS_TESTS_SUPPORT_SUBSCRIBED_H_
#define EVENTBUS_TESTS_SUPPORT_SUBSCRIBED_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "eventbus/internal/ground/fail.h"

namespace eventbus::testing {

// The subscription, or the end of the test program.
inline Subscription MustSubscribe(absl::StatusOr<Subscription> subscription) {
  if (!subscription.ok()) internal::Fail("MustSubscribe", subscription.status().ToString());
  return *std::move(subscription);
}

// `count` channels of one capacity, subscribed under the names "0", "1" and so on.
template <typename T>
struct Subscribed {
  Subscribed(FeedOf<T>& feed, size_t count, std::ptrdiff_t capacity) {
    for (size_t i = 0; i < count; ++i) {
      channels.emplace_back(capacity);
      subscriptions.push_back(MustSubscribe(feed.Subscribe(channels.back(), {.name = absl::StrCat(i)})));
    }
  }

  std::vector<Channel<T>> channels;
  std::vector<Subscription> subscriptions;
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_SUPPORT_SUBSCRIBED_H_
