// Reads orders from a CSV file: a line "time,symbol,side,quantity,price", and then one line for each order:
//
//   1700000000123,ACME,buy,100,101.25
//
// Time in milliseconds; the side is "buy" or "sell"; quantities are whole and positive; prices are positive and have four
// decimals at most.

#ifndef EVENTBUS_DOCS_EXAMPLES_MATCHING_ORDER_READER_H_
#define EVENTBUS_DOCS_EXAMPLES_MATCHING_ORDER_READER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "docs/examples/matching/events.h"

namespace matching {

inline constexpr absl::string_view kHeader = "time,symbol,side,quantity,price";

// The order in a line, or what is wrong with that.
absl::StatusOr<Order> ParseOrder(absl::string_view line);

}  // namespace matching

#endif  // EVENTBUS_DOCS_EXAMPLES_MATCHING_ORDER_READER_H_
