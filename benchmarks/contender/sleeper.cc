#include "benchmarks/contender/sleeper.h"

#include <fcntl.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "benchmarks/contender/contender.h"

namespace contender {

Sleeper::Sleeper(std::function<void()> body)
    : thread_([this, body = std::move(body)] {
        const int file = open("/proc/thread-self/stat", O_RDONLY | O_CLOEXEC);
        Require(file > 0, "/proc/thread-self/stat cannot be read");
        state_file_.store(file);
        state_file_.notify_one();
        body();
      }) {
  state_file_.wait(0);
}

Sleeper::~Sleeper() { close(state_file_); }

void Sleeper::AwaitAsleep() const {
  while (true) {
    // 17 (name of the thread) S ...: the letter after the name is the state.
    char text[128];
    const ssize_t length = pread(state_file_, text, sizeof(text), 0);
    Require(length > 0, "the state of a thread cannot be read");
    const std::string_view line(text, static_cast<size_t>(length));
    const size_t name_end = line.rfind(") ");
    if (name_end != line.npos && name_end + 2 < line.size() && line[name_end + 2] == 'S') return;
  }
}

}  // namespace contender
