"""The figure of courses: the same patient as treated, without each drug, and without both.

One row for the average and for each explanation that weighs enough: at the left the latent count
with its bands, at the right the probability that one culture on that day is negative. All rows
share one calendar and one scale. A course is drawn only where it differs from those before it.
"""

from datetime import date
from math import ceil
from typing import Any

import altair as alt
import numpy as np

from lymphocast.figures.axes import calendar, configure, time_x, value_y
from lymphocast.figures.curves import ModelCurves, curve_layers, highest, stroked
from lymphocast.figures.key import Entry, Glyph, head_panel, notes_panel
from lymphocast.figures.layout import FONT_SIZE, PLOT
from lymphocast.figures.marks import (
    Label,
    Line,
    label_layers,
    line_layers,
    one_line,
    panel,
    px_x,
    px_y,
)
from lymphocast.figures.palette import (
    AVERAGE,
    COUNTERFACTUAL,
    MUTED,
    NO_ANTIBIOTIC,
    NO_DRUG,
    THRESHOLD,
    Stroke,
)
from lymphocast.figures.text import FONT, wrap
from lymphocast.figures.window import Window, milliseconds
from lymphocast.forecast.outcome_results import ChanceCurve, Outcomes, Panel
from lymphocast.forecast.panels import LEAST_WEIGHT
from lymphocast.forecast.plan import LEVELS
from lymphocast.forecast.results import AVERAGED

HEIGHT = 64.0
LEFT_PLOT, GAP, RIGHT_PLOT = 258.0, 50.0, 258.0
STEP, HEADROOM, SHARE_CUT = 500, 1.05, 1.35
CERTAIN = 1.04  # top of the axis of probabilities: a line at 1 is drawn whole
SAME = 1e-6  # probabilities nearer than this are one line
TITLE_ROOM, SPACING = 15.0, 8.0
NUMBERS = {2: "two", 4: "four"}
STROKES = {
    "factual": ("as treated", AVERAGE),
    "without-il2": ("without IL-2", COUNTERFACTUAL),
    "without-clarithromycin": ("without clarithromycin", NO_ANTIBIOTIC),
    "without-both": ("without both", NO_DRUG),
}
LATENT = "Left: latent count, before measurement error"
SAME_COUNT = "; without clarithromycin it is the same, by construction"
CULTURES = "Right: probability that one culture on that day is negative."
DIFFERS = (
    "A course is drawn only where it differs: IL-2 changes counts where it adds cells, and "
    "cultures where, besides, a higher count hastens clearance. After the last count no course "
    "has any treatment."
)
COUNTS_ALONE = (
    "Latent count, before measurement error. The record has no culture or symptom, so nothing is "
    "drawn of the infection.",
    "A course is drawn only where it differs. After the last count no course has any treatment.",
)


def course_figure(outcomes: Outcomes) -> dict[str, Any]:
    """Return the figure of courses as a Vega-Lite specification, 170 mm wide."""
    days = [day for p in outcomes.panels for c in p.counts for day in c.days]
    window = Window(min(days), max(days))
    top, cut = _top(outcomes)
    names = {c.scenario for c in outcomes.courses.averaged}
    title = f"The same patient under {NUMBERS[len(names)]} courses of treatment, by explanation"
    rows = [
        _row(p, top, window, outcomes.stop, number, last=p is outcomes.panels[-1])
        for number, p in enumerate(outcomes.panels)
    ]
    notes = [
        *_notes(outcomes, names),
        f"Explanations with a posterior weight of {100 * LEAST_WEIGHT:g} % or more.",
    ]
    if cut:
        notes.append(f"Bands that reach above {top:g} cells/µL are cut there.")
    chart = alt.vconcat(
        head_panel(title, _entries(outcomes, names)), *rows, notes_panel(notes), spacing=SPACING
    ).properties(
        padding={"left": 0, "right": 0, "top": 6, "bottom": 6},
        description=_description(title, outcomes),
    )  # fmt: skip
    return dict(configure(chart, FONT).to_dict())


def _notes(outcomes: Outcomes, names: set[str]) -> tuple[str, ...]:
    if not outcomes.panels[0].cultures:
        return COUNTS_ALONE
    same = SAME_COUNT if "without-clarithromycin" in names else ""
    return (f"{LATENT}{same}. {CULTURES}", DIFFERS)


def _entries(outcomes: Outcomes, names: set[str]) -> tuple[Entry, ...]:
    lines = (
        Entry(Glyph.LINE, words, stroke=stroke)
        for name, (words, stroke) in STROKES.items()
        if name != "factual" and name in names
    )
    levels = ", ".join(f"{value} {words}" for value, words in LEVELS.items())
    where = "left: " if outcomes.panels[0].cultures else ""
    return (
        Entry(Glyph.BANDS, f"as treated: median ({where}50 % and 90 % bands)"),
        *lines,
        Entry(Glyph.THRESHOLD, levels),
    )


