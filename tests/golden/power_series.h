// Power series as processes: each is a thread that computes a coefficient when it is asked for one.
//
// A series is a pair of channels: a request asks for the next coefficient, the answer brings it. Nothing is computed
// that nobody asked for, so a series may be defined by itself. The idea is McIlroy's, "Squinting at Power Series".

#ifndef EVENTBUS_TESTS_GOLDEN_POWER_SERIES_H_
#define EVENTBUS_TESTS_GOLDEN_POWER_SERIES_H_

#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "tests/golden/rational.h"

namespace eventbus::testing {

class Series {
 public:
  // The next coefficient; 0 once the workshop is closed.
  Rational Next() const {
    if (!request_.Send(true).ok()) return Rational(0);
    return answer_.Receive().value_or(Rational(0));
  }

 private:
  friend class Workshop;

  Channel<bool> request_;
  Channel<Rational> answer_;
};

// Builds series and owns their threads.
class Workshop {
 public:
  Workshop() = default;
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() {
    for (const Series& series : built_) {
      series.request_.Close();
      series.answer_.Close();
    }
  }

  // A series whose k-th coefficient, counted from 0, is `next(k)`, called in that order.
  Series Generate(std::function<Rational(int k)> next) { return Start(NewSeries(), std::move(next)); }

  // The coefficients of `s`, twice, for two readers that may be any distance apart.
  std::pair<Series, Series> Split(Series s);

  Series Add(Series a, Series b) {
    return Generate([a, b](int) { return a.Next() + b.Next(); });
  }

  // The k-th coefficient needs the first k of both, which are kept.
  Series Multiply(Series a, Series b);

  // The series with this derivative and `constant` as its first coefficient. Its own first coefficient needs nothing of
  // `derivative`, which may therefore depend on it.
  Series Integrate(Rational constant, Series derivative) {
    return Generate([constant, derivative](int k) { return k == 0 ? constant : derivative.Next() / Rational(k); });
  }

  // The series that `define` makes of the series itself: f = define(f).
  Series Fix(const std::function<Series(Series)>& define);

 private:
  Series NewSeries() {
    built_.emplace_back();
    return built_.back();
  }
  Series Start(Series series, std::function<Rational(int k)> next) {
    threads_.emplace_back([series, next = std::move(next)] {
      for (int k = 0; series.request_.Receive().ok(); ++k) {
        if (!series.answer_.Send(next(k)).ok()) return;
      }
    });
    return series;
  }

  std::vector<Series> built_;
  std::vector<std::jthread> threads_;  // After the channels: joined first.
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_GOLDEN_POWER_SERIES_H_
