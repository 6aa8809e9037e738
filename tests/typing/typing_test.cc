// What the types of the library can and cannot do. All of it is decided by the compiler; the tests group it.

#include <concepts>
#include <memory>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"

namespace eventbus {
namespace {

using testing::MoveOnly;

template <typename T>
constexpr bool kCopyableAndMovable =
    std::copyable<T>&& std::is_nothrow_move_constructible_v<T>&& std::is_nothrow_destructible_v<T>;
template <typename T>
constexpr bool kMoveOnly = std::movable<T> && !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
template <typename T>
constexpr bool kStaysWhereItIs = !std::is_move_constructible_v<T> && !std::is_move_assignable_v<T> &&
                                 !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

TEST(Typing, HandlesOfAChannelAreOnePointerAndCopyWhateverTheValue) {
  static_assert(kCopyableAndMovable<Channel<int>>);
  static_assert(kCopyableAndMovable<Channel<MoveOnly>>);
  static_assert(kCopyableAndMovable<SendChannel<MoveOnly>>);
  static_assert(kCopyableAndMovable<ReceiveChannel<MoveOnly>>);
  static_assert(sizeof(Channel<MoveOnly>) == sizeof(void*));
  static_assert(sizeof(SendChannel<MoveOnly>) == sizeof(void*));
  static_assert(sizeof(ReceiveChannel<MoveOnly>) == sizeof(void*));
  static_assert(std::equality_comparable<Channel<MoveOnly>>);
}

TEST(Typing, AChannelConvertsToOneDirectionAndNotBack) {
  static_assert(std::is_convertible_v<Channel<int>, SendChannel<int>>);
  static_assert(std::is_convertible_v<Channel<int>, ReceiveChannel<int>>);
  static_assert(std::is_convertible_v<const Channel<int>&, SendChannel<int>>);
  static_assert(!std::is_constructible_v<Channel<int>, SendChannel<int>>);
  static_assert(!std::is_constructible_v<Channel<int>, ReceiveChannel<int>>);
  static_assert(!std::is_constructible_v<SendChannel<int>, ReceiveChannel<int>>);
  static_assert(!std::is_constructible_v<ReceiveChannel<int>, SendChannel<int>>);
}

TEST(Typing, ChannelsOfDifferentValuesDoNotMix) {
  static_assert(!std::is_constructible_v<Channel<int>, Channel<long>>);
  static_assert(!std::is_constructible_v<SendChannel<int>, Channel<long>>);
  static_assert(!std::is_constructible_v<SendChannel<int>, SendChannel<long>>);
  static_assert(!std::is_constructible_v<ReceiveChannel<int>, Channel<long>>);
}

TEST(Typing, ACapacityIsNotAChannel) {
  static_assert(std::is_constructible_v<Channel<int>, int>);
  static_assert(std::is_constructible_v<Channel<int>, Unbounded>);
  static_assert(!std::is_convertible_v<int, Channel<int>>);
  static_assert(!std::is_convertible_v<Unbounded, Channel<int>>);
  static_assert(std::is_default_constructible_v<Channel<int>>);
}

template <typename C, typename T>
concept Sends = requires(const C& channel, T&& value, const Context& context, absl::Time deadline) {
  { channel.Send(std::forward<T>(value)) } -> std::same_as<absl::Status>;
  { channel.Send(context, std::forward<T>(value)) } -> std::same_as<absl::Status>;
  { channel.SendUntil(deadline, std::forward<T>(value)) } -> std::same_as<absl::Status>;
  { channel.TrySend(std::forward<T>(value)) } -> std::same_as<absl::Status>;
};
template <typename C, typename T>
concept SendsSomehow = requires(const C& channel, T&& value) {
  channel.Send(std::forward<T>(value));
}
|| requires(const C& channel, T&& value) { channel.TrySend(std::forward<T>(value)); };
template <typename C>
concept Receives = requires(const C& channel) {
  channel.Receive();
};

TEST(Typing, SendTakesACopyOnlyOfWhatCanBeCopied) {
  static_assert(Sends<Channel<std::string>, std::string>);
  static_assert(Sends<Channel<std::string>, std::string&>);
  static_assert(Sends<Channel<std::string>, const std::string&>);
  static_assert(Sends<Channel<std::string>, const char(&)[5]>);
  static_assert(Sends<Channel<MoveOnly>, MoveOnly>);
  static_assert(!SendsSomehow<Channel<MoveOnly>, MoveOnly&>);
  static_assert(!SendsSomehow<Channel<MoveOnly>, const MoveOnly&>);
  static_assert(!SendsSomehow<Channel<std::string>, int*>);
}

TEST(Typing, EachDirectionHasItsOwnCalls) {
  static_assert(Sends<SendChannel<int>, int> && !Receives<SendChannel<int>>);
  static_assert(Receives<ReceiveChannel<int>> && !SendsSomehow<ReceiveChannel<int>, int>);
  static_assert(std::is_same_v<decltype(std::declval<ReceiveChannel<int>>().Receive()), absl::StatusOr<int>>);
}

TEST(Typing, AChannelIsARange) {
  static_assert(std::ranges::input_range<const Channel<int>>);
  static_assert(std::ranges::input_range<const ReceiveChannel<std::unique_ptr<int>>>);
  static_assert(!std::ranges::range<SendChannel<int>>);
  static_assert(std::is_same_v<std::ranges::range_reference_t<const Channel<int>>, int&>);
}

TEST(Typing, ACaseMovesAndDoesNotCopy) {
  static_assert(kMoveOnly<Case>);
  static_assert(std::is_nothrow_move_constructible_v<Case>, "a vector of cases must move them when it grows");
  static_assert(!std::is_default_constructible_v<Case>);
}

TEST(Typing, AContextCopiesAndItsHandleDoesNot) {
  static_assert(kCopyableAndMovable<Context>);
  static_assert(sizeof(Context) == sizeof(void*));
  static_assert(!std::is_default_constructible_v<Context>);
  static_assert(kMoveOnly<CancelHandle>);
  static_assert(std::is_nothrow_move_constructible_v<CancelHandle>);
  static_assert(!std::is_default_constructible_v<CancelHandle>);
  static_assert(kMoveOnly<CancelCallback>);
  static_assert(kMoveOnly<StopTokenFromContext>);
  static_assert(kStaysWhereItIs<ContextFromStopToken>);
  static_assert(kStaysWhereItIs<SignalContext>);
  static_assert(kStaysWhereItIs<Watchdog>);
  static_assert(kStaysWhereItIs<VirtualClock>);
  static_assert(kCopyableAndMovable<Timer>);
}

TEST(Typing, ABusStaysAndItsHandlesAndEventsAreCopied) {
  static_assert(kStaysWhereItIs<EventBus>);
  static_assert(kCopyableAndMovable<AnyEvent>);
  // A handle is copied where others move, so that none is ever null.
  static_assert(std::copyable<TopicOf<int>> && !std::is_default_constructible_v<TopicOf<int>>);
  static_assert(std::copyable<RequestOf<MoveOnly, MoveOnly>>);
}

TEST(Typing, ASubscriptionMovesAndDoesNotCopy) {
  static_assert(kMoveOnly<Subscription>);
  static_assert(std::is_nothrow_move_constructible_v<Subscription>);
  static_assert(std::is_default_constructible_v<Subscription>);
  static_assert(kMoveOnly<absl::StatusOr<Subscription>>);
}

TEST(Typing, WhatIsReferredToStaysWhereItIs) {
  static_assert(kStaysWhereItIs<FeedOf<int>>);
  static_assert(kStaysWhereItIs<Feed>);
  static_assert(kStaysWhereItIs<SubscriptionScope>);
}

TEST(Typing, WhatIsHeldMovesAndDoesNotCopy) {
  static_assert(kMoveOnly<SemaphorePermit> && std::is_nothrow_move_constructible_v<SemaphorePermit>);
  static_assert(kMoveOnly<TaskToken> && std::is_nothrow_move_constructible_v<TaskToken>);
  static_assert(sizeof(TaskToken) == sizeof(void*));
  static_assert(std::copyable<LatestReader<MoveOnly>>);
}

TEST(Typing, SynchronisersAndGroupsStayWhereTheyAre) {
  static_assert(kStaysWhereItIs<WaitGroup>);
  static_assert(kStaysWhereItIs<Semaphore>);
  static_assert(kStaysWhereItIs<Notifier>);
  static_assert(kStaysWhereItIs<Latest<MoveOnly>>);
  static_assert(kStaysWhereItIs<ErrorGroup>);
  static_assert(kStaysWhereItIs<TaskGroup>);
  static_assert(kStaysWhereItIs<Gather<MoveOnly>>);
}

template <typename Function>
concept RunsInAGroup = requires(ErrorGroup& group, Function function) {
  { group.Go(std::move(function)) } -> std::same_as<absl::Status>;
};

TEST(Typing, AGroupRunsWhatGivesAStatusOrNothing) {
  static_assert(RunsInAGroup<void (*)()>);
  static_assert(RunsInAGroup<void (*)(const Context&)>);
  static_assert(RunsInAGroup<absl::Status (*)()>);
  static_assert(RunsInAGroup<absl::Status (*)(Context)>);
  static_assert(!RunsInAGroup<int (*)()>);
  static_assert(!RunsInAGroup<void (*)(int)>);
}

template <typename F, typename C>
concept Subscribes = requires(F& feed, const C& channel) {
  { feed.Subscribe(channel) } -> std::same_as<absl::StatusOr<Subscription>>;
};

TEST(Typing, AFeedSubscribesTheSendingSideOfItsOwnType) {
  static_assert(Subscribes<FeedOf<int>, Channel<int>>);
  static_assert(Subscribes<FeedOf<int>, SendChannel<int>>);
  static_assert(!Subscribes<FeedOf<int>, ReceiveChannel<int>>);
  static_assert(!Subscribes<FeedOf<int>, Channel<long>>);
  static_assert(Subscribes<Feed, Channel<int>>);
  static_assert(Subscribes<Feed, SendChannel<long>>);
  static_assert(!Subscribes<Feed, ReceiveChannel<int>>);
}

}  // namespace
}  // namespace eventbus
