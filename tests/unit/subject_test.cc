// Names, patterns, and what matches what.

#include "eventbus/internal/bus/subject.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "eventbus/internal/bus/subject_trie.h"
#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

TEST(Subject, Names) {
  for (const absl::string_view name : {"a", "orders.eu", "a.b.c.d", "$SYS-1_x", "\xc3\xa4.\xe2\x82\xac"}) {
    EXPECT_TRUE(CheckName(name).ok()) << name;
    EXPECT_TRUE(CheckPattern(name).ok()) << name;
    EXPECT_FALSE(HasWildcard(name)) << name;
  }
}

TEST(Subject, WhatIsNoName) {
  const auto message = [](absl::string_view name) {
    const absl::Status status = CheckName(name);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    return std::string(status.message());
  };
  EXPECT_EQ(message(""), "topic name '' is empty");
  EXPECT_EQ(message("a..b"), "topic name 'a..b' has an empty token");
  EXPECT_EQ(message(".a"), "topic name '.a' has an empty token");
  EXPECT_EQ(message("a."), "topic name 'a.' has an empty token");
  EXPECT_EQ(message("."), "topic name '.' has an empty token");
  EXPECT_EQ(message("a b"), "topic name 'a b' has a space or a control character");
  EXPECT_EQ(message("a.b\n"), "topic name 'a.b\\n' has a space or a control character");
  EXPECT_EQ(message("a\x7f"), "topic name 'a\\x7f' has a space or a control character");
  EXPECT_EQ(message(absl::string_view("a\0", 2)), "topic name 'a\\x00' has a space or a control character");
  EXPECT_EQ(message("a.*"), "topic name 'a.*' has a wildcard, and names no topic");
  EXPECT_EQ(message("a.>"), "topic name 'a.>' has a wildcard, and names no topic");
  EXPECT_EQ(message("a*b"), "topic name 'a*b' has a wildcard, and names no topic");
  EXPECT_TRUE(CheckName(std::string(kLongestSubject, 'a')).ok());
  EXPECT_EQ(message(std::string(kLongestSubject + 1, 'a')), "topic name of 1025 characters is longer than 1024");
}

TEST(Subject, Patterns) {
  for (const absl::string_view pattern : {"*", ">", "a.*", "*.a", "a.*.b", "a.>", "*.>", "*.*"}) {
    EXPECT_TRUE(CheckPattern(pattern).ok()) << pattern;
    EXPECT_TRUE(HasWildcard(pattern)) << pattern;
  }
  for (const absl::string_view pattern : {"", "a..*", "a*", "*a", "**", "a.>.b", ">.a", ">>", "a. *", "*."}) {
    EXPECT_EQ(CheckPattern(pattern).code(), absl::StatusCode::kInvalidArgument) << pattern;
  }
  EXPECT_EQ(CheckPattern("a.>.b").message(), "pattern 'a.>.b' has a '>' that is not the last token");
  EXPECT_EQ(CheckPattern("a.b*").message(), "pattern 'a.b*' has a wildcard that is not a whole token");
}

struct Thing {
  std::string subject;
};

using Subjects = std::vector<std::string>;

Subjects PatternsFor(const SubjectTrie<Thing>& trie, absl::string_view name) {
  Subjects found;
  trie.VisitPatternsFor(name, [&](const Thing& thing) { found.push_back(thing.subject); });
  std::sort(found.begin(), found.end());
  return found;
}

Subjects NamesFor(const SubjectTrie<Thing>& trie, absl::string_view pattern) {
  Subjects found;
  trie.VisitNamesFor(pattern, [&](const Thing& thing) { found.push_back(thing.subject); });
  std::sort(found.begin(), found.end());
  return found;
}

