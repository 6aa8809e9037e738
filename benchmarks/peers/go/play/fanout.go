package play

import (
	"sync/atomic"
	"time"
)

// FanOut sends every value to all channels that were subscribed. It blocks while one has no room.
type FanOut interface {
	Subscribe(channel chan uint64)
	Send(value uint64)
}

const (
	room  = 200
	burst = 400
)

// Fanout plays fanout/number:
//
//	sender ---> n channels (capacity 200) ---> n goroutines
//
// The sender is a goroutine too, so all share the threads that Go takes for them, one a core.
func Fanout(number int, seconds time.Duration, fanOut FanOut) Outcome {
	var late atomic.Int64 // Who has not received the last of the burst.
	done := make(chan struct{}, 1)
	consume := func(channel chan uint64) {
		expected := uint64(0)
		for value := range channel {
			Expect(value, &expected)
			if expected%burst == 0 && late.Add(-1) == 0 {
				done <- struct{}{}
			}
		}
	}
	for i := 0; i < number; i++ {
		channel := make(chan uint64, room)
		fanOut.Subscribe(channel)
		go consume(channel)
	}
	sent := uint64(0)
	return Measure(seconds, func() int {
		late.Store(int64(number))
		for i := 0; i < burst; i++ {
			fanOut.Send(sent)
			sent++
		}
		<-done
		return burst * number
	})
}
