// Sending what was decided under a lock, after the lock has been released, and in the order of the decisions.
//
//   class Chain {
//     void Append(Block block) {
//       OutboxLock lock(&mutex_, &outbox_);   // locks `mutex_`
//       head_ = block.number;
//       lock.Add(std::move(block));
//     }                                       // unlocks, then sends
//
//     std::mutex mutex_;
//     int64_t head_ = 0;                      // guarded by `mutex_`
//     FeedOf<Block> blocks_;
//     Outbox<Block> outbox_{blocks_};
//   };
//
// Use it wherever state is changed under a lock and others are told of it. A send under that lock waits for subscribers, and a
// subscriber that asks for the state waits for the lock: neither ever ends. A send after the lock without an outbox lets two
// threads tell of their changes in the wrong order.
//
//   Outbox<Block> outbox(feed);  std::lock_guard lock(mutex);  ...             // wrong: nothing sends
//   std::lock_guard lock(mutex);  outbox.Add(block);  outbox.Flush();          // wrong: sends under the lock
//   { OutboxLock lock(&mutex, &outbox);  lock.Add(block); }                    // right
//
// Guarantees:
//   - Values are sent in the order in which they were added, whoever sends them, one at a time. Added under one lock, that is
//     the order of the changes.
//   - An `OutboxLock` sends after it has unlocked. When it is over, what was added under it has been sent, unless it ran inside a
//     handler of this library: that never waits for another sender, for that one may wait for the handler. Then what it
//     added is sent by that other sender; if there is none, in the handler. If the feed itself is busy with a send from elsewhere, it
//     stays for the next flush.
//   - From inside the send itself, such as in a handler that the feed calls in the sending thread, values may be added and are
//     sent by the flush in progress, in their turn.
//   - A flush that ends with its context leaves the rest for the next, and no value is sent twice: one that a feed has begun to
//     deliver counts as sent.
//   - What could not be sent is given to `on_unsent`: the feed or channel is closed, or a copy threw.
//   - No lock of the outbox is held while a value is sent or destroyed.
//
// It holds what has been added and not yet sent: a caller outside of handlers waits until its own is sent, so that is bounded by
// the number of callers.
//
// Cost: amortised O(1) for each value; adding allocates now and then.
//
// Origin: the outbox that programs over such feeds have built by hand after a deadlock.

#ifndef EVENTBUS_OUTBOX_H_
#define EVENTBUS_OUTBOX_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/owners/outbox_turn.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/send_channel.h"
#include "eventbus/send_result.h"

namespace eventbus {

template <typename T>
struct OutboxOptions {
  // For people: in statuses.
  std::string name = {};
  // Called, in the thread that flushes and with no lock held, with each value that was not sent to all that it was meant for,
  // and why. What it throws is ignored.
  absl::AnyInvocable<void(T value, const absl::Status& why)> on_unsent = {};
};

// Not movable. Thread-safe but for destruction, which flushes: destroy it where a send would be right.
template <typename T>
class Outbox {
 public:
  // Sends to `feed`, which must outlive it, or to `channel`.
  explicit Outbox(FeedOf<T>& feed, OutboxOptions<T> options = {})
      : Outbox(
            [&feed](const Context& context, T& value) {
              SendResult result = feed.Send(context, value);
              return Sent{.status = std::move(result.status), .has_begun = result.sequence != 0};
            },
            std::move(options)) {}
  explicit Outbox(SendChannel<T> channel, OutboxOptions<T> options = {})
      : Outbox(
            [channel = std::move(channel)](const Context& context, T& value) {
              absl::Status status = channel.Send(context, std::move(value));
              return Sent{.status = status, .has_begun = status.ok()};
            },
            std::move(options)) {}
  explicit Outbox(const Channel<T>& channel, OutboxOptions<T> options = {})
      : Outbox(SendChannel<T>(channel), std::move(options)) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox() {
    const absl::Status status = Flush();
    while (ApproxSize() > 0) Remove(status);  // In a handler, which does not wait for the feed.
  }

  // Adds `value`, to be sent by the next flush. Never blocks and runs no user code: for callers that hold a lock. If there is no
  // memory, throws `std::bad_alloc`, and nothing has been added.
  void Add(T value) {
    internal::MutexLock lock(&turn_.mutex);
    values_.push_back(std::move(value));
    turn_.AddedLocked();
  }

  // Sends what has been added, and blocks until that is done, waiting for another thread that is sending. Not while holding a
  // lock. OK, also from inside the send; `kUnavailable` from inside a handler while another thread is sending: that thread
  // sends it, if it does so by this outbox, else the next flush. Otherwise the first error of a send.
  absl::Status Flush() { return Flush(Context::Background()); }

