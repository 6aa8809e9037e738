// A subscription to topics of every type, as a subscriber or, for a tap, as one who only looks on.

#ifndef EVENTBUS_INTERNAL_BUS_ERASED_PATTERN_H_
#define EVENTBUS_INTERNAL_BUS_ERASED_PATTERN_H_

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/any_event.h"
#include "eventbus/internal/bus/bus_core.h"
#include "eventbus/internal/bus/pattern_state.h"
#include "eventbus/internal/feed/handler_subscriber.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"

namespace eventbus::internal {

class ErasedPattern final : public PatternState {
 public:
  using Handler = absl::AnyInvocable<absl::Status(const AnyEvent& event)>;

  enum class Kind {
    kSubscriber,
    kTap,  // Not a subscriber to anyone; what the handler throws or returns changes nothing.
  };

  ErasedPattern(Ref<BusCore> bus, std::string pattern, std::string name, SourceLocation location, Kind kind,
                Handler handler, ErrorHook on_error, bool ends_on_error);

 private:
  ~ErasedPattern() override;

  absl::StatusOr<Subscription> SubscribeAt(TopicState& topic) override;

  absl::Status Call(FeedCore& core, const Element& element, uint64_t sequence, const void* value);

  const Kind kind_;
  Handler handler_;
  ErrorHook on_error_;  // May be empty.
  const bool ends_on_error_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_BUS_ERASED_PATTERN_H_
