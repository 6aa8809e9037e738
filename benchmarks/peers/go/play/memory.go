package play

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// Memory plays memory/subscription: each is a channel of capacity 1 and a goroutine blocked in a receive from it.
func Memory(fanOut FanOut) Outcome {
	const count = 100_000
	var waiting, received sync.WaitGroup
	waiting.Add(count)
	received.Add(count)
	consume := func(channel chan uint64) {
		waiting.Done()
		expected := uint64(7)
		Expect(<-channel, &expected)
		received.Done()
	}
	before := resident()
	for i := 0; i < count; i++ {
		channel := make(chan uint64, 1)
		fanOut.Subscribe(channel)
		go consume(channel)
	}
	waiting.Wait()
	bytes := resident() - before
	fanOut.Send(7)
	received.Wait()
	return Outcome{Value: float64(bytes) / count, Unit: "bytes", Operations: count}
}

// Subscriptions gives the scenario memory/subscription.
func Subscriptions(newFanOut func() FanOut) []Scenario {
	return []Scenario{{"memory/subscription", func(time.Duration) Outcome { return Memory(newFanOut()) }}}
}

// The resident memory of the process, in bytes, without garbage.
func resident() int64 {
	debug.FreeOSMemory()
	file, err := os.Open("/proc/self/status")
	if err != nil {
		Fail("%v", err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "VmRSS:") {
			var kibibytes int64
			fmt.Sscanf(lines.Text(), "VmRSS: %d", &kibibytes)
			return kibibytes * 1024
		}
	}
	Fail("no VmRSS in /proc/self/status")
	return 0
}
