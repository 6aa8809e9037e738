// Has a feed wait for slow subscribers before it is measured. What that needs, it makes the first time and keeps.

#ifndef EVENTBUS_BENCHMARKS_WAIT_ONCE_H_
#define EVENTBUS_BENCHMARKS_WAIT_ONCE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/subscription.h"

namespace eventbus::benchmarks {

// Has a send to `feed`, which has no subscribers, wait for as many as can be slow at the same time, in vain. They are gone when it
// returns. False if the send did not wait for all of them.
inline bool WaitOnce(FeedOf<uint64_t>& feed, size_t subscribers) {
  ManualExecutor nobody;
  std::vector<Subscription> slow;
  for (size_t i = 0; i < subscribers; ++i) {
    slow.push_back(*feed.Subscribe([](const uint64_t&) {}, {.executor = &nobody, .capacity = 1}));
  }
  feed.Send(0);
  const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(1));
  const bool waited = feed.Send(soon.context(), 0).missed.size() == subscribers;
  for (Subscription& one : slow) one.Unsubscribe();
  nobody.RunAll();
  return waited;
}

}  // namespace eventbus::benchmarks

#endif  // EVENTBUS_BENCHMARKS_WAIT_ONCE_H_
