#include "benchmarks/contender/contender.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

namespace contender {
namespace {

// As JSON, to a millionth.
std::string Number(double number) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.15g", std::round(number * 1e6) / 1e6);
  return text;
}

std::optional<double> ParseSeconds(const char* text) {
  constexpr double kMost = 24 * 60 * 60;
  char* end = nullptr;
  const double seconds = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(seconds > 0 && seconds <= kMost)) return std::nullopt;
  return seconds;
}

// What the command line does not allow.
int Refuse(const std::string& what) {
  std::fprintf(stderr, "%s\nusage: contender --scenarios | SCENARIO [--seconds SECONDS]\n", what.c_str());
  return 2;
}

// Fails if it lives for longer than the scenario can take, because a value that was lost may leave everybody waiting.
//
// It has a thread, which is welcome besides: in a program of one thread the C library locks without atomic operations,
// and nobody needs channels there.
class Watchdog {
 public:
  explicit Watchdog(double seconds)
      : thread_([this, patience = std::chrono::duration<double>(60 + 10 * seconds)] {
          std::unique_lock lock(mutex_);
          const bool over = over_changed_.wait_for(lock, patience, [this] { return over_; });
          Require(over, "the scenario does not end: a value was lost, or somebody waits for ever");
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    over_changed_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_changed_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace

void Fail(const std::string& what) {
  std::fprintf(stderr, "wrong answer: %s\n", what.c_str());
  std::_Exit(1);  // Without destructors: they may wait for what will not come.
}

void Sequence::FailInstead(uint64_t value) const {
  Fail("a receiver got " + std::to_string(value) + " where " + std::to_string(next_) + " was to come");
}

void Play::AddAllocations(Result& result, int64_t allocated) const {
  if (allocations_ == nullptr) return;
  result.more.emplace_back("allocations", static_cast<double>(allocated) / static_cast<double>(result.operations));
}

Result Play::Mean(uint64_t nanoseconds, uint64_t operations, int64_t allocated) const {
  Result result{.value = static_cast<double>(nanoseconds) / static_cast<double>(operations), .operations = operations};
  AddAllocations(result, allocated);
  return result;
}

Result Play::Percentiles(std::vector<uint64_t> samples, int64_t allocated) const {
  Require(!samples.empty(), "no event was measured");
  std::sort(samples.begin(), samples.end());
  // The smallest sample that is not exceeded by `share` of them.
  const auto at = [&samples](double share) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(samples.size())));
    return static_cast<double>(samples[rank - 1]);
  };
  Result result{.value = at(0.5), .operations = samples.size(), .more = {{"p99", at(0.99)}, {"p999", at(0.999)}}};
  AddAllocations(result, allocated);
  return result;
}

void Contender::AddEach(const std::string& family, const std::vector<size_t>& counts,
                        const std::function<Result(Play&, size_t count)>& scenario) {
  for (const size_t count : counts) {
    Add(family + std::to_string(count), [scenario, count](Play& play) { return scenario(play, count); });
  }
}

void Contender::List() const {
  for (const auto& [name, scenario] : scenarios_) std::printf("%s\n", name.c_str());
}

int Contender::PlayOne(const std::string& name, double seconds) const {
  const auto found =
      std::find_if(scenarios_.begin(), scenarios_.end(), [&name](const auto& one) { return one.first == name; });
  if (found == scenarios_.end()) return Refuse("no scenario " + name);
  Play play(seconds, allocations_);
  const Watchdog watchdog(seconds);
  try {
    const Result result = found->second(play);
    std::string line = "{\"scenario\": \"" + name + "\", \"value\": " + Number(result.value) + ", \"unit\": \"" +
                       result.unit + "\", \"operations\": " + std::to_string(result.operations);
    for (const auto& [key, number] : result.more) line += std::string(", \"") + key + "\": " + Number(number);
    std::printf("%s}\n", line.c_str());
  } catch (const std::exception& error) {
    Fail(std::string("an exception: ") + error.what());
  }
  return 0;
}

int Contender::Main(int argc, char** argv) const {
  if (argc == 2 && std::strcmp(argv[1], "--scenarios") == 0) {
    List();
    return 0;
  }
  std::optional<std::string> name;
  double seconds = 0.3;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--seconds" && i + 1 < argc) {
      const std::optional<double> given = ParseSeconds(argv[++i]);
      if (!given) return Refuse(std::string("not a number of seconds: ") + argv[i]);
      seconds = *given;
    } else if (argument.starts_with("-") || name) {
      return Refuse("not understood: " + argument);
    } else {
      name = argument;
    }
  }
  if (!name) return Refuse("no scenario is named");
  return PlayOne(*name, seconds);
}

int64_t ResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoll(line.c_str() + std::strlen("VmRSS:"), nullptr, 10) * 1024;
  }
  Fail("the resident memory is not known");
}

Result MeasureMemory(const std::function<void(size_t index)>& subscribe) {
  const int64_t before = ResidentBytes();
  for (size_t i = 0; i < kIdleSubscriptions; ++i) subscribe(i);
  const int64_t grown = ResidentBytes() - before;
  return {.value = static_cast<double>(grown) / kIdleSubscriptions, .unit = "bytes", .operations = kIdleSubscriptions};
}

}  // namespace contender
