// A server that ends as it should: SIGTERM or SIGINT closes the listener, then lets the connections finish, then the program; a second
// signal cuts them off; and whatever hangs, the program ends in time and names it.
//
//   bazel run -c opt //docs/examples:line_server -- 7000
//
// What it shows:
//   - `Service` and `SignalContext` in `main`: what is started, in which order, and how it is closed.
//   - `TaskGroup::Drain` in `LineServer`: a drain of connections with a budget, and a report.
//   - `ReadinessFd`: a `poll` that waits for a socket and for a drain. `OnCancel`: what frees a thread from a socket.

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "absl/time/time.h"
#include "docs/examples/line_server/line_server.h"
#include "eventbus/context.h"
#include "eventbus/service.h"
#include "eventbus/signal_context.h"

int main(int argc, char** argv) {
  using eventbus::Context;
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  eventbus::SignalContext stop({SIGTERM, SIGINT});
  line_server::LineServer server;
  eventbus::Service service(absl::Seconds(10), {.name = "line_server"});
  service.Add(
      "connections", [] {}, [&](const Context& context) { return server.DrainConnections(context); },
      [&] { server.CutConnections(); });
  service.Add(
      "listener", [&] { return server.Listen(port); },
      [&](const Context& context) { return server.StopListening(context); });
  const int status = service.Main(stop);
  std::puts(server.Tally().c_str());
  return status;
}
