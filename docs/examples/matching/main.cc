// An exchange in one program: orders are read from a CSV file, matched, and told of, by parts that know each other's topics only.
//
//   ./bazelw run -c opt //docs/examples:order_matching -- docs/examples/matching/trades.csv [--trace]
//
//   reader --orders.*--> matcher --trades.*--> ledger
//     |                     +------quotes.*--> latest quotes (a handler in the matcher's thread)
//     +--Reject--> rejects  +<-----book------- summary (asks for what is left)
//
// Prints what each part has seen, and ends with 1 if they do not agree: no order, and no share of one, may be lost or be there
// twice.

#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "docs/examples/matching/consumer.h"
#include "docs/examples/matching/events.h"
#include "docs/examples/matching/order_book.h"
#include "docs/examples/matching/order_reader.h"
#include "eventbus/eventbus.h"

namespace matching {
namespace {

using eventbus::AnyEvent;
using eventbus::CancelHandle;
using eventbus::Context;
using eventbus::EventBus;
using eventbus::SubscriptionScope;

struct Totals {
  int64_t orders = 0;
  int64_t quantity = 0;

  void Add(int64_t amount) {
    ++orders;
    quantity += amount;
  }
};

// One symbol, from all sides.
struct Line {
  Totals read;
  Totals traded;
  int64_t turnover = 0;  // In ten-thousandths.
  Quote quote;
  BookState left;
};
using Summary = std::map<std::string, Line>;

// Publishes the orders of `file`, each on the topic of its symbol. How many lines were none.
absl::StatusOr<int64_t> ReadOrders(std::istream& file, EventBus& bus, Summary& summary) {
  std::string line;
  int64_t number = 1;
  int64_t rejects = 0;
  if (!std::getline(file, line) || line != kHeader) {
    return absl::InvalidArgumentError(absl::StrCat("the first line is not \"", kHeader, "\""));
  }
  while (std::getline(file, line)) {
    ++number;
    absl::Status status;
    if (const absl::StatusOr<Order> order = ParseOrder(line); order.ok()) {
      summary[order->symbol].read.Add(order->quantity);
      status = bus.Publish(absl::StrCat("orders.", order->symbol), *order).status;
    } else {
      ++rejects;
      status = bus.Publish(Reject{.line = number, .why = std::string(order.status().message())}).status;
    }
    if (!status.ok()) return status;
  }
  return rejects;
}

std::string Money(Price price) { return absl::StrFormat("%d.%04d", price / 10'000, price % 10'000); }

// Prints the summary. Whether all agree: each share that was read has been bought or sold or is left.
bool Report(const Summary& summary) {
  bool conserved = true;
  std::cout << "symbol      orders    shares    trades    traded  left      bid / ask\n";
  for (const auto& [symbol, line] : summary) {
    const bool right = line.read.quantity == 2 * line.traded.quantity + line.left.quantity;
    std::cout << absl::StreamFormat("%-8s %9d %9d %9d %9d %5d      %s / %s%s\n", symbol, line.read.orders,
                                    line.read.quantity, line.traded.orders, line.traded.quantity, line.left.quantity,
                                    Money(line.quote.bid), Money(line.quote.ask), right ? "" : "  NOT CONSERVED");
    conserved &= right;
  }
  return conserved;
}

int Run(std::istream& file, bool trace) {
  EventBus bus({.name = "exchange", .on_unheard = [](const AnyEvent& event) {
                  std::cerr << "nobody heard of an event on " << event.topic() << "\n";
                }});
  SubscriptionScope scope;
  int64_t traced = 0;
  const auto tap = [&](const AnyEvent& event) {
    ++traced;
    std::cerr << event.topic() << " #" << event.sequence() << "\n";
  };
  if (trace) {
    // These are published by the reader alone. A tap of topics with several publishers would have to be thread-safe.
    scope.Adopt(bus.Tap("orders.>", tap, "trace")).IgnoreError();
  }

  // Each part has what is its own; the summary is made when they have ended.
  std::map<std::string, Line> by_ledger;
  Consumer<Trade> ledger(bus, "trades.*", 64, [&](const Trade& trade) {
    Line& line = by_ledger[trade.symbol];
    line.traded.Add(trade.quantity);
    line.turnover += trade.quantity * trade.price;
  });
  std::map<std::string, Quote> quotes;
  const absl::Status quoted = scope.Adopt(
      bus.Subscribe<Quote>("quotes.*", [&](const Quote& quote) { quotes[quote.symbol] = quote; }, {.name = "quotes"}));

  std::map<std::string, OrderBook> books;
  Totals matched;
  absl::Status published;
  Consumer<Order> matcher(bus, "orders.*", 256, [&](const Order& order) {
    matched.Add(order.quantity);
    OrderBook& book = books[order.symbol];
    for (const Trade& trade : book.Add(order)) {
      published.Update(bus.Publish(absl::StrCat("trades.", order.symbol), trade).status);
    }
    const Quote quote = {.symbol = order.symbol, .bid = book.bid(), .ask = book.ask()};
    published.Update(bus.Publish(absl::StrCat("quotes.", order.symbol), quote).status);
  });
  int64_t rejects_told = 0;
  const absl::Status rejecting = scope.Adopt(bus.Subscribe<Reject>([&](const Reject& reject) {
    ++rejects_told;
    std::cerr << "line " << reject.line << ": " << reject.why << "\n";
  }));
  for (const absl::Status& status : {ledger.status(), quoted, matcher.status(), rejecting}) {
    if (!status.ok()) {
      std::cerr << status << "\n";
      return 1;
    }
  }

  Summary summary;
  const absl::StatusOr<int64_t> rejects = ReadOrders(file, bus, summary);
  if (!rejects.ok()) {
    std::cerr << rejects.status().message() << "\n";
    return 1;
  }
  matcher.Finish();  // First who publishes to the others.
  ledger.Finish();

  scope
      .Adopt(
          bus.Serve<BookQuery, BookState>("book", [&](const BookQuery& query) { return books[query.symbol].state(); }))
      .IgnoreError();
  const CancelHandle soon = Context::Background().WithTimeout(absl::Seconds(10));
  Totals read;
  for (auto& [symbol, line] : summary) {
    const absl::StatusOr<BookState> left = bus.Request<BookState>("book", BookQuery{symbol}, soon.context());
    if (!left.ok()) {
      std::cerr << left.status() << "\n";
      return 1;
    }
    line.left = *left;
    line.traded = by_ledger[symbol].traded;
    line.turnover = by_ledger[symbol].turnover;
    line.quote = quotes[symbol];
    read.orders += line.read.orders;
    read.quantity += line.read.quantity;
  }
  scope.Close();

  bool conserved = Report(summary);
  Price turnover = 0;
  for (const auto& [symbol, line] : summary) turnover += line.turnover;
  std::cout << absl::StreamFormat("%d orders, %d rejected, turnover %s\n", read.orders, *rejects, Money(turnover));
  conserved &= published.ok() && matched.orders == read.orders && matched.quantity == read.quantity;
  conserved &= rejects_told == *rejects && (!trace || traced == read.orders);
  for (const eventbus::TopicStats& topic : bus.Stats().topics) conserved &= topic.unheard == 0;
  std::cout << (conserved ? "conserved\n" : "NOT CONSERVED\n");
  return conserved ? 0 : 1;
}

}  // namespace
}  // namespace matching

int main(int argc, char** argv) {
  const bool trace = argc == 3 && absl::string_view(argv[2]) == "--trace";
  if (argc < 2 || argc > 3 || (argc == 3 && !trace)) {
    std::cerr << "usage: order_matching FILE [--trace]\n";
    return 2;
  }
  std::ifstream file(argv[1]);
  if (!file) {
    std::cerr << "cannot read " << argv[1] << "\n";
    return 1;
  }
  return matching::Run(file, trace);
}
