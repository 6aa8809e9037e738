// Synchronising a test with a blocked thread by looking for what it left behind, not by sleeping: "go on once two
// receivers wait on this channel".

#ifndef EVENTBUS_TESTS_SUPPORT_WAITING_H_
#define EVENTBUS_TESTS_SUPPORT_WAITING_H_

#include <cstddef>
#include <thread>

#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"

namespace eventbus::testing {

// Yields until `condition()` holds. A condition that never holds is a hang, which the test's own timeout reports.
template <typename Condition>
void AwaitTrue(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

inline size_t WaitingReceivers(const internal::ChannelHandle& channel) {
  return internal::ChannelAccess::core(channel)->CountWaiting(internal::Role::kReceive);
}
inline size_t WaitingSenders(const internal::ChannelHandle& channel) {
  return internal::ChannelAccess::core(channel)->CountWaiting(internal::Role::kSend);
}
// Operations that wait for the end of `context`, which must not be the background.
inline size_t WaitingFor(const Context& context) { return ContextAccess::state(context)->CountWaiting(); }
// Sends that wait for their turn.
inline size_t WaitingSends(const internal::FeedBase& feed) {
  return internal::FeedAccess::core(feed).CountWaitingSends();
}

// Drains with a budget that no test needs.
template <typename Drained>
auto DrainInTime(Drained& object) {
  const CancelHandle budget = Context::Background().WithTimeout(absl::Hours(1));
  return object.Drain(budget.context());
}

inline void AwaitReceivers(const internal::ChannelHandle& channel, size_t count) {
  AwaitTrue([&] { return WaitingReceivers(channel) == count; });
}
inline void AwaitSenders(const internal::ChannelHandle& channel, size_t count) {
  AwaitTrue([&] { return WaitingSenders(channel) == count; });
}

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_SUPPORT_WAITING_H_
