// A program under load that gets SIGTERM at whatever moment: it ends with 0, and what it accepted was handled or reported. With a
// handler that hangs it ends too, and names it.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <random>
#include <string>

#include "gtest/gtest.h"

extern char** environ;

namespace {

// The program, and what it prints.
class Child {
 public:
  explicit Child(bool hangs) {
    int out[2];
    int err[2];
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(err, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    char program[] = "tests/stress/terminated_program";
    char hang[] = "hang";
    char* arguments[] = {program, hangs ? hang : nullptr, nullptr};
    EXPECT_EQ(posix_spawn(&pid_, program, &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    out_ = fdopen(out[0], "r");
    err_ = fdopen(err[0], "r");
  }
  ~Child() {
    std::fclose(out_);
    std::fclose(err_);
  }

  // Reads so many of the lines that tell of its progress.
  void AwaitProgress(int lines) {
    char line[100];
    for (; lines > 0; --lines) ASSERT_NE(std::fgets(line, sizeof(line), out_), nullptr);
  }
  void Terminate() const { ASSERT_EQ(kill(pid_, SIGTERM), 0); }

  // Reads the rest, and waits for its end.
  void Await() {
    char line[100];
    while (std::fgets(line, sizeof(line), out_) != nullptr) {
      has_journal_ = has_journal_ ||
                     std::sscanf(line, "accepted %lu handled %lu reported %lu", &accepted, &handled, &reported) == 3;
    }
    for (int c = std::fgetc(err_); c != EOF; c = std::fgetc(err_)) errors += static_cast<char>(c);
    int status = -1;
    ASSERT_EQ(waitpid(pid_, &status, 0), pid_);
    exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool has_journal() const { return has_journal_; }

  int exit_code = -1;
  unsigned long accepted = 0;
  unsigned long handled = 0;
  unsigned long reported = 0;
  std::string errors;

 private:
  pid_t pid_ = -1;
  FILE* out_ = nullptr;
  FILE* err_ = nullptr;
  bool has_journal_ = false;
};

TEST(Terminate, TwoHundredTimesAtWhateverMoment) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Child child(/*hangs=*/false);
    child.AwaitProgress(std::uniform_int_distribution<int>(1, 40)(random));
    child.Terminate();
    child.Await();
    ASSERT_EQ(child.exit_code, 0) << child.errors;
    ASSERT_TRUE(child.has_journal());
    ASSERT_GT(child.accepted, 0u);
    ASSERT_EQ(child.accepted, child.handled + child.reported) << "round " << round;
  }
}

TEST(Terminate, AHandlerThatHangsIsNamedAndTheProgramEnds) {
  Child child(/*hangs=*/true);
  child.AwaitProgress(1);
  child.Terminate();
  child.Await();
  EXPECT_NE(child.exit_code, 0);
  EXPECT_NE(child.exit_code, -1) << "not by a signal";
  EXPECT_NE(child.errors.find("stuck"), std::string::npos) << child.errors;
}

}  // namespace
