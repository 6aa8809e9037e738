#include <string>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace {

using namespace eventbus;

struct Connection {
  bool Ping() const { return host == "replica"; }

  std::string host;
};

// [guide]
absl::Status Query(Pool<Connection>& connections, const Context& context) {
  absl::StatusOr<Pool<Connection>::Lease> lease = connections.Acquire(context);  // an idle one, a new one, or waits
  if (!lease.ok()) return lease.status();         // cancelled, late, closed, or it could not be opened
  if ((*lease)->Ping()) return absl::OkStatus();  // the connection returns with the lease
  lease->Discard();                               // or does not: it is broken, its place is free for another
  return absl::UnavailableError("broken");
}

absl::Status QueryOnce() {
  Pool<Connection> connections({.name = "replicas", .max_size = 4},
                               [](const Context&) -> absl::StatusOr<Connection> { return Connection{"replica"}; });
  return Query(connections, Context::Background());
}
// [/guide]

TEST(Guide, Pools) {
  EXPECT_EQ(QueryOnce(), absl::OkStatus());
  Pool<Connection> broken({}, [](const Context&) { return Connection{"nobody"}; });
  EXPECT_EQ(Query(broken, Context::Background()).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(broken.ApproxSize(), 0u);
}

}  // namespace
