"""What the model says of the count: bands, medians, explanations and the counterfactual."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import altair as alt
import numpy as np
from numpy.typing import NDArray

from lymphocast.figures.marks import Row, source
from lymphocast.figures.palette import (
    AVERAGE,
    BAND_50,
    BAND_90,
    COUNTERFACTUAL,
    EXPLANATIONS,
    Stroke,
)
from lymphocast.figures.window import Window, milliseconds
from lymphocast.forecast.foresight import Drawn
from lymphocast.forecast.results import AVERAGED, Curve

LEAST_WEIGHT = 0.05
"""An explanation with less weight than this is not drawn by itself."""
DISAGREEMENT = 0.10
"""Explanations are drawn apart when their medians spread by more than this share."""
MOST_POINTS = 360
LETTERS = "ABCDEF"
"""Names of the explanations, the weightiest first, so that no reader depends on colour."""


@final
@dataclass(frozen=True)
class DrawnCurve:
    """One line of the figure: its stroke, its words and its curve inside the window."""

    words: str
    stroke: Stroke
    curve: Curve


@final
@dataclass(frozen=True)
class ModelCurves:
    """The curves that the figure shows; empty without results."""

    factual: tuple[Curve, ...] = ()
    without: tuple[Curve, ...] = ()
    explanations: tuple[DrawnCurve, ...] = ()

    @property
    def named(self) -> tuple[DrawnCurve, ...]:
        """The curves that end at the right edge, each to be labelled there."""
        words = "average of all explanations" if self.explanations else "modelled count"
        ends = [DrawnCurve(words, AVERAGE, c) for c in self.factual[-1:]]
        tail = ", averaged" if self.explanations else ""
        ends += [DrawnCurve(c.label + tail, COUNTERFACTUAL, c) for c in self.without[-1:]]
        return (*ends, *self.explanations)


def select_curves(results: Drawn | None, window: Window) -> ModelCurves:
    """Choose what is drawn: the average, the course without the study drug, explanations.

    The forecast is split by explanation where at some day the medians of the explanations that
    weigh more than 5 % spread by more than 10 % of the averaged median.
    """
    if results is None:
        return ModelCurves()
    shown = [c for c in (_within(c, window) for c in results.curves) if len(c.days) > 1]
    averaged = [c for c in shown if c.hypotheses == AVERAGED]
    factual = _in_time([c for c in averaged if c.scenario == "factual"])
    split = _split(shown)
    return ModelCurves(
        factual=factual,
        without=_in_time([c for c in averaged if c.scenario == "without-il2"]),
        explanations=_strokes(split) if _disagree(split) else (),
    )


def explanation_letters(results: Drawn) -> dict[str, str]:
    """Return the letter of each explanation that is drawn apart, by its name; perhaps none."""
    split = _split(results.curves)
    if not _disagree(split):
        return {}
    return {c.hypotheses: letter for letter, c in zip(LETTERS, split, strict=False)}


def curve_layers(curves: ModelCurves, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Draw bands first, then the counterfactual, the average and the explanations."""
    layers = [_band(c, x, y, which) for c in curves.factual for which in ("90", "50")]
    layers.sort(key=lambda layer: not str(layer.name).startswith("band90"))
    edge = Stroke(COUNTERFACTUAL.colour, (1, 2), 0.8)
    for number, c in enumerate(curves.without):
        for quantile, values in (("p05", c.p05), ("p95", c.p95)):
            layers.append(_path(c, values, edge, x, y, f"without_{quantile}{number + 1}"))
        layers.append(_path(c, c.p50, COUNTERFACTUAL, x, y, f"without_median{number + 1}"))
    for number, c in enumerate(curves.factual):
        layers.append(_path(c, c.p50, AVERAGE, x, y, f"median{number + 1}"))
    for number, drawn in enumerate(curves.explanations):
        name = f"explanation{number + 1}"
        layers.append(_path(drawn.curve, drawn.curve.p50, drawn.stroke, x, y, name))
    return layers


