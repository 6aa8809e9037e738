// Programs whose threads are wired up while they run. Asked by sieve1 and sieve2.

#include <queue>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "eventbus/channel.h"
#include "eventbus/receive_channel.h"
#include "gtest/gtest.h"

namespace eventbus::testing {
namespace {

constexpr int kFirstPrimes[] = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31,  37,  41,  43,  47,
                                53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113};

// Numbers run through a row of filters; what passes all of them is prime, and becomes a filter of its own.
//
//   counter -> [not divisible by 2] -> [not divisible by 3] -> [by 5] -> ... -> the next prime
TEST(Primes, AGrowingRowOfFilterThreads) {
  std::vector<Channel<int>> row(1);
  std::vector<std::jthread> threads;
  // The row is torn down from its end: a filter whose output is closed closes its input.
  threads.emplace_back([first = row.front()] {
    for (int n = 2; first.Send(n).ok(); ++n) {
    }
  });
  for (const int expected : kFirstPrimes) {
    const Channel<int> in = row.back();
    const int prime = in.Receive().value_or(-1);
    ASSERT_EQ(prime, expected);
    const Channel<int> out;
    row.push_back(out);
    threads.emplace_back([in, out, prime] {
      for (int n : in) {
        if (n % prime != 0 && !out.Send(n).ok()) break;
      }
      in.Close();
    });
  }
  row.back().Close();
}

// The multiples of one prime, from its square on.
struct Multiples {
  int next;
  ReceiveChannel<int> rest;

  friend bool operator>(const Multiples& a, const Multiples& b) { return a.next > b.next; }
};

// Each prime has a thread that lists its multiples, a little ahead of the use. All lists are merged through a heap of
// their heads, and a prime is what the merged lists skip.
TEST(Primes, AMergeOfEverMoreListsOfMultiples) {
  std::priority_queue<Multiples, std::vector<Multiples>, std::greater<>> lists;
  std::vector<Channel<int>> channels;
  std::vector<std::jthread> threads;
  std::vector<int> primes;
  for (int n = 2; primes.size() < std::size(kFirstPrimes); ++n) {
    bool composite = false;
    while (!lists.empty() && lists.top().next == n) {
      composite = true;
      Multiples list = lists.top();
      lists.pop();
      list.next = list.rest.Receive().value_or(-1);
      ASSERT_GT(list.next, n);
      lists.push(std::move(list));
    }
    if (composite) continue;
    primes.push_back(n);
    const Channel<int> multiples(4);
    channels.push_back(multiples);
    threads.emplace_back([multiples, n] {
      for (int k = n * n; multiples.Send(k).ok(); k += n) {
      }
    });
    lists.push({multiples.Receive().value_or(-1), multiples});
  }
  for (const Channel<int>& channel : channels) channel.Close();
  EXPECT_EQ(primes, std::vector<int>(std::begin(kFirstPrimes), std::end(kFirstPrimes)));
}

}  // namespace
}  // namespace eventbus::testing
