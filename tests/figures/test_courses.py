"""The figure of courses: one row for each explanation, and no line drawn over its equal."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from lymphocast.figures.courses import STROKES, course_figure
from lymphocast.figures.export import figure_svg
from lymphocast.figures.palette import luminance
from lymphocast.forecast.outcome_results import ChanceCurve, Outcomes, Panel
from lymphocast.forecast.results import AVERAGED, ByHypothesis, Curve
from tests.report import synthetic

DAYS = tuple(date(2011, 1, 1) + timedelta(days=28 * i) for i in range(50))


def counts(scenario: str, level: float, name: str) -> Curve:
    middle = np.full(len(DAYS), level)
    spread = [middle * f for f in (0.6, 0.8, 1.0, 1.2, 1.5)]
    return Curve(scenario, name, name, 0.3, False, DAYS, *spread)


def drawn(name: str, weight: float, without: float, levels: tuple[float, ...]) -> Panel:
    cultures = tuple(
        ChanceCurve(scenario, name, DAYS, np.full(len(DAYS), p))
        for scenario, p in zip(STROKES, levels, strict=True)
    )
    both = (counts("factual", 500.0, name), counts("without-il2", without, name))
    return Panel(name, f"explanation {name}", weight, both, cultures)


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    panels = (
        drawn(AVERAGED, 1.0, 300.0, (0.95, 0.90, 0.20, 0.10)),
        drawn("il2+stable", 0.4, 200.0, (0.95, 0.95, 0.20, 0.20)),
        drawn("no-il2", 0.3, 500.0, (0.95, 0.95, 0.30, 0.30)),
    )
    rows = synthetic.courses(0.5)
    return Outcomes(date(2011, 6, 1), date(2013, 11, 15), 500, ByHypothesis(rows, {}), (), panels)


def layers(spec: object) -> list[dict[str, Any]]:
    if isinstance(spec, list):
        return [layer for item in spec for layer in layers(item)]
    if not isinstance(spec, dict):
        return []
    own = [spec] if "mark" in spec else []
    return own + [layer for value in spec.values() for layer in layers(value)]


def names(outcomes: Outcomes) -> list[str]:
    return [layer["name"] for layer in layers(course_figure(outcomes)) if "name" in layer]


def test_no_two_marks_share_a_name(outcomes: Outcomes) -> None:
    assert len(set(names(outcomes))) == len(names(outcomes))


def test_a_course_is_drawn_only_where_it_differs(outcomes: Outcomes) -> None:
    found = {name.rsplit("_", 1)[0] for name in names(outcomes)}
    assert {f"{scenario}0" for scenario in STROKES} <= found
    assert {"factual1", "without-clarithromycin1"} <= found
    assert not {"without-il21", "without-both1"} & found
    assert {"without_median1_in0", "without_median1_in1"} <= found
    assert "without_median1_in2" not in found


def test_every_explanation_is_named_with_its_weight(outcomes: Outcomes) -> None:
    text = figure_svg(course_figure(outcomes)).replace("\u00a0", " ")
    assert "explanation il2+stable (40 %)" in text
    assert "explanation no-il2 (30 %)" in text
    for words, _ in STROKES.values():
        assert words in text


def test_lines_are_told_apart_without_colour() -> None:
    strokes = [stroke for _, stroke in STROKES.values()]
    assert len({stroke.dash for stroke in strokes}) == len(strokes)
    assert all(luminance(stroke.colour) < 0.35 for stroke in strokes), "dark enough on paper"


def test_without_cultures_counts_are_drawn_alone(outcomes: Outcomes) -> None:
    panels = tuple(replace(p, cultures=()) for p in outcomes.panels)
    rows = tuple(c for c in outcomes.courses.averaged if c.scenario in {"factual", "without-il2"})
    alone = replace(outcomes, panels=panels, courses=ByHypothesis(rows, {}))
    text, full = json.dumps(course_figure(alone)), json.dumps(course_figure(outcomes))
    assert "two courses of treatment" in text
    assert "four courses of treatment" in full
    for words in ("P(negative)", "without clarithromycin", "Right: probability", "left: 50"):
        assert words not in text
        assert words in full
