"""Plots with logarithmic axes, as SVG that follows the reader's choice of a light or dark page.

A series is told from the others by its colour and by its marker. All colours have a contrast of at least 3 to the
surface behind them, on which the text does not depend.
"""

import bisect
import dataclasses
import html
import math

WIDTH, HEIGHT = 780, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 190, 86, 72
SURFACE = {"light": "#ffffff", "dark": "#16191d"}
INK = {"light": "#22272e", "dark": "#dde2e8"}
GRID = {"light": "#d9dee3", "dark": "#343a41"}

MARKERS = {
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "square": "M-4.5 -4.5h9v9h-9z",
    "diamond": "M0 -6.2L6.2 0L0 6.2L-6.2 0z",
    "up": "M0 -6L5.7 4.6h-11.4z",
    "down": "M0 6L5.7 -4.6h-11.4z",
    "right": "M6 0L-4.6 5.7v-11.4z",
}


@dataclasses.dataclass(frozen=True)
class Style:
    light: str
    dark: str
    marker: str
    filled: bool = True


@dataclasses.dataclass(frozen=True)
class Point:
    x: float  # A position on the axis: for a logarithmic one, the logarithm.
    y: float
    low: float  # The bar, from here
    high: float  # to here.


@dataclasses.dataclass
class Series:
    name: str
    style: Style
    segments: list  # Lists of points; a line joins those of one list.


_NICE = [float(f"{digit}e{exponent}") for exponent in range(-3, 16) for digit in (1, 2, 5)]


def format_time(nanoseconds):
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:g} {unit}"
    return f"{nanoseconds:g} ns"


def ticks_between(low, high):
    """Round numbers, the first not above low and the last not below high: 1, 2, 5, 10 ..., or powers of 10 if that
    would be too many."""
    first = max(bisect.bisect_right(_NICE, low) - 1, 0)
    last = min(bisect.bisect_left(_NICE, high), len(_NICE) - 1)
    if first == last:
        first, last = max(first - 1, 0), min(last + 1, len(_NICE) - 1)
    ticks = _NICE[first:last + 1]
    if len(ticks) <= 9:
        return ticks
    return _NICE[first - first % 3:last + (-last) % 3 + 1:3]


def _style_sheet(series):
    def rules(mode):
        yield f"text{{fill:{INK[mode]}}}.surface{{fill:{SURFACE[mode]}}}"
        yield f".grid{{stroke:{GRID[mode]}}}.axis{{stroke:{INK[mode]}}}"
        for index, one in enumerate(series):
            colour = getattr(one.style, mode)
            fill = colour if one.style.filled else SURFACE[mode]
            yield f".s{index}{{stroke:{colour}}}.s{index} .mark{{fill:{fill}}}"

    fixed = ("text{font:13px system-ui,sans-serif}.title{font-size:17px;font-weight:600}.end{text-anchor:end}"
             ".middle{text-anchor:middle}.grid,.axis{stroke-width:1}.line{fill:none}.line,.mark{stroke-width:2}")
    return f"{fixed}{''.join(rules('light'))}@media(prefers-color-scheme:dark){{{''.join(rules('dark'))}}}"


def draw(title, subtitle, x_title, y_title, x_ticks, series):
    """The text of an SVG file. `x_ticks` is a list of (position, lines of its label); one whose first line is
    empty is a caption."""
    points = [point for one in series for segment in one.segments for point in segment]
    y_ticks = ticks_between(min(point.low for point in points), max(point.high for point in points))
    positions = [position for position, _ in x_ticks]
    x_low, x_high = min(positions) - 0.3, max(positions) + 0.3
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT

    def x_of(position):
        return LEFT + (right - LEFT) * (position - x_low) / (x_high - x_low)

    span = math.log(y_ticks[-1] / y_ticks[0])

    def y_of(value):
        return bottom - (bottom - TOP) * math.log(max(value, y_ticks[0]) / y_ticks[0]) / span

    parts = []
    add = parts.append

    def text(x, y, content, classes=""):
        add(f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}">{html.escape(content)}</text>')

    def line(x1, y1, x2, y2, classes):
        add(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{classes}"/>')

    text(LEFT, 26, title, "title")
    text(LEFT, 46, subtitle)
    text(8, TOP - 14, y_title)
    for tick in y_ticks:
        line(LEFT, y_of(tick), right, y_of(tick), "grid")
        text(LEFT - 8, y_of(tick) + 4, format_time(tick), "end")
    for position, label in x_ticks:
        if label[0]:
            line(x_of(position), bottom, x_of(position), bottom + 5, "axis")
        for index, row in enumerate(label):
            text(x_of(position), bottom + 20 + 16 * index, row, "middle")
    line(LEFT, bottom, right, bottom, "axis")
    rows = max(len(label) for _, label in x_ticks)
    text((LEFT + right) / 2, bottom + 28 + 16 * rows, x_title, "middle")

    # In reverse, so that the first series is drawn above the others.
    for index, one in reversed(list(enumerate(series))):
        add(f'<g class="s{index}">')
        for segment in one.segments:
            path = "L".join(f"{x_of(point.x):.1f} {y_of(point.y):.1f}" for point in segment)
            add(f'<path class="line" d="M{path}"/>')
            for point in segment:
                x, y = x_of(point.x), y_of(point.y)
                line(x, y_of(point.low), x, y_of(point.high), "line")
                add(f'<path class="mark" transform="translate({x:.1f} {y:.1f})" d="{MARKERS[one.style.marker]}">'
                    f"<title>{html.escape(one.name)}: {format_time(float(f'{point.y:.3g}'))}</title></path>")
        y = TOP + 8 + 22 * index
        line(right + 14, y, right + 38, y, "line")
        add(f'<path class="mark" transform="translate({right + 26} {y})" d="{MARKERS[one.style.marker]}"/></g>')
        text(right + 46, y + 4, one.name)

    label = html.escape(f"{title}: {subtitle}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'role="img" aria-label="{label}">\n<title>{label}</title>\n<style>{_style_sheet(series)}</style>\n'
            f'<rect class="surface" width="{WIDTH}" height="{HEIGHT}"/>\n' + "\n".join(parts) + "\n</svg>\n")
