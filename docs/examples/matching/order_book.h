// The orders of one symbol that have not been met: by price, then by age.

#ifndef EVENTBUS_DOCS_EXAMPLES_MATCHING_ORDER_BOOK_H_
#define EVENTBUS_DOCS_EXAMPLES_MATCHING_ORDER_BOOK_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "docs/examples/matching/events.h"

namespace matching {

class OrderBook {
 public:
  // Meets `order` with those of the other side, best price and oldest first, at their prices; what is left of it stays.
  std::vector<Trade> Add(const Order& order) {
    return order.side == Side::kBuy ? Match(order, asks_, bids_, std::less_equal<>())
                                    : Match(order, bids_, asks_, std::greater_equal<>());
  }

  Price bid() const { return bids_.empty() ? 0 : bids_.begin()->first; }
  Price ask() const { return asks_.empty() ? 0 : asks_.begin()->first; }

  BookState state() const {
    BookState state;
    Count(bids_, state);
    Count(asks_, state);
    return state;
  }

 private:
  template <typename Better>
  using Levels = std::map<Price, std::deque<int64_t>, Better>;  // Quantities, oldest first.

  template <typename Others, typename Own, typename Crosses>
  static std::vector<Trade> Match(const Order& order, Others& others, Own& own, Crosses crosses) {
    std::vector<Trade> trades;
    int64_t left = order.quantity;
    while (left > 0 && !others.empty() && crosses(others.begin()->first, order.price)) {
      auto& [price, waiting] = *others.begin();
      const int64_t met = std::min(left, waiting.front());
      trades.push_back({.symbol = order.symbol, .quantity = met, .price = price});
      left -= met;
      waiting.front() -= met;
      if (waiting.front() == 0) waiting.pop_front();
      if (waiting.empty()) others.erase(others.begin());
    }
    if (left > 0) own[order.price].push_back(left);
    return trades;
  }

  template <typename Side>
  static void Count(const Side& side, BookState& state) {
    for (const auto& [price, waiting] : side) {
      for (const int64_t quantity : waiting) {
        ++state.orders;
        state.quantity += quantity;
      }
    }
  }

  Levels<std::greater<>> bids_;
  Levels<std::less<>> asks_;
};

}  // namespace matching

#endif  // EVENTBUS_DOCS_EXAMPLES_MATCHING_ORDER_BOOK_H_
