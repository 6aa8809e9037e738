// A TCP server that answers each line with the same line in upper case, and loses none when it stops.
//
// A line is accepted once it has been read. When the connections drain, each answers what it has read, says "bye", and reads no further:
// its client knows by that which of its lines were not accepted.

#ifndef DOCS_EXAMPLES_LINE_SERVER_LINE_SERVER_H_
#define DOCS_EXAMPLES_LINE_SERVER_LINE_SERVER_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "docs/examples/line_server/descriptor.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/readiness_fd.h"
#include "eventbus/task_group.h"

namespace line_server {

class LineServer {
 public:
  // Accepts connections at that port of the loopback interface; 0: at any, and prints which.
  absl::Status Listen(int port);

  // Accepts no more connections. Those that there are go on.
  eventbus::DrainReport StopListening(const eventbus::Context& context);

  // Lets each connection finish what it has read, and closes it.
  eventbus::DrainReport DrainConnections(const eventbus::Context& context);

  // Cuts them off, whatever they do: the hard stop.
  void CutConnections() { connections_.Cancel(); }

  // What was read, and what was answered.
  std::string Tally() const;

 private:
  // Something to poll for, that all see once it has been raised.
  class Flag {
   public:
    void Raise() { raised_.Close(); }
    int fd() const { return readable_.fd(); }

   private:
    const eventbus::Channel<int> raised_;
    const eventbus::ReadinessFd readable_{raised_};
  };

  void AcceptUntilStopped();
  absl::Status Serve(const eventbus::Context& context, int socket);
  // Answers the lines in `text` and leaves what follows the last of them.
  absl::Status Answer(int socket, std::string& text);

  Descriptor listening_;
  Flag stops_listening_;
  Flag drains_;
  std::atomic<uint64_t> read_{0};
  std::atomic<uint64_t> answered_{0};
  eventbus::TaskGroup connections_{eventbus::Context::Background(), {.name = "connections"}};
  eventbus::TaskGroup listener_{eventbus::Context::Background(), {.name = "listener"}};
};

}  // namespace line_server

#endif  // DOCS_EXAMPLES_LINE_SERVER_LINE_SERVER_H_
