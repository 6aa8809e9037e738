// A case of a select: one thing that would end the wait.
//
// Cases are not made here but by what can be waited for:
//
//   in.OnReceive(&slot)          a value, or the end of the stream, is received from a channel
//   out.OnSend(&value)           a value is sent to a channel
//   context.OnDone()             a context is cancelled or late
//   Case::Never()                nothing: a case that is switched off
//
// and each of them takes a handler as its last argument, which runs in the selecting thread once the choice is
// committed, with no lock held; it may call anything, and what it throws leaves `Select`.
//
// A case borrows. The channel handle, the slot and the value that it was made from must outlive the select. A case made
// from a temporary handle keeps that handle's channel alive itself:
//
//   Select({in.OnReceive(&value), After(absl::Seconds(1)).OnReceive(&tick)});              // right
//   cases.push_back(After(absl::Seconds(1)).OnReceive(&tick));                             // right: keeps the channel
//   { Channel<int> local(1); cases.push_back(local.OnReceive(&value)); }  Select(cases);   // wrong: `local` is gone
//   cases.push_back(out.OnSend(MakeValue()));                                              // right: owns the value
//   { int value = 1; cases.push_back(out.OnSend(&value)); }  Select(cases);                // wrong: `value` is gone
//
// A case may be used for several selects, one after another. A case that owns its value and has sent it holds what the
// move left behind.

#ifndef EVENTBUS_CASE_H_
#define EVENTBUS_CASE_H_

#include <cstddef>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/ground/element_box.h"
#include "eventbus/internal/ground/ref_counted.h"

namespace eventbus {

namespace internal {
struct CaseParts;
class CaseList;
}  // namespace internal

// Movable, not copyable. Not thread-safe: one select at a time.
class Case {
 public:
  // A case that is never ready. So is one made from a null channel.
  static Case Never();

  // For what makes cases.
  explicit Case(internal::CaseParts parts);

 private:
  friend class internal::CaseList;

  internal::Arm arm_;
  const internal::Element* received_ = nullptr;
  internal::Ref<const internal::RefCounted> kept_alive_;
  internal::ElementBox owned_value_;
  absl::AnyInvocable<void(void* value, internal::Outcome outcome)> finish_;
};

namespace internal {

// What a case consists of.
struct CaseParts {
  Selectable* target = nullptr;  // Null: never ready.
  Role role = Role::kReceive;
  // A send: where the value is. A receive gets its memory from the select.
  void* value = nullptr;
  // A send that owns its value: the value, instead of `value`.
  ElementBox owned_value = {};
  // A receive: what is received. `finish` gets it to move from, if the outcome is `kDone`, and must destroy it.
  const Element* received = nullptr;
  // What the case keeps alive, if anything.
  Ref<const RefCounted> kept_alive = {};
  // Runs once the case has taken effect, with no lock held. May be null.
  absl::AnyInvocable<void(void* value, Outcome outcome)> finish = {};
};

}  // namespace internal

inline Case::Case(internal::CaseParts parts)
    : arm_{.target = parts.target, .role = parts.role, .value = parts.value},
      received_(parts.received),
      kept_alive_(std::move(parts.kept_alive)),
      owned_value_(std::move(parts.owned_value)),
      finish_(std::move(parts.finish)) {}

inline Case Case::Never() { return Case(internal::CaseParts()); }

}  // namespace eventbus

#endif  // EVENTBUS_CASE_H_
