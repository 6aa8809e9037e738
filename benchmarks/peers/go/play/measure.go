package play

import (
	"math"
	"runtime"
	"time"
)

// Measure gives the mean time of an operation over batches that are played until seconds have passed, after a warm-up
// that does not count. A batch plays some operations and says how many.
func Measure(seconds time.Duration, batch func() int) Outcome {
	return MeasureTimed(seconds, func() (int, time.Duration) {
		begin := time.Now()
		operations := batch()
		return operations, time.Since(begin)
	})
}

// MeasureTimed does the same for batches that say themselves how long the operations took.
func MeasureTimed(seconds time.Duration, batch func() (int, time.Duration)) Outcome {
	run := func(atLeast time.Duration) (operations int, took time.Duration) {
		for took < atLeast {
			more, longer := batch()
			operations += more
			took += longer
		}
		return operations, took
	}
	run(seconds / 5)
	before := mallocs()
	operations, took := run(seconds)
	allocations := math.Round(1000*float64(mallocs()-before)/float64(operations)) / 1000
	return Outcome{
		Value:       float64(took.Nanoseconds()) / float64(operations),
		Unit:        "ns",
		Operations:  operations,
		Allocations: &allocations,
	}
}

func mallocs() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}
