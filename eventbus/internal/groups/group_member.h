// What a group knows of a task that is no function: a coroutine, say. And what is kept of a task that failed.

#ifndef EVENTBUS_INTERNAL_GROUPS_GROUP_MEMBER_H_
#define EVENTBUS_INTERNAL_GROUPS_GROUP_MEMBER_H_

#include <exception>

#include "absl/status/status.h"
#include "eventbus/internal/ground/intrusive_list.h"

namespace eventbus::internal {

// How a task ended. Made before the task begins, so that nothing is allocated when it fails.
struct TaskEnd : ListNode<TaskEnd> {
  virtual ~TaskEnd() = default;

  absl::Status outcome;
  std::exception_ptr thrown;
};

// Linked in its group, under the group's mutex, from before it begins until it has ended, and alive for as long.
class GroupMember : public ListNode<GroupMember> {
 public:
  // Adds a reference.
  virtual void Hold() = 0;
  // Ends it, blocks until it has ended, and drops that reference. With no lock held.
  virtual void StopAndDrop() = 0;
  // Whether the calling thread runs it.
  virtual bool RunsHere() const = 0;

 protected:
  ~GroupMember() = default;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_GROUP_MEMBER_H_
