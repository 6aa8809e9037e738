// Context trees that are cancelled while they grow, shrink, are waited for and run out of time.

#include <optional>
#include <utility>

#include "eventbus/context.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(ContextModel, CancelWakesAWaiter) {
  Explore([] {
    CancelHandle cancel = Context::Background().WithCancel();
    Thread canceller([&] { cancel.Cancel(absl::AbortedError("enough")); });
    Select({cancel.context().OnDone()});
    Check(cancel.context().status().code() == absl::StatusCode::kCancelled, "status");
    Check(cancel.context().cause() == absl::AbortedError("enough"), "cause");
  });
}

TEST(ContextModel, AChildMadeWhileItsParentIsCancelledEnds) {
  Explore([] {
    CancelHandle parent = Context::Background().WithCancel();
    Thread canceller([&] { parent.Cancel(); });
    CancelHandle child = parent.context().WithCancel();
    canceller.Join();
    Check(child.context().done(), "nobody is forgotten");
  });
}

TEST(ContextModel, AChildThatGoesWhileItsParentIsCancelled) {
  Explore([] {
    CancelHandle parent = Context::Background().WithCancel();
    std::optional<CancelHandle> child = parent.context().WithCancel();
    std::optional<CancelHandle> sibling = parent.context().WithCancel();
    Thread canceller([&] { parent.Cancel(); });
    child.reset();
    canceller.Join();
    Check(sibling->context().done(), "the sibling ends");
  });
}

TEST(ContextModel, TheFirstCauseStays) {
  Explore([] {
    CancelHandle parent = Context::Background().WithCancel();
    CancelHandle child = parent.context().WithCancel();
    Thread above([&] { parent.Cancel(absl::AbortedError("above")); });
    const bool first = child.Cancel(absl::AbortedError("below"));
    const absl::Status cause = child.context().cause();
    above.Join();
    Check(child.context().cause() == cause, "stable");
    Check((cause == absl::AbortedError("below")) == first, "whoever was first");
  });
}

TEST(ContextModel, DeadlineAgainstCancel) {
  Explore([] {
    CancelHandle cancel = Context::Background().WithTimeout(absl::Seconds(1));
    Thread canceller([&] { cancel.Cancel(); });
    Select({cancel.context().OnDone()});
    const absl::Status status = cancel.context().status();
    Check(!status.ok(), "done");
    canceller.Join();
    Check(cancel.context().status() == status, "stable");
  });
}

TEST(ContextModel, ADeadlineThatPassesDuringCancelGivesAChildNoOtherReason) {
  Explore([] {
    CancelHandle parent = Context::Background().WithTimeout(absl::Seconds(1));
    const CancelHandle child = parent.context().WithCancel();
    Thread canceller([&] { parent.Cancel(); });
    SelectUntil(parent.context().deadline(), {Case::Never()});  // Time passes.
    canceller.Join();
    Check(child.context().status() == parent.context().status(), "one reason");
  });
}

TEST(ContextModel, ACallbackAgainstItsRemoval) {
  Explore([] {
    CancelHandle cancel = Context::Background().WithCancel();
    std::optional<int> calls = 0;
    CancelCallback callback = cancel.context().OnCancel([&] {
      Check(cancel.context().done(), "after the end");
      Check(calls.has_value() && ++*calls == 1, "once, and not after its removal");
    });
    Thread canceller([&] { cancel.Cancel(); });
    const bool never = callback.Remove();
    Check(*calls == (never ? 0 : 1), "as it says");
    calls.reset();
  });
}

TEST(ContextModel, ACallbackThatIsRegisteredInTheInstantOfTheCancellation) {
  Explore([] {
    CancelHandle cancel = Context::Background().WithCancel();
    int calls = 0;
    Thread canceller([&] { cancel.Cancel(); });
    const CancelCallback callback = cancel.context().OnCancel([&] { ++calls; });
    canceller.Join();
    Check(calls == 1, "whoever calls it");
  });
}

TEST(ContextModel, ACallbackIsCalledAtTheDeadlineOrByTheCancellation) {
  Explore([] {
    CancelHandle cancel = Context::Background().WithTimeout(absl::Seconds(1));
    internal::Event called;
    const CancelCallback callback = cancel.context().OnCancel([&] { Check(called.Happen(), "once"); });
    Thread canceller([&] { cancel.Cancel(); });
    called.Wait();
    Check(cancel.context().done(), "after the end");
  });
}

TEST(ContextModel, ACallbackIsCalledAtTheDeadlineThoughSomebodyElseFoundItPassed) {
  Explore([] {
    const CancelHandle cancel = Context::Background().WithTimeout(absl::Seconds(1));
    internal::Event called;
    const CancelCallback callback = cancel.context().OnCancel([&] { Check(called.Happen(), "once"); });
    Select({cancel.context().OnDone()});
    called.Wait();
  });
}

TEST(ContextModel, ACallbackThatRemovesItselfAndAnother) {
  Explore([] {
    CancelHandle cancel = Context::Background().WithCancel();
    int calls = 0;
    std::optional<CancelCallback> first;
    std::optional<CancelCallback> second;
    first = cancel.context().OnCancel([&] {
      ++calls;
      first.reset();
      second.reset();
    });
    second = cancel.context().OnCancel([&] { Check(false, "it was removed before"); });
    Thread canceller([&] { cancel.Cancel(); });
    cancel.Cancel();
    canceller.Join();
    Check(calls == 1 && !second.has_value(), "once");
  });
}

}  // namespace
}  // namespace eventbus
