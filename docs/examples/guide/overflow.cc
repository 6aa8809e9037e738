// The guide's example of subscribers that lose values.

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

struct Quote {
  std::string symbol;
  int price;
};

TEST(Guide, Overflow) {
  std::map<std::string, int> newest;
  uint64_t outdated = 0;
  ManualExecutor slow;
  // [guide]
  FeedOf<Quote> quotes;
  const absl::StatusOr<Subscription> board = quotes.Subscribe(
      [&](const Quote& quote, const EventInfo& info) {
        newest[quote.symbol] = quote.price;
        outdated += info.lost;  // since the quote before this one
      },
      {.name = "board", .executor = &slow, .overflow = LatestBy([](const Quote& quote) { return quote.symbol; })});
  const Channel<Event<Quote>> tape(2);
  const absl::StatusOr<Subscription> taped = quotes.Subscribe(tape, {.overflow = Overflow::kDropOldest});

  for (int price = 1; price <= 100; ++price) quotes.Send({"ACME", price});  // waits for nobody
  // [/guide]
  slow.RunAll();
  EXPECT_EQ(newest["ACME"], 100);
  EXPECT_EQ(outdated, 99u);
  const absl::StatusOr<Event<Quote>> first = tape.Receive();
  EXPECT_EQ(first->info.sequence, 99u);
  EXPECT_EQ(first->info.lost, 98u);
}

}  // namespace
}  // namespace eventbus
