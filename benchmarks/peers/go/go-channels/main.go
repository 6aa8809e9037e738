// The contender go-channels: channels and select as they are, goroutines as consumers; for a fan-out a loop over the
// channels.
package main

import (
	"time"

	"peers/play"
)

// Sends to all by a loop. Unlike a feed it stands still at the first channel without room.
type loop struct {
	channels []chan uint64
}

func (l *loop) Subscribe(channel chan uint64) { l.channels = append(l.channels, channel) }

func (l *loop) Send(value uint64) {
	for _, channel := range l.channels {
		channel <- value
	}
}

func newFanOut() play.FanOut { return &loop{} }

func main() {
	play.Main("go-channels",
		[]play.Scenario{{Name: "channel/uncontended", Play: uncontended}},
		play.Each("channel/two_threads", []int{0, 1, 64, 1024}, twoThreads),
		[]play.Scenario{
			{Name: "channel/four_by_four", Play: fourByFour},
			{Name: "select/2", Play: selectOfTwo},
			{Name: "select/8", Play: selectOfEight},
		},
		play.Each("fanout", []int{1, 10, 100, 1000, 10000}, func(number int, seconds time.Duration) play.Outcome {
			return play.Fanout(number, seconds, newFanOut())
		}),
		play.Latency(newFanOut),
		play.Subscriptions(newFanOut),
	)
}
