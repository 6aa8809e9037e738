// Demand-driven processes in a loop. Asked by powser1 and powser2.

#include "tests/golden/power_series.h"

#include <vector>

#include "gtest/gtest.h"
#include "tests/golden/rational.h"

namespace eventbus::testing {
namespace {

std::vector<Rational> FirstTerms(const Series& series, int count) {
  std::vector<Rational> terms;
  for (int i = 0; i < count; ++i) terms.push_back(series.Next());
  return terms;
}

// 1 / (1 - x): all ones.
Series Geometric(Workshop& workshop) {
  return workshop.Generate([](int) { return Rational(1); });
}

TEST(PowerSeries, TheGeometricSeriesIsAllOnes) {
  Workshop workshop;
  EXPECT_EQ(FirstTerms(Geometric(workshop), 6), std::vector<Rational>(6, Rational(1)));
}

TEST(PowerSeries, TheSumOfASplitSeriesIsItsDouble) {
  Workshop workshop;
  const auto [one, other] = workshop.Split(Geometric(workshop));
  EXPECT_EQ(FirstTerms(workshop.Add(one, other), 6), std::vector<Rational>(6, Rational(2)));
}

TEST(PowerSeries, TheReadersOfASplitSeriesMayBeFarApart) {
  Workshop workshop;
  const auto [fast, slow] = workshop.Split(workshop.Generate([](int k) { return Rational(k); }));
  FirstTerms(fast, 100);
  EXPECT_EQ(FirstTerms(slow, 3), (std::vector<Rational>{Rational(0), Rational(1), Rational(2)}));
  EXPECT_EQ(fast.Next(), Rational(100));
}

TEST(PowerSeries, TheSquareOfTheGeometricSeriesCounts) {
  Workshop workshop;
  const auto [one, other] = workshop.Split(Geometric(workshop));
  std::vector<Rational> expected;
  for (int k = 0; k < 8; ++k) expected.push_back(Rational(k + 1));
  EXPECT_EQ(FirstTerms(workshop.Multiply(one, other), 8), expected);
}

// e' = e, e(0) = 1.
TEST(PowerSeries, TheExponentialIsItsOwnIntegral) {
  Workshop workshop;
  const Series exponential = workshop.Fix([&](Series e) { return workshop.Integrate(Rational(1), e); });
  std::vector<Rational> expected;
  Rational factorial(1);
  for (int k = 0; k < 10; ++k) {
    if (k > 0) factorial = factorial * Rational(k);
    expected.push_back(Rational(1) / factorial);
  }
  EXPECT_EQ(FirstTerms(exponential, 10), expected);
}

// t' = 1 + t t, t(0) = 0.
TEST(PowerSeries, TheTangentIsTheIntegralOfOneAndItsSquare) {
  Workshop workshop;
  const Series tangent = workshop.Fix([&](Series t) {
    const auto [one, other] = workshop.Split(t);
    const Series unit = workshop.Generate([](int k) { return Rational(k == 0 ? 1 : 0); });
    return workshop.Integrate(Rational(0), workshop.Add(unit, workshop.Multiply(one, other)));
  });
  EXPECT_EQ(FirstTerms(tangent, 10),
            (std::vector<Rational>{Rational(0), Rational(1), Rational(0), Rational(1, 3), Rational(0), Rational(2, 15),
                                   Rational(0), Rational(17, 315), Rational(0), Rational(62, 2835)}));
}

}  // namespace
}  // namespace eventbus::testing
