#include "eventbus/internal/ground/ref_counted.h"

#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

class Base : public RefCounted {
 public:
  explicit Base(int* destroyed) : destroyed_(destroyed) {}

 protected:
  ~Base() override { ++*destroyed_; }

 private:
  int* const destroyed_;
};

class Derived final : public Base {
 public:
  using Base::Base;
};

TEST(Ref, TheLastOneDestroys) {
  int destroyed = 0;
  {
    Ref<Base> first = MakeRef<Base>(&destroyed);
    Ref<Base> second = first;
    first = Ref<Base>();
    EXPECT_EQ(destroyed, 0);
    EXPECT_TRUE(second);
    EXPECT_FALSE(first);
  }
  EXPECT_EQ(destroyed, 1);
}

TEST(Ref, MovedFromIsNullAndOwnsNothing) {
  int destroyed = 0;
  Ref<Base> first = MakeRef<Base>(&destroyed);
  Base* const object = first.get();
  Ref<Base> second = std::move(first);
  EXPECT_EQ(first.get(), nullptr);
  EXPECT_EQ(second.get(), object);
  first = Ref<Base>();
  EXPECT_EQ(destroyed, 0);
  second = Ref<Base>();
  EXPECT_EQ(destroyed, 1);
}

TEST(Ref, SurvivesAssignmentToItself) {
  int destroyed = 0;
  Ref<Base> ref = MakeRef<Base>(&destroyed);
  Ref<Base>& same = ref;
  ref = same;
  EXPECT_TRUE(ref);
  ref = std::move(same);
  EXPECT_TRUE(ref);
  EXPECT_EQ(destroyed, 0);
}

TEST(Ref, OfADerivedTypeBecomesOneOfItsBase) {
  int destroyed = 0;
  {
    const Ref<Derived> derived = MakeRef<Derived>(&destroyed);
    Ref<Base> base = derived;
    Ref<const RefCounted> root = base;
    EXPECT_EQ(base.get(), derived.get());
    base = Ref<Base>();
    EXPECT_EQ(destroyed, 0);
  }
  EXPECT_EQ(destroyed, 1);
}

TEST(Ref, ReleaseAndAdoptPassOneReferenceOn) {
  int destroyed = 0;
  Ref<Base> first = MakeRef<Base>(&destroyed);
  Base* const object = first.Release();
  EXPECT_FALSE(first);
  EXPECT_EQ(destroyed, 0);
  { const Ref<Base> second = Ref<Base>::Adopt(object); }
  EXPECT_EQ(destroyed, 1);
}

TEST(Ref, FromAPlainPointerAddsAReference) {
  int destroyed = 0;
  Ref<Base> first = MakeRef<Base>(&destroyed);
  { const Ref<Base> second(first.get()); }
  EXPECT_EQ(destroyed, 0);
  EXPECT_EQ(Ref<Base>(nullptr).get(), nullptr);
}

TEST(Ref, CopiesInManyThreadsDestroyOnce) {
  int destroyed = 0;
  {
    const Ref<Base> shared = MakeRef<Base>(&destroyed);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([copy = shared] {
        for (int round = 0; round < 10'000; ++round) Ref<Base> another = copy;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(destroyed, 0);
  }
  EXPECT_EQ(destroyed, 1);
}

// An object whose destructor leaves a registry, as those that a back pointer refers to do.
class Registered final : public RefCounted {
 public:
  struct Registry {
    Mutex mutex;
    Registered* entry = nullptr;
  };
  explicit Registered(Registry& registry) : registry_(registry) {
    MutexLock lock(&registry_.mutex);
    registry_.entry = this;
  }

 private:
  ~Registered() override {
    MutexLock lock(&registry_.mutex);
    registry_.entry = nullptr;
  }
  Registry& registry_;
};

TEST(RefCounted, ABackPointerNeverRevivesWhatIsBeingDestroyed) {
  for (int round = 0; round < 2'000; ++round) {
    Registered::Registry registry;
    Ref<Registered> owner = MakeRef<Registered>(registry);
    std::thread finder([&registry] {
      Ref<Registered> found;  // Dropped with no lock held: it may be the last.
      MutexLock lock(&registry.mutex);
      if (registry.entry != nullptr && registry.entry->TryAddRef()) found = Ref<Registered>::Adopt(registry.entry);
    });
    owner = Ref<Registered>();
    finder.join();
    EXPECT_EQ(registry.entry, nullptr);
  }
}

}  // namespace
}  // namespace eventbus::internal
