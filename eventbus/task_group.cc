#include "eventbus/task_group.h"

#include "absl/strings/str_cat.h"

namespace eventbus {

namespace {

internal::GroupSettings SettingsOf(TaskGroupOptions options) {
  return {.name = std::move(options.name), .executor = options.executor, .limit = options.limit};
}

}  // namespace

TaskGroup::TaskGroup(const Context& parent, TaskGroupOptions options)
    : core_(internal::MakeRef<internal::GroupCore>("TaskGroup", parent, SettingsOf(std::move(options)))) {}

TaskGroup::TaskGroup(TaskGroup& parent, TaskGroupOptions options) : TaskGroup(parent.context(), std::move(options)) {
  parent.core_->Link(*core_, internal::GroupCount::Bond::kBelow);  // A group that nobody knows yet waits for nobody.
}

absl::Status TaskGroup::Link(const TaskGroup& other) {
  if (core_->Link(*other.core_, internal::GroupCount::Bond::kLinked)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("TaskGroup '", core_->name(), "': Link to '", other.core_->name(),
                                                 "', which waits for it, would let both wait for ever"));
}

}  // namespace eventbus
