#include "eventbus/signal_context.h"

#include "eventbus/internal/execution/signal_hub.h"

namespace eventbus {

SignalContext::SignalContext(std::initializer_list<int> signals, const Context& parent)
    : listener_(internal::MakeRef<internal::SignalListener>(signals, parent)) {
  internal::SignalHub::Get().Add(*listener_);
}

SignalContext::~SignalContext() {
  internal::SignalHub::Get().Remove(*listener_);
  listener_->End();
}

const Context& SignalContext::context() const { return listener_->context(); }

ReceiveChannel<int> SignalContext::signals() const { return listener_->raised(); }

}  // namespace eventbus
