// The contender go-kit: timers, contexts and groups of Go's standard library, and what Go programs use for a semaphore.
package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"peers/play"
)

// The operations between two looks at the clock.
const batch = 1000

// A function that is to be called in an hour, taken back, while others are.
func timerCall(others int, seconds time.Duration) play.Outcome {
	var calls atomic.Int64
	call := func() { calls.Add(1) }
	far := make([]*time.Timer, others)
	for i := range far {
		far[i] = time.AfterFunc(time.Hour+time.Duration(i*7919%1_000_003)*time.Microsecond, call)
	}
	outcome := play.Measure(seconds, func() int {
		for i := 0; i < batch; i++ {
			if !time.AfterFunc(time.Hour, call).Stop() {
				play.Fail("it was called too early")
			}
		}
		return batch
	})
	for _, timer := range far {
		if !timer.Stop() {
			play.Fail("it was called too early")
		}
	}
	if calls.Load() != 0 {
		play.Fail("it was called")
	}
	return outcome
}

func timerChannel(seconds time.Duration) play.Outcome {
	return play.Measure(seconds, func() int {
		for i := 0; i < batch; i++ {
			if !time.NewTimer(time.Hour).Stop() {
				play.Fail("it was due too early")
			}
		}
		return batch
	})
}

func timerReset(seconds time.Duration) play.Outcome {
	timer := time.NewTimer(time.Hour)
	outcome := play.Measure(seconds, func() int {
		for i := 0; i < batch; i++ {
			if !timer.Reset(time.Hour) {
				play.Fail("it was due too early")
			}
		}
		return batch
	})
	if !timer.Stop() {
		play.Fail("it was due too early")
	}
	return outcome
}

func cancelTree(children int, seconds time.Duration) play.Outcome {
	return play.MeasureTimed(seconds, func() (int, time.Duration) {
		root, cancel := context.WithCancel(context.Background())
		below := make([]context.Context, children)
		cancels := make([]context.CancelFunc, children)
		for i := range below {
			below[i], cancels[i] = context.WithCancel(root)
		}
		begin := time.Now()
		cancel()
		took := time.Since(begin)
		for i, child := range below {
			if child.Err() == nil {
				play.Fail("a child is alive")
			}
			cancels[i]()
		}
		return children, took
	})
}

// A channel with room for as many as may be inside.
func semaphore(seconds time.Duration) play.Outcome {
	inside := make(chan struct{}, 4)
	outcome := play.Measure(seconds, func() int {
		for i := 0; i < batch; i++ {
			inside <- struct{}{}
			<-inside
		}
		return batch
	})
	if len(inside) != 0 {
		play.Fail("a unit was lost")
	}
	return outcome
}

func waitGroup(seconds time.Duration) play.Outcome {
	var group sync.WaitGroup
	return play.Measure(seconds, func() int {
		for i := 0; i < batch; i++ {
			group.Add(1)
			group.Done()
			group.Wait()
		}
		return batch
	})
}

// What golang.org/x/sync/errgroup is, which is not a part of the standard library: a context, and the first error.
type errorGroup struct {
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	once   sync.Once
	err    error
}

func (g *errorGroup) start(task func() error) {
	g.tasks.Add(1)
	go func() {
		defer g.tasks.Done()
		if err := task(); err != nil {
			g.once.Do(func() {
				g.err = err
				g.cancel()
			})
		}
	}()
}

func (g *errorGroup) wait() error {
	g.tasks.Wait()
	g.cancel()
	return g.err
}

func errorGroups(tasks int, seconds time.Duration) play.Outcome {
	var ran atomic.Uint64
	rounds := uint64(0)
	outcome := play.Measure(seconds, func() int {
		_, cancel := context.WithCancel(context.Background())
		group := errorGroup{cancel: cancel}
		for i := 0; i < tasks; i++ {
			group.start(func() error {
				ran.Add(1)
				return nil
			})
		}
		if group.wait() != nil {
			play.Fail("a task failed")
		}
		rounds++
		return tasks
	})
	if ran.Load() != rounds*uint64(tasks) {
		play.Fail("%d tasks ran in %d rounds of %d", ran.Load(), rounds, tasks)
	}
	return outcome
}

func main() {
	play.Main("go-kit",
		play.Each("timer/call", []int{0, 100000}, timerCall),
		[]play.Scenario{{Name: "timer/channel", Play: timerChannel}, {Name: "timer/reset", Play: timerReset}},
		play.Each("context/cancel_tree", []int{10000}, cancelTree),
		[]play.Scenario{
			{Name: "semaphore/uncontended", Play: semaphore},
			{Name: "wait_group/uncontended", Play: waitGroup},
		},
		play.Each("error_group", []int{100}, errorGroups),
	)
}
