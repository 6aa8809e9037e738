#include "tests/golden/power_series.h"

#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "eventbus/case.h"
#include "eventbus/select.h"

namespace eventbus::testing {

std::pair<Series, Series> Workshop::Split(Series s) {
  const std::array<Series, 2> readers = {NewSeries(), NewSeries()};
  threads_.emplace_back([s, readers] {
    std::array<std::deque<Rational>, 2> ready;
    std::array<bool, 2> waits = {false, false};
    bool asked = false;
    while (true) {
      absl::StatusOr<bool> request;
      absl::StatusOr<Rational> answer;
      const auto request_of = [&](int i) { return waits[i] ? Case::Never() : readers[i].request_.OnReceive(&request); };
      // While one reader waits for `s`, the other has to be served: `s` may be made of what it reads.
      switch (Select({request_of(0), request_of(1), asked ? s.answer_.OnReceive(&answer) : Case::Never()})) {
        case 0:
          if (!request.ok()) return;
          waits[0] = true;
          break;
        case 1:
          if (!request.ok()) return;
          waits[1] = true;
          break;
        default:
          if (!answer.ok()) return;
          asked = false;
          for (std::deque<Rational>& queue : ready) queue.push_back(*answer);
      }
      for (int i = 0; i < 2; ++i) {
        if (!waits[i]) continue;
        if (!ready[i].empty()) {
          if (!readers[i].answer_.Send(ready[i].front()).ok()) return;
          ready[i].pop_front();
          waits[i] = false;
        } else if (!asked) {
          if (!s.request_.Send(true).ok()) return;
          asked = true;
        }
      }
    }
  });
  return {readers[0], readers[1]};
}

Series Workshop::Multiply(Series a, Series b) {
  return Generate([a, b, a_terms = std::vector<Rational>(), b_terms = std::vector<Rational>()](int k) mutable {
    a_terms.push_back(a.Next());
    b_terms.push_back(b.Next());
    Rational sum(0);
    for (int i = 0; i <= k; ++i) sum = sum + a_terms[i] * b_terms[k - i];
    return sum;
  });
}

Series Workshop::Fix(const std::function<Series(Series)>& define) {
  const Series itself = NewSeries();
  const auto [result, feedback] = Split(define(itself));
  Start(itself, [feedback = feedback](int) { return feedback.Next(); });
  return result;
}

}  // namespace eventbus::testing
