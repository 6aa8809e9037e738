// Closing a channel once after the last of its senders.
//
//   TaskGroup producers(context);
//   for (Source& source : sources) producers.Go([&] { return Copy(source, lines); }).IgnoreError();
//   CloseWhenDone(producers, lines);
//   for (const std::string& line : lines) Handle(line);   // ends after the last producer
//
// Call it once all producers have been added: a group in which nothing is open is done. It waits for the first moment at which the
// group is not busy, whatever is added later, and needs no thread. The channel is closed by whoever ends last, just before or
// after a `Wait` of the group returns; a group that goes before its tokens closes it when the last of these is done.
//
// Does not block. One allocation. A null channel fails at once.

#ifndef EVENTBUS_CLOSE_WHEN_DONE_H_
#define EVENTBUS_CLOSE_WHEN_DONE_H_

#include "eventbus/error_group.h"
#include "eventbus/internal/channel/channel_handle.h"
#include "eventbus/task_group.h"

namespace eventbus {

// `channel` is any handle of a channel: a `Channel<T>`, a `SendChannel<T>`, a `ReceiveChannel<T>`.
void CloseWhenDone(TaskGroup& group, const internal::ChannelHandle& channel);
void CloseWhenDone(ErrorGroup& group, const internal::ChannelHandle& channel);

}  // namespace eventbus

#endif  // EVENTBUS_CLOSE_WHEN_DONE_H_
