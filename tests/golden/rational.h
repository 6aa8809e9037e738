// Exact fractions, small ones.

#ifndef EVENTBUS_TESTS_GOLDEN_RATIONAL_H_
#define EVENTBUS_TESTS_GOLDEN_RATIONAL_H_

#include <cstdint>
#include <numeric>
#include <ostream>

namespace eventbus::testing {

// In lowest terms, the denominator positive. Does not look for overflow.
class Rational {
 public:
  explicit Rational(std::int64_t numerator, std::int64_t denominator = 1)
      : numerator_(numerator), denominator_(denominator) {
    const std::int64_t common = std::gcd(numerator, denominator) * (denominator < 0 ? -1 : 1);
    numerator_ /= common;
    denominator_ /= common;
  }

  friend Rational operator+(Rational a, Rational b) {
    return Rational(a.numerator_ * b.denominator_ + b.numerator_ * a.denominator_, a.denominator_ * b.denominator_);
  }
  friend Rational operator*(Rational a, Rational b) {
    return Rational(a.numerator_ * b.numerator_, a.denominator_ * b.denominator_);
  }
  friend Rational operator/(Rational a, Rational b) { return a * Rational(b.denominator_, b.numerator_); }
  friend bool operator==(const Rational&, const Rational&) = default;
  friend std::ostream& operator<<(std::ostream& out, Rational a) {
    return out << a.numerator_ << "/" << a.denominator_;
  }

 private:
  std::int64_t numerator_;
  std::int64_t denominator_;
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_GOLDEN_RATIONAL_H_
