// Everything public. Include the single headers where compile time matters.

#ifndef EVENTBUS_EVENTBUS_H_
#define EVENTBUS_EVENTBUS_H_

#include "eventbus/async_select.h"
#include "eventbus/cancel_callback.h"
#include "eventbus/case.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/error_group.h"
#include "eventbus/executor.h"
#include "eventbus/feed.h"
#include "eventbus/inline_executor.h"
#include "eventbus/latest.h"
#include "eventbus/manual_executor.h"
#include "eventbus/notifier.h"
#include "eventbus/on_each.h"
#include "eventbus/readiness_fd.h"
#include "eventbus/receive_channel.h"
#include "eventbus/select.h"
#include "eventbus/semaphore.h"
#include "eventbus/send_channel.h"
#include "eventbus/send_result.h"
#include "eventbus/signal_context.h"
#include "eventbus/sleep.h"
#include "eventbus/stop_token.h"
#include "eventbus/spawn_in.h"
#include "eventbus/subscription.h"
#include "eventbus/subscription_scope.h"
#include "eventbus/task.h"
#include "eventbus/task_group.h"
#include "eventbus/thread_pool.h"
#include "eventbus/timer.h"
#include "eventbus/watchdog.h"
#include "eventbus/wait_group.h"

#endif  // EVENTBUS_EVENTBUS_H_
