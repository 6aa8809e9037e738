// The contender go-feed: the model of go-ethereum's event.Feed, with goroutines as consumers.
package main

import (
	"time"

	"peers/feed"
	"peers/play"
)

// A feed whose every send is checked.
type checked struct {
	feed        feed.Feed
	subscribers int
}

func (c *checked) Subscribe(channel chan uint64) {
	c.feed.Subscribe(channel)
	c.subscribers++
}

func (c *checked) Send(value uint64) {
	if delivered := c.feed.Send(value); delivered != c.subscribers {
		play.Fail("a send went to %d subscribers of %d", delivered, c.subscribers)
	}
}

func newFanOut() play.FanOut { return &checked{} }

func main() {
	play.Main("go-feed",
		play.Each("fanout", []int{1, 10, 100, 1000, 10000}, func(number int, seconds time.Duration) play.Outcome {
			return play.Fanout(number, seconds, newFanOut())
		}),
		play.Each("slow", []int{10, 100, 1000, 4000}, slow),
		play.Each("subscribe", []int{0, 1000, 100000}, subscribe),
		play.Latency(newFanOut),
		play.Subscriptions(newFanOut),
	)
}
