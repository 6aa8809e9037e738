// Value types that show what becomes of a value.

#ifndef EVENTBUS_TESTS_SUPPORT_PAYLOADS_H_
#define EVENTBUS_TESTS_SUPPORT_PAYLOADS_H_

#include <atomic>
#include <memory>
#include <stdexcept>
#include <utility>

namespace eventbus::testing {

// Move-only, not assignable, not default-constructible: the least that a channel asks for.
class MoveOnly {
 public:
  explicit MoveOnly(int number) : number_(std::make_unique<int>(number)) {}
  MoveOnly(MoveOnly&&) = default;
  MoveOnly& operator=(MoveOnly&&) = delete;

  // -1 once it has been moved from.
  int number() const { return number_ ? *number_ : -1; }

 private:
  std::unique_ptr<int> number_;
};

// Counts the objects that are alive and the copies that were made, over all objects made from one `Counts`.
class Counted {
 public:
  struct Counts {
    std::atomic<int> alive{0};
    std::atomic<int> copies{0};
    // The copy after this many throws. Negative: none does.
    std::atomic<int> copies_until_throw{-1};
  };

  Counted(Counts& counts, int number) : counts_(&counts), number_(number) { ++counts_->alive; }
  Counted(const Counted& other) : counts_(other.counts_), number_(other.number_) {
    if (counts_->copies_until_throw.load() >= 0 && counts_->copies_until_throw.fetch_sub(1) == 0) {
      throw std::runtime_error("copy refused");
    }
    ++counts_->copies;
    ++counts_->alive;
  }
  Counted(Counted&& other) noexcept : counts_(other.counts_), number_(std::exchange(other.number_, -1)) {
    ++counts_->alive;
  }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --counts_->alive; }

  int number() const { return number_; }

 private:
  Counts* counts_;
  int number_;
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_SUPPORT_PAYLOADS_H_
