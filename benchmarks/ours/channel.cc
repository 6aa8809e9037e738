// One channel: in one thread, between two, among eight. benchmarks/contender/queues.h draws the topologies.

#include "benchmarks/contender/contender.h"
#include "benchmarks/contender/queues.h"
#include "benchmarks/ours/families.h"
#include "benchmarks/ours/thread_channel.h"

namespace eventbus::benchmarks {

using contender::Play;

void AddChannel(contender::Contender& contender) {
  contender.Add("channel/uncontended", [](Play& play) {
    ThreadChannel channel(64);
    return contender::PlayUncontended(play, channel);
  });
  contender.AddEach("channel/two_threads/", {0, 1, 64, 1024}, [](Play& play, size_t capacity) {
    ThreadChannel channel(static_cast<std::ptrdiff_t>(capacity));
    return contender::PlayTwoThreads(play, channel);
  });
  contender.Add("channel/four_by_four", [](Play& play) {
    ThreadChannel channel(64);
    return contender::PlayFourByFour(play, channel);
  });
}

}  // namespace eventbus::benchmarks
