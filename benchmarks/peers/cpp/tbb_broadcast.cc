// The contender `tbb-broadcast`: a broadcast_node of oneTBB's flow graph before n function_nodes that take one value at
// a time, in two worker threads.
//
//   sender ---> broadcast_node ===> n function_nodes, each with a queue of its own
//
// The queues have no bound, so the sender never waits; the bursts keep them below 400 values. A queue_node before each
// function_node would buffer the same values twice, with one more task for each.

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "benchmarks/contender/bursts.h"
#include "benchmarks/contender/contender.h"

namespace {

namespace flow = oneapi::tbb::flow;
using contender::Play;
using contender::Result;

using Consumer = flow::function_node<uint64_t, flow::continue_msg, flow::queueing>;

Result PlayHandlers(Play& play, size_t consumers) {
  // The sender makes three. No place in the arena is kept for it, so that it does not work for the consumers.
  const oneapi::tbb::global_control threads(oneapi::tbb::global_control::max_allowed_parallelism, 3);
  oneapi::tbb::task_arena workers(2, 0);
  contender::Bursts bursts;
  std::optional<flow::graph> graph;
  workers.execute([&graph] { graph.emplace(); });
  flow::broadcast_node<uint64_t> source(*graph);
  std::deque<Consumer> nodes;
  for (size_t i = 0; i < consumers; ++i) {
    nodes.emplace_back(*graph, flow::serial, [receiver = contender::BurstReceiver(bursts)](uint64_t value) mutable {
      receiver.Take(value);
      return flow::continue_msg();
    });
    flow::make_edge(source, nodes.back());
  }
  return bursts.Measure(
      play, consumers, [&source](uint64_t value) { contender::Require(source.try_put(value), "a send was refused"); },
      [&graph] { graph->wait_for_all(); });
}

}  // namespace

int main(int argc, char** argv) {
  contender::Contender contender;
  contender.AddEach("fanout/", contender::kFanOuts, PlayHandlers);
  return contender.Main(argc, argv);
}
