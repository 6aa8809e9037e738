// The newest of a series of values, for readers who may skip the older ones: a configuration, a price, a position.
//
//   Latest<Config> config(Config::Default());
//   LatestReader<Config> reader = config.Reader();
//   while (true) {
//     absl::StatusOr<LatestValue<Config>> next = reader.Next(context);   // the first time: what there is now
//     if (!next.ok()) break;
//     Apply(*next->value);                                               // next->skipped is how many were missed
//   }
//
// Use it where only the current value matters and a slow reader must hold up nobody. To see every value, a `FeedOf<T>`; to
// hand each value to one of several, a `Channel<T>`.
//
// | | nothing was set | newer than this reader has seen | seen already | closed, and the last one seen |
// |---|---|---|---|---|
// | `Next` | blocks | the newest | blocks | `kOutOfRange` |
// | `TryNext` | `kUnavailable` | the newest | `kUnavailable` | `kOutOfRange` |
// | `OnNext` in a select | not ready | ready | not ready | ready |
// | `Get` | null, version 0 | the newest | the newest | the newest |
//
// Guarantees: values are numbered 1, 2, 3, ... in the order in which they were set. Each reader has its own position, which
// only its `Next` moves: a wait that was cancelled, late or not chosen moved nothing. The versions that a reader sees grow. What
// was done before `Set` is visible to who reads that value or a later one. `Set` never blocks and waits for no reader.
//
// A value is shared by all who read it, and lives as long as one of them keeps it; it is never copied, so `T` may be move-only
// or hold a mutex. It is destroyed by whoever drops it last, with no lock held.
//
// Cost: `Set` is one allocation and O(waiting readers); a read allocates nothing.
//
// Origin: the watch channel of tokio.

#ifndef EVENTBUS_LATEST_H_
#define EVENTBUS_LATEST_H_

#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/groups/core_access.h"
#include "eventbus/internal/groups/latest_core.h"

namespace eventbus {

template <typename T>
struct LatestValue {
  std::shared_ptr<const T> value;  // Null if nothing was set.
  uint64_t version = 0;            // Of the first value that was set: 1.
  uint64_t skipped = 0;            // How many were set after the last one that this reader saw, and before this.
};

template <typename T>
class Latest;

// One reader's position. Movable but not while a case of it is in use; a copy goes on from the same position. Not thread-safe:
// each thread has its own. May outlive its `Latest`. One that was moved from can only be destroyed or assigned to.
template <typename T>
class LatestReader {
 public:
  // Blocks until there is a value that this reader has not seen: the newest. `kOutOfRange` once it is closed and the last value
  // was seen; with a context, `kCancelled` or `kDeadlineExceeded` once it is done, which is looked at first; until a time,
  // `kDeadlineExceeded` once that has passed.
  absl::StatusOr<LatestValue<T>> Next() {
    return TakeIf(internal::AwaitNewer(*core_, seen_, internal::Instant::Never()));
  }
  absl::StatusOr<LatestValue<T>> Next(const Context& context) {
    return TakeIf(internal::AwaitNewer(*core_, seen_, context));
  }
  absl::StatusOr<LatestValue<T>> NextUntil(absl::Time deadline) {
    return TakeIf(internal::AwaitNewer(*core_, seen_, internal::ToInstant(deadline)));
  }

  // The same if that needs no waiting, else `kUnavailable`.
  absl::StatusOr<LatestValue<T>> TryNext() {
    return TakeIf(internal::AwaitNewer(*core_, seen_, internal::Instant::Past()));
  }

  // A case of `Next`. Its last argument learns the outcome: a `StatusOr<LatestValue<T>>*` that is set if the case is chosen,
  // or a handler called with it. Borrows the slot and this reader.
  Case OnNext(absl::StatusOr<LatestValue<T>>* slot) {
    return CaseFor([slot](absl::StatusOr<LatestValue<T>> next) { *slot = std::move(next); });
  }
  template <std::invocable<absl::StatusOr<LatestValue<T>>> Handler>
  Case OnNext(Handler handler) {
    return CaseFor(std::move(handler));
  }

  // The version of the last value that this reader saw; 0 if none.
  uint64_t seen() const { return seen_; }

 private:
  friend class Latest<T>;
  friend struct internal::CoreAccess;

  explicit LatestReader(internal::Ref<internal::LatestCore> core) : core_(std::move(core)) {}

  absl::StatusOr<LatestValue<T>> TakeIf(absl::Status status) {
    if (!status.ok()) return status;
    internal::NumberedValue newest = core_->Get();
    const uint64_t skipped = newest.version - seen_ - 1;
    seen_ = newest.version;
    return LatestValue<T>{std::static_pointer_cast<const T>(std::move(newest.value)), newest.version, skipped};
  }

  template <typename Handler>
  Case CaseFor(Handler handler) {
    internal::CaseParts parts;
    parts.target = core_.get();
    parts.value = &seen_;
    parts.finish = [this, handler = std::move(handler)](void*, internal::Outcome outcome) mutable {
      handler(TakeIf(internal::LatestStatus(outcome)));
    };
    return Case(std::move(parts));
  }

  internal::Ref<internal::LatestCore> core_;
  uint64_t seen_ = 0;
};

// Neither copyable nor movable; destruction closes it. Thread-safe.
template <typename T>
class Latest {
 public:
  Latest() : core_(internal::MakeRef<internal::LatestCore>()) {}
  // With a first value, of version 1.
  explicit Latest(T value) : Latest() { Set(std::move(value)); }
  Latest(const Latest&) = delete;
  Latest& operator=(const Latest&) = delete;
  ~Latest() { Close(); }

  // Makes `value` the newest. Returns its version; 0 if this is closed, and `value` is dropped.
  uint64_t Set(T value) { return Set(std::make_shared<const T>(std::move(value))); }
  // The same without an allocation. `value` is not null.
  uint64_t Set(std::shared_ptr<const T> value) { return core_->Set(std::move(value)); }

  // No value comes any more: readers get the last one, and then `kOutOfRange`. True for the first call.
  bool Close() { return core_->Close(); }

  // The newest value, with its version; null if nothing was set.
  LatestValue<T> Get() const {
    internal::NumberedValue newest = core_->Get();
    return {.value = std::static_pointer_cast<const T>(std::move(newest.value)), .version = newest.version};
  }

  // A reader that has seen nothing: its first `Next` is the value that there is.
  LatestReader<T> Reader() const { return LatestReader<T>(core_); }

 private:
  friend struct internal::CoreAccess;

  const internal::Ref<internal::LatestCore> core_;
};

}  // namespace eventbus

#endif  // EVENTBUS_LATEST_H_
