#include "tests/support/explorer/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

namespace __cxxabiv1 {

// The C++ ABI's view of exceptions in flight; declared here because the header leaves it incomplete.
struct __cxa_eh_globals;
extern "C" __cxa_eh_globals* __cxa_get_globals() noexcept;

}  // namespace __cxxabiv1

namespace eventbus::explorer {

namespace {

constexpr size_t kStackSize = 256 * 1024;
constexpr size_t kGuardSize = 4096;

// Stacks are made for each of thousands of executions, so they are kept.
std::vector<char*>& FreeStacks() {
  static auto& stacks = *new std::vector<char*>;
  return stacks;
}

char* TakeStack() {
  if (FreeStacks().empty()) {
    void* const memory =
        mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    mprotect(memory, kGuardSize, PROT_NONE);  // An overflow is a crash.
    return static_cast<char*>(memory);
  }
  char* const stack = FreeStacks().back();
  FreeStacks().pop_back();
  return stack;
}

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)), stack_(TakeStack()) {
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = kStackSize;
  context_.uc_link = nullptr;
  const auto self = reinterpret_cast<uintptr_t>(this);
  makecontext(&context_, reinterpret_cast<void (*)()>(&Fiber::Enter), 2, static_cast<unsigned>(self >> 32),
              static_cast<unsigned>(self));
}

Fiber::~Fiber() {
  if (stack_ != nullptr) FreeStacks().push_back(stack_);
}

void Fiber::Enter(unsigned high, unsigned low) {
  auto* const self = reinterpret_cast<Fiber*>(static_cast<uintptr_t>(high) << 32 | low);
  self->body_();
  std::abort();  // `body` has to switch away.
}

void Fiber::Switch(Fiber& from, Fiber& to) {
  // The layout is fixed by the Itanium C++ ABI.
  auto& runtime = *reinterpret_cast<ExceptionState*>(__cxxabiv1::__cxa_get_globals());
  from.exceptions_ = runtime;
  runtime = to.exceptions_;
  swapcontext(&from.context_, &to.context_);
}

}  // namespace eventbus::explorer
