// Shared ownership with the count inside the object: a handle is one pointer.

#ifndef EVENTBUS_INTERNAL_GROUND_REF_COUNTED_H_
#define EVENTBUS_INTERNAL_GROUND_REF_COUNTED_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

// Base of what `Ref` owns. Born with one reference, for `Ref::Adopt`.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  // Relaxed: who copies a reference holds one, and hands the copy on by some other synchronisation.
  void AddRef() const { refs_.fetch_add(1, std::memory_order_relaxed); }

  void DropRef() const {
    if (DropRefWasLast()) delete this;
  }

  // Adds a reference unless the last one has gone: for a back pointer that owns nothing. The caller guarantees that the
  // memory is still there, by a lock that the destructor takes.
  bool TryAddRef() const {
    uint32_t seen = refs_.load(std::memory_order_relaxed);
    while (seen != 0) {
      if (refs_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed, std::memory_order_relaxed))
        return true;
    }
    return false;
  }

 protected:
  virtual ~RefCounted() = default;

  // Drops a reference; true if it was the last, and the caller has to destroy the object.
  bool DropRefWasLast() const {
    // Release, so that what this thread did to the object comes before its destruction; acquire, so that the thread
    // that destroys it sees what all the others did.
    return refs_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  mutable Atomic<uint32_t> refs_{1};
};

// A counted pointer to a `T` that derives from `RefCounted`. May be null. As thread-safe as `std::shared_ptr`.
template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  explicit Ref(T* shared) : pointer_(shared) {
    if (pointer_ != nullptr) pointer_->AddRef();
  }
  Ref(const Ref& other) : Ref(other.pointer_) {}
  Ref(Ref&& other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
  template <typename U>
  Ref(Ref<U> other) : pointer_(other.Release()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(pointer_, other.pointer_);
    return *this;
  }
  ~Ref() {
    if (pointer_ != nullptr) pointer_->DropRef();
  }

  // Takes over a reference that the caller owns.
  static Ref Adopt(T* owned) {
    Ref ref;
    ref.pointer_ = owned;
    return ref;
  }

  // Hands the reference to the caller and leaves null.
  T* Release() { return std::exchange(pointer_, nullptr); }

  T* get() const { return pointer_; }
  T& operator*() const { return *pointer_; }
  T* operator->() const { return pointer_; }
  explicit operator bool() const { return pointer_ != nullptr; }

 private:
  T* pointer_ = nullptr;
};

template <typename T, typename... Args>
Ref<T> MakeRef(Args&&... args) {
  return Ref<T>::Adopt(new T(std::forward<Args>(args)...));
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_REF_COUNTED_H_
