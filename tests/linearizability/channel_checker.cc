#include "tests/linearizability/channel_checker.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <optional>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

namespace eventbus::testing {
namespace {

// The channel that does one thing at a time.
struct Sequential {
  int64_t capacity;
  bool closed = false;
  std::deque<int> values = {};

  bool full() const { return static_cast<int64_t>(values.size()) >= capacity; }

  // The channel after `call`; nothing if it would have answered otherwise.
  std::optional<Sequential> After(const ChannelCall& call) const {
    switch (call.code) {
      case absl::StatusCode::kCancelled:
      case absl::StatusCode::kDeadlineExceeded:
        return *this;  // Given up: no effect, whatever the state.
      default:
        break;
    }
    switch (call.method) {
      case Method::kSend:
      case Method::kTrySend:
        return AfterSend(call);
      case Method::kReceive:
      case Method::kTryReceive:
        return AfterReceive(call);
      case Method::kClose:
        if ((call.code == absl::StatusCode::kOk) == closed) return std::nullopt;
        return With([](Sequential& next) { next.closed = true; });
    }
    return std::nullopt;
  }

 private:
  template <typename Change>
  std::optional<Sequential> With(Change change) const {
    Sequential next = *this;
    change(next);
    return next;
  }
  std::optional<Sequential> If(bool right) const { return right ? std::make_optional(*this) : std::nullopt; }

  std::optional<Sequential> AfterSend(const ChannelCall& call) const {
    switch (call.code) {
      case absl::StatusCode::kOk:
        if (closed || full()) return std::nullopt;
        return With([&](Sequential& next) { next.values.push_back(call.value); });
      case absl::StatusCode::kFailedPrecondition:
        return If(closed);
      case absl::StatusCode::kResourceExhausted:
        return If(call.method == Method::kTrySend && !closed && full());
      default:
        return std::nullopt;
    }
  }

  std::optional<Sequential> AfterReceive(const ChannelCall& call) const {
    switch (call.code) {
      case absl::StatusCode::kOk:
        if (values.empty() || values.front() != call.value) return std::nullopt;
        return With([](Sequential& next) { next.values.pop_front(); });
      case absl::StatusCode::kOutOfRange:
        return If(closed && values.empty());
      case absl::StatusCode::kUnavailable:
        return If(call.method == Method::kTryReceive && !closed && values.empty());
      default:
        return std::nullopt;
    }
  }
};

// Whether the two can be one step at a rendezvous. Two tries do not meet: each needs another that waits.
bool Meet(const ChannelCall& send, const ChannelCall& receive) {
  const bool is_send = send.method == Method::kSend || send.method == Method::kTrySend;
  const bool is_receive = receive.method == Method::kReceive || receive.method == Method::kTryReceive;
  const bool one_waits = send.method == Method::kSend || receive.method == Method::kReceive;
  return is_send && is_receive && one_waits && send.code == absl::StatusCode::kOk &&
         receive.code == absl::StatusCode::kOk && send.value == receive.value;
}

class Search {
 public:
  explicit Search(const ChannelHistory& history) : history_(history) {}

  // Whether the calls that are not in `placed` can follow on `state`.
  bool CanFollow(uint64_t placed, const Sequential& state) {
    if (placed == All()) return true;
    if (!seen_.emplace(placed, state.closed, state.values).second) return false;
    uint64_t first_return = std::numeric_limits<uint64_t>::max();
    for (size_t i = 0; i < history_.size(); ++i) {
      if (!(placed & Bit(i))) first_return = std::min(first_return, history_[i].returned);
    }
    // Next may be whatever was called before any other of the rest returned.
    std::vector<size_t> candidates;
    for (size_t i = 0; i < history_.size(); ++i) {
      if (!(placed & Bit(i)) && history_[i].invoked <= first_return) candidates.push_back(i);
    }
    for (size_t i : candidates) {
      const std::optional<Sequential> next = state.After(history_[i]);
      if (next && CanFollow(placed | Bit(i), *next)) return true;
    }
    if (state.capacity > 0 || state.closed) return false;
    for (size_t i : candidates) {
      for (size_t j : candidates) {
        if (Meet(history_[i], history_[j]) && CanFollow(placed | Bit(i) | Bit(j), state)) return true;
      }
    }
    return false;
  }

 private:
  static uint64_t Bit(size_t call) { return uint64_t{1} << call; }
  uint64_t All() const { return history_.size() == 64 ? ~uint64_t{0} : Bit(history_.size()) - 1; }

  const ChannelHistory& history_;
  std::set<std::tuple<uint64_t, bool, std::deque<int>>> seen_;
};

const char* Name(Method method) {
  switch (method) {
    case Method::kSend:
      return "Send";
    case Method::kTrySend:
      return "TrySend";
    case Method::kReceive:
      return "Receive";
    case Method::kTryReceive:
      return "TryReceive";
    case Method::kClose:
      return "Close";
  }
  return "";
}

}  // namespace

bool IsLinearizable(int64_t capacity, const ChannelHistory& history) {
  assert(history.size() <= 64);
  return Search(history).CanFollow(0, Sequential{.capacity = capacity});
}

std::string ToString(const ChannelHistory& history) {
  std::ostringstream out;
  for (const ChannelCall& call : history) {
    out << "  [" << call.invoked << ", " << call.returned << "] thread " << call.thread << ": " << Name(call.method)
        << " " << call.value << " -> " << absl::StatusCodeToString(call.code) << "\n";
  }
  return out.str();
}

}  // namespace eventbus::testing
