#include "eventbus/feed.h"

#include "absl/strings/str_cat.h"
#include "eventbus/internal/ground/safe_status.h"

namespace eventbus::internal {

FeedBase::~FeedBase() {
  core_->Close(SafeStatus(absl::StatusCode::kCancelled, [this] {
    return name().empty() ? "the feed was destroyed" : absl::StrCat("the feed '", name(), "' was destroyed");
  }));
}

}  // namespace eventbus::internal
