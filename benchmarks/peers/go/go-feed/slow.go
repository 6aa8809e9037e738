package main

import (
	"time"

	"peers/play"
)

// sender ---> feed ===> n unbuffered channels ---> one goroutine, from one after the other
//
// Only the sends are timed. Each begins when the receiver is about to receive from the first channel again.
func slow(number int, seconds time.Duration) play.Outcome {
	var feed checked
	channels := make([]chan uint64, number)
	for i := range channels {
		channels[i] = make(chan uint64)
		feed.Subscribe(channels[i])
	}
	ready := make(chan struct{}, 1)
	go func() {
		for round := uint64(0); ; round++ {
			ready <- struct{}{}
			for _, channel := range channels {
				expected := round
				play.Expect(<-channel, &expected)
			}
		}
	}()
	sent := uint64(0)
	outcome := play.MeasureTimed(seconds, func() (int, time.Duration) {
		<-ready
		begin := time.Now()
		feed.Send(sent)
		sent++
		return 1, time.Since(begin)
	})
	<-ready // The last value was right, too.
	return outcome
}
