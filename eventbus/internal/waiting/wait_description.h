// What a blocked operation says of itself to those who ask what a process waits for.

#ifndef EVENTBUS_INTERNAL_WAITING_WAIT_DESCRIPTION_H_
#define EVENTBUS_INTERNAL_WAITING_WAIT_DESCRIPTION_H_

namespace eventbus {

struct WaiterInfo;

namespace internal {

class WaitDescription {
 public:
  // Adds to `info` what is waited for. From any thread, while the operation is kept from going on; takes locks for a moment,
  // and runs no user code.
  virtual void DescribeWait(WaiterInfo& info) const = 0;

 protected:
  ~WaitDescription() = default;
};

}  // namespace internal
}  // namespace eventbus

#endif  // EVENTBUS_INTERNAL_WAITING_WAIT_DESCRIPTION_H_
