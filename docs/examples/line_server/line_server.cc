#include "docs/examples/line_server/line_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace line_server {
namespace {

using ::eventbus::CancelCallback;
using ::eventbus::Context;
using ::eventbus::DrainReport;

constexpr size_t kLongestLine = 1 << 16;

absl::Status ErrorOf(absl::string_view call) { return absl::ErrnoToStatus(errno, call); }

// Blocks until there is something to read from `fd`, true, or `flag` can be read, which comes first: false.
bool AwaitReadable(int fd, int flag) {
  pollfd both[] = {{.fd = flag, .events = POLLIN, .revents = 0}, {.fd = fd, .events = POLLIN, .revents = 0}};
  while (poll(both, 2, /*timeout=*/-1) < 0 && errno == EINTR) {
  }
  return both[0].revents == 0;
}

absl::Status SendAll(int socket, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t n = send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrorOf("send");
    text.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LineServer::Listen(int port) {
  listening_ = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listening_.get() < 0) return ErrorOf("socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const auto generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listening_.get(), generic, size) != 0) return ErrorOf("bind");
  if (listen(listening_.get(), 128) != 0) return ErrorOf("listen");
  if (getsockname(listening_.get(), generic, &size) != 0) return ErrorOf("getsockname");
  std::printf("listening on %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener_.Go([this] { AcceptUntilStopped(); });
}

void LineServer::AcceptUntilStopped() {
  while (AwaitReadable(listening_.get(), stops_listening_.fd())) {
    Descriptor connection(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.get() < 0) continue;  // It has gone already.
    // Refused once the connections drain; then the descriptor closes itself.
    connections_
        .Go([this, connection = std::move(connection)](const Context& context) {
          return Serve(context, connection.get());
        })
        .IgnoreError();
  }
}

absl::Status LineServer::Serve(const Context& context, int socket) {
  const CancelCallback cut = context.OnCancel([socket] { shutdown(socket, SHUT_RDWR); });  // Frees it from any call.
  std::string text;
  char block[4096];
  bool open = true;
  while (open && AwaitReadable(socket, drains_.fd())) {
    const ssize_t n = recv(socket, block, sizeof(block), 0);
    open = n > 0;
    if (open) text.append(block, static_cast<size_t>(n));
    if (absl::Status answered = Answer(socket, text); !answered.ok()) return answered;
    if (text.size() > kLongestLine) return absl::InvalidArgumentError("a line is too long");
  }
  if (!open) return absl::OkStatus();
  if (absl::Status sent = SendAll(socket, "bye\n"); !sent.ok()) return sent;
  shutdown(socket, SHUT_WR);
  // What still comes is not accepted. To close before the client does would make its system drop answers that it has not read.
  while (recv(socket, block, sizeof(block), 0) > 0) {
  }
  return context.status();
}

absl::Status LineServer::Answer(int socket, std::string& text) {
  size_t begin = 0;
  while (true) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;
    ++read_;
    const std::string answer = absl::AsciiStrToUpper(text.substr(begin, end + 1 - begin));
    if (absl::Status sent = SendAll(socket, answer); !sent.ok()) return sent;
    ++answered_;
    begin = end + 1;
  }
  text.erase(0, begin);
  return absl::OkStatus();
}

DrainReport LineServer::StopListening(const Context& context) {
  stops_listening_.Raise();
  DrainReport report = listener_.Drain(context);
  listening_ = Descriptor();
  return report;
}

DrainReport LineServer::DrainConnections(const Context& context) {
  drains_.Raise();
  return connections_.Drain(context);
}

std::string LineServer::Tally() const {
  return absl::StrCat(read_.load(), " lines read, ", answered_.load(), " answered");
}

}  // namespace line_server
