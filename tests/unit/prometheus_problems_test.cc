// What stands in for promtool where that is not installed finds what is wrong.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/support/prometheus_text.h"

namespace eventbus::testing {
namespace {

constexpr char kHeader[] = "# HELP a_total Of a.\n# TYPE a_total counter\n";

TEST(PrometheusProblems, NoneInWhatIsRight) {
  EXPECT_EQ(PrometheusProblems(""), std::vector<std::string>());
  EXPECT_EQ(PrometheusProblems(absl::StrCat(kHeader,
                                            "a_total 1\n"
                                            "a_total{x=\"1\"} 2.5\n"
                                            "a_total{x=\"2\",y=\"q\\\"\\\\\\n\xe2\x82\xac\"} 1e3\n"
                                            "\n# a comment\n"
                                            "# HELP b:c A gauge.\n# TYPE b:c gauge\nb:c -1\nb:c{d=\"e\"} +Inf\n")),
            std::vector<std::string>());
}

TEST(PrometheusProblems, EachIsFound) {
  const auto problem = [](absl::string_view text) {
    const std::vector<std::string> problems = PrometheusProblems(text);
    return problems.empty() ? std::string("none") : problems.front();
  };
  const auto after_header = [&](absl::string_view text) { return problem(absl::StrCat(kHeader, text)); };
  EXPECT_EQ(after_header("a_total 1"), "the last line has no end: ");
  EXPECT_EQ(after_header("a_total{x=\"\xff\"} 1\n"), "not UTF-8: ");
  EXPECT_EQ(after_header("a_total{x=\"\xed\xa0\x80\"} 1\n"), "not UTF-8: ");
  EXPECT_EQ(after_header("a-total 1\n"), "not a name: a-total 1");
  EXPECT_EQ(after_header("a_total{x=\"1\" 1\n"), "not labels: a_total{x=\"1\" 1");
  EXPECT_EQ(after_header("a_total{x=\"\\t\"} 1\n"), "not labels: a_total{x=\"\\t\"} 1");
  EXPECT_EQ(after_header("a_total{x-y=\"1\"} 1\n"), "not labels: a_total{x-y=\"1\"} 1");
  EXPECT_EQ(after_header("a_total{x=\"1\",x=\"2\"} 1\n"), "not labels: a_total{x=\"1\",x=\"2\"} 1");
  EXPECT_EQ(after_header("a_total one\n"), "not a number: a_total one");
  EXPECT_EQ(after_header("a_total\n"), "not a number: a_total");
  EXPECT_EQ(after_header("a_total -1\n"), "not a count: a_total -1");
  EXPECT_EQ(after_header("a_total 1\na_total 2\n"), "the same sample again: a_total 2");
  EXPECT_EQ(after_header("a_total 1\na_total{} 2\n"), "the same sample again: a_total{} 2");
  EXPECT_EQ(after_header("a_total 1\n# HELP a_total Of a.\n"), "said twice: # HELP a_total Of a.");
  EXPECT_EQ(problem("# TYPE a gauge\na 1\n"), "no HELP: a");
  EXPECT_EQ(problem("# HELP a Of a.\na 1\n"), "no TYPE: a");
  EXPECT_EQ(problem("# HELP a\n"), "says nothing: # HELP a");
  EXPECT_EQ(problem("# HELP a Of a.\n# TYPE a number\na 1\n"), "not a type: # TYPE a number");
  EXPECT_EQ(problem("# HELP a Of a.\na 1\n# TYPE a gauge\n"), "said after the samples: # TYPE a gauge");
  EXPECT_EQ(problem("# HELP a Of a.\n# TYPE a counter\na 1\n"), "_total is for counters: a");
  EXPECT_EQ(problem("# HELP a_total Of a.\n# TYPE a_total gauge\na_total 1\n"), "_total is for counters: a_total");
  EXPECT_EQ(problem("# HELP a_milliseconds Of a.\n# TYPE a_milliseconds gauge\na_milliseconds 1\n"),
            "times are in seconds: a_milliseconds");
  EXPECT_EQ(problem("# HELP a Of a.\n# TYPE a gauge\na 1\n# HELP b Of b.\n# TYPE b gauge\nb 1\na{x=\"1\"} 1\n"),
            "lines of one metric are apart: a{x=\"1\"} 1");
}

}  // namespace
}  // namespace eventbus::testing
