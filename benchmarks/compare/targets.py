"""What eventbus is to cost, against its peers, and whether it does.

The targets are the cost targets that the library was designed to. Each is a ratio: the median, over the rounds of one run on
one machine, of what it was in a round, where the contenders of a scenario take turns directly after each other. A ratio of two
medians would compare turns that lie minutes apart, and with them what else the machine had to do. One that says "no slower"
allows for 5 % of noise.
"""

import dataclasses
import statistics

from contenders import OURS
from results import align, number

NO_SLOWER = 1.05

# What a scenario sets up anew each time allocates; all others are in a steady state.
NOT_STEADY = ("subscribe/", "memory/", "timer/call/", "timer/channel", "context/", "error_group/")


@dataclasses.dataclass(frozen=True)
class Target:
    """The value of `over` divided by that of `under`; each is (contender, scenario)."""

    name: str
    over: tuple
    under: tuple
    at_least: float = None
    at_most: float = None
    goal: float = None  # What is aimed for beyond what is wanted.
    multiple: int = 1  # So many times the value of `under`.

    @property
    def wanted(self):
        text = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
        return f"{text} (goal {self.goal:g})" if self.goal is not None else text

    def is_met_by(self, ratio):
        return ratio >= self.at_least if self.at_least is not None else ratio <= self.at_most


TARGETS = (
    # Fan-out to 1,000 buffered subscribers, light consumers, per delivery, against the model feed in Go.
    Target("fanout/1000: go-feed / eventbus", ("go-feed", "fanout/1000"), (OURS, "fanout/1000"), at_least=6, goal=10),
    # The same against tokio's broadcast channel with tasks.
    Target("fanout/1000: tokio-broadcast / eventbus", ("tokio-broadcast", "fanout/1000"), (OURS, "fanout/1000"),
           at_least=3),
    # One send to 1,000 slow subscribers that become ready one by one, against the model feed.
    Target("slow/1000: go-feed / eventbus", ("go-feed", "slow/1000"), (OURS, "slow/1000"), at_least=1000),
    # The cost of a send grows linearly: four times the subscribers, and little more than four times the time.
    Target("eventbus: slow/4000 / slow/1000", (OURS, "slow/4000"), (OURS, "slow/1000"), at_most=4.6),
    # Two threads, capacity 1024, a value: no slower than crossbeam, aim for half.
    Target("channel/two_threads/1024: eventbus / crossbeam-channel", (OURS, "channel/two_threads/1024"),
           ("crossbeam-channel", "channel/two_threads/1024"), at_most=NO_SLOWER, goal=0.5),
    # Uncontended send and receive of a word, buffered: no slower than crossbeam, at most 0.6 of a Go channel.
    Target("channel/uncontended: eventbus / crossbeam-channel", (OURS, "channel/uncontended"),
           ("crossbeam-channel", "channel/uncontended"), at_most=NO_SLOWER),
    Target("channel/uncontended: eventbus / go-channels", (OURS, "channel/uncontended"),
           ("go-channels", "channel/uncontended"), at_most=0.6),
    # Rendezvous between two threads, against a round in which each parks once and is unparked. `park` is half of one.
    Target("eventbus: channel/two_threads/0 / (2 x park)", (OURS, "channel/two_threads/0"), (OURS, "park"), at_most=1.2,
           multiple=2),
    # Handlers on the sender's thread, per call, 1,000 of them.
    Target("handlers/1000: boost-signals2 / eventbus", ("boost-signals2", "handlers/1000"), (OURS, "handlers/1000"),
           at_least=5),
)

# Steady-state send, receive and select: no allocation, in any round.
ALLOCATIONS = "eventbus: allocations in a steady state"


@dataclasses.dataclass(frozen=True)
class Outcome:
    name: str
    wanted: str
    seen: str
    result: str  # met, missed or skipped


def _of_ratio(target, values, failed):
    if target.over in failed or target.under in failed:
        return Outcome(target.name, target.wanted, "failed", "missed")
    over, under = (values.get(place, {}) for place in (target.over, target.under))
    ratios = [over[turn] / (target.multiple * under[turn]) for turn in over.keys() & under.keys()]
    if not ratios:
        return Outcome(target.name, target.wanted, "-", "skipped")
    ratio = statistics.median(ratios)
    result = "met" if target.is_met_by(ratio) else "missed"
    # With more digits where it is missed: it may be by little.
    return Outcome(target.name, target.wanted, number(ratio) if result == "met" else f"{ratio:,.5g}", result)


def _of_allocations(measurements):
    counted = [entry for entry in measurements if entry["contender"] == OURS and "allocations" in entry
               and not entry["scenario"].startswith(NOT_STEADY)]
    if not counted:
        return Outcome(ALLOCATIONS, "0", "-", "skipped")
    worst = max(counted, key=lambda entry: entry["allocations"])
    if worst["allocations"] > 0:
        return Outcome(ALLOCATIONS, "0", f"{worst['allocations']:g} in {worst['scenario']}", "missed")
    return Outcome(ALLOCATIONS, "0", f"0 in {len({entry['scenario'] for entry in counted})} scenarios", "met")


def evaluate(measurements, failures):
    """An Outcome for each target."""
    failed = {(failure["contender"], failure["scenario"]) for failure in failures}
    values = {}  # (contender, scenario) -> {round: value}
    for entry in measurements:
        values.setdefault((entry["contender"], entry["scenario"]), {})[entry["round"]] = entry["value"]
    return [_of_ratio(target, values, failed) for target in TARGETS] + [_of_allocations(measurements)]


def table(outcomes):
    rows = [("target", "wanted", "seen", "result")]
    rows += [(outcome.name, outcome.wanted, outcome.seen, outcome.result) for outcome in outcomes]
    return align(rows, right={2})
