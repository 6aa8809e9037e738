// A program under load that ends as it is told: for terminate_test.
//
//   terminated_program          ends with 0 once told by SIGTERM, and prints its journal
//   terminated_program hang     one of its handlers does not return

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/delivery.h"
#include "eventbus/feed.h"
#include "eventbus/on_each.h"
#include "eventbus/overflow.h"
#include "eventbus/send_result.h"
#include "eventbus/service.h"
#include "eventbus/signal_context.h"
#include "eventbus/subscription.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"

namespace eventbus {
namespace {

// What was accepted, and what became of it.
struct Journal {
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> handled{0};
  std::atomic<uint64_t> reported{0};
};

int Run(bool hangs) {
  const SignalContext stop({SIGTERM});
  Journal journal;
  ThreadPool pool(2);
  FeedOf<uint64_t> orders({.name = "orders"});
  const auto handle = [&](uint64_t) { ++journal.handled; };
  const auto report = [&](uint64_t) { ++journal.reported; };
  const absl::StatusOr<Subscription> audit =
      orders.Subscribe(handle, {.name = "audit", .executor = &pool, .on_left = report});
  const absl::StatusOr<Subscription> board = orders.Subscribe(handle, {.name = "board",
                                                                       .executor = &pool,
                                                                       .capacity = 4,
                                                                       .overflow = Overflow::kDropOldest,
                                                                       .on_lost = report,
                                                                       .on_left = report});
  const Channel<Delivery<uint64_t>> deliveries(16);
  const absl::StatusOr<Subscription> ledger = orders.Subscribe(deliveries, {.name = "ledger", .on_left = report});
  Spawned<absl::Status> booking = deliveries.OnEach(pool, [&](Delivery<uint64_t> order) {
    if (*order % 7 == 0 && order.attempt() == 1) return;  // It comes again.
    if (order.Ack()) ++journal.handled;
  });
  const Channel<int> never;
  const absl::StatusOr<Subscription> stuck = orders.Subscribe(
      [&](uint64_t) {
        ++journal.handled;
        if (hangs) never.Receive().status().IgnoreError();
      },
      {.name = "stuck", .executor = &pool, .capacity = 1'000'000});

  std::thread sender;
  Service service(hangs ? absl::Milliseconds(200) : absl::Seconds(30), {.name = "exchange"});
  service.Add("pool", pool);
  service.Add("orders", orders);
  service.Add(
      "sender",
      [&] {
        sender = std::thread([&] {
          for (uint64_t order = 1;; ++order) {
            const SendResult sent = orders.Send(order);
            journal.accepted += sent.delivered;
            if (!sent.status.ok()) return;
            if (order % 16 == 0) std::puts("sent");  // The other side counts them.
          }
        });
      },
      [&] {
        orders.RequestDrain();  // Under load: it refuses what comes, and frees a send that is blocked.
        sender.join();
      });
  const int status = service.Main(stop);
  std::printf("accepted %llu handled %llu reported %llu\n", static_cast<unsigned long long>(journal.accepted),
              static_cast<unsigned long long>(journal.handled), static_cast<unsigned long long>(journal.reported));
  deliveries.Close();
  return status;
}

}  // namespace
}  // namespace eventbus

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return eventbus::Run(argc > 1 && std::string(argv[1]) == "hang");
}
