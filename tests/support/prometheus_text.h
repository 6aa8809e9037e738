// What is wrong with a text that is to be in Prometheus's text format, version 0.0.4: for where Prometheus's own `promtool` is not
// installed. It knows the rules by which a scrape fails, and those of promtool's advice that a bus could break.

#ifndef EVENTBUS_TESTS_SUPPORT_PROMETHEUS_TEXT_H_
#define EVENTBUS_TESTS_SUPPORT_PROMETHEUS_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace eventbus::testing {

// One line for each thing that is wrong; none if all is well:
//   - lines end with an end of line, and are samples, comments or empty;
//   - a metric has one HELP that says something and one TYPE, both before its samples, and all its lines are together;
//   - names of metrics and labels are such, and texts of labels are quoted, escaped and UTF-8;
//   - values are numbers, those of counters finite and not negative;
//   - no two samples have the same name and labels;
//   - names of counters end in `_total` and no others do, and times are in seconds.
std::vector<std::string> PrometheusProblems(absl::string_view text);

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_SUPPORT_PROMETHEUS_TEXT_H_
