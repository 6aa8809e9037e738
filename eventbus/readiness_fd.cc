#include "eventbus/readiness_fd.h"

#include <utility>

#include "eventbus/internal/ground/fail.h"

namespace eventbus {

ReadinessFd::ReadinessFd(internal::Ref<internal::ChannelCore> channel) {
  if (!channel) internal::Fail("ReadinessFd", "null channel");
  readiness_ = std::make_unique<internal::Readiness>(std::move(channel));
}

int ReadinessFd::fd() const {
  if (!readiness_) internal::Fail("ReadinessFd", "moved from");
  return readiness_->fd();
}

}  // namespace eventbus
