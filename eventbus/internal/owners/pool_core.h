// The wait list of a resource pool: who gets which resource, or the place to make one.
//
// | | open | closed |
// |---|---|---|
// | acquire | the idle resource returned last; else a free place; else waits | refused |
// | give back | to the oldest that waits; else idle; else, with too many idle, destroyed and its place freed | destroyed |
// | free a place | to the oldest that waits; else free | free |
//
// Invariants:
//   P1. Every resource is in one place: idle in the pool, or in one grant. A place without a resource is free or in one grant.
//       `places_` counts those that are not free: `places_ <= max_size_`.
//   P2. If someone waits whose operation can be claimed, nothing is idle and no place is free: what comes back is handed to the
//       oldest directly, so a late comer never overtakes and nobody starves.
//   P3. A grant that is in the hands of nobody any more gives back what it holds.
//
// Who wakes whom: who gives back a resource or frees a place wakes the one that it is handed to; who closes wakes all.
//
// Resources are made and destroyed with no lock held, and a place is free only when its resource has been destroyed: there are
// never more than `max_size_` of them.

#ifndef EVENTBUS_INTERNAL_OWNERS_POOL_CORE_H_
#define EVENTBUS_INTERNAL_OWNERS_POOL_CORE_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/context.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class PoolCore;

// A resource, of whatever type.
class PoolEntry {
 public:
  PoolEntry() = default;
  PoolEntry(const PoolEntry&) = delete;
  PoolEntry& operator=(const PoolEntry&) = delete;
  virtual ~PoolEntry() = default;

 private:
  friend PoolCore;

  PoolEntry* next_idle_ = nullptr;
};

// A resource or, if `entry()` is null, the place to make one; or nothing. Gives it back when destroyed (P3).
class PoolGrant {
 public:
  PoolGrant() = default;
  PoolGrant(Ref<PoolCore> core, PoolEntry* entry);
  PoolGrant(PoolGrant&& other) noexcept : core_(std::move(other.core_)), entry_(std::exchange(other.entry_, nullptr)) {}
  PoolGrant& operator=(PoolGrant&& other) noexcept {
    if (this != &other) {
      GiveBack();
      core_ = std::move(other.core_);
      entry_ = std::exchange(other.entry_, nullptr);
    }
    return *this;
  }
  ~PoolGrant() { GiveBack(); }

  bool empty() const { return !core_; }
  PoolEntry* entry() const { return entry_; }
  PoolCore& core() const { return *core_; }

  // Fills the place with a resource.
  void Fill(PoolEntry* made) { entry_ = made; }

  void GiveBack();
  // Destroys the resource, if there is one, and frees its place.
  void Discard();

 private:
  Ref<PoolCore> core_;
  PoolEntry* entry_ = nullptr;
};

class PoolCore : public Selectable, public RefCounted {
 public:
  // Takes what is idle or a place, or waits for it, until `deadline` or until `context` is done, which is checked first.
  absl::Status Acquire(const Context& context, Instant deadline, PoolGrant& grant);

  // Returns the resource of a grant; or its place, if `entry` is null.
  void GiveBack(PoolEntry* entry);
  // Destroys `entry`, which may be null, and frees its place.
  void Discard(PoolEntry* entry);

  // Refuses who comes, wakes who waits, and destroys what is idle. True for the first call.
  bool Close();

  size_t CountIdle() const;
  size_t CountPlaces() const;
  size_t CountWaiting() const;
  bool closed() const;

  // What an attempt to acquire came to.
  absl::Status StatusOf(Outcome outcome) const;
  // What the factory came to when it threw.
  absl::Status Threw(absl::string_view what) const;

  // Selectable: an arm is complete when a grant has been constructed in its `value`.
  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const override;

 protected:
  PoolCore(std::string name, size_t max_size, size_t max_idle)
      : name_(std::move(name)), max_size_(max_size), max_idle_(max_idle) {}

 private:
  // Hands `entry`, or a place if it is null, to the oldest that waits. False if nobody does.
  bool HandOverLocked(PoolEntry* entry, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void GrantLocked(Waiter& waiter, PoolEntry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  const std::string name_;
  const size_t max_size_;
  const size_t max_idle_;

  bool closed_ ABSL_GUARDED_BY(mutex) = false;
  size_t places_ ABSL_GUARDED_BY(mutex) = 0;          // P1
  PoolEntry* idle_ ABSL_GUARDED_BY(mutex) = nullptr;  // The one returned last; each is linked to the one before.
  size_t idle_count_ ABSL_GUARDED_BY(mutex) = 0;
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_POOL_CORE_H_