  // As above, but ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which is checked first.
  absl::Status Flush(const Context& context) {
    if (internal::ConsumerScope::IsInside(this)) return absl::OkStatus();
    uint64_t goal = 0;
    if (absl::Status status = turn_.Take(context, goal); !status.ok()) return status;
    const internal::ConsumerScope sending(this);
    absl::Status first_error;
    while (T* const oldest = OldestOrGiveUp(goal)) {
      const Sent sent = context.done() ? Sent{.status = context.status(), .has_begun = false} : Send(context, *oldest);
      if (first_error.ok()) first_error = sent.status;
      const bool is_for_later =
          !sent.has_begun && (context.done() || sent.status.code() == absl::StatusCode::kUnavailable);
      if (!is_for_later) Remove(sent.status);
      if (is_for_later || (!sent.status.ok() && context.done())) {
        turn_.Abort();
        break;
      }
    }
    return first_error;
  }

  // How many values have not been sent; how many threads wait to send. Other threads may change them at any time.
  size_t ApproxSize() const { return turn_.CountValues(); }
  size_t ApproxWaiting() const { return turn_.CountWaiting(); }

 private:
  // What became of a value.
  struct Sent {
    absl::Status status;
    bool has_begun;  // Somebody may have got it.
  };
  using Sender = absl::AnyInvocable<Sent(const Context& context, T& value)>;

  Outbox(Sender send, OutboxOptions<T> options) : send_(std::move(send)), options_(std::move(options)) {
    static_cast<void>(internal::kElementOf<T>);  // Refuses what a channel refuses.
  }

  // For who has the turn. The oldest value, which stays where it is; null if the turn was given up.
  T* OldestOrGiveUp(uint64_t goal) {
    internal::WakeList wakes;
    internal::MutexLock lock(&turn_.mutex);
    return turn_.GiveUpLocked(goal, wakes) ? nullptr : &values_.front();
  }

  Sent Send(const Context& context, T& value) {
    Sent sent = {.status = absl::OkStatus(), .has_begun = true};
    absl::Status thrown = internal::StatusOfCall([&] { sent = send_(context, value); },
                                                 [this](absl::string_view what) {
                                                   return internal::SafeStatus(absl::StatusCode::kInternal, [&] {
                                                     return absl::StrCat("outbox '", options_.name, "': a copy threw",
                                                                         what.empty() ? "" : ": ", what);
                                                   });
                                                 });
    if (!thrown.ok()) sent.status = std::move(thrown);
    return sent;
  }

  // For who has the turn: the oldest value has been sent, or will not be.
  void Remove(const absl::Status& status) {
    std::optional<T> removed;  // Destroyed after the lock.
    {
      internal::MutexLock lock(&turn_.mutex);
      removed.emplace(std::move(values_.front()));
      values_.pop_front();
      turn_.RemovedLocked();
    }
    if (status.ok() || !options_.on_unsent) return;
    internal::StatusOfCall([&] { options_.on_unsent(*std::move(removed), status); },
                           [](absl::string_view) { return absl::OkStatus(); })
        .IgnoreError();
  }

  Sender send_;  // For who has the turn, as are the options.
  OutboxOptions<T> options_;
  internal::OutboxTurn turn_;
  std::deque<T> values_ ABSL_GUARDED_BY(turn_.mutex);
};

namespace internal {

// `lock()` and `unlock()`, as of the standard library; else `Lock()` and `Unlock()`, as of Abseil.
template <typename M>
concept StandardLockable = requires(M& mutex) {
  mutex.lock();
  mutex.unlock();
};

}  // namespace internal

// Holds a mutex of the caller's for a scope; at its end unlocks it, and then flushes. `Mutex` has `lock` and `unlock`, or
// `Lock` and `Unlock`.
template <typename Mutex, typename T>
class ABSL_SCOPED_LOCKABLE OutboxLock {
 public:
  OutboxLock(Mutex* mutex, Outbox<T>* outbox) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex), outbox_(outbox) {
    if constexpr (internal::StandardLockable<Mutex>) {
      mutex_->lock();
    } else {
      mutex_->Lock();
    }
  }
  OutboxLock(const OutboxLock&) = delete;
  OutboxLock& operator=(const OutboxLock&) = delete;
  ~OutboxLock() ABSL_UNLOCK_FUNCTION() {
    if constexpr (internal::StandardLockable<Mutex>) {
      mutex_->unlock();
    } else {
      mutex_->Unlock();
    }
    outbox_->Flush().IgnoreError();
  }

  // As `Outbox::Add`.
  void Add(T value) { outbox_->Add(std::move(value)); }

 private:
  Mutex* const mutex_;
  Outbox<T>* const outbox_;
};

}  // namespace eventbus

#endif  // EVENTBUS_OUTBOX_H_
