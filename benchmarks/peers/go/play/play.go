// Package play is what the contenders share: the command line, the checks, the timing, and the scenarios that only need
// a way to send to all subscribers.
package play

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"
)

// Scenario is one that a contender can play.
type Scenario struct {
	Name string
	Play func(seconds time.Duration) Outcome
}

// Each makes a scenario of every number.
func Each(name string, numbers []int, play func(number int, seconds time.Duration) Outcome) []Scenario {
	var scenarios []Scenario
	for _, number := range numbers {
		number := number
		scenarios = append(scenarios, Scenario{name + "/" + strconv.Itoa(number), func(seconds time.Duration) Outcome {
			return play(number, seconds)
		}})
	}
	return scenarios
}

// Outcome is what a contender prints.
type Outcome struct {
	Scenario    string   `json:"scenario"`
	Value       float64  `json:"value"`
	P99         *float64 `json:"p99,omitempty"`
	P999        *float64 `json:"p999,omitempty"`
	Unit        string   `json:"unit"`
	Operations  int      `json:"operations"`
	Allocations *float64 `json:"allocations,omitempty"`
}

// Main is the main function of a contender.
func Main(contender string, scenarios ...[]Scenario) {
	name, seconds, err := parse(os.Args[1:])
	if err != nil {
		usage := "usage: %[1]s --scenarios\n       %[1]s SCENARIO [--seconds SECONDS]\n"
		fmt.Fprintf(os.Stderr, "%[1]s: %[2]v\n"+usage, contender, err)
		os.Exit(2)
	}
	for _, family := range scenarios {
		for _, scenario := range family {
			if name == "--scenarios" {
				fmt.Println(scenario.Name)
			} else if name == scenario.Name {
				playing = contender + " " + name
				limit := time.Minute + 20*seconds
				time.AfterFunc(limit, func() { Fail("not done after %v: was a value lost?", limit) })
				outcome := scenario.Play(seconds)
				outcome.Scenario = name
				outcome.Value = math.Round(outcome.Value*100) / 100
				line, _ := json.Marshal(outcome)
				fmt.Println(string(line))
				return
			}
		}
	}
	if name != "--scenarios" {
		fmt.Fprintf(os.Stderr, "%s: does not know the scenario %q\n", contender, name)
		os.Exit(2)
	}
}

func parse(arguments []string) (name string, seconds time.Duration, err error) {
	seconds = 300 * time.Millisecond
	if len(arguments) == 0 || len(arguments) == 2 || len(arguments) > 3 {
		return "", 0, fmt.Errorf("wrong number of arguments")
	}
	if len(arguments) == 3 {
		number, err := strconv.ParseFloat(arguments[2], 64)
		right := arguments[0] != "--scenarios" && arguments[1] == "--seconds" && err == nil
		if !right || !(number > 0 && number <= 3600) {
			return "", 0, fmt.Errorf("wrong option %q %q", arguments[1], arguments[2])
		}
		seconds = time.Duration(number * float64(time.Second))
	}
	return arguments[0], seconds, nil
}

var playing string // For messages. Set before any scenario starts.

// Fail ends the program: the contender gave a wrong answer.
func Fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", playing, fmt.Sprintf(format, arguments...))
	os.Exit(1)
}

// Expect fails unless value is the expected one, which it advances.
func Expect(value uint64, expected *uint64) {
	if value != *expected {
		Fail("received %d, expected %d", value, *expected)
	}
	*expected++
}
