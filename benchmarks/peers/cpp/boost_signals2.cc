// The contender `boost-signals2`: signals, whose slots are called by the sender.
//
// `memory/subscription` has plain slots: there is no queue to give them room for a value.

#include <boost/signals2/signal.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmarks/contender/contender.h"

namespace {

using boost::signals2::scoped_connection;
using contender::Play;
using contender::Result;
using Signal = boost::signals2::signal<void(uint64_t)>;

Result PlayHandlers(Play& play, size_t count) {
  Signal signal;
  std::vector<uint64_t> sums(count);
  for (uint64_t& sum : sums) signal.connect([&sum](uint64_t value) { sum += value; });
  const uint64_t sends = contender::SendsOfBatch(count);
  uint64_t sent = 0;
  const Result result = play.Measure(sends * count, [&] {
    for (uint64_t i = 0; i < sends; ++i) signal(sent++);
  });
  for (const uint64_t sum : sums) contender::RequireSum(sum, sent);
  return result;
}

Result PlaySubscribe(Play& play, size_t others) {
  constexpr uint64_t kSubscriptions = 100;
  Signal signal;
  std::vector<uint64_t> sums(others);
  for (uint64_t& sum : sums) signal.connect([&sum](uint64_t value) { sum += value; });
  uint64_t calls = 0;
  const Result result = play.Measure(kSubscriptions, [&] {
    for (uint64_t i = 0; i < kSubscriptions; ++i) {
      const boost::signals2::connection one = signal.connect([&calls](uint64_t) { ++calls; });
      one.disconnect();
    }
  });
  signal(1);
  contender::Require(signal.num_slots() == others && calls == 0, "a slot was lost, or not disconnected");
  for (const uint64_t sum : sums) contender::Require(sum == 1, "a slot was not called once");
  signal.connect([&calls](uint64_t) { ++calls; });
  signal(1);
  contender::Require(calls == 1, "a new slot was not called once");
  return result;
}

Result PlayMemory(Play&) {
  Signal signal;
  uint64_t calls = 0;
  std::vector<scoped_connection> connections;
  connections.reserve(contender::kIdleSubscriptions);
  const Result result = contender::MeasureMemory([&](size_t) {
    connections.emplace_back(signal.connect([&calls](uint64_t value) {
      contender::Require(value == 7, "a value was changed");
      ++calls;
    }));
  });
  signal(7);
  contender::Require(calls == contender::kIdleSubscriptions, "a slot was not called once");
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  contender::Contender contender;
  contender.AddEach("handlers/", contender::kFanOuts, PlayHandlers);
  contender.AddEach("subscribe/", contender::kOthers, PlaySubscribe);
  contender.Add("memory/subscription", PlayMemory);
  return contender.Main(argc, argv);
}
