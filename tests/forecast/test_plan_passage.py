"""First passages: against counts whose passages are known by hand, and what they must obey."""

import csv
import io
import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from lymphocast.forecast.ensemble import Part
from lymphocast.forecast.plan import Plan, Stretch
from lymphocast.forecast.plan_forecast import forecast_plans, frame_of
from lymphocast.forecast.plan_passage import Extremes
from lymphocast.forecast.plan_results import PlanForecast
from lymphocast.report.plan_tables import plan_csv, plan_json, plan_lines
from tests.founding import quick_fit

DAYS = tuple(date(2008, 4, 15) + timedelta(days=15 * i) for i in range(4))
COUNTS = np.array(
    [[400.0, 250.0, 400.0, 400.0], [250.0, 400.0, 400.0, 400.0], [400.0, 400.0, 299.0, 400.0],
     [400.0, 400.0, 400.0, 300.0]]
)  # fmt: skip
LIMITS = (150, 300, 450)


def passages(weights: tuple[float, ...]) -> Extremes:
    assert len(weights) == COUNTS.shape[1]
    return Extremes.of(COUNTS, np.arange(4), DAYS)


@pytest.mark.parametrize(
    ("weights", "p", "median", "never"),
    [
        # Lanes pass below 300 on days 1, 0, 2 and never: 300 itself is not below.
        ((0.25, 0.25, 0.25, 0.25), (0.25, 0.5, 0.75, 0.75), DAYS[1], 0.25),
        ((0.2, 0.2, 0.2, 0.4), (0.2, 0.4, 0.6, 0.6), DAYS[2], 0.4),
        ((0.1, 0.1, 0.2, 0.6), (0.1, 0.2, 0.4, 0.4), None, 0.6),
        ((0.1, 0.6, 0.2, 0.1), (0.6, 0.7, 0.9, 0.9), DAYS[0], 0.1),
    ],
)
def test_a_passage_is_what_the_counts_say(
    weights: tuple[float, ...], p: tuple[float, ...], median: date | None, never: float
) -> None:
    part = Part(slice(0, 4), np.array(weights))
    found = passages(weights).below(part, LIMITS)[300]
    assert found.p == pytest.approx(p)
    assert found.median == median
    assert found.p_not_reached == pytest.approx(never)


def test_a_threshold_that_is_never_or_always_passed() -> None:
    part = Part(slice(0, 4), np.full(4, 0.25))
    below, above = (
        getattr(passages((1.0,) * 4), side)(part, LIMITS) for side in ("below", "above")
    )
    assert (below[150].median, below[150].p_not_reached) == (None, 1.0)
    assert (above[450].median, above[450].p_not_reached) == (None, 1.0)
    assert (above[150].median, above[150].p_not_reached) == (DAYS[0], 0.0)
    assert above[300].p == (0.75, 1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def forecast() -> PlanForecast:
    fit = quick_fit()
    plans = (Plan("none"), Plan("all", (Stretch(0.0, 100.0, 1.0, 7.0 / 3.0),)))
    # Before the infection is treated, so that no infection is followed.
    begin = date(2004, 1, 15)
    frame = replace(frame_of(fit), origin=begin, until=begin + timedelta(days=100))
    return forecast_plans(fit, plans, frame, thresholds=(100, 300))


def test_a_short_forecast_has_its_curve_every_15_days(forecast: PlanForecast) -> None:
    after = [(day - forecast.origin).days for day in forecast.passage_days]
    assert after == [0, 15, 30, 45, 60, 75, 90, 100]
    for row in forecast.rows:
        for course in (row.course.averaged, *row.course.by_hypothesis.values()):
            (last,) = course.points
            assert set(last.p_below) == {100, 300}
            for then, passed in (
                (last.p_below_by_then, course.first_below),
                (last.p_above_by_then, course.first_above),
            ):
                for limit, passage in passed.items():
                    assert passage.p[-1] == then[limit]
                    assert all(a <= b + 1e-12 for a, b in pairwise(passage.p))


def test_tables_hold_the_curve_and_tell_what_is_not_reached(forecast: PlanForecast) -> None:
    found = forecast.rows[0].course.averaged.first_below
    assert found[100].median is None
    assert found[300].median is not None
    content = json.loads(plan_json(forecast))
    assert content["thresholds"] == [100, 300]
    assert content["passage_days"] == [day.isoformat() for day in forecast.passage_days]
    written = content["rows"][0]["course"]["averaged"]["first_below"]["100"]
    assert written["median"] is None
    assert written["p"] == pytest.approx(found[100].p, rel=1e-5)
    rows = [
        row
        for row in csv.DictReader(io.StringIO(plan_csv(forecast)))
        if (row["plan"], row["hypothesis"]) == ("none", "averaged")
    ]
    curve = [
        r for r in rows if r["quantity"] == "first_passage_p_below" and r["threshold"] == "100"
    ]
    assert [r["day"] for r in curve] == content["passage_days"]
    assert [float(r["value"]) for r in curve] == written["p"]
    median = {
        r["threshold"]: r["value"] for r in rows if r["quantity"] == "first_passage_median_below"
    }
    days = (found[300].median - forecast.origin).days
    assert median == {"100": "not reached", "300": str(days)}
    lines = plan_lines(forecast)
    assert "<100 by then" in lines[1]
    assert ">=300 by then" in lines[1]
    (head,) = (i for i, line in enumerate(lines) if line.startswith("Median first passage"))
    assert lines[head + 1].split() == ["plan", "<100", "<300", ">=100", ">=300"]
    assert lines[head + 2].split()[:3] == ["none", "not", "reached"]
