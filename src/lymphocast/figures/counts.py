"""The panel of CD4 counts: what was measured, what the model says, what it says comes next."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, hypot
from typing import final

import altair as alt

from lymphocast.criteria.rcv import LONG_TERM_CV
from lymphocast.dataset.project import CD4
from lymphocast.figures.axes import calendar, time_x, value_y
from lymphocast.figures.curves import DrawnCurve, ModelCurves, curve_layers, highest
from lymphocast.figures.layout import FONT_SIZE, PLOT, RIGHT, Box, first_free, stack
from lymphocast.figures.marks import (
    Label,
    Line,
    Row,
    fact_channels,
    label_layers,
    line_layers,
    one_line,
    panel,
    px_x,
    px_y,
    source,
)
from lymphocast.figures.palette import INK, MUTED, PAPER, THRESHOLD, Stroke
from lymphocast.figures.text import TextBox, wrap
from lymphocast.figures.window import Window, day_end, is_stated, milliseconds
from lymphocast.figures.wording import when_words
from lymphocast.forecast.plan import LEVELS
from lymphocast.forecast.results import Curve
from lymphocast.record.context import Limit
from lymphocast.record.events import Measurement
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method
from lymphocast.units import Quantity

HEIGHT = 262.0
HEADROOM, BAND_ROOM, STEP = 1.08, 1.25, 100
CLEAR = 2.0
"""Room in pixels between a written value and a curve."""
SWATCH, STRIP_STEP = 16.0, 9.0
_INTERVAL = {True: Stroke(INK, (1, 0), 2.0), False: Stroke(INK, (2, 2), 1.6)}
_SIGNS = {None: "", Limit.BELOW: "<", Limit.ABOVE: ">"}
_ARROWS = {Limit.BELOW: "triangle-down", Limit.ABOVE: "triangle-up"}
_VARIATION = Stroke(INK, (1, 0), 0.8)


@final
@dataclass(frozen=True)
class CountMark:
    """One count as it is drawn: cells/uL, the days it may belong to, how well both are known.

    A count that is known only to lie beyond a limit stands at the limit.
    """

    measurement: Measurement
    value: float
    low: float
    high: float
    stated: bool
    read_off: bool

    @property
    def limited(self) -> bool:
        """Whether the count is known only to lie below or above ``value``."""
        return self.measurement.limit is not None

    @property
    def text(self) -> str:
        """The count as a laboratory writes it."""
        return f"{_SIGNS[self.measurement.limit]}{self.value:g}"

    @property
    def shape(self) -> str:
        """An arrowhead away from a limit; else whether the count was read off a figure."""
        if self.measurement.limit is not None:
            return _ARROWS[self.measurement.limit]
        return "diamond" if self.read_off else "circle"

    @property
    def filled(self) -> bool:
        """Whether the mark is a value at a stated time."""
        return self.stated and not self.limited

    @property
    def tip(self) -> str:
        """Words shown when a reader of the page points at the count."""
        place = "date stated" if self.stated else "date not stated"
        return f"CD4 {self.text} /µL, {when_words(self.measurement.at)} ({place})"


@final
@dataclass(frozen=True)
class CountScale:
    """The vertical axis: its top, and whether a band reaches above it."""

    top: float
    cut: bool

    def pixel(self, value: float) -> float:
        """Distance of a count from the top of the panel in pixels, kept inside the panel."""
        return HEIGHT * (1.0 - min(max(value, 0.0), self.top) / self.top)


def count_marks(record: PatientRecord) -> tuple[CountMark, ...]:
    """Return the CD4 counts of a record in order of time."""
    found = [m for m in record.measurements if m.analyte == CD4]
    return tuple(_mark(m) for m in sorted(found, key=lambda m: (m.at.earliest, m.at.latest, m.id)))


def count_scale(counts: tuple[CountMark, ...], curves: ModelCurves) -> CountScale:
    """Let the axis hold every count, median and 50 % band; a 90 % band may be cut."""
    shown = (*curves.factual, *curves.without)
    split = [drawn.curve for drawn in curves.explanations]
    needed = HEADROOM * max(
        [float(max(LEVELS))]
        + [c.high for c in counts]
        + [highest(shown, "p75"), highest(split, "p50")]
    )
    wanted = highest((*shown, *split), "p95")
    top = ceil(min(max(needed, wanted * HEADROOM), needed * BAND_ROOM) / STEP) * STEP
    return CountScale(float(top), wanted > top)


def count_panel(
    counts: tuple[CountMark, ...], curves: ModelCurves, scale: CountScale, window: Window
) -> alt.LayerChart:
    """Draw counts, thresholds and curves, with every curve named at the right."""
    x = time_x(window)
    ticks = [float(v) for v in range(0, int(scale.top) + 1, STEP)]
    y = value_y("y", scale.top, "CD4 count, cells/µL", ticks)
    layers = [calendar(window, x), *curve_layers(curves, x, y)]
    layers += _threshold_layers(scale)
    layers += _forecast_layers(counts, curves, window)
    layers += _count_layers(counts, x, y)
    labels = _count_labels(counts, curves, scale, window)
    layers += label_layers(labels, "count_value", halo=True)
    layers += _strip_layers(curves, scale) + _name_layers(curves, scale)
    return panel(layers, PLOT, HEIGHT)


def _mark(measurement: Measurement) -> CountMark:
    value = measurement.value.to("/uL").value
    error = Quantity(measurement.reading_error or 0.0, measurement.value.unit).to("/uL").value
    spread = 0.0 if measurement.limit is not None else hypot(LONG_TERM_CV * value, error)
    return CountMark(
        measurement=measurement,
        value=value,
        low=max(value - spread, 0.0),
        high=value + spread,
        stated=is_stated(measurement.provenance),
        read_off=any(p.method is Method.READ_OFF_FIGURE for p in measurement.provenance),
    )


def _threshold_layers(scale: CountScale) -> list[alt.Chart]:
    lines = [Line(0.0, scale.pixel(value), PLOT, scale.pixel(value), THRESHOLD) for value in LEVELS]
    return line_layers(lines, px_x(), px_y(), "threshold")


def _forecast_layers(
    counts: tuple[CountMark, ...], curves: ModelCurves, window: Window
) -> list[alt.Chart]:
    """Mark where the forecast begins: the first day of the curves that say so."""
    starts = [c.days[0] for c in curves.factual if c.forecast]
    if not starts:
        return []
    at = window.pixel(min(starts))
    line = Line(at, 0.0, at, HEIGHT, Stroke(MUTED, (1, 3), 0.8))
    label = Label(one_line("forecast"), at + 4, 0.0, colour=MUTED, italic=True)
    return line_layers([line], px_x(), px_y(), "forecast_start") + label_layers(
        [label], "forecast_word"
    )


def _count_layers(counts: tuple[CountMark, ...], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    lines = []
    for c in counts:
        at, day = c.measurement.at, milliseconds(c.measurement.at.midpoint)
        ends = milliseconds(at.earliest), day_end(at.latest)
        if not c.limited:
            lines.append(Line(day, c.low, day, c.high, _VARIATION, c.tip))
        lines.append(Line(ends[0], c.value, ends[1], c.value, _INTERVAL[c.stated], c.tip))
    layers = line_layers(lines, x, y, "count_interval")
    chosen = {
        "stated": [c for c in counts if c.filled],
        "assumed": [c for c in counts if not c.stated and not c.limited],
        "limit": [c for c in counts if c.limited],
    }
    for name, marks in chosen.items():
        rows: list[Row] = [
            {
                "x": milliseconds(c.measurement.at.midpoint),
                "y": c.value,
                "shape": c.shape,
                "fact": c.tip,
            }
            for c in marks
        ]
        if rows:
            fill = INK if name == "stated" else PAPER
            chart = alt.Chart(source(rows), name=f"count_{name}")
            layers.append(
                chart.mark_point(fill=fill, stroke=INK, strokeWidth=1.5, size=38, opacity=1).encode(
                    x=x, y=y, shape=alt.Shape("shape:N", scale=None), **fact_channels(rows)
                )
            )
    return layers


def _count_labels(
    counts: tuple[CountMark, ...], curves: ModelCurves, scale: CountScale, window: Window
) -> tuple[Label, ...]:
    """Write each value beside its own marks where it hits no other mark and no curve."""
    frame = Box(0.0, 0.0, PLOT, HEIGHT)
    taken = [box for c in counts for box in _mark_boxes(c, scale, window)]
    taken += [box for curve in _lines(curves) for box in _curve_boxes(curve, scale, window)]
    labels: list[Label] = []
    for c in counts:
        choices = _value_places(c, scale, window)
        free = first_free([label.box for label in choices], taken, frame)
        labels.append(choices[free])
        taken.append(choices[free].box)
    return tuple(labels)


def _lines(curves: ModelCurves) -> tuple[Curve, ...]:
    split = (drawn.curve for drawn in curves.explanations)
    return (*curves.factual, *curves.without, *split)


def _curve_boxes(curve: Curve, scale: CountScale, window: Window) -> Iterator[Box]:
    """Small boxes along the median of a curve, one for each of its steps."""
    points = [
        (window.pixel(day), scale.pixel(float(value)))
        for day, value in zip(curve.days, curve.p50, strict=True)
    ]
    for (left, a), (right, b) in pairwise(points):
        yield Box(left, min(a, b) - CLEAR, right, max(a, b) + CLEAR)


def _mark_boxes(c: CountMark, scale: CountScale, window: Window) -> tuple[Box, Box]:
    at = window.pixel(c.measurement.at.midpoint)
    left, right = window.pixel(c.measurement.at.earliest), window.pixel(c.measurement.at.latest)
    level = scale.pixel(c.value)
    return (
        Box(at - 1, scale.pixel(c.high), at + 1, scale.pixel(c.low)),
        Box(min(left, at - 4), level - 4, max(right, at + 4), level + 4),
    )


def _value_places(c: CountMark, scale: CountScale, window: Window) -> tuple[Label, ...]:
    upright, flat = _mark_boxes(c, scale, window)
    text = one_line(c.text)
    centre = (upright.left + upright.right) / 2
    beside = (flat.top + flat.bottom - text.height) / 2
    return (
        Label(text, centre, upright.top - text.height - 1, "center", bold=True),
        Label(text, flat.left - 3, beside, "right", bold=True),
        Label(text, flat.right + 3, beside, "left", bold=True),
        Label(text, centre, upright.bottom + 2, "center", bold=True),
    )


def _strip_layers(curves: ModelCurves, scale: CountScale) -> list[alt.Chart]:
    """Draw the last 50 % and 90 % interval of every explanation side by side at the right."""
    lines = []
    for number, drawn in enumerate(curves.explanations):
        at, c = PLOT + STRIP_STEP * (number + 1), drawn.curve
        for low, high, width in ((c.p05, c.p95, 1.0), (c.p25, c.p75, 4.0)):
            ends = scale.pixel(float(low[-1])), scale.pixel(float(high[-1]))
            lines.append(Line(at, ends[0], at, ends[1], Stroke(drawn.stroke.colour, (1, 0), width)))
    letters = [
        _letter(drawn, PLOT + STRIP_STEP * (number + 1), scale)
        for number, drawn in enumerate(curves.explanations)
    ]
    return line_layers(lines, px_x(), px_y(), "strip") + label_layers(letters, "strip_letter")


def _letter(drawn: DrawnCurve, at: float, scale: CountScale) -> Label:
    """Write the letter of an explanation on top of its interval."""
    text = one_line(drawn.words[0])
    return Label(text, at, scale.pixel(float(drawn.curve.p95[-1])) - text.height - 1, "center")


def _name_layers(curves: ModelCurves, scale: CountScale) -> list[alt.Chart]:
    """Name every curve in one column, in the order of their ends and without overlap.

    Without curves the thresholds are named there; beside curves they stand in the key.
    """
    left = PLOT + STRIP_STEP * (len(curves.explanations) + 1)
    room = RIGHT - (left - PLOT) - SWATCH - 6
    entries = [(scale.pixel(_end(d)), d.stroke, d.words) for d in curves.named]
    if not entries:
        entries = [(scale.pixel(v), THRESHOLD, f"{v} {words}") for v, words in LEVELS.items()]
    entries.sort(key=lambda entry: (entry[0], entry[2]))
    texts = [wrap(words, room, FONT_SIZE) for _, _, words in entries]
    heights = [text.height + 2 for text in texts]
    tops = stack([e[0] for e in entries], heights, max(HEIGHT + 10, sum(heights)))
    labels = [
        Label(text, left + SWATCH + 4, top + 1) for text, top in zip(texts, tops, strict=True)
    ]
    swatches = [
        _swatch(left, top, text, stroke)
        for (_, stroke, _), text, top in zip(entries, texts, tops, strict=True)
    ]
    return line_layers(swatches, px_x(), px_y(), "swatch") + label_layers(labels, "curve_name")


def _swatch(left: float, top: float, text: TextBox, stroke: Stroke) -> Line:
    at = top + 1 + text.height / len(text.lines) / 2
    return Line(left, at, left + SWATCH, at, stroke)


def _end(drawn: DrawnCurve) -> float:
    return float(drawn.curve.p50[-1])
