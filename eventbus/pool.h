// A bounded set of resources that are costly to make, lent out one at a time: connections, sessions, buffers.
//
//   Pool<Connection> connections({.name = "replicas", .max_size = 8},
//                                [](const Context& context) { return Connection::Open(context, "replica:5432"); });
//   absl::StatusOr<Pool<Connection>::Lease> lease = connections.Acquire(context);
//   if (!lease.ok()) return lease.status();                      // late, cancelled, closed, or it could not be opened
//   if (!(*lease)->Ping()) lease->Discard();                     // broken: its place is free for another
//                                                                // otherwise it returns when the lease goes
//
// Use it where callers need a resource for themselves for a while. To limit how many do something at once, with nothing to
// lend, a semaphore is enough; a resource that all can share at once needs no pool.
//
// | | open | closed |
// |---|---|---|
// | `Acquire` | an idle resource, else makes one, else waits | `kFailedPrecondition` |
// | lease destroyed | its resource goes to the longest waiting, else becomes idle | its resource is destroyed |
// | `Discard` | its resource is destroyed, its place goes to the longest waiting | the same |
// | `Close` | wakes all that wait, destroys what is idle | false |
//
// Guarantees:
//   - At most `max_size` resources exist or are being made. Those that wait are served in the order in which they came, and
//     nobody overtakes them. Of the idle, the one returned last is lent first.
//   - Nothing is lost: a resource that is handed over in the instant in which the waiter gives up is either acquired by that
//     waiter, whose call returns OK, or goes to the next.
//   - The factory runs in the acquiring thread. If it fails or throws, that call returns why, and the place goes to the longest
//     waiting, who tries again itself.
//   - No lock is held while a resource is made or destroyed; both may use the pool. What one borrower did to a resource is
//     visible to the next.
//   - A lease may outlive the pool; its resource is destroyed with it.
//   - A resource whose move throws ends the program: `absl::StatusOr` moves it in a function that must not throw.
//
// A thread that holds a lease and waits for a second one of the same pool may wait for ever, if others do the same.
//
// Cost: O(1); one allocation for each resource that is made, none to acquire or return.
//
// Origin: database/sql's connection pool, and the wait lists of database proxies.

#ifndef EVENTBUS_POOL_H_
#define EVENTBUS_POOL_H_

#include <concepts>
#include <cstddef>
#include <exception>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/owners/pool_core.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

struct PoolOptions {
  // For people: in statuses.
  std::string name = {};
  // How many resources there are at most; at least 1.
  size_t max_size = 8;
  // How many of them are kept while nobody uses them. 0 keeps none.
  size_t max_idle = std::numeric_limits<size_t>::max();
};

// Not movable. Thread-safe but for destruction, which closes it.
template <typename T>
class Pool {
 public:
  // Makes a resource for an `Acquire` with `context`. Several threads may call it at once. May block; should end soon once
  // `context` is done.
  using Factory = absl::AnyInvocable<absl::StatusOr<T>(const Context& context) const>;

  // The use of one resource, by one thread at a time. Move-only; destruction returns the resource. Empty when
  // default-constructed, moved from, or discarded.
  class [[nodiscard]] Lease {
   public:
    Lease() = default;
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = default;

    explicit operator bool() const { return !grant_.empty(); }

    // The resource. The lease must not be empty.
    T& operator*() const { return static_cast<Entry*>(grant_.entry())->value; }
    T* operator->() const { return &**this; }

    // Returns the resource, and leaves this empty.
    void Return() { grant_.GiveBack(); }

    // Destroys the resource, in this thread, because it is broken, and leaves this empty.
    void Discard() { grant_.Discard(); }

   private:
    friend class Pool;
    explicit Lease(internal::PoolGrant grant) : grant_(std::move(grant)) {}

    internal::PoolGrant grant_;
  };