// The rules, token by token and without a trie.
bool Matches(absl::string_view pattern, absl::string_view name) {
  const std::vector<std::string> rule = absl::StrSplit(pattern, '.');
  const std::vector<std::string> tokens = absl::StrSplit(name, '.');
  for (size_t i = 0; i < rule.size(); ++i) {
    if (i == tokens.size()) return false;
    if (rule[i] == ">") return true;
    if (rule[i] != "*" && rule[i] != tokens[i]) return false;
  }
  return rule.size() == tokens.size();
}

TEST(SubjectTrie, StarIsOneTokenAndGreaterThanIsTheRest) {
  std::vector<Thing> patterns = {{"*"}, {">"}, {"a.*"}, {"a.>"}, {"*.b"}, {"a.b"}, {"a.*.c"}, {"*.*.*"}};
  SubjectTrie<Thing> trie;
  for (Thing& pattern : patterns) trie.Insert(pattern.subject, pattern);
  EXPECT_EQ(PatternsFor(trie, "a"), (Subjects{"*", ">"}));
  EXPECT_EQ(PatternsFor(trie, "a.b"), (Subjects{"*.b", ">", "a.*", "a.>", "a.b"}));
  EXPECT_EQ(PatternsFor(trie, "a.b.c"), (Subjects{"*.*.*", ">", "a.*.c", "a.>"}));
  EXPECT_EQ(PatternsFor(trie, "b.c.d.e"), (Subjects{">"}));
}

TEST(SubjectTrie, HoldsSeveralUnderOneSubjectAndForgetsWhatIsRemoved) {
  Thing one{"a.*"};
  Thing two{"a.*"};
  SubjectTrie<Thing> trie;
  trie.Insert("a.*", one);
  trie.Insert("a.*", two);
  EXPECT_EQ(PatternsFor(trie, "a.b").size(), 2u);
  trie.Remove("a.*", one);
  EXPECT_EQ(PatternsFor(trie, "a.b").size(), 1u);
  trie.Remove("a.*", two);
  EXPECT_TRUE(trie.empty());
}

TEST(SubjectTrie, FindsWhatTheRulesSay) {
  std::mt19937 random(7);
  const auto subject = [&](const std::vector<std::string>& tokens, bool rest) {
    std::string text;
    for (size_t left = random() % 4 + 1; left > 0; --left) {
      absl::StrAppend(&text, text.empty() ? "" : ".", tokens[random() % tokens.size()]);
    }
    return rest && random() % 3 == 0 ? text + ".>" : text;
  };
  std::vector<Thing> names(300);
  std::vector<Thing> patterns(300);
  SubjectTrie<Thing> named;
  SubjectTrie<Thing> subscribed;
  for (Thing& name : names) named.Insert(name.subject = subject({"a", "b", "ab", "c"}, false), name);
  for (Thing& pattern : patterns) {
    subscribed.Insert(pattern.subject = subject({"a", "b", "ab", "*"}, true), pattern);
  }
  // And again with half of them.
  for (int round = 0; round < 2; ++round) {
    for (const Thing& name : names) {
      Subjects expected;
      for (const Thing& pattern : patterns) {
        if (Matches(pattern.subject, name.subject)) expected.push_back(pattern.subject);
      }
      std::sort(expected.begin(), expected.end());
      ASSERT_EQ(PatternsFor(subscribed, name.subject), expected) << name.subject;
    }
    for (const Thing& pattern : patterns) {
      Subjects expected;
      for (const Thing& name : names) {
        if (Matches(pattern.subject, name.subject)) expected.push_back(name.subject);
      }
      std::sort(expected.begin(), expected.end());
      ASSERT_EQ(NamesFor(named, pattern.subject), expected) << pattern.subject;
    }
    if (round == 1) break;
    for (size_t half = 150; half > 0; --half) {
      named.Remove(names.back().subject, names.back());
      names.pop_back();
      subscribed.Remove(patterns.back().subject, patterns.back());
      patterns.pop_back();
    }
  }
}

}  // namespace
}  // namespace eventbus::internal
