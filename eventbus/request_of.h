// A question that is published on a topic, and whose answers come back to who asked: the event of `EventBus::Request`.
//
//   bus.Serve<Quote, Price>("prices.eu", [](const Quote& quote) { return PriceOf(quote); });
//   absl::StatusOr<Price> price = bus.Request<Price>("prices.eu", Quote{"ACME", 10}, context);
//
// Who answers later, or from elsewhere, subscribes to the requests themselves and keeps a copy:
//
//   bus.Subscribe<RequestOf<Quote, Price>>("prices.eu", pending);
//   ...
//   request.Respond(PriceOf(request.value()));
//
// Copies are one question. When the last of them has gone without an answer, who asked is told at once, and does not wait for its
// deadline.

#ifndef EVENTBUS_REQUEST_OF_H_
#define EVENTBUS_REQUEST_OF_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/channel.h"
#include "eventbus/receive_channel.h"

namespace eventbus {

// Copyable, cheap to copy. Thread-safe as a `const Request` is. `Request` and `Reply` are movable.
template <typename Request, typename Reply>
class RequestOf {
 public:
  const Request& value() const { return shared_->value; }

  // Answers, with a reply or with an error. Never blocks. False if nobody waits for an answer any more.
  bool Respond(absl::StatusOr<Reply> reply) const { return shared_->replies.TrySend(std::move(reply)).ok(); }

 private:
  friend class EventBus;
  using Replies = Channel<absl::StatusOr<Reply>>;

  struct Shared {
    explicit Shared(Request request) : value(std::move(request)) {}
    ~Shared() { replies.Close(); }

    const Request value;
    const Replies replies{kUnbounded};  // Who answers must not wait for who asked. Each that was asked answers once.
  };

  explicit RequestOf(Request request) : shared_(std::make_shared<const Shared>(std::move(request))) {}

  const Replies& replies() const { return shared_->replies; }

  std::shared_ptr<const Shared> shared_;
};

// What `EventBus::RequestAll` gathered.
template <typename Reply>
struct RepliesOf {
  // How many were asked.
  size_t asked = 0;
  // In the order in which they came: answers, and errors that were given as answers.
  std::vector<Reply> replies;
  std::vector<absl::Status> errors;
  // OK: all who were asked have answered, or will not. `kUnavailable`: nobody was asked. `kDeadlineExceeded`, `kCancelled`: the
  // context was done first; what had come is above. Else why the request could not be published.
  absl::Status status;
};

}  // namespace eventbus

#endif  // EVENTBUS_REQUEST_OF_H_
