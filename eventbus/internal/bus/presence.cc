#include "eventbus/internal/bus/presence.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/string_view.h"
#include "eventbus/internal/feed/subscriber.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/internal/waiting/thread_wait.h"

namespace eventbus::internal {

Presence::~Presence() = default;

bool Presence::SetHooks(PresenceHooks hooks) {
  auto kept = std::make_unique<PresenceHooks>(std::move(hooks));
  {
    MutexLock lock(&mutex_);
    if (hooks_) return false;
    hooks_ = std::move(kept);
    told_ = members_ == 0 ? turns_ : turns_ - 1;
  }
  AfterChange();
  return true;
}

size_t Presence::subscribers() const {
  MutexLock lock(&mutex_);
  return members_;
}

absl::Status Presence::JoinLocked(const Subscriber& subscriber) {
  if (!subscriber.owner) {  // Who owns parts has been counted as one.
    const size_t room = subscriber.Room();
    if (absl::Status refused = shared_->TakeRoom(room, "subscription", subscriber.name()); !refused.ok())
      return refused;
    absl::Cleanup give_back = [&] { shared_->GiveRoomBack(room); };
    if (absl::Status refused = shared_->CountIn(); !refused.ok()) return refused;
    std::move(give_back).Cancel();
  }
  if (subscriber.owner && !subscriber.owner->counts()) return absl::OkStatus();
  MutexLock lock(&mutex_);
  if (members_++ == 0) ++turns_;  // R1
  return absl::OkStatus();
}

void Presence::LeaveLocked(const Subscriber& subscriber) {
  if (!subscriber.owner) {
    shared_->GiveRoomBack(subscriber.Room());
    shared_->CountOut();
  }
  if (subscriber.owner && !subscriber.owner->counts()) return;
  MutexLock lock(&mutex_);
  if (--members_ == 0) ++turns_;  // R1
}

void Presence::AfterChange() {
  {
    MutexLock lock(&mutex_);
    if (!hooks_ || telling_ || told_ == turns_) return;
    telling_ = true;
  }
  const Ref<Presence> self(this);  // A hook may end the topic.
  const ConsumerScope inside(shared_.get());
  while (absl::AnyInvocable<void()>* const hook = NextHook()) {
    if (!*hook) continue;
    StatusOfCall([&] { (*hook)(); }, [](absl::string_view) { return absl::OkStatus(); }).IgnoreError();
  }
}

absl::AnyInvocable<void()>* Presence::NextHook() {
  WakeList wakes;
  MutexLock lock(&mutex_);
  if (told_ < turns_) return ++told_ % 2 == 1 ? &hooks_->on_first : &hooks_->on_last;  // R2
  telling_ = false;
  settling_.ClaimAll(Outcome::kDone, wakes);
  return nullptr;
}

void Presence::Settle() {
  if (ConsumerScope::IsInside(shared_.get())) return;
  ThreadWait wait;
  {
    MutexLock lock(&mutex_);
    if (!telling_) return;
    settling_.PushBack(wait.waiter());
  }
  wait.Await(mutex_, Instant::Never());
}

}  // namespace eventbus::internal
