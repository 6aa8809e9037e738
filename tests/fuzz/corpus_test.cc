// Runs the fuzzer's corpus, and some thousand random inputs, in every configuration and without a fuzzer.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fuzz/world.h"
#include "tests/stress/stress.h"

namespace eventbus::testing {
namespace {

TEST(Operations, AgreeWithTheReferenceOnTheCorpus) {
  int inputs = 0;
  for (const auto& file : std::filesystem::directory_iterator("tests/fuzz/corpus")) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    SCOPED_TRACE(file.path());
    World(bytes).Run();
    ++inputs;
  }
  std::cout << inputs << " inputs" << std::endl;
  EXPECT_GT(inputs, 0);
}

TEST(Operations, AgreeWithTheReferenceOnRandomInputs) {
  const StressRun run;
  std::mt19937_64 random = run.Random(0);
  int64_t inputs = 0;
  for (; run.goes_on(); ++inputs) {
    std::vector<uint8_t> bytes(random() % 500);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    World(bytes).Run();
  }
  std::cout << inputs << " inputs" << std::endl;
}

}  // namespace
}  // namespace eventbus::testing
