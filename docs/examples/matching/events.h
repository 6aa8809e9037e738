// What goes over the bus.

#ifndef EVENTBUS_DOCS_EXAMPLES_MATCHING_EVENTS_H_
#define EVENTBUS_DOCS_EXAMPLES_MATCHING_EVENTS_H_

#include <cstdint>
#include <string>

namespace matching {

// Ten-thousandths of the currency.
using Price = int64_t;

enum class Side { kBuy, kSell };

// A wish to trade, on "orders.SYMBOL".
struct Order {
  int64_t time = 0;  // Milliseconds, as in the input.
  std::string symbol;
  Side side = Side::kBuy;
  int64_t quantity = 0;
  Price price = 0;  // The most that a buyer pays, the least that a seller takes.
};

// A part of one order that met a part of another, on "trades.SYMBOL".
struct Trade {
  std::string symbol;
  int64_t quantity = 0;
  Price price = 0;
};

// The best prices after an order, 0 where there is no order; on "quotes.SYMBOL".
struct Quote {
  std::string symbol;
  Price bid = 0;
  Price ask = 0;
};

// A line that is no order, as the event of its type.
struct Reject {
  int64_t line = 0;
  std::string why;
};

// Asks the matcher, on "book", what is left of a symbol.
struct BookQuery {
  std::string symbol;
};
struct BookState {
  int64_t orders = 0;
  int64_t quantity = 0;
};

}  // namespace matching

#endif  // EVENTBUS_DOCS_EXAMPLES_MATCHING_EVENTS_H_
