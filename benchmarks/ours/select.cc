// One thread sends to one of n channels, each in turn, and receives from it by a select over all of them.

#include "eventbus/select.h"

#include <cstdint>
#include <vector>

#include "benchmarks/contender/contender.h"
#include "benchmarks/ours/families.h"
#include "eventbus/channel.h"

namespace eventbus::benchmarks {
namespace {

contender::Result PlaySelect(contender::Play& play, size_t count) {
  constexpr uint64_t kValues = 1000;
  std::vector<Channel<uint64_t>> channels;
  std::vector<Case> cases;
  absl::StatusOr<uint64_t> slot = absl::UnavailableError("");
  for (size_t i = 0; i < count; ++i) channels.emplace_back(1);
  for (const Channel<uint64_t>& channel : channels) cases.push_back(channel.OnReceive(&slot));
  uint64_t sent = 0;
  contender::Sequence received;
  size_t next = 0;  // Not `sent` modulo `count`: a division costs as much as a few cases.
  return play.Measure(kValues, [&] {
    for (uint64_t i = 0; i < kValues; ++i) {
      contender::Require(channels[next].Send(sent++).ok(), "a send failed");
      contender::Require(Select(cases) == static_cast<int>(next), "a case was chosen that was not ready");
      contender::Require(slot.ok(), "a receive failed");
      received.Take(*slot);
      if (++next == count) next = 0;
    }
  });
}

}  // namespace

void AddSelect(contender::Contender& contender) { contender.AddEach("select/", {2, 8}, PlaySelect); }

}  // namespace eventbus::benchmarks
