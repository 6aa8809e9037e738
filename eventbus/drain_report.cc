#include "eventbus/drain_report.h"

#include "absl/strings/str_cat.h"

namespace eventbus {

namespace {

uint64_t Sum(const std::vector<DrainEntry>& entries, uint64_t DrainEntry::*number) {
  uint64_t sum = 0;
  for (const DrainEntry& entry : entries) sum += entry.*number;
  return sum;
}

}  // namespace

uint64_t DrainReport::handled() const { return Sum(entries, &DrainEntry::handled); }
uint64_t DrainReport::left() const { return Sum(entries, &DrainEntry::left); }
uint64_t DrainReport::running() const { return Sum(entries, &DrainEntry::running); }

std::string DrainEntry::ToString() const {
  std::string text =
      absl::StrCat(feed, feed.empty() ? "" : "/", name.empty() ? "(no name)" : name, ": ", handled, " handled");
  if (left > 0) absl::StrAppend(&text, ", ", left, " left");
  if (running > 0) absl::StrAppend(&text, ", ", running, " running");
  if (subscription != 0) absl::StrAppend(&text, " in ", absl::FormatDuration(took));
  return text;
}

std::string DrainReport::ToString() const {
  std::string text =
      status.ok() ? "drained" : absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message());
  for (const DrainEntry& entry : entries) absl::StrAppend(&text, "\n  ", entry.ToString());
  return text;
}

}  // namespace eventbus
