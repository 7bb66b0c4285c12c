"""Culture and symptoms under plans, and doses that are missed on unknown days."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from lymphocast.engine.course import infection_looks
from lymphocast.forecast.course_plan import Horizon, follow_plan, horizon_of
from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.plan import Missed, Plan, Stretch
from lymphocast.forecast.plan_forecast import forecast_plans, frame_of
from lymphocast.forecast.plan_infection import InfectionCourse, InfectionStart
from lymphocast.forecast.plan_results import PlanCourse, PlanForecast
from lymphocast.inference.posterior import Fit
from lymphocast.report.plan_tables import plan_lines
from tests.founding import individual, quick_fit

DRAWS = 60
LENGTH = 731.0
ORIGIN = 1430.0  # the day of the last count
STRAIGHT = 5e-3
"""A probability whose rate comes from counts that are straight over 15 days, absolute."""
GIVEN = (Stretch(0.0, LENGTH, 1.0, 7.0),)


@cache
def small_fit() -> Fit:
    """The quick fit with its first draws."""
    posteriors = tuple(
        replace(p, draws={n: v[:DRAWS] for n, v in p.draws.items()}) for p in quick_fit().posteriors
    )
    return replace(quick_fit(), posteriors=posteriors)


@cache
def ensemble() -> Ensemble:
    return ensemble_of(small_fit())


@cache
def horizon() -> Horizon:
    return horizon_of(ensemble(), ORIGIN, np.append(np.arange(0.0, LENGTH, 15.0), LENGTH).tolist())


@cache
def infection(plan: Plan) -> InfectionCourse:
    start = InfectionStart.of(ensemble(), small_fit().table, ORIGIN)
    assert start is not None
    return start.follow(horizon(), follow_plan(horizon(), plan, 1).counts)


@cache
def forecast() -> PlanForecast:
    plans = (Plan("weekly", GIVEN, missed=Missed(unknown=0.25)), Plan("none"))
    return forecast_plans(small_fit(), plans, frame_of(small_fit()))


def test_without_a_plan_the_infection_goes_on_as_recorded() -> None:
    days = (ORIGIN, ORIGIN + 360.0, ORIGIN + LENGTH)
    burden, _ = infection_looks(individual().plan, ensemble().theta, days)
    slope = small_fit().table.constant("culture_slope")
    found = infection(Plan("none"))
    places = np.searchsorted(horizon().days, np.array(days) - ORIGIN)
    assert_allclose(found.negative[places], 1.0 / (1.0 + np.exp(burden / slope)), atol=STRAIGHT)


def test_a_plan_reaches_the_infection_only_through_a_count_that_clears() -> None:
    none, given = infection(Plan("none")), infection(Plan("weekly", GIVEN))
    theta = ensemble().theta
    touched = (theta["il2"] > 0.0) & (theta["clearance"] > 0.0)
    assert_array_equal(none.negative[:, ~touched], given.negative[:, ~touched])
    assert (given.negative[-1, touched] >= none.negative[-1, touched] - 1e-9).all()
    assert given.negative[-1, touched].mean() > none.negative[-1, touched].mean()


def test_before_the_infection_is_treated_nothing_is_said_of_it() -> None:
    begin = individual().plan.infection_start
    assert InfectionStart.of(ensemble(), small_fit().table, begin) is None


def test_probabilities_by_then_only_rise() -> None:
    for row in forecast().rows:
        points = [p.infection for p in row.course.averaged.points]
        for name in ("p_converted_by_then", "p_burden_back_by_then", "p_symptoms_back_by_then"):
            values = [getattr(p, name) for p in points]
            assert values == sorted(values)


def test_unknown_days_are_bounded_and_none_is_invented() -> None:
    assert [row.label for row in forecast().rows] == [
        "weekly (none missed)", "weekly (last missed)", "none",
    ]  # fmt: skip
    whole, less, _ = (row.course.averaged for row in forecast().rows)
    assert less.injections.p50 == pytest.approx(0.75 * whole.injections.p50, abs=1.0)
    text = "\n".join(plan_lines(forecast()))
    assert "25% of the doses missed on unknown days: no day is invented" in text
    assert "doses of interleukin-2 were missed, on unknown days" in text


def test_doses_after_the_last_day_are_not_those_that_are_missed() -> None:
    # Four years of doses, followed for two: the last missed are the last of the two years.
    frame = frame_of(small_fit())
    longer = (Stretch(0.0, 2.0 * frame.length, 1.0, 7.0),)

    def last_missed(share: float, stretches: tuple[Stretch, ...]) -> PlanCourse:
        plan = Plan("weekly", stretches, missed=Missed(unknown=share))
        whole, less = forecast_plans(small_fit(), (plan,), frame).rows
        assert less.course.averaged.injections.p50 < whole.course.averaged.injections.p50
        return less.course.averaged

    assert last_missed(0.3, longer) == last_missed(0.3, (replace(longer[0], stop=frame.length),))
    one_less = last_missed(0.001, longer)  # a share below one dose is one dose
    assert one_less.injections.p50 == len(Plan("p", longer).dose_days(frame.length)) - 1


def test_of_all_places_the_last_doses_take_most_from_the_last_count() -> None:
    days = Plan("weekly", GIVEN).dose_days()
    number = len(days) // 4

    def ends(first: int) -> NDArray[np.float64]:
        missed = Missed(days=tuple(days[first : first + number].tolist()))
        counts = follow_plan(horizon(), Plan("weekly", GIVEN, missed=missed), 1).counts
        return np.asarray(counts[-1])

    last = ends(len(days) - number)
    for first in (0, number, 2 * number):
        assert (last <= ends(first) + 1e-9).all()
    rng = np.random.default_rng(2)
    some = tuple(np.sort(rng.choice(days, number, replace=False)).tolist())
    scattered = Plan("weekly", GIVEN, missed=Missed(days=some))
    assert (last <= follow_plan(horizon(), scattered, 1).counts[-1] + 1e-9).all()
