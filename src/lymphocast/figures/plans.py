"""The figure of a forecast of plans, in the grammar of the treatment figure.

For each plan the modelled count and, below it, steps of the weekly dose; all on one calendar and
on one scale each. A dose that a rule may hold, or that some draws miss, is light where it is
planned and dark where it is given. Under the plans stand the tracks of the record: other drugs,
symptoms and cultures; none of these is forecast by day.
"""

from dataclasses import replace
from datetime import date
from math import ceil
from typing import Any

import altair as alt

from lymphocast.figures.axes import calendar, configure, time_x, value_y
from lymphocast.figures.curves import ModelCurves, curve_layers, highest
from lymphocast.figures.doses import stepped_drug
from lymphocast.figures.key import Entry, Glyph, head_panel, notes_panel, spacer
from lymphocast.figures.layout import FONT_SIZE, PLOT, RIGHT
from lymphocast.figures.marks import (
    Bar,
    Label,
    Line,
    bar_layers,
    label_layers,
    line_layers,
    panel,
    px_x,
    px_y,
)
from lymphocast.figures.palette import MUTED, STUDY_DRUG, STUDY_DRUG_LIGHT, THRESHOLD
from lymphocast.figures.text import FONT, wrap
from lymphocast.figures.tracks import BAR_WORDS, track_panel, track_sections
from lymphocast.figures.window import Window, milliseconds
from lymphocast.figures.wording import unit_words
from lymphocast.forecast.plan import LEVELS
from lymphocast.forecast.plan_results import DoseStep, PlanForecast, PlanRow
from lymphocast.forecast.results import Curve, Interval
from lymphocast.record.patient import PatientRecord

HEIGHT, DOSE_HEIGHT = 110.0, 30.0
SPACING, APART = 11.0, 2.0
STEP, HEADROOM = 200, 1.05
INDENT, EDGE = 8.0, 10.0
ROOM = RIGHT - INDENT - EDGE
BOLD = 1.1
COUNTS = "Latent counts, before measurement error, averaged over all explanations."
RELATIVE = (
    "Doses are relative to the patient's own maintenance dose (1); of cycles the mean over whole "
    "cycles is drawn."
)
AMOUNTS = "Of cyclic doses the mean over whole cycles is drawn."
RECORDED = "Other drugs, symptoms and cultures are those of the record; none is forecast by day."


def plan_figure(found: PlanForecast, record: PatientRecord) -> dict[str, Any]:
    """Return the figure of a forecast of plans as a Vega-Lite specification, 170 mm wide."""
    return _figure(found, record, 0, len(found.rows))


def plan_figures(
    found: PlanForecast, record: PatientRecord, most: int
) -> tuple[dict[str, Any], ...]:
    """Return the same figure in parts of at most so many plans, all on the same scales."""
    return tuple(_figure(found, record, i, i + most) for i in range(0, len(found.rows), most))


def _figure(found: PlanForecast, record: PatientRecord, first: int, after: int) -> dict[str, Any]:
    window = Window(found.origin, found.until)
    sections = track_sections(record, stepped_drug(record), window)
    rows, curves = found.rows[first:after], found.curves[first:after]
    title = _title(found, first, len(rows))
    panels = [
        drawn
        for row, curve in zip(rows, curves, strict=True)
        for drawn in _plan(found, row, curve, window, last=row is rows[-1] and not sections)
    ]
    notes = [COUNTS, RELATIVE if found.maintenance is None else AMOUNTS]
    if sections:
        panels += [panel([spacer(APART)], PLOT, APART), track_panel(sections, window)]
        notes += [RECORDED, BAR_WORDS]
    chart = alt.vconcat(
        head_panel(title, _entries(rows)), *panels,
        notes_panel((*notes, *found.notes, *replace(found, rows=rows).remarks)),
        spacing=SPACING, bounds="flush",
    ).properties(
        padding={"left": 0, "right": 0, "top": 6, "bottom": 6},
        description=_description(title, rows),
    )  # fmt: skip
    return dict(configure(chart, FONT).to_dict())


def _title(found: PlanForecast, first: int, shown: int) -> str:
    number = len(found.rows)
    different = len({row.plan for row in found.rows})
    plans = f"{different} plans" if different > 1 else f"“{found.rows[0].plan}”"
    which = f"panels {first + 1} to {first + shown}" if shown > 1 else f"panel {first + 1}"
    part = "" if shown == number else f", {which}"
    return f"CD4 count under {plans}{part}, from {found.origin} to {found.until}"


def _entries(rows: tuple[PlanRow, ...]) -> tuple[Entry, ...]:
    """The key: only what is drawn."""
    entries = [
        Entry(Glyph.BANDS, "modelled count: median, 50 % and 90 % bands"),
        Entry(Glyph.THRESHOLD, ", ".join(f"{value} {words}" for value, words in LEVELS.items())),
    ]
    if any(_dosed(row.doses.planned) for row in rows):
        entries.append(Entry(Glyph.GIVEN, "weekly dose"))
    if any(row.doses.given for row in rows):
        words = "planned, but held or missed in some draws (dark: mean over the draws)"
        entries.append(Entry(Glyph.PLANNED, words))
    return tuple(entries)


