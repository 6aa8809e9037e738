// For the library itself and its tests: what is behind a public object.

#ifndef EVENTBUS_INTERNAL_GROUPS_CORE_ACCESS_H_
#define EVENTBUS_INTERNAL_GROUPS_CORE_ACCESS_H_

namespace eventbus::internal {

struct CoreAccess {
  template <typename T>
  static auto& core(T& object) {
    return object.core_;
  }
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_CORE_ACCESS_H_
