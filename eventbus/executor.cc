#include "eventbus/executor.h"

#include <memory>

#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus {

namespace {

class FunctionWork final : public Work {
 public:
  explicit FunctionWork(absl::AnyInvocable<void()> function) : function_(std::move(function)) {}

  void Run() override {
    const std::unique_ptr<FunctionWork> self(this);  // Also if it throws.
    function_();
  }
  void Abandon() override { delete this; }

 private:
  absl::AnyInvocable<void()> function_;
};

}  // namespace

void Executor::SubmitAll(WorkList works) {
  while (Work* work = works.PopFront()) Submit(*work);
}

void Executor::Retire() {
  if (internal::ConsumerScope::IsInside(gate_.get())) {
    internal::Fail("~Executor", "destroyed by work that it is refusing or running");
  }
  gate_->Retire();
}

void Executor::Submit(absl::AnyInvocable<void()> function) {
  auto work = std::make_unique<FunctionWork>(std::move(function));
  Submit(*work.release());
}

}  // namespace eventbus
