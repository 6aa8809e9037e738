// The line server as a child process under load, which is told to stop at whatever moment: it ends with 0, and every line that it read
// has been answered.

#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

extern char** environ;

namespace {

// The server, and what it prints. At the root of the runfiles.
class Server {
 public:
  Server() {
    int out[2];
    EXPECT_EQ(pipe(out), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    char program[] = "docs/examples/line_server";
    char* arguments[] = {program, nullptr};
    EXPECT_EQ(posix_spawn(&pid_, program, &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    out_ = fdopen(out[0], "r");
    EXPECT_EQ(std::fscanf(out_, "listening on %d", &port_), 1);
  }
  ~Server() { std::fclose(out_); }

  int port() const { return port_; }
  void Signal(int signal) const { kill(pid_, signal); }

  // Waits for its end. True if it printed its tally.
  bool Await() {
    const bool told = std::fscanf(out_, " %lu lines read, %lu answered", &read_, &answered_) == 2;
    waitpid(pid_, &status_, 0);
    return told;
  }
  int exit_code() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }
  uint64_t read() const { return read_; }
  uint64_t answered() const { return answered_; }

 private:
  pid_t pid_ = -1;
  FILE* out_ = nullptr;
  int port_ = 0;
  int status_ = -1;
  unsigned long read_ = 0;
  unsigned long answered_ = 0;
};

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

// Sends one line after another, several ahead of the answers, until the server says that it stops.
class Client {
 public:
  explicit Client(int port) : fd_(Connect(port)), reader_([this] { Read(); }), writer_([this] { Write(); }) {}
  ~Client() { Join(); }

  void Join() {
    if (!reader_.joinable()) return;
    reader_.join();
    stopped_ = true;
    shutdown(fd_, SHUT_RDWR);
    writer_.join();
    close(fd_);
  }

  uint64_t answers() const { return answers_; }
  bool was_told() const { return was_told_; }

 private:
  void Write() {
    for (int i = 0; !stopped_; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      if (send(fd_, line.data(), line.size(), MSG_NOSIGNAL) <= 0) return;
    }
  }
  void Read() {
    FILE* const in = fdopen(dup(fd_), "r");
    char* line = nullptr;
    size_t size = 0;
    while (getline(&line, &size, in) > 0) {
      if (std::string(line) == "bye\n") {
        was_told_ = true;
        break;
      }
      EXPECT_EQ(std::string(line), "LINE " + std::to_string(answers_) + "\n");
      ++answers_;
    }
    std::free(line);
    std::fclose(in);
  }

  const int fd_;
  std::atomic<bool> stopped_{false};
  std::atomic<uint64_t> answers_{0};
  bool was_told_ = false;
  std::thread reader_;
  std::thread writer_;
};

TEST(LineServer, ASignalAtAnyMomentLosesNothing) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    Server server;
    uint64_t answers = 0;
    {
      std::vector<std::unique_ptr<Client>> clients;
      for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<Client>(server.port()));
      const uint64_t moment = std::uniform_int_distribution<uint64_t>(1, 500)(random);
      for (const auto& client : clients) {
        while (client->answers() < moment) std::this_thread::yield();
      }
      server.Signal(round % 2 == 0 ? SIGTERM : SIGINT);
      for (const auto& client : clients) {
        client->Join();
        EXPECT_TRUE(client->was_told());
        answers += client->answers();
      }
    }
    ASSERT_TRUE(server.Await());
    EXPECT_EQ(server.exit_code(), 0);
    EXPECT_EQ(server.read(), server.answered()) << "accepted = handled";
    EXPECT_EQ(server.answered(), answers) << "and nothing is lost on the way";
  }
}

TEST(LineServer, WithNobodyConnectedEndsAtOnce) {
  Server server;
  server.Signal(SIGTERM);
  EXPECT_TRUE(server.Await());
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(LineServer, ASecondSignalCutsOffAClientThatDoesNotLeave) {
  Server server;
  const int fd = Connect(server.port());
  ASSERT_EQ(send(fd, "hello\n", 6, 0), 6);
  char answer[10];
  ASSERT_EQ(recv(fd, answer, 6, MSG_WAITALL), 6);
  server.Signal(SIGTERM);
  ASSERT_EQ(recv(fd, answer, 4, MSG_WAITALL), 4) << "bye";
  server.Signal(SIGTERM);  // And the client stays.
  EXPECT_TRUE(server.Await());
  EXPECT_EQ(server.exit_code(), 1);
  EXPECT_EQ(server.read(), 1u);
  close(fd);
}

}  // namespace
