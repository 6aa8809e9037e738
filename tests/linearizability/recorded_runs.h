// Runs small programs of a few threads on a channel or a feed, and records every call with its answer.
//
// The same code runs with real threads and, built on the explorer, with logical ones: `Thread` is either.

#ifndef EVENTBUS_TESTS_LINEARIZABILITY_RECORDED_RUNS_H_
#define EVENTBUS_TESTS_LINEARIZABILITY_RECORDED_RUNS_H_

#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/select.h"
#include "tests/linearizability/channel_checker.h"
#include "tests/linearizability/feed_checker.h"

namespace eventbus::testing {

// One clock for all threads: later is greater. Not a primitive of the library, so the explorer does not yield in it.
class RecordClock {
 public:
  uint64_t Next() { return next_.fetch_add(1, std::memory_order_seq_cst); }

 private:
  std::atomic<uint64_t> next_{1};
};

// What one thread is to do with a channel.
enum class Step : uint8_t {
  kSend,
  kReceive,
  kTrySend,
  kTryReceive,
  kSelectSend,          // `Send` and `Receive` as cases of a select,
  kSelectReceive,       // beside one that is never ready.
  kCancellableSend,     // With the context that `kCancel` cancels.
  kCancellableReceive,  //
  kCancel,
  kClose,
};

using Program = std::vector<std::vector<Step>>;  // Steps by thread. The first thread's must not block.

template <typename Thread>
void JoinAll(std::vector<std::unique_ptr<Thread>>& threads) {
  for (auto& thread : threads) {
    if constexpr (requires { thread->join(); }) {
      thread->join();
    } else {
      thread->Join();
    }
  }
}

class ChannelRun {
 public:
  explicit ChannelRun(const Channel<int>& channel) : channel_(channel) {}

  // Runs `program`, closes the channel so that nobody stays blocked, receives what is left, and returns all calls.
  template <typename Thread>
  ChannelHistory Run(const Program& program) {
    histories_.resize(program.size());
    std::vector<std::unique_ptr<Thread>> threads;
    for (size_t t = 1; t < program.size(); ++t) {
      threads.push_back(std::make_unique<Thread>([this, &program, t] { RunThread(program[t], t); }));
    }
    RunThread(program[0], 0);
    Do(Step::kClose, 0);
    JoinAll(threads);
    while (Do(Step::kTryReceive, 0) == absl::StatusCode::kOk) {
    }
    ChannelHistory all;
    for (const ChannelHistory& history : histories_) all.insert(all.end(), history.begin(), history.end());
    return all;
  }

 private:
  void RunThread(const std::vector<Step>& steps, size_t thread) {
    for (Step step : steps) Do(step, thread);
  }

  absl::StatusCode Do(Step step, size_t thread) {
    ChannelCall call = {.method = Method::kSend, .thread = static_cast<int>(thread)};
    call.invoked = clock_.Next();
    const int value = static_cast<int>(thread * 100 + histories_[thread].size());
    switch (step) {
      case Step::kSend:
        call.code = channel_.Send(value).code();
        break;
      case Step::kTrySend:
        call.method = Method::kTrySend;
        call.code = channel_.TrySend(value).code();
        break;
      case Step::kSelectSend: {
        absl::Status status;
        Select({Case::Never(), channel_.OnSend(value, &status)});
        call.code = status.code();
        break;
      }
      case Step::kCancellableSend:
        call.code = channel_.Send(cancel_.context(), value).code();
        break;
      case Step::kReceive:
        Received(Method::kReceive, channel_.Receive(), call);
        break;
      case Step::kTryReceive:
        Received(Method::kTryReceive, channel_.TryReceive(), call);
        break;
      case Step::kSelectReceive: {
        absl::StatusOr<int> received = absl::UnknownError("");
        Select({channel_.OnReceive(&received), Case::Never()});
        Received(Method::kReceive, received, call);
        break;
      }
      case Step::kCancellableReceive:
        Received(Method::kReceive, channel_.Receive(cancel_.context()), call);
        break;
      case Step::kCancel:
        cancel_.Cancel();
        return absl::StatusCode::kOk;  // Not a call on the channel.
      case Step::kClose:
        call.method = Method::kClose;
        call.code = channel_.Close() ? absl::StatusCode::kOk : absl::StatusCode::kFailedPrecondition;
        break;
    }
    call.returned = clock_.Next();
    if (call.method == Method::kSend || call.method == Method::kTrySend) call.value = value;
    histories_[thread].push_back(call);
    return call.code;
  }

