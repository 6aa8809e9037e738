#include "eventbus/close_when_done.h"

#include <memory>
#include <utility>

#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/groups/core_access.h"
#include "eventbus/internal/groups/group_core.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus {

namespace {

using internal::GroupCore;

// Waits in the group's queue on behalf of nobody, and closes the channel when it is woken. Owns itself.
class Closing final : public internal::SoleOperation {
 public:
  explicit Closing(internal::Ref<internal::ChannelCore> channel) : channel_(std::move(channel)) {
    waiter_.operation = this;
    waiter_.role = internal::GroupCount::kIdle;
  }

  // Whether `closing` waits. If not, the group was idle.
  static bool Enlist(GroupCore& group, std::unique_ptr<Closing>& closing) {
    internal::WakeList wakes;
    internal::MutexLock lock(&group.mutex);
    if (group.TryComplete(closing->waiter_, wakes)) return false;
    group.Enlist(closing.release()->waiter_);
    return true;
  }

  void Wake(internal::Waiter&, internal::ReadyWork&) override {
    const std::unique_ptr<Closing> self(this);
    channel_->Close();
  }

 private:
  const internal::Ref<internal::ChannelCore> channel_;
  internal::Waiter waiter_;
};

void CloseWhenIdle(GroupCore& group, const internal::ChannelHandle& handle) {
  if (handle.is_null()) internal::Fail("CloseWhenDone", "null channel");
  const internal::Ref<internal::ChannelCore>& channel = internal::ChannelAccess::core(handle);
  auto closing = std::make_unique<Closing>(channel);
  if (!Closing::Enlist(group, closing)) channel->Close();
}

}  // namespace

void CloseWhenDone(TaskGroup& group, const internal::ChannelHandle& channel) {
  CloseWhenIdle(*internal::CoreAccess::core(group), channel);
}

void CloseWhenDone(ErrorGroup& group, const internal::ChannelHandle& channel) {
  CloseWhenIdle(*internal::CoreAccess::core(group), channel);
}

}  // namespace eventbus
