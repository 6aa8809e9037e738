#include "eventbus/feed.h"

#include "absl/strings/str_cat.h"

namespace eventbus::internal {

FeedBase::~FeedBase() {
  core_->Close(absl::CancelledError(name().empty() ? "the feed was destroyed"
                                                   : absl::StrCat("the feed '", name(), "' was destroyed")));
}

}  // namespace eventbus::internal