def _dosed(steps: tuple[DoseStep, ...]) -> bool:
    return any(step.weekly_dose > 0.0 for step in steps)


def _plan(
    found: PlanForecast, row: PlanRow, curve: Curve, window: Window, *, last: bool
) -> tuple[alt.LayerChart, ...]:
    """The count of one plan above its doses, a little apart from the plan before."""
    return (
        panel([spacer(APART)], PLOT, APART),
        _counts(found, row, curve, window),
        _doses(found, row, window, last=last),
    )


def _counts(found: PlanForecast, row: PlanRow, curve: Curve, window: Window) -> alt.LayerChart:
    limits = [float(value) for value in LEVELS]
    wanted = max([highest(found.curves, "p95"), *limits]) * HEADROOM
    top = float(ceil(wanted / STEP) * STEP)
    x = time_x(window)
    y = value_y("y", top, "cells/µL", [float(v) for v in range(0, int(top) + 1, STEP)])
    levels = [HEIGHT * (1.0 - value / top) for value in limits]
    lines = [Line(0.0, at, PLOT, at, THRESHOLD) for at in levels]
    name = Label(wrap(row.label, ROOM / BOLD, FONT_SIZE), PLOT + INDENT, 2.0, bold=True)
    layers = [calendar(window, x), *curve_layers(ModelCurves(factual=(curve,)), x, y)]
    layers += line_layers(lines, px_x(), px_y(), "threshold")
    layers += label_layers([name], "plan_name")
    return panel(layers, PLOT, HEIGHT)


def _doses(found: PlanForecast, row: PlanRow, window: Window, *, last: bool) -> alt.LayerChart:
    weekly = found.maintenance
    factor = 1.0 if weekly is None else weekly.value
    every = [step.weekly_dose for other in found.rows for step in other.doses.planned]
    top = factor * max(1.0, *every)
    title = ["weekly", "dose"] if weekly is None else [unit_words(weekly.unit), "per week"]
    x = time_x(window, labelled=last)
    y = value_y("y", top * HEADROOM, title, [0.0, top])
    planned, given = row.doses.planned, row.doses.given
    light = _bars(planned, factor, window.end, STUDY_DRUG_LIGHT, "planned") if given else []
    dark = _bars(given or planned, factor, window.end, STUDY_DRUG, "given")
    words = Label(
        wrap(_dose_words(found, row.course.averaged.weekly_dose), ROOM, FONT_SIZE),
        PLOT + INDENT, 0.0, colour=MUTED,
    )  # fmt: skip
    floor = Line(milliseconds(window.start), 0.0, milliseconds(window.end), 0.0, THRESHOLD)
    layers = [calendar(window, x), *line_layers([floor], x, y, "no_dose")]
    layers += bar_layers(light, x, y, "planned")
    layers += [*bar_layers(dark, x, y, "dose"), *label_layers([words], "dose_words")]
    return panel(layers, PLOT, DOSE_HEIGHT)


def _bars(
    steps: tuple[DoseStep, ...], factor: float, end: date, fill: str, words: str
) -> list[Bar]:
    """Steps as bars, each to the day on which the next begins."""
    ends = [*(step.day for step in steps[1:]), end]
    return [
        Bar(
            milliseconds(step.day), milliseconds(until), 0.0, factor * step.weekly_dose, fill,
            STUDY_DRUG, tip=f"weekly dose {words} from {step.day}: {factor * step.weekly_dose:.3g}",
        )
        for step, until in zip(steps, ends, strict=True)
        if step.weekly_dose > 0.0
    ]  # fmt: skip


def _dose_words(found: PlanForecast, dose: Interval) -> str:
    if dose.p95 == 0.0:
        return "no dose"
    weekly = found.maintenance
    factor, unit = (1.0, "") if weekly is None else (weekly.value, f" {unit_words(weekly.unit)}")
    low, middle, high = (f"{factor * x:.2g}" for x in (dose.p05, dose.p50, dose.p95))
    spread = "" if low == high else f" (90 %: {low} to {high})"
    return f"mean weekly dose {middle}{unit}{spread}"


def _description(title: str, rows: tuple[PlanRow, ...]) -> str:
    ends = [f"{row.label} {row.course.averaged.points[-1].latent.p50:.0f}" for row in rows]
    doses = [f"{row.label} {row.course.averaged.weekly_dose.p50:.2g}" for row in rows]
    return (
        f"{title}. Median latent count on the last day: {', '.join(ends)} cells per microlitre. "
        f"Mean weekly dose, relative to maintenance: {', '.join(doses)}."
    )
