// The guide's example of services.

#include <csignal>
#include <string>
#include <vector>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

struct Noted {
  absl::Status Open() {
    steps.push_back("open");
    return absl::OkStatus();
  }
  void Listen() {
    steps.push_back("listen");
    std::raise(SIGUSR1);
  }
  void StopListening() { steps.push_back("stop listening"); }
  absl::Status Close(const Context&) {
    steps.push_back("close");
    return absl::OkStatus();
  }
  std::vector<std::string> steps;
};

int Serve(Noted& database, Noted& listener, SignalContext& stop) {
  // [guide]
  Service service(absl::Seconds(20), {.name = "bank"});
  service.Add(
      "database", [&] { return database.Open(); }, [&](const Context& context) { return database.Close(context); });
  service.Add(
      "listener", [&] { listener.Listen(); }, [&] { listener.StopListening(); });
  return service.Main(stop);  // starts in order, waits for a signal, closes in reverse; is the exit code
  // [/guide]
}

TEST(Guide, Services) {
  Noted program;
  SignalContext stop({SIGUSR1});
  EXPECT_EQ(Serve(program, program, stop), 0);
  EXPECT_EQ(program.steps, (std::vector<std::string>{"open", "listen", "stop listening", "close"}));
}

}  // namespace
}  // namespace eventbus
