package play

import (
	"runtime"
	"sort"
	"sync/atomic"
	"time"
)

// Latency gives the scenarios latency/parked and latency/busy.
func Latency(newFanOut func() FanOut) []Scenario {
	return []Scenario{
		{"latency/parked", func(seconds time.Duration) Outcome {
			// More than enough for the subscriber's thread to fall asleep.
			return latency(seconds, newFanOut(), func() { time.Sleep(100 * time.Microsecond) })
		}},
		{"latency/busy", func(seconds time.Duration) Outcome {
			return latency(seconds, newFanOut(), func() {})
		}},
	}
}

// sender ---> channel (capacity 1) ---> subscriber, each in a thread of its own
//
// The scenario is about a subscriber with a thread, so its goroutine is locked to one. Otherwise Go would run it in the
// sender's thread as soon as the sender waits, which takes a fraction of the time; and if the sender never waited,
// another thread would take it over only after a pause, which takes a multiple.
func latency(seconds time.Duration, fanOut FanOut, pause func()) Outcome {
	var receivedAt, received atomic.Int64
	begin := time.Now() // All times are since then.
	channel := make(chan uint64, 1)
	fanOut.Subscribe(channel)
	go func() {
		runtime.LockOSThread()
		expected := uint64(0)
		for value := range channel {
			receivedAt.Store(int64(time.Since(begin)))
			Expect(value, &expected)
			received.Add(1)
		}
	}()
	sent := int64(0)
	one := func() float64 {
		pause()
		sentAt := int64(time.Since(begin))
		fanOut.Send(uint64(sent))
		sent++
		for received.Load() != sent {
			runtime.Gosched()
		}
		return float64(receivedAt.Load() - sentAt)
	}
	for end := time.Since(begin) + seconds/5; time.Since(begin) < end; {
		one()
	}
	var times []float64
	for end := time.Since(begin) + seconds; time.Since(begin) < end || len(times) == 0; {
		times = append(times, one())
	}
	sort.Float64s(times)
	at := func(thousandths int) float64 { return times[len(times)*thousandths/1000] }
	p99, p999 := at(990), at(999)
	return Outcome{Value: at(500), P99: &p99, P999: &p999, Unit: "ns", Operations: len(times)}
}
