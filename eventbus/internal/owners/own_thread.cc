#include "eventbus/internal/owners/own_thread.h"

#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

OwnThread::~OwnThread() {
  Retire();  // The one who submits may still be at it.
  std::optional<Thread> unjoined;
  {
    MutexLock lock(&mutex_);
    unjoined.swap(thread_);
  }
  if (!unjoined) return;
  if (RunsHere()) {
    unjoined->detach();
  } else {
    unjoined->join();  // H1
  }
}

void OwnThread::Submit(Work& work) {
  try {
    MutexLock lock(&mutex_);
    thread_.emplace([self = Ref<OwnThread>(this), &work]() mutable {
      const ConsumerScope here(self.get());
      work.Run();
      {
        MutexLock its_lock(&self->mutex_);
        self->has_left_ = true;
      }
      self = nullptr;  // H1. While this is still inside.
    });
  } catch (...) {  // The system has no more threads, or no memory for one.
    WillNotStart();
    work.Abandon();
    return;
  }
  settled_.Happen();
}

void OwnThread::WillNotStart() {
  joined_.Happen();
  settled_.Happen();
}

bool OwnThread::RunsHere() const { return ConsumerScope::IsInside(this); }

void OwnThread::Join() {
  if (RunsHere()) return;
  settled_.Wait();
  std::optional<Thread> thread;
  {
    MutexLock lock(&mutex_);
    thread.swap(thread_);  // H2
  }
  if (thread) {
    thread->join();
    joined_.Happen();
  } else {
    joined_.Wait();
  }
}

bool OwnThread::has_left() const {
  MutexLock lock(&mutex_);
  return has_left_;
}

}  // namespace eventbus::internal
