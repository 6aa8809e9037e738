#include "docs/examples/matching/order_reader.h"

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace matching {

namespace {

constexpr size_t kDecimals = 4;
constexpr int64_t kUnit = 10'000;  // Ten to the power of that.
constexpr int64_t kMost = 1'000'000'000;

bool IsSymbol(absl::string_view text) {
  if (text.empty() || text.size() > 16) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

bool ParseCount(absl::string_view text, int64_t& count) {
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return absl::SimpleAtoi(text, &count);
}

bool ParsePrice(absl::string_view text, Price& price) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('.', 1));
  int64_t whole = 0;
  int64_t rest = 0;
  if (!ParseCount(parts[0], whole) || whole > kMost) return false;
  if (parts.size() == 2) {
    if (parts[1].empty() || parts[1].size() > kDecimals) return false;
    const std::string padded = absl::StrCat(parts[1], std::string(kDecimals - parts[1].size(), '0'));
    if (!ParseCount(padded, rest)) return false;
  }
  price = whole * kUnit + rest;
  return price > 0;
}

}  // namespace

absl::StatusOr<Order> ParseOrder(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, ',');
  if (fields.size() != 5) return absl::InvalidArgumentError(absl::StrCat(fields.size(), " fields instead of 5"));
  Order order;
  if (!ParseCount(fields[0], order.time)) return absl::InvalidArgumentError("the time is no number");
  if (!IsSymbol(fields[1])) return absl::InvalidArgumentError("the symbol is not 1 to 16 letters and digits");
  order.symbol = std::string(fields[1]);
  if (fields[2] != "buy" && fields[2] != "sell") return absl::InvalidArgumentError("the side is neither buy nor sell");
  order.side = fields[2] == "buy" ? Side::kBuy : Side::kSell;
  if (!ParseCount(fields[3], order.quantity) || order.quantity == 0 || order.quantity > kMost) {
    return absl::InvalidArgumentError("the quantity is no positive number");
  }
  if (!ParsePrice(fields[4], order.price)) return absl::InvalidArgumentError("the price is no positive number");
  return order;
}

}  // namespace matching
