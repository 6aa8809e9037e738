// Package feed is a model of event.Feed of go-ethereum, written anew from the algorithm that it documents, to measure
// what that algorithm costs: a list of cases for reflect.Select, tried one by one, then waited for all at once.
//
// A send to n subscribers of which none is ready goes over the remaining cases after each delivery, so it costs
// O(n * n). It panics if more than 65535 are not ready at once: reflect.Select takes no more cases.
package feed

import (
	"reflect"
	"sync"
)

// Feed sends every value to all channels subscribed. The type of the values is fixed by the first use. The zero Feed is
// ready.
//
// Invariants:
//  1. Who has taken the token out of turn owns cases; every Send has, from its begin to its end.
//  2. cases[0] receives from leave. Each other one is a subscribed channel, in cases or in inbox but not in both.
type Feed struct {
	once  sync.Once
	turn  chan struct{}        // One slot, with a token while nobody sends.
	leave chan any             // The channels to be removed from cases while a send owns them.
	cases []reflect.SelectCase // Those that a send goes to.

	mutex   sync.Mutex           // Guards what follows.
	inbox   []reflect.SelectCase // Subscribed since the last send began.
	element reflect.Type         // Of the values; nil before the first use.
}

// Subscription is the right to receive, until it is ended.
type Subscription struct {
	feed    *Feed
	channel any
	once    sync.Once
	err     chan error
}

func (f *Feed) init() {
	f.once.Do(func() {
		f.turn = make(chan struct{}, 1)
		f.turn <- struct{}{}
		f.leave = make(chan any)
		f.cases = []reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(f.leave)}}
	})
}

// Holding the mutex.
func (f *Feed) checkType(element reflect.Type) {
	if f.element == nil {
		f.element = element
	}
	if f.element != element {
		panic("feed: a feed of " + f.element.String() + " is used for " + element.String())
	}
}

// Subscribe makes all later sends go to the channel too.
func (f *Feed) Subscribe(channel any) *Subscription {
	f.init()
	value := reflect.ValueOf(channel)
	if value.Kind() != reflect.Chan || value.Type().ChanDir()&reflect.SendDir == 0 {
		panic("feed: not a channel to send to")
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.checkType(value.Type().Elem())
	f.inbox = append(f.inbox, reflect.SelectCase{Dir: reflect.SelectSend, Chan: value})
	return &Subscription{feed: f, channel: channel, err: make(chan error)}
}

// Unsubscribe ends the subscription. After that nothing more is sent to the channel.
func (s *Subscription) Unsubscribe() {
	s.once.Do(func() {
		s.feed.remove(s.channel)
		close(s.err)
	})
}

// Err is closed when the subscription has ended.
func (s *Subscription) Err() <-chan error { return s.err }

func (f *Feed) remove(channel any) {
	f.mutex.Lock()
	if at := find(f.inbox, channel); at >= 0 {
		f.inbox = without(f.inbox, at)
		f.mutex.Unlock()
		return
	}
	f.mutex.Unlock()
	select {
	case f.leave <- channel: // To the send that owns the cases.
	case <-f.turn:
		f.cases = without(f.cases, find(f.cases, channel))
		f.turn <- struct{}{}
	}
}

// Send returns when all subscribers have the value, and says how many they are.
func (f *Feed) Send(value any) (delivered int) {
	f.init()
	sent := reflect.ValueOf(value)
	<-f.turn
	defer func() { f.turn <- struct{}{} }()

	f.mutex.Lock()
	if f.element != sent.Type() {
		defer f.mutex.Unlock()
		f.checkType(sent.Type())
		return 0 // Nobody has ever subscribed.
	}
	f.cases = append(f.cases, f.inbox...)
	f.inbox = f.inbox[:0]
	f.mutex.Unlock()

	for i := 1; i < len(f.cases); i++ {
		f.cases[i].Send = sent
	}
	// Always the first part of cases: those that do not have the value yet.
	active := f.cases
	for {
		for i := 1; i < len(active); {
			if active[i].Chan.TrySend(sent) {
				delivered++
				active = deactivate(active, i)
			} else {
				i++
			}
		}
		if len(active) == 1 {
			break
		}
		chosen, left, _ := reflect.Select(active)
		if chosen > 0 {
			delivered++
			active = deactivate(active, chosen)
			continue
		}
		remaining := len(active)
		at := find(f.cases, left.Interface())
		if at < remaining {
			remaining--
		}
		f.cases = without(f.cases, at)
		active = f.cases[:remaining]
	}
	for i := 1; i < len(f.cases); i++ {
		f.cases[i].Send = reflect.Value{} // Does not keep the value alive.
	}
	return delivered
}

// Where the case of the channel is; negative if there is none.
func find(cases []reflect.SelectCase, channel any) int {
	for i := range cases {
		if cases[i].Chan.Interface() == channel {
			return i
		}
	}
	return -1
}

func without(cases []reflect.SelectCase, at int) []reflect.SelectCase {
	last := len(cases) - 1
	copy(cases[at:], cases[at+1:])
	cases[last] = reflect.SelectCase{}
	return cases[:last]
}

// Moves a case to the end of the active ones, and them to before it.
func deactivate(active []reflect.SelectCase, at int) []reflect.SelectCase {
	last := len(active) - 1
	active[at], active[last] = active[last], active[at]
	return active[:last]
}
