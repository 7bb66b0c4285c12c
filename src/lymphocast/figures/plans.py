"""The figure of a forecast of plans: one panel for each plan, all on one calendar and one scale."""

from math import ceil
from typing import Any

import altair as alt

from lymphocast.figures.axes import calendar, configure, time_x, value_y
from lymphocast.figures.counts import THRESHOLDS, CountScale
from lymphocast.figures.curves import ModelCurves, curve_layers, highest
from lymphocast.figures.key import Entry, Glyph, head_panel, notes_panel
from lymphocast.figures.layout import FONT_SIZE, PLOT, RIGHT
from lymphocast.figures.marks import Label, Line, label_layers, line_layers, panel, px_x, px_y
from lymphocast.figures.palette import THRESHOLD
from lymphocast.figures.text import FONT, wrap
from lymphocast.figures.window import Window
from lymphocast.forecast.plan_results import PlanForecast, PlanRow
from lymphocast.forecast.results import Curve

HEIGHT = 110.0
STEP, HEADROOM = 200, 1.05
INDENT = 8.0
NOTE = (
    "Latent counts, before measurement error, averaged over all explanations. Weekly dose: mean "
    "over the time shown, relative to the patient's own maintenance dose."
)


def plan_figure(found: PlanForecast) -> dict[str, Any]:
    """Return the figure of a forecast of plans as a Vega-Lite specification, 170 mm wide."""
    window = Window(found.origin, found.until)
    limits = [float(value) for value, _ in THRESHOLDS]
    highest_shown = max([highest(found.curves, "p95"), *limits]) * HEADROOM
    scale = float(ceil(highest_shown / STEP) * STEP)
    entries = (
        Entry(Glyph.BANDS, "modelled count: median, 50 % and 90 % bands"),
        Entry(Glyph.THRESHOLD, ", ".join(f"{value} {words}" for value, words in THRESHOLDS)),
    )
    number = len({row.plan for row in found.rows})
    plans = f"{number} plans" if number > 1 else "one plan"
    title = f"CD4 count under {plans} from {found.origin} to {found.until}"
    pairs = zip(found.rows, found.curves, strict=True)
    panels = [_panel(row, curve, scale, window, last=row is found.rows[-1]) for row, curve in pairs]
    chart = alt.vconcat(
        head_panel(title, entries), *panels, notes_panel((NOTE, *found.notes)),
        spacing=12, bounds="flush",
    ).properties(
        padding={"left": 0, "right": 0, "top": 6, "bottom": 6},
        description=_description(title, found),
    )  # fmt: skip
    return dict(configure(chart, FONT).to_dict())


def _panel(row: PlanRow, curve: Curve, top: float, window: Window, *, last: bool) -> alt.LayerChart:
    x = time_x(window, labelled=last)
    y = value_y("y", top, "cells/µL", [float(v) for v in range(0, int(top) + 1, STEP)])
    layers = [calendar(window, x), *curve_layers(ModelCurves(factual=(curve,)), x, y)]
    layers += _thresholds(top)
    dose = row.course.averaged.weekly_dose
    spread = "" if dose.p95 - dose.p05 < 0.005 else f" ({dose.p05:.2f} to {dose.p95:.2f})"
    words = f"{row.label}: weekly dose {dose.p50:.2f}{spread}"
    label = Label(wrap(words, RIGHT - INDENT, FONT_SIZE), PLOT + INDENT, 2.0)
    layers += label_layers([label], "plan_name")
    return panel(layers, PLOT, HEIGHT)


def _thresholds(top: float) -> list[alt.Chart]:
    scale = CountScale(top, cut=False)
    levels = [scale.pixel(value) * HEIGHT / scale.pixel(0.0) for value, _ in THRESHOLDS]
    lines = [Line(0.0, at, PLOT, at, THRESHOLD) for at in levels]
    return line_layers(lines, px_x(), px_y(), "threshold")


def _description(title: str, found: PlanForecast) -> str:
    ends = [f"{row.label} {row.course.averaged.points[-1].latent.p50:.0f}" for row in found.rows]
    return f"{title}. Median latent count on the last day: {', '.join(ends)} cells per microlitre."
