package main

import (
	"time"

	"peers/play"
)

func selectOfTwo(seconds time.Duration) play.Outcome {
	var c [2]chan uint64
	return inTurn(c[:], seconds, func() (value uint64, from uint64) {
		select {
		case value = <-c[0]:
			return value, 0
		case value = <-c[1]:
			return value, 1
		}
	})
}

func selectOfEight(seconds time.Duration) play.Outcome {
	var c [8]chan uint64
	return inTurn(c[:], seconds, func() (value uint64, from uint64) {
		select {
		case value = <-c[0]:
			return value, 0
		case value = <-c[1]:
			return value, 1
		case value = <-c[2]:
			return value, 2
		case value = <-c[3]:
			return value, 3
		case value = <-c[4]:
			return value, 4
		case value = <-c[5]:
			return value, 5
		case value = <-c[6]:
			return value, 6
		case value = <-c[7]:
			return value, 7
		}
	})
}

// Makes the channels, sends to each in turn, and receives by choose, which says from which.
func inTurn(channels []chan uint64, seconds time.Duration, choose func() (value uint64, from uint64)) play.Outcome {
	for i := range channels {
		channels[i] = make(chan uint64, 1)
	}
	sent, expected := uint64(0), uint64(0)
	return play.Measure(seconds, func() int {
		for i := 0; i < batch; i++ {
			to := sent % uint64(len(channels))
			channels[to] <- sent
			sent++
			value, from := choose()
			play.Expect(value, &expected)
			if from != to {
				play.Fail("received from channel %d what was sent to channel %d", from, to)
			}
		}
		return batch
	})
}
