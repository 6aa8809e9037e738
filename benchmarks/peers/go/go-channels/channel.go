package main

import (
	"sync"
	"sync/atomic"
	"time"

	"peers/play"
)

// The operations between two looks at the clock.
const batch = 1000

func uncontended(seconds time.Duration) play.Outcome {
	channel := make(chan uint64, 64)
	sent, expected := uint64(0), uint64(0)
	return play.Measure(seconds, func() int {
		for i := 0; i < batch; i++ {
			channel <- sent
			sent++
			play.Expect(<-channel, &expected)
		}
		return batch
	})
}

// sender ---> channel ---> receiver; goroutines, which run in threads of their own if Go thinks it worth while.
func twoThreads(capacity int, seconds time.Duration) play.Outcome {
	channel := make(chan uint64, capacity)
	received := make(chan uint64)
	go func() {
		expected := uint64(0)
		for value := range channel {
			play.Expect(value, &expected)
		}
		received <- expected
	}()
	sent := uint64(0)
	outcome := play.Measure(seconds, func() int {
		for i := 0; i < batch; i++ {
			channel <- sent
			sent++
		}
		return batch
	})
	close(channel)
	if count := <-received; count != sent {
		play.Fail("received %d values of %d", count, sent)
	}
	return outcome
}

const four = 4

// What a receiver got of each sender.
type tally struct{ count, sum, next [four]uint64 }

// A sender's values are those that have the same remainder by four. Each receiver sees that they ascend; all together
// see that they are all there.
func (t *tally) take(value uint64) {
	sender := value % four
	if value < t.next[sender] {
		play.Fail("received %d after %d of the same sender", value, t.next[sender]-four)
	}
	t.next[sender] = value + four
	t.count[sender]++
	t.sum[sender] += value
}

// four senders ===> channel ===> four receivers
func fourByFour(seconds time.Duration) play.Outcome {
	channel := make(chan uint64, 64)
	var sent, stop atomic.Int64 // Sent counts in whole batches.
	var totals [four]uint64     // Each written by its sender at the end.
	var senders, receivers sync.WaitGroup
	var tallies [four]tally
	for i := 0; i < four; i++ {
		i := i
		senders.Add(1)
		receivers.Add(1)
		go func() {
			defer senders.Done()
			count := uint64(0)
			for stop.Load() == 0 {
				for j := 0; j < batch; j++ {
					channel <- count*four + uint64(i)
					count++
				}
				sent.Add(batch)
			}
			totals[i] = count
		}()
		go func() {
			defer receivers.Done()
			var mine tally // Not shared with the others' cache lines.
			for value := range channel {
				mine.take(value)
			}
			tallies[i] = mine
		}()
	}
	outcome := play.Measure(seconds, func() int {
		before := sent.Load()
		time.Sleep(seconds/10 + 10*time.Millisecond)
		return int(sent.Load() - before)
	})
	stop.Store(1)
	senders.Wait()
	close(channel)
	receivers.Wait()
	for sender, total := range totals {
		count, sum := uint64(0), uint64(0)
		for _, tally := range tallies {
			count += tally.count[sender]
			sum += tally.sum[sender]
		}
		if count != total || sum != total*(total-1)/2*four+total*uint64(sender) {
			play.Fail("of %d values of sender %d, %d were received, with the sum %d", total, sender, count, sum)
		}
	}
	return outcome
}
