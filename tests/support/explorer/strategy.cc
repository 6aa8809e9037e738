#include "tests/support/explorer/strategy.h"

#include <algorithm>
#include <sstream>

namespace eventbus::explorer {

// Runs of the first option are written as their length in parentheses: "(12)1(3)2" is twelve times the first, once the
// second, three times the first, once the third.
std::string Strategy::Schedule() const {
  std::ostringstream out;
  size_t zeros = 0;
  for (size_t choice : chosen_) {
    if (choice == 0) {
      ++zeros;
      continue;
    }
    if (zeros > 0) out << '(' << zeros << ')';
    zeros = 0;
    out << choice;
  }
  return out.str();  // What follows is the first option again.
}

Replay::Replay(const std::string& schedule) {
  for (size_t i = 0; i < schedule.size(); ++i) {
    if (schedule[i] == '(') {
      const size_t end = std::min(schedule.find(')', i), schedule.size());
      schedule_.insert(schedule_.end(), std::stoul(schedule.substr(i + 1, end - i - 1)), 0);
      i = end;
    } else {
      schedule_.push_back(schedule[i] - '0');
    }
  }
}

size_t Replay::Choose(const std::vector<Option>& options) {
  const size_t step = chosen_.size();
  const size_t choice = step < schedule_.size() ? std::min(schedule_[step], options.size() - 1) : 0;
  chosen_.push_back(choice);
  return choice;
}

void DepthFirst::Begin() {
  chosen_.clear();
  depth_ = 0;
  left_ = preemptions_;
}

size_t DepthFirst::Choose(const std::vector<Option>& options) {
  if (depth_ == decisions_.size()) {
    Decision decision = {.chosen = 0, .allowed = {}};
    for (size_t i = 0; i < options.size(); ++i) {
      if (!options[i].preempts || left_ > 0) decision.allowed.push_back(i);
    }
    decisions_.push_back(std::move(decision));
  }
  const Decision& decision = decisions_[depth_++];
  const size_t choice = decision.allowed[decision.chosen];
  if (options[choice].preempts) --left_;
  chosen_.push_back(choice);
  return choice;
}

bool DepthFirst::Next() {
  decisions_.resize(depth_);
  while (!decisions_.empty() && decisions_.back().chosen + 1 == decisions_.back().allowed.size()) {
    decisions_.pop_back();
  }
  if (decisions_.empty()) return false;
  ++decisions_.back().chosen;
  return true;
}

void RandomPriorities::Begin() {
  longest_ = std::max(longest_, chosen_.size());
  chosen_.clear();
  priorities_.clear();
  change_points_.clear();
  lowest_ = 0;
  for (int i = 0; i < changes_; ++i) change_points_.push_back(random_() % longest_);
}

int64_t RandomPriorities::PriorityOf(const Option& option) {
  // A deadline that passes is a thread of its own: time.
  const size_t index = 2 * option.thread + option.by_deadline;
  while (priorities_.size() <= index) priorities_.push_back(1 + static_cast<int64_t>(random_() % 1'000'000));
  return priorities_[index];
}

size_t RandomPriorities::Choose(const std::vector<Option>& options) {
  const auto highest = [&] {
    size_t best = 0;
    for (size_t i = 1; i < options.size(); ++i) {
      if (PriorityOf(options[i]) > PriorityOf(options[best])) best = i;
    }
    return best;
  };
  size_t choice = highest();
  if (std::find(change_points_.begin(), change_points_.end(), chosen_.size()) != change_points_.end()) {
    priorities_[2 * options[choice].thread + options[choice].by_deadline] = --lowest_;
    choice = highest();
  }
  chosen_.push_back(choice);
  return choice;
}

}  // namespace eventbus::explorer