  // Fails at once if `max_size` is 0 or the factory is empty.
  Pool(PoolOptions options, Factory factory) {
    if (options.max_size == 0) internal::Fail("Pool", "max_size must be at least 1");
    if (!factory) internal::Fail("Pool", "the factory is empty");
    core_ = internal::MakeRef<Core>(std::move(options), std::move(factory));
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { Close(); }

  // Blocks until there is a resource. Status:
  //   kFailedPrecondition   the pool is closed
  //   kInternal             the factory threw
  //   and what the factory returns
  // If there is no memory for a new resource, throws `std::bad_alloc`, and the place goes to the next.
  absl::StatusOr<Lease> Acquire() { return AcquireUntilInstant(Context::Background(), internal::Instant::Never()); }

  // As above, but ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which is checked first.
  absl::StatusOr<Lease> Acquire(const Context& context) {
    return AcquireUntilInstant(context, internal::Instant::Never());
  }

  // As `Acquire`, but does not wait for a resource longer than until `deadline`: `kDeadlineExceeded`.
  absl::StatusOr<Lease> AcquireUntil(absl::Time deadline) {
    return AcquireUntilInstant(Context::Background(), internal::ToInstant(deadline));
  }

  // Never waits for others: `kResourceExhausted` if all resources are lent. May make one, and then lasts as long as the
  // factory.
  absl::StatusOr<Lease> TryAcquire() {
    const internal::Ref<Core> core = core_;
    internal::PoolGrant grant;
    const absl::Status status = core->Acquire(Context::Background(), internal::Instant::Past(), grant);
    if (absl::IsDeadlineExceeded(status)) return absl::Status(absl::StatusCode::kResourceExhausted, "");
    if (!status.ok()) return status;
    return MakeLease(Context::Background(), std::move(grant));
  }

  // A case that acquires: `lease` is set if it is chosen, as by `Acquire`. Where a resource has to be made, that happens after
  // the choice, in the selecting thread, with the background context. Borrows `lease` and nothing of this.
  Case OnAcquire(absl::StatusOr<Lease>* lease) {
    internal::CaseParts parts;
    parts.target = core_.get();
    parts.received = &internal::kElementOf<internal::PoolGrant>;
    parts.kept_alive = core_;
    parts.finish = [core = core_, lease](void* value, internal::Outcome outcome) {
      internal::PoolGrant grant;
      if (outcome == internal::Outcome::kDone) {
        auto* const granted = static_cast<internal::PoolGrant*>(value);
        grant = std::move(*granted);
        granted->~PoolGrant();
      }
      *lease = outcome == internal::Outcome::kDone ? MakeLease(Context::Background(), std::move(grant))
                                                   : core->StatusOf(outcome);
    };
    return Case(std::move(parts));
  }

  // Refuses who comes, wakes who waits with `kFailedPrecondition`, and destroys what is idle before it returns. What is lent
  // is destroyed as it comes back. True for the first call. From any thread.
  bool Close() { return core_->Close(); }

  bool closed() const { return core_->closed(); }

  // How many resources exist or are being made; how many of them are idle; how many callers wait. Other threads may change
  // them at any time. The last is O(n).
  size_t ApproxSize() const { return core_->CountPlaces(); }
  size_t ApproxIdle() const { return core_->CountIdle(); }
  size_t ApproxWaiting() const { return core_->CountWaiting(); }

 private:
  struct Entry final : internal::PoolEntry {
    explicit Entry(T&& made) : value(std::move(made)) {}
    T value;
  };

  class Core final : public internal::PoolCore {
   public:
    Core(PoolOptions options, Factory its_factory)
        : PoolCore(std::move(options.name), options.max_size, options.max_idle), factory(std::move(its_factory)) {}

    const Factory factory;
  };

  absl::StatusOr<Lease> AcquireUntilInstant(const Context& context, internal::Instant deadline) {
    const internal::Ref<Core> core = core_;  // The pool may be closed and gone by the time.
    internal::PoolGrant grant;
    if (absl::Status status = core->Acquire(context, deadline, grant); !status.ok()) return status;
    return MakeLease(context, std::move(grant));
  }

  // A grant with the resource that it has or, if that is a place, one that is made for it.
  static absl::StatusOr<Lease> MakeLease(const Context& context, internal::PoolGrant grant) {
    if (grant.entry() == nullptr) {
      auto& core = static_cast<Core&>(grant.core());
      absl::StatusOr<T> made = Make(core, context);
      if (!made.ok()) {
        grant.Discard();
        return std::move(made).status();
      }
      grant.Fill(new Entry(*std::move(made)));
    }
    return Lease(std::move(grant));
  }

  static absl::StatusOr<T> Make(const Core& core, const Context& context) {
    try {
      return core.factory(context);
    } catch (const std::exception& e) {
      return core.Threw(e.what());
    } catch (...) {
      return core.Threw(absl::string_view());
    }
  }

  internal::Ref<Core> core_;
};

}  // namespace eventbus

#endif  // EVENTBUS_POOL_H_