  static void Received(Method method, const absl::StatusOr<int>& received, ChannelCall& call) {
    call.method = method;
    call.code = received.status().code();
    if (received.ok()) call.value = *received;
  }

  const Channel<int> channel_;
  CancelHandle cancel_ = Context::Background().WithCancel();
  RecordClock clock_;
  std::vector<ChannelHistory> histories_;
};

// `threads` threads of up to `steps` steps each.
inline Program RandomProgram(std::mt19937_64& random, size_t threads, size_t steps) {
  constexpr Step kBlocking[] = {Step::kSend,          Step::kReceive,         Step::kSelectSend,
                                Step::kSelectReceive, Step::kCancellableSend, Step::kCancellableReceive};
  constexpr Step kOthers[] = {Step::kTrySend, Step::kTryReceive, Step::kCancel};
  Program program(threads);
  for (size_t t = 0; t < threads; ++t) {
    for (size_t left = random() % steps + 1; left > 0; --left) {
      const bool may_block = t > 0 && random() % 4 != 0;
      program[t].push_back(may_block ? kBlocking[random() % std::size(kBlocking)]
                                     : kOthers[random() % std::size(kOthers)]);
    }
  }
  return program;
}

// Runs `senders` threads that send `sends` values each, and one subscriber for each element of `takes`, which subscribes,
// receives that many values or until all has been sent, unsubscribes, and takes what is left; beside the witness.
template <typename Thread>
FeedHistory RunFeed(size_t senders, int sends, const std::vector<int>& takes, int64_t capacity) {
  RecordClock clock;
  FeedHistory history;
  history.memberships.resize(takes.size());
  std::vector<std::vector<FeedSend>> sent(senders);
  FeedOf<int> feed;
  Channel<int> witness(kUnbounded);
  const absl::StatusOr<Subscription> witnessing = feed.Subscribe(witness);
  CancelHandle all_sent = Context::Background().WithCancel();
  std::vector<std::unique_ptr<Thread>> sending;
  for (size_t t = 0; t < senders; ++t) {
    sending.push_back(std::make_unique<Thread>([&, t] {
      for (int i = 0; i < sends; ++i) {
        FeedSend send = {.value = static_cast<int>(t) * 1000 + i, .span = {}};
        send.span.invoked = clock.Next();
        feed.Send(send.value);
        send.span.returned = clock.Next();
        sent[t].push_back(send);
      }
    }));
  }
  std::vector<std::unique_ptr<Thread>> receiving;
  for (size_t s = 0; s < takes.size(); ++s) {
    receiving.push_back(std::make_unique<Thread>([&, s] {
      FeedMembership& membership = history.memberships[s];
      Channel<int> channel(capacity);
      membership.subscribe.invoked = clock.Next();
      absl::StatusOr<Subscription> subscription = feed.Subscribe(channel);
      membership.subscribe.returned = clock.Next();
      for (int i = 0; i < takes[s]; ++i) {
        const absl::StatusOr<int> value = channel.Receive(all_sent.context());
        if (!value.ok()) break;
        membership.received.push_back(*value);
      }
      membership.unsubscribe.invoked = clock.Next();
      subscription->Unsubscribe();
      membership.unsubscribe.returned = clock.Next();
      channel.Close();
      for (int value : channel) membership.received.push_back(value);
    }));
  }
  JoinAll(sending);
  all_sent.Cancel();
  JoinAll(receiving);
  witness.Close();
  for (int value : witness) history.witness.push_back(value);
  for (const std::vector<FeedSend>& each : sent) history.sends.insert(history.sends.end(), each.begin(), each.end());
  return history;
}

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_LINEARIZABILITY_RECORDED_RUNS_H_
