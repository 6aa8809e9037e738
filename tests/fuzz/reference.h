// What channels and feeds do, said in the plainest way: one thread, lists, no waiting. The fuzzer compares the library with
// this after every operation.

#ifndef EVENTBUS_TESTS_FUZZ_REFERENCE_H_
#define EVENTBUS_TESTS_FUZZ_REFERENCE_H_

#include <cstddef>
#include <deque>
#include <list>
#include <optional>

#include "absl/status/status.h"

namespace eventbus::testing {

// An operation that has been started and not yet ended.
struct ReferenceOperation {
  enum class State { kWaiting, kDone, kClosed, kGivenUp };

  int value = 0;  // To send, or received.
  State state = State::kWaiting;
};

class ReferenceChannel {
 public:
  static constexpr size_t kNoLimit = ~size_t{0};

  explicit ReferenceChannel(size_t capacity) : capacity_(capacity) {}

  bool closed() const { return closed_; }
  size_t size() const { return values_.size(); }
  size_t waiting_senders() const { return senders_.size(); }
  size_t waiting_receivers() const { return receivers_.size(); }
  bool has_room() const { return !receivers_.empty() || values_.size() < capacity_; }
  bool has_value() const { return !values_.empty() || !senders_.empty(); }

  // OK, `kFailedPrecondition`, or `kResourceExhausted`.
  absl::StatusCode TrySend(int value) {
    if (closed_) return absl::StatusCode::kFailedPrecondition;
    if (!has_room()) return absl::StatusCode::kResourceExhausted;
    values_.push_back(value);
    Settle();
    return absl::StatusCode::kOk;
  }

  // OK with `*value`, `kOutOfRange`, or `kUnavailable`.
  absl::StatusCode TryReceive(int* value) {
    if (!has_value()) return closed_ ? absl::StatusCode::kOutOfRange : absl::StatusCode::kUnavailable;
    ReferenceOperation receive;
    Start(receivers_, receive);
    *value = receive.value;
    return absl::StatusCode::kOk;
  }

  void StartSend(ReferenceOperation& send) { Start(senders_, send); }
  void StartReceive(ReferenceOperation& receive) { Start(receivers_, receive); }

  // False if it has ended already.
  bool GiveUp(ReferenceOperation& operation) {
    if (operation.state != ReferenceOperation::State::kWaiting) return false;
    operation.state = ReferenceOperation::State::kGivenUp;
    senders_.remove(&operation);
    receivers_.remove(&operation);
    return true;
  }

  bool Close() {
    if (closed_) return false;
    closed_ = true;
    Settle();
    return true;
  }

 private:
  using Queue = std::list<ReferenceOperation*>;

  void Start(Queue& queue, ReferenceOperation& operation) {
    queue.push_back(&operation);
    Settle();
  }

  // Lets happen what can.
  void Settle() {
    while (true) {
      if (!values_.empty() && !receivers_.empty()) {
        End(receivers_, ReferenceOperation::State::kDone, values_.front());
        values_.pop_front();
      } else if (!senders_.empty() && closed_) {
        End(senders_, ReferenceOperation::State::kClosed, senders_.front()->value);
      } else if (!senders_.empty() && values_.size() < capacity_) {
        values_.push_back(senders_.front()->value);
        End(senders_, ReferenceOperation::State::kDone, senders_.front()->value);
      } else if (!senders_.empty() && !receivers_.empty()) {
        End(receivers_, ReferenceOperation::State::kDone, senders_.front()->value);
        End(senders_, ReferenceOperation::State::kDone, senders_.front()->value);
      } else if (!receivers_.empty() && closed_) {
        End(receivers_, ReferenceOperation::State::kClosed, 0);
      } else {
        return;
      }
    }
  }

  static void End(Queue& queue, ReferenceOperation::State state, int value) {
    queue.front()->state = state;
    queue.front()->value = value;
    queue.pop_front();
  }

  const size_t capacity_;
  bool closed_ = false;
  std::deque<int> values_;
  Queue senders_;
  Queue receivers_;
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_FUZZ_REFERENCE_H_
