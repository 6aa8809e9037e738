"""Which plots are drawn, and in which colours."""

import math

from contenders import OURS
import svg

# One look for each contender, in all plots.
STYLES = {
    OURS: svg.Style("#c2480b", "#ff8a3d", "circle"),
    "go-feed": svg.Style("#0067a8", "#58b4ec", "square"),
    "go-channels": svg.Style("#0067a8", "#58b4ec", "square", filled=False),
    "go-kit": svg.Style("#0067a8", "#58b4ec", "right"),
    "tokio-broadcast": svg.Style("#7b3fa0", "#c69be8", "diamond"),
    "tokio-mpsc": svg.Style("#7b3fa0", "#c69be8", "diamond", filled=False),
    "crossbeam-channel": svg.Style("#007a5a", "#35c99c", "up"),
    "tbb-broadcast": svg.Style("#007a5a", "#35c99c", "up", filled=False),
    "boost-signals2": svg.Style("#806000", "#e0bf45", "down"),
    "boost-fiber": svg.Style("#806000", "#e0bf45", "down", filled=False),
    "hand-written": svg.Style("#5b636d", "#aab2bc", "circle", filled=False),
}
OTHERS = (svg.Style("#a8326e", "#f08ac0", "square"), svg.Style("#a8326e", "#f08ac0", "diamond", filled=False))

# Scenarios FAMILY/N: title, what the time is of, what N counts.
BY_NUMBER = {
    "fanout": ("Fan-out to light consumers", "time a delivery", "subscribers"),
    "fanout_coroutines": ("Fan-out to coroutines on channels", "time a delivery", "subscribers"),
    "handlers": ("Handlers in the sender's thread", "time a call", "handlers"),
    "slow": ("A send to subscribers that become ready one by one", "time a send", "slow subscribers"),
}

# The channel scenarios: runs of them that a line joins. Capacity 0 has no place on a logarithmic axis, so it stands
# beside it, like what has other threads.
CHANNEL_SEGMENTS = (
    {"channel/uncontended": (-2.6, ["64", "one thread"])},
    {"channel/two_threads/0": (-1.0, ["0"])},
    {f"channel/two_threads/{capacity}": (math.log10(capacity), [str(capacity)]) for capacity in (1, 64, 1024)},
    {"channel/four_by_four": (4.6, ["64", "four by four"])},
)
CHANNEL_CAPTION = (1.0, ["", "two threads"])


def _series(summaries, segments):
    """`segments` is a list of scenario -> (position, label). Ours first, the others as in STYLES."""
    wanted = {scenario for segment in segments for scenario in segment}
    names = {contender for scenario, contender in summaries if scenario in wanted}
    known = [name for name in STYLES if name in names]
    unknown = sorted(names.difference(STYLES))
    series = []
    for name in known + unknown:
        style = STYLES.get(name) or OTHERS[unknown.index(name) % len(OTHERS)]
        lines = []
        for segment in segments:
            found = [(position, summaries[scenario, name]) for scenario, (position, _) in segment.items()
                     if (scenario, name) in summaries]
            if found:
                lines.append([svg.Point(position, one.median, one.low, one.high) for position, one in sorted(
                    found, key=lambda pair: pair[0])])
        series.append(svg.Series(name, style, lines))
    return series


def _plot(summaries, segments, title, y_title, x_title, captions=()):
    present = {scenario for scenario, _ in summaries}
    ticks = [tick for segment in segments for scenario, tick in segment.items() if scenario in present]
    if not ticks:
        return None
    subtitle = f"{y_title} against {x_title}; lower is better; bars: interquartile range"
    return svg.draw(title, subtitle, x_title, y_title, [*ticks, *captions], _series(summaries, segments))


def _numbers(family, summaries):
    """The scenarios FAMILY/N -> (position of N, label)."""
    numbers = {}
    for scenario, _ in summaries:
        name, _, number = scenario.partition("/")
        if name == family and number.isdecimal() and int(number) > 0:
            numbers[scenario] = (math.log10(int(number)), [f"{int(number):,}"])
    return numbers


def draw_all(summaries):
    """File name -> text, for those of which something was measured."""
    plots = {f"{family}.svg": _plot(summaries, [_numbers(family, summaries)], title, y_title, x_title)
             for family, (title, y_title, x_title) in BY_NUMBER.items()}
    two_threads = any(scenario.startswith("channel/two_threads/") for scenario, _ in summaries)
    plots["channel.svg"] = _plot(summaries, CHANNEL_SEGMENTS, "Channels", "time a value", "capacity and threads",
                                 [CHANNEL_CAPTION] if two_threads else [])
    return {name: text for name, text in plots.items() if text}
