#include "eventbus/internal/choosing/context_state.h"

#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::AwaitTrue;

using Node = Ref<ContextState>;

Node Root(Instant deadline = Instant::Never()) {
  return MakeRef<ContextState>(Node(), deadline, absl::InfiniteFuture());
}
Node ChildOf(const Node& parent, Instant deadline = Instant::Never()) {
  return MakeRef<ContextState>(parent, deadline, absl::InfiniteFuture());
}

TEST(ContextState, EndsOnce) {
  const Node node = Root();
  EXPECT_FALSE(node->IsDone());
  EXPECT_TRUE(node->GetStatus().ok());
  EXPECT_TRUE(node->Cancel(absl::DataLossError("first")));
  EXPECT_FALSE(node->Cancel(absl::DataLossError("second")));
  EXPECT_TRUE(node->IsDone());
  EXPECT_EQ(node->GetStatus().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(node->GetCause(), absl::DataLossError("first"));
}

TEST(ContextState, ADeadlineEndsItWithoutATimer) {
  const Instant deadline = SteadyNow() + absl::Milliseconds(1);
  const Node node = Root(deadline);
  AwaitTrue([&] { return node->IsDone(); });
  EXPECT_GE(SteadyNow(), deadline);
  EXPECT_EQ(node->GetStatus().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(node->GetCause().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(ContextState, TheDeadlineIsTheEarliestOnTheWayToTheRoot) {
  const Instant early = SteadyNow() + absl::Hours(1);
  const Instant late = early + absl::Hours(1);
  const Node parent = Root(early);
  EXPECT_EQ(ChildOf(parent, late)->deadline(), early);
  EXPECT_EQ(ChildOf(ChildOf(parent), late)->deadline(), early);
  EXPECT_EQ(ChildOf(Root(late), early)->deadline(), early);
}

TEST(ContextState, APassedDeadlineCompletesAWaitThoughNobodyEndedTheNode) {
  const Node node = Root(SteadyNow() + absl::Milliseconds(1));
  const Arm arms[] = {{.target = node.get()}};
  const Selected selected = SelectAmong(arms, Choice::kFair, Instant::Never());
  EXPECT_EQ(selected.index, 0);
  EXPECT_EQ(selected.outcome, Outcome::kDone);
  EXPECT_TRUE(node->IsDone());
}

TEST(ContextState, CancellingWakesAllThatWait) {
  const Node node = Root();
  std::vector<std::thread> waiters;
  for (int i = 0; i < 10; ++i) {
    waiters.emplace_back([&node] {
      const Arm arms[] = {{.target = node.get()}};
      EXPECT_EQ(SelectAmong(arms, Choice::kFair, Instant::Never()).index, 0);
    });
  }
  AwaitTrue([&] { return node->CountWaiting() == 10; });
  EXPECT_TRUE(node->Cancel(absl::OkStatus()));
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(node->CountWaiting(), 0u);
}

TEST(ContextState, AChildKeepsItsParent) {
  Node parent = Root();
  const Node child = ChildOf(parent);
  ContextState* const raw = parent.get();
  parent = Node();
  EXPECT_TRUE(raw->Cancel(absl::OkStatus()));  // AddressSanitizer knows whether it is still there.
  EXPECT_TRUE(child->IsDone());
}

TEST(ContextState, AChildThatGoesLeavesItsParent) {
  const Node parent = Root();
  for (int i = 0; i < 100; ++i) ChildOf(parent);
  EXPECT_TRUE(parent->Cancel(absl::OkStatus()));
}

// A node that is cancelled from above in the instant in which its last reference goes.
TEST(ContextState, CancellingRacesWithChildrenThatGoAndCome) {
  for (int round = 0; round < 200; ++round) {
    const Node parent = Root();
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&parent] {
        for (int n = 0; n < 20; ++n) {
          const Node child = ChildOf(parent);
          const Node grandchild = ChildOf(child);
          if (parent->IsDone()) {
            EXPECT_TRUE(ChildOf(parent)->IsDone());
          }
        }
      });
    }
    EXPECT_TRUE(parent->Cancel(absl::OkStatus()));
    for (std::thread& thread : threads) thread.join();
  }
}

// Recursion here would need a stack as deep as the tree.
TEST(ContextState, ADeepTreeIsCancelledFromTheTop) {
  constexpr int kDepth = 10'000;
  std::vector<Node> line = {Root()};
  for (int i = 1; i < kDepth; ++i) line.push_back(ChildOf(line.back()));
  EXPECT_TRUE(line.front()->Cancel(absl::DataLossError("top")));
  EXPECT_TRUE(line.back()->IsDone());
  EXPECT_EQ(line.back()->GetCause(), absl::DataLossError("top"));
  while (!line.empty()) line.pop_back();
}

TEST(ContextState, ADeepLineOfAncestorsGoesWithItsLastChild) {
  constexpr int kDepth = 100'000;
  Node leaf = Root();
  for (int i = 1; i < kDepth; ++i) leaf = ChildOf(leaf);
  EXPECT_FALSE(leaf->IsDone());
  leaf = Node();
}

}  // namespace
}  // namespace eventbus::internal
