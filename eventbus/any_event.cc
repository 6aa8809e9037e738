#include "eventbus/any_event.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

class AnyEvent::Kept final : public internal::RefCounted {
 public:
  Kept(const internal::Element& element, const void* value)
      : element_(element), value_(internal::AllocateElements(element, 1)) {
    absl::Cleanup free = [this] { internal::FreeElements(element_, value_); };
    element.copy(value_, value);
    std::move(free).Cancel();
  }

  const void* value() const { return value_; }

 private:
  ~Kept() override {
    element_.destroy(value_);
    internal::FreeElements(element_, value_);
  }

  const internal::Element& element_;
  void* const value_;
};

AnyEvent::AnyEvent(internal::FeedCore& topic, const internal::Element& element, uint64_t sequence, const void* value)
    : topic_(&topic), element_(&element), sequence_(sequence), time_(internal::WallNow()), value_(value) {}

AnyEvent::AnyEvent(const AnyEvent& other)
    : topic_(other.topic_),
      element_(other.element_),
      sequence_(other.sequence_),
      time_(other.time_),
      kept_(other.kept_ ? other.kept_ : internal::MakeRef<Kept>(*element_, other.value_)),
      value_(kept_->value()) {}

AnyEvent::AnyEvent(AnyEvent&& other) noexcept = default;

AnyEvent& AnyEvent::operator=(AnyEvent other) noexcept {
  std::swap(topic_, other.topic_);
  std::swap(element_, other.element_);
  std::swap(sequence_, other.sequence_);
  std::swap(time_, other.time_);
  std::swap(kept_, other.kept_);
  std::swap(value_, other.value_);
  return *this;
}

AnyEvent::~AnyEvent() = default;

}  // namespace eventbus
