// A chain of coroutines as a task of a group.

#ifndef EVENTBUS_INTERNAL_EXECUTION_GROUP_COROUTINE_H_
#define EVENTBUS_INTERNAL_EXECUTION_GROUP_COROUTINE_H_

#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/internal/execution/task_promise.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/groups/group_core.h"
#include "eventbus/internal/groups/group_member.h"
#include "eventbus/internal/waiting/coroutine_activity.h"

namespace eventbus::internal {

inline absl::Status OutcomeOf(absl::Status result) { return result; }
template <typename T>
absl::Status OutcomeOf(const absl::StatusOr<T>& result) {
  return result.status();
}
template <typename T>
absl::Status OutcomeOf(const T&) {
  return absl::OkStatus();
}

template <typename T>
class GroupCoroutine final : public CoroutineActivity, public GroupMember {
 public:
  // Owns `frame`, the outermost of the chain, once it has been admitted and started.
  GroupCoroutine(GroupCore& group, Executor& executor, std::coroutine_handle<TaskPromise<T>> frame)
      : CoroutineActivity(executor, frame), group_(&group), frame_(frame), end_(std::make_unique<TaskEnd>()) {
    frame.promise().set_activity(*this);
  }

  void Hold() override { AddRef(); }
  void StopAndDrop() override {
    const auto self = Ref<GroupCoroutine>::Adopt(this);
    Stop();
  }
  bool RunsHere() const override { return Activity::RunsHere(); }

 private:
  void CleanUp(bool abandoned) override {
    if (finished()) {
      TakeResult();
    } else if (abandoned) {
      end_->outcome = Say(absl::StatusCode::kUnavailable, "the executor of a task was shut down");
    } else {
      end_->outcome = Say(absl::StatusCode::kCancelled, "a task was stopped");
    }
    frame_.destroy();
  }

  void TakeResult() {
    try {
      if constexpr (std::is_void_v<T>) {
        frame_.promise().TakeResult();
      } else {
        end_->outcome = OutcomeOf(frame_.promise().TakeResult());
      }
    } catch (const std::exception& e) {
      end_->thrown = std::current_exception();
      end_->outcome = Say(absl::StatusCode::kInternal, "a task threw", e.what());
    } catch (...) {
      end_->thrown = std::current_exception();
      end_->outcome = Say(absl::StatusCode::kInternal, "a task threw");
    }
  }

  absl::Status Say(absl::StatusCode code, absl::string_view event, absl::string_view what = {}) {
    return SafeStatus(code, [&] { return group_->Describe(event, what); });
  }

  void Announce(WakeList& wakes) override { group_->EndMember(*this, std::move(end_), wakes); }

  const Ref<GroupCore> group_;
  const std::coroutine_handle<TaskPromise<T>> frame_;
  std::unique_ptr<TaskEnd> end_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_EXECUTION_GROUP_COROUTINE_H_
