#include "eventbus/internal/choosing/cancel_callback.h"

#include <utility>

namespace eventbus::internal {

CancelCallbackState::CancelCallbackState(Ref<ContextState> context, absl::AnyInvocable<void()> function)
    : context_(std::move(context)), timed_(!context_->deadline().is_never()), function_(std::move(function)) {}

void CancelCallbackState::Register() {
  const bool set = timed_ && !context_->IsDone();
  if (set) AlarmClock::Get().Set(*this, context_->deadline());
  if (context_->AddCallback(*this)) return;
  if (set) AlarmClock::Get().Cancel(*this);
  {
    MutexLock lock(&context_->mutex);
    Taken();
  }
  Call();
}

bool CancelCallbackState::Remove() {
  bool never_called;
  bool called_elsewhere;
  {
    MutexLock lock(&context_->mutex);
    never_called = context_->RemoveCallbackLocked(*this);
    called_elsewhere = runner_ != nullptr && runner_ != ThisThread();
  }
  if (timed_) AlarmClock::Get().Cancel(*this);
  if (called_elsewhere) over_.Wait();
  return never_called;
}

void CancelCallbackState::Taken() {
  AddRef();  // K3
  runner_ = ThisThread();
}

void CancelCallbackState::Call() noexcept {
  const Ref<CancelCallbackState> kept = Ref<CancelCallbackState>::Adopt(this);
  if (timed_) AlarmClock::Get().Cancel(*this);  // Or it would stay set for as long as the handle stays.
  function_();
  function_ = nullptr;
  over_.Happen();
}

void CancelCallbackState::Ring(WakeList&, ReadyWork&) {
  context_->IsDone();  // Ends it, if nobody has looked yet.
  {
    MutexLock lock(&context_->mutex);
    if (!context_->RemoveCallbackLocked(*this)) return;  // Another thread calls it, or it was removed.
    Taken();
  }
  Call();
}

}  // namespace eventbus::internal
