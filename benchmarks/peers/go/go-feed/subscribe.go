package main

import (
	"time"

	"peers/play"
)

// The others have been through a send, as those of a feed in use have. What subscribes and ends between two sends does
// not touch them. In a feed that has never sent, or for a subscription that has been through a send, the end is O(n).
func subscribe(others int, seconds time.Duration) play.Outcome {
	const room = 3 // For the sends below.
	var feed checked
	for i := 0; i < others; i++ {
		feed.Subscribe(make(chan uint64, room))
	}
	feed.Send(0)
	channel := make(chan uint64, room)
	outcome := play.Measure(seconds, func() int {
		const count = 1000
		for i := 0; i < count; i++ {
			feed.feed.Subscribe(channel).Unsubscribe()
		}
		return count
	})
	feed.Send(1) // To the others only: the send is checked.
	feed.Subscribe(channel)
	feed.Send(2)
	expected := uint64(2)
	play.Expect(<-channel, &expected)
	return outcome
}