def highest(curves: Iterable[Curve], quantile: str) -> float:
    """Largest value of one quantile over some curves; 0 if there is none."""
    return max((float(getattr(c, quantile).max()) for c in curves), default=0.0)


def _split(curves: Iterable[Curve]) -> list[Curve]:
    """Forecasts of the explanations that weigh enough to be drawn, the weightiest first."""
    found = [
        c
        for c in curves
        if c.scenario == "factual"
        and c.hypotheses != AVERAGED
        and c.forecast
        and c.weight > LEAST_WEIGHT
    ]
    return sorted(found, key=lambda c: (-c.weight, c.hypotheses))


def _strokes(split: Sequence[Curve]) -> tuple[DrawnCurve, ...]:
    return tuple(
        DrawnCurve(f"{letter}: {c.label} ({100 * c.weight:.0f}\u00a0%)", stroke, c)
        for letter, c, stroke in zip(LETTERS, split, EXPLANATIONS, strict=False)
    )


def _disagree(split: Sequence[Curve]) -> bool:
    if len(split) < 2:
        return False
    length = min(len(c.days) for c in split)
    medians = np.stack([c.p50[:length] for c in split])
    spread = medians.max(axis=0) - medians.min(axis=0)
    return bool(np.any(spread > DISAGREEMENT * medians.mean(axis=0)))


def _in_time(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    return tuple(sorted(curves, key=lambda c: c.days[0]))


def _within(curve: Curve, window: Window) -> Curve:
    """Cut a curve to the window, thinned to what the width of the plot can show."""
    inside = [i for i, d in enumerate(curve.days) if window.start <= d <= window.end]
    step = max(1, -(-len(inside) // MOST_POINTS))
    kept = sorted({*inside[::step], *inside[-1:]})
    take = np.asarray(kept, dtype=np.intp)

    def part(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(values, dtype=np.float64)[take]

    return Curve(
        scenario=curve.scenario,
        hypotheses=curve.hypotheses,
        label=curve.label,
        weight=curve.weight,
        forecast=curve.forecast,
        days=tuple(curve.days[i] for i in kept),
        p05=part(curve.p05),
        p25=part(curve.p25),
        p50=part(curve.p50),
        p75=part(curve.p75),
        p95=part(curve.p95),
    )


def _rows(curve: Curve, low: NDArray[np.float64], high: NDArray[np.float64]) -> list[Row]:
    return [
        {"x": milliseconds(day), "y": round(float(a), 1), "y2": round(float(b), 1)}
        for day, a, b in zip(curve.days, low, high, strict=True)
    ]


def _band(curve: Curve, x: alt.X, y: alt.Y, which: str) -> alt.Chart:
    low, high, colour = {
        "90": (curve.p05, curve.p95, BAND_90),
        "50": (curve.p25, curve.p75, BAND_50),
    }[which]
    chart: alt.Chart = (
        alt.Chart(source(_rows(curve, low, high)), name=f"band{which}_from_{curve.days[0]}")
        .mark_area(aria=False, color=colour, clip=True, line=False)
        .encode(x=x, y=y, y2="y2")
    )
    return chart


def _path(
    curve: Curve,
    values: NDArray[np.float64],
    stroke: Stroke,
    x: alt.X,
    y: alt.Y,
    name: str,
) -> alt.Chart:
    return stroked(_rows(curve, values, values), stroke, x, y, name)


def stroked(rows: Iterable[Row], stroke: Stroke, x: alt.X, y: alt.Y, name: str) -> alt.Chart:
    """Return a line through rows in the colour, dash and width of a stroke."""
    chart: alt.Chart = (
        alt.Chart(source(rows), name=name)
        .mark_line(
            aria=False,
            color=stroke.colour,
            strokeDash=list(stroke.dash),
            strokeWidth=stroke.width,
            clip=True,
        )
        .encode(x=x, y=y)
    )
    return chart
