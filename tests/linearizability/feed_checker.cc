#include "tests/linearizability/feed_checker.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace eventbus::testing {
namespace {

template <typename... Parts>
std::string Join(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// The sends, in the order in which the witness received them; or what is wrong with that.
std::string Order(const FeedHistory& history, std::vector<FeedSend>& ordered) {
  std::map<int, Span> left;
  for (const FeedSend& send : history.sends) left.emplace(send.value, send.span);
  for (int value : history.witness) {
    const auto send = left.find(value);
    if (send == left.end()) return Join("the witness received ", value, " twice, or nobody sent it");
    ordered.push_back({value, send->second});
    left.erase(send);
  }
  if (!left.empty()) return Join("the witness never received ", left.begin()->first);
  for (size_t late = 0; late < ordered.size(); ++late) {
    for (size_t early = 0; early < late; ++early) {
      if (ordered[late].span.Before(ordered[early].span)) {
        return Join(ordered[late].value, " was sent before ", ordered[early].value, " and received after it");
      }
    }
  }
  return "";
}

std::string Check(const FeedMembership& membership, const std::vector<FeedSend>& order) {
  const auto has_value = [](int value) { return [value](const FeedSend& send) { return send.value == value; }; };
  size_t begin = order.size();
  if (!membership.received.empty()) {
    begin = std::find_if(order.begin(), order.end(), has_value(membership.received.front())) - order.begin();
  }
  size_t end = begin;
  for (int value : membership.received) {
    if (end == order.size() || order[end].value != value) {
      return Join("received ", value, " where all received ", end == order.size() ? -1 : order[end].value);
    }
    ++end;
  }
  const bool nothing = begin == end;
  for (size_t i = 0; i < order.size(); ++i) {
    const FeedSend& send = order[i];
    const bool received = !nothing && i >= begin && i < end;
    const bool during = membership.subscribe.Before(send.span) && send.span.Before(membership.unsubscribe);
    if (during && !received) return Join("never received ", send.value, ", sent while subscribed");
    if (received && send.span.Before(membership.subscribe)) {
      return Join("received ", send.value, ", sent before subscribing");
    }
    if (received && membership.unsubscribe.Before(send.span)) {
      return Join("received ", send.value, ", sent after unsubscribing");
    }
  }
  return "";
}

}  // namespace

std::string FindFault(const FeedHistory& history) {
  std::vector<FeedSend> order;
  if (std::string fault = Order(history, order); !fault.empty()) return fault;
  for (size_t i = 0; i < history.memberships.size(); ++i) {
    const std::string fault = Check(history.memberships[i], order);
    if (!fault.empty()) return Join("subscriber ", i, " ", fault);
  }
  return "";
}

}  // namespace eventbus::testing
