// Ten thousand subscribers on two threads: each is a coroutine with state of its own, and one feed serves them all.
//
//   bazel run -c opt //docs/examples:ten_thousand -- [SUBSCRIBERS [EVENTS]]
//
// Ends with 0 if every subscriber has received every event.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"

namespace {

using namespace eventbus;

struct Trade {
  int64_t number;
  double price;
};

// What a subscriber knows when it is done.
struct Summary {
  int64_t received = 0;
  int64_t out_of_order = 0;
  double highest = 0;
};

Task<Summary> Watch(ReceiveChannel<Trade> trades) {
  Summary summary;
  while (true) {
    const absl::StatusOr<Trade> trade = co_await trades.AsyncReceive();
    if (!trade.ok()) co_return summary;  // Closed and drained.
    if (trade->number != summary.received) ++summary.out_of_order;
    ++summary.received;
    summary.highest = std::max(summary.highest, trade->price);
  }
}

int64_t Argument(int argc, char** argv, int index, int64_t otherwise) {
  return argc > index ? std::atoll(argv[index]) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t subscribers = Argument(argc, argv, 1, 10'000);
  const int64_t events = Argument(argc, argv, 2, 100);
  if (subscribers < 1 || events < 0) {
    std::cerr << "usage: ten_thousand [SUBSCRIBERS [EVENTS]], at least one subscriber\n";
    return 2;
  }

  ThreadPool pool(2, {.name = "watchers"});
  FeedOf<Trade> feed({.name = "trades"});
  SubscriptionScope scope;
  std::vector<Channel<Trade>> channels;
  std::vector<Spawned<Summary>> watchers;
  for (int64_t i = 0; i < subscribers; ++i) {
    channels.emplace_back(16);
    if (absl::Status status = scope.Adopt(feed.Subscribe(channels.back())); !status.ok()) {
      std::cerr << status << "\n";
      return 1;
    }
    watchers.push_back(Spawn(pool, Watch(channels.back())));
  }

  const absl::Time start = absl::Now();
  for (int64_t number = 0; number < events; ++number) {
    feed.Send({.number = number, .price = 100.0 + static_cast<double>(number % 17)});
  }
  scope.Close();                                                   // Nothing more is sent,
  for (const Channel<Trade>& channel : channels) channel.Close();  // what was sent is received,
  int64_t received = 0;
  int64_t wrong = 0;
  for (Spawned<Summary>& watcher : watchers) {  // and every watcher comes to its end.
    const absl::StatusOr<Summary> summary = watcher.Join();
    if (!summary.ok() || summary->received != events || summary->out_of_order > 0) ++wrong;
    if (summary.ok()) received += summary->received;
  }
  const absl::Duration took = absl::Now() - start;
  std::cout << subscribers << " subscribers on " << pool.threads() << " threads, " << events << " events, " << received
            << " received in " << took << "\n";
  if (received > 0) std::cout << took / received << " for each delivery\n";
  if (wrong > 0) std::cout << wrong << " subscribers missed something\n";
  return wrong > 0 || received != subscribers * events ? 1 : 0;
}