def _top(outcomes: Outcomes) -> tuple[float, bool]:
    """The top of the count axis, and whether a band reaches above it."""
    curves = [curve for p in outcomes.panels for curve in p.counts]
    needed = max(highest(curves, "p75"), float(max(LEVELS))) * HEADROOM
    wanted = highest(curves, "p95") * HEADROOM
    top = float(ceil(min(max(needed, wanted), SHARE_CUT * needed) / STEP) * STEP)
    return top, wanted > top * HEADROOM


def _row(
    p: Panel, top: float, window: Window, stop: date, number: int, *, last: bool
) -> alt.HConcatChart:
    weight = "" if p.hypothesis == AVERAGED else f" ({100 * p.weight:.0f}\u00a0%)"
    title = Label(
        wrap(f"{p.label}{weight}", LEFT_PLOT + GAP + RIGHT_PLOT, FONT_SIZE), 0.0, -TITLE_ROOM,
        bold=True,
    )  # fmt: skip
    left = _count_panel(p, top, window, stop, title, number, last=last)
    if not p.cultures:
        alone: alt.HConcatChart = alt.hconcat(left, bounds="flush")
        return alone
    right = _culture_panel(p, window, stop, number, last=last)
    row: alt.HConcatChart = alt.hconcat(left, right, spacing=GAP, bounds="flush")
    return row


def _count_panel(
    p: Panel, top: float, window: Window, stop: date, title: Label, number: int, *, last: bool
) -> alt.LayerChart:
    x = time_x(window, labelled=last)
    y = value_y("y", top, "cells/µL", [float(v) for v in range(0, int(top) + 1, STEP)])
    factual = tuple(c for c in p.counts if c.scenario == "factual")
    other = tuple(
        c
        for c in p.counts
        if c.scenario == "without-il2" and not np.allclose(c.p50, factual[0].p50)
    )
    curves = ModelCurves(factual=factual, without=other)
    levels = [HEIGHT * (1.0 - value / top) for value in LEVELS]
    lines = [Line(0.0, at, LEFT_PLOT, at, THRESHOLD) for at in levels]
    drawn = curve_layers(curves, x, y)
    for layer in drawn:  # marks of one name in two rows would be one mark
        layer.name = f"{layer.name}_in{number}"
    layers = [calendar(window, x), *drawn]
    layers += line_layers(lines, px_x(), px_y(), f"level{number}")
    layers += _turn(window, stop, LEFT_PLOT, f"turn{number}", words=number == 0)
    layers += label_layers([title], f"explanation{number}")
    return panel(layers, LEFT_PLOT, HEIGHT)


def _turn(window: Window, stop: date, width: float, name: str, *, words: bool) -> list[alt.Chart]:
    """Mark the last count, after which all is forecast."""
    at = window.pixel(stop) / PLOT * width
    line = Line(at, 0.0, at, HEIGHT, Stroke(MUTED, (1, 3), 0.8))
    layers = line_layers([line], px_x(), px_y(), name)
    if words:
        label = Label(one_line("forecast"), at + 4, 0.0, colour=MUTED, italic=True)
        layers += label_layers([label], f"{name}_word")
    return layers


def _culture_panel(
    p: Panel, window: Window, stop: date, number: int, *, last: bool
) -> alt.LayerChart:
    x = time_x(window, labelled=last)
    y = value_y("y", CERTAIN, "P(negative)", [0.0, 0.5, 1.0])
    drawn: list[ChanceCurve] = []
    for curve in p.cultures:
        if all(float(np.abs(curve.p - other.p).max()) > SAME for other in drawn):
            drawn.append(curve)
    layers = [calendar(window, x)]
    layers += [_path(c, STROKES[c.scenario][1], x, y, f"{c.scenario}{number}") for c in drawn]
    layers += _turn(window, stop, RIGHT_PLOT, f"culture_turn{number}", words=False)
    return panel(layers, RIGHT_PLOT, HEIGHT)


def _path(curve: ChanceCurve, stroke: Stroke, x: alt.X, y: alt.Y, name: str) -> alt.Chart:
    rows = [
        {"x": milliseconds(day), "y": round(float(p), 4)}
        for day, p in zip(curve.days, curve.p, strict=True)
    ]
    return stroked(rows, stroke, x, y, name)


def _description(title: str, outcomes: Outcomes) -> str:
    found = [
        f"{STROKES[c.scenario][0]} {c.mean_count.value.p50:.0f}" for c in outcomes.courses.averaged
    ]
    return f"{title}. Median of the mean latent count, cells per microlitre: {', '.join(found)}."
