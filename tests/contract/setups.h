// What the contract runs over: every access path with every capacity.

#ifndef EVENTBUS_TESTS_CONTRACT_SETUPS_H_
#define EVENTBUS_TESTS_CONTRACT_SETUPS_H_

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "eventbus/channel.h"
#include "gtest/gtest.h"
#include "tests/contract/access_paths.h"

namespace eventbus::testing {

template <std::ptrdiff_t capacity>
struct Room {
  static std::string Name() { return absl::StrCat("Capacity", capacity); }

  static constexpr int kCapacity = capacity;
  template <typename T>
  static Channel<T> Make() {
    return Channel<T>(capacity);
  }
};

struct EndlessRoom {
  static std::string Name() { return "Unbounded"; }

  template <typename T>
  static Channel<T> Make() {
    return Channel<T>(kUnbounded);
  }
};

// One path with one capacity: the parameter of each test of the suite.
template <typename Path, typename Capacity>
struct Setup : Path, Capacity {
  static std::string Name() { return absl::StrCat(Path::kName, Capacity::Name()); }
};

// A channel of `T` as `S` asks for it.
template <typename T, typename S>
Channel<T> MakeChannel() {
  return S::template Make<T>();
}

template <typename... Paths>
using OverBoundedCapacities =
    ::testing::Types<Setup<Paths, Room<0>>..., Setup<Paths, Room<1>>..., Setup<Paths, Room<8>>...>;

template <typename... Paths>
using OverAllCapacities = ::testing::Types<Setup<Paths, Room<0>>..., Setup<Paths, Room<1>>..., Setup<Paths, Room<8>>...,
                                           Setup<Paths, EndlessRoom>...>;

using AllSetups = OverAllCapacities<DirectPath, SelectPath, ContextPath, DeadlinePath, CoroutinePath, AsyncSelectPath>;
using BoundedSetups =
    OverBoundedCapacities<DirectPath, SelectPath, ContextPath, DeadlinePath, CoroutinePath, AsyncSelectPath>;
using CancellableSetups = OverAllCapacities<SelectPath, ContextPath, CoroutinePath, AsyncSelectPath>;
using CancellableBoundedSetups = OverBoundedCapacities<SelectPath, ContextPath, CoroutinePath, AsyncSelectPath>;
using TimedSetups = OverAllCapacities<SelectPath, ContextPath, DeadlinePath, CoroutinePath>;
using TimedBoundedSetups = OverBoundedCapacities<SelectPath, ContextPath, DeadlinePath, CoroutinePath>;

struct SetupNames {
  template <typename S>
  static std::string GetName(int) {
    return S::Name();
  }
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_CONTRACT_SETUPS_H_
