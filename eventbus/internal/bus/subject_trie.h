// Things that are kept under names or under patterns, found by what matches: one node for each token.
//
// A trie of patterns is asked with a name, and follows at most three children of each node: the token, "*" and ">". A trie of
// names is asked with a pattern, and follows only what matches it. Neither looks at what does not match.
//
// The order in which things are found depends on their subjects alone.

#ifndef EVENTBUS_INTERNAL_BUS_SUBJECT_TRIE_H_
#define EVENTBUS_INTERNAL_BUS_SUBJECT_TRIE_H_

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "eventbus/internal/bus/subject.h"

namespace eventbus::internal {

// Not thread-safe. Does not own what is in it. Subjects are valid ones.
template <typename T>
class SubjectTrie {
 public:
  // Throws `std::bad_alloc`, and then did nothing that can be seen.
  void Insert(absl::string_view subject, T& thing) {
    Node* node = &root_;
    while (!subject.empty()) {
      const absl::string_view token = PopToken(subject);
      auto child = node->children.find(token);
      if (child == node->children.end()) {
        child = node->children.emplace(std::string(token), std::make_unique<Node>()).first;
      }
      node = child->second.get();
    }
    node->things.push_back(&thing);
  }

  // Requires that it is there.
  void Remove(absl::string_view subject, T& thing) { RemoveBelow(root_, subject, thing); }

  // Where things are kept under patterns: calls `visit(thing)` for each whose pattern is for `name`.
  template <typename Visit>
  void VisitPatternsFor(absl::string_view name, Visit&& visit) const {
    VisitPatterns(root_, name, visit);
  }

  // Where things are kept under names: calls `visit(thing)` for each whose name `pattern` is for.
  template <typename Visit>
  void VisitNamesFor(absl::string_view pattern, Visit&& visit) const {
    VisitNames(root_, pattern, visit);
  }

  bool empty() const { return root_.children.empty(); }

 private:
  struct Node {
    // Abseil's containers do not survive an allocation that fails.
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
    std::vector<T*> things;
  };

  static const Node* ChildOf(const Node& node, absl::string_view token) {
    const auto child = node.children.find(token);
    return child == node.children.end() ? nullptr : child->second.get();
  }

  // Leaves no node behind that holds nothing.
  static void RemoveBelow(Node& node, absl::string_view subject, T& thing) {
    if (subject.empty()) {
      node.things.erase(std::find(node.things.begin(), node.things.end(), &thing));
      return;
    }
    const auto child = node.children.find(PopToken(subject));
    RemoveBelow(*child->second, subject, thing);
    if (child->second->things.empty() && child->second->children.empty()) node.children.erase(child);
  }

  template <typename Visit>
  static void VisitThings(const Node* node, Visit& visit) {
    if (node == nullptr) return;
    for (T* const thing : node->things) visit(*thing);
  }

  template <typename Visit>
  static void VisitPatterns(const Node& node, absl::string_view name, Visit& visit) {
    if (name.empty()) {
      VisitThings(&node, visit);
      return;
    }
    VisitThings(ChildOf(node, ">"), visit);
    const absl::string_view token = PopToken(name);
    if (const Node* const any = ChildOf(node, "*")) VisitPatterns(*any, name, visit);
    if (const Node* const same = ChildOf(node, token)) VisitPatterns(*same, name, visit);
  }

  template <typename Visit>
  static void VisitNames(const Node& node, absl::string_view pattern, Visit& visit) {
    if (pattern.empty()) {
      VisitThings(&node, visit);
      return;
    }
    const absl::string_view token = PopToken(pattern);
    if (token == ">") {
      for (const auto& [name, child] : node.children) VisitAll(*child, visit);
    } else if (token == "*") {
      for (const auto& [name, child] : node.children) VisitNames(*child, pattern, visit);
    } else if (const Node* const same = ChildOf(node, token)) {
      VisitNames(*same, pattern, visit);
    }
  }

  template <typename Visit>
  static void VisitAll(const Node& node, Visit& visit) {
    VisitThings(&node, visit);
    for (const auto& [name, child] : node.children) VisitAll(*child, visit);
  }

  Node root_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_BUS_SUBJECT_TRIE_H_
