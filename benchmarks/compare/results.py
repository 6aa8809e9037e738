"""Medians and the table of them."""

import dataclasses
import statistics

from contenders import OURS


@dataclasses.dataclass
class Summary:
    """What one contender did in one scenario, over the rounds."""

    unit: str
    median: float
    low: float  # The quartiles.
    high: float
    p99: float = None
    p999: float = None

    @property
    def spread(self):
        """The interquartile range in per cent of the median."""
        return 100 * (self.high - self.low) / self.median


def _median(entries, key):
    values = [entry[key] for entry in entries if key in entry]
    return statistics.median(values) if values else None


def summarise(measurements, failures):
    """(scenario, contender) -> Summary, without those that failed in any round."""
    failed = {(failure["scenario"], failure["contender"]) for failure in failures}
    groups = {}
    for measurement in measurements:
        place = measurement["scenario"], measurement["contender"]
        if place not in failed:
            groups.setdefault(place, []).append(measurement)
    summaries = {}
    for place, entries in groups.items():
        values = [entry["value"] for entry in entries]
        low, high = values[0], values[0]
        if len(values) > 1:
            low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        summaries[place] = Summary(entries[0]["unit"], statistics.median(values), low, high, _median(entries, "p99"),
                                   _median(entries, "p999"))
    return summaries


def number(value):
    """With three digits or more, none of them behind the point if there are three before it."""
    if value is None:
        return ""
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:,.{digits}f}"


def align(rows, right):
    """Lines of columns. `right` holds the indices of those that end, rather than begin, at one place."""
    widths = [max(map(len, column)) for column in zip(*(row for row in rows if row))]
    lines = []
    for row in rows:
        cells = (cell.rjust(width) if index in right else cell.ljust(width)
                 for index, (cell, width) in enumerate(zip(row, widths)))
        lines.append("  ".join(cells).rstrip())
    return "".join(f"{line}\n" for line in lines)


def table(scenarios, summaries, failures):
    """By scenario; ours first, then from fast to slow, then those that failed."""
    rows = [("scenario", "contender", "median", "unit", "spread", "ratio", "p99", "p999")]
    for scenario in scenarios:
        ours = summaries.get((scenario, OURS))
        players = sorted((name for place, name in summaries if place == scenario),
                         key=lambda name: (name != OURS, summaries[scenario, name].median))
        failed = [failure["contender"] for failure in failures if failure["scenario"] == scenario]
        if players or failed:
            rows.append(())
        title = scenario
        for name in players:
            summary = summaries[scenario, name]
            ratio = number(summary.median / ours.median) if ours else ""
            rows.append((title, name, number(summary.median), summary.unit, f"{summary.spread:.0f} %", ratio,
                         number(summary.p99), number(summary.p999)))
            title = ""
        for name in sorted(failed):
            rows.append((title, name, "failed", "", "", "", "", ""))
            title = ""
    return align(rows, right={2, 4, 5, 6, 7})
