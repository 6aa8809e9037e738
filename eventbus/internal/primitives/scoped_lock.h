// Holds a mutex for a scope, whichever mutex stands behind the door.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_SCOPED_LOCK_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_SCOPED_LOCK_H_

#include "absl/base/thread_annotations.h"

namespace eventbus::internal {

template <typename M>
class ABSL_SCOPED_LOCKABLE ScopedLock {
 public:
  explicit ScopedLock(M* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) { mutex_->Lock(); }
  ~ScopedLock() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }
  ScopedLock(const ScopedLock&) = delete;
  ScopedLock& operator=(const ScopedLock&) = delete;

 private:
  M* const mutex_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_SCOPED_LOCK_H_
