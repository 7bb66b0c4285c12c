"""The panel of the study drug: weekly dose over time, assumed steps drawn as assumed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import altair as alt

from lymphocast.figures.axes import calendar, time_x, value_y
from lymphocast.figures.layout import FONT_SIZE, PLOT
from lymphocast.figures.marks import Bar, Label, Row, bar_layers, label_layers, panel, source
from lymphocast.figures.palette import INK, MUTED, STUDY_DRUG, STUDY_DRUG_LIGHT
from lymphocast.figures.text import wrap
from lymphocast.figures.window import Window, day_end, milliseconds
from lymphocast.figures.wording import dose_words, missed_words, unit_words, when_words
from lymphocast.record.body import in_absolute_amounts
from lymphocast.record.events import Administration
from lymphocast.record.patient import PatientRecord

PLOT_HEIGHT = 46.0
GAP = 4.0
_FILL = {True: STUDY_DRUG, False: STUDY_DRUG_LIGHT}


class Span(NamedTuple):
    """A stretch of a bar in milliseconds; uncertain where its end may already have come."""

    start: float
    stop: float
    certain: bool


def stepped_drug(record: PatientRecord) -> str | None:
    """Return the drug whose dose is drawn as steps: the study drug, or one that was titrated."""
    given = [a.drug for a in record.administrations]
    if record.modelling is not None and record.modelling.study_drug in given:
        return record.modelling.study_drug
    return next((a.drug for a in record.administrations if a.titrated_to), None)


def certain_spans(administration: Administration) -> tuple[Span, ...]:
    """Split a stretch of treatment: certainly given, and perhaps begun or ended already."""
    start, stop = administration.start, administration.stop
    a, b = milliseconds(start.earliest), day_end(start.latest)
    c, d = milliseconds(stop.earliest), day_end(stop.latest)
    if b >= c:
        return (Span(a, d, certain=False),)
    return (Span(a, b, certain=False), Span(b, c, certain=True), Span(c, d, certain=False))


def dose_panel(record: PatientRecord, drug: str, window: Window) -> alt.LayerChart:
    """Draw the weekly dose of one drug with the words of the record above it."""
    record = in_absolute_amounts(record)
    given = [a for a in record.administrations if a.drug == drug]
    unit = max(given, key=lambda a: (a.titrated_to is None, a.start.earliest)).amount.unit
    weekly = {a.id: a.weekly(unit) for a in given}
    labels, headroom = _headings(record, given)
    top, height = max(weekly.values()), PLOT_HEIGHT + headroom
    x = time_x(window)
    y = value_y("y", top * height / PLOT_HEIGHT, [unit_words(unit), "per week"], [0.0, top])
    bars = [bar for a in given for bar in _bars(a, weekly[a.id])]
    layers = [calendar(window, x), *bar_layers(bars, x, y, "dose")]
    layers += [_ladder(a, weekly, x, y) for a in given if a.titrated_to is not None]
    layers += label_layers(labels, "dose_words")
    return panel(layers, PLOT, height)


def _tip(administration: Administration) -> str:
    start, stop = when_words(administration.start), when_words(administration.stop)
    return f"{administration.drug}: {dose_words(administration)}, {start} to {stop}"


def _bars(administration: Administration, level: float) -> list[Bar]:
    """One stretch as bars: firm where certain, light at its ends; of a titration the start."""
    spans = certain_spans(administration)
    if administration.titrated_to is not None:
        spans = spans[:1] if len(spans) > 1 else ()
    tip = _tip(administration)
    return [Bar(s.start, s.stop, 0.0, level, _FILL[s.certain], STUDY_DRUG, tip=tip) for s in spans]


def _ladder(
    administration: Administration, weekly: Mapping[str, float], x: alt.X, y: alt.Y
) -> alt.Chart:
    """Equal steps from this dose to the one it was raised to, between the middle days."""
    level = weekly[administration.id]
    begin = milliseconds(administration.start.midpoint)
    end = milliseconds(administration.stop.midpoint)
    steps = max(administration.titration_steps, 1)
    rise = (weekly[str(administration.titrated_to)] - level) / steps
    rows: list[Row] = [{"x": begin, "y": 0.0}]
    rows += [{"x": begin + k * (end - begin) / steps, "y": level + k * rise} for k in range(steps)]
    rows += [{"x": end, "y": level + steps * rise}]
    chart: alt.Chart = (
        alt.Chart(source(rows), name="dose_ladder_assumed")
        .mark_line(
            aria=False, color=INK, strokeDash=[2, 1.5], strokeWidth=1.2, interpolate="step-after"
        )
        .encode(x=x, y=y)
    )
    return chart


def _headings(
    record: PatientRecord, given: Sequence[Administration]
) -> tuple[tuple[Label, ...], float]:
    """Words above the steps, and the height that they take."""
    product = next((f" ({a.product})" for a in given if a.product), "")
    course = ", then ".join(dose_words(a) for a in sorted(given, key=lambda a: a.start.earliest))
    remarks = ["dashed steps: titration assumed"] if any(a.titrated_to for a in given) else []
    remarks += [missed_words(m) for m in record.missed_doses if m.drug == given[0].drug]
    first = wrap(f"{given[0].drug}{product}: {course}", PLOT - 8, FONT_SIZE)
    labels = [Label(first, 4.0, 0.0)]
    if remarks:
        second = wrap("; ".join(remarks), PLOT - 8, FONT_SIZE)
        labels.append(Label(second, 4.0, first.height, colour=MUTED, italic=True))
    return tuple(labels), sum(label.text.height for label in labels) + GAP
