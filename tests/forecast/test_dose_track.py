"""The doses that a figure draws are those that the draws were given."""

from datetime import date, timedelta

import numpy as np
import pytest

from lymphocast.forecast.course_plan import Horizon, follow_plan, visit_days
from lymphocast.forecast.dose_track import dose_track
from lymphocast.forecast.ensemble import Part
from lymphocast.forecast.plan import Missed, Plan, Stretch
from lymphocast.forecast.plan_results import DoseTrack
from lymphocast.forecast.policy import HoldRule
from lymphocast.record.dosing import Cycle
from tests.founding import prior_draws

LANES, LENGTH, APART = 32, 400.0, 7.0 / 3.0
ORIGIN = date(2008, 4, 15)
UNEVEN = np.linspace(1.0, 3.0, LANES)
PART = Part(slice(0, LANES), UNEVEN / UNEVEN.sum())
RULE = HoldRule(500.0, 350.0)


def horizon(*plans: Plan) -> Horizon:
    visits = [visit_days(plan, LENGTH) for plan in plans]
    days = np.unique(np.concatenate([np.arange(0.0, LENGTH, 15.0), [LENGTH], *visits]))
    natural = np.tile(np.linspace(200.0, 600.0, LANES), (len(days), 1))
    return Horizon(prior_draws(LANES, 8), days, natural, np.zeros(LANES))


def track(plan: Plan) -> tuple[DoseTrack, float]:
    """The doses, and the mean weekly dose that tables print."""
    ground = horizon(plan)
    followed = follow_plan(ground, plan, 3)
    return (
        dose_track(plan, followed, ground.days, ORIGIN, PART),
        PART.mean(followed.weekly_dose),
    )


def given(stop: float = LENGTH, dose: float = 1.0, **more: object) -> tuple[Stretch, ...]:
    return (Stretch(0.0, stop, dose, APART, **more),)


@pytest.mark.parametrize(
    "plan",
    [
        Plan("rule", given(), RULE),
        Plan("rule and taper", given(dose=0.8, steps=4), RULE),
        Plan("at random", given(stop=250.0), missed=Missed(share=0.3)),
        Plan("on days", given(), missed=Missed(days=(30.0, 100.0))),
    ],
    ids=lambda plan: plan.name,
)
def test_the_area_under_the_given_doses_is_the_mean_weekly_dose(plan: Plan) -> None:
    found, mean = track(plan)
    days = [(step.day - ORIGIN).days for step in found.given]
    widths = np.diff([*days, LENGTH])
    area = float(widths @ [step.weekly_dose for step in found.given]) / LENGTH
    assert 0.0 < mean < found.planned[0].weekly_dose
    assert area == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize(
    ("plan", "all_given"),
    [
        (Plan("none"), True),
        (Plan("all", given()), True),
        (Plan("unknown, none missed", given(), missed=Missed(unknown=0.3)), True),
        (Plan("rule", given(), RULE), False),
        (Plan("one missed", given(), missed=Missed(days=(30.0,))), False),
        (Plan("few missed", given(), missed=Missed(share=0.01)), False),
    ],
    ids=lambda value: value.name if isinstance(value, Plan) else "",
)
def test_what_every_draw_is_given_is_told_apart(plan: Plan, all_given: bool) -> None:
    assert (track(plan)[0].given == ()) is all_given


def test_planned_steps_stand_on_their_own_days() -> None:
    tapered = Plan("taper", (*given(stop=101.0), Stretch(101.0, 201.0, 1.0, APART, steps=2)))
    planned = track(tapered)[0].planned
    assert [((s.day - ORIGIN).days, s.weekly_dose) for s in planned] == [
        (0, 1.0), (151, 0.5), (201, 0.0)
    ]  # fmt: skip


def test_a_plan_that_stops_after_the_last_day_does_not_stop_before_it() -> None:
    for stop, steps in ((LENGTH, 1), (LENGTH + 1.0, 1), (LENGTH - 1.0, 2)):
        planned = track(Plan("long", given(stop=stop)))[0].planned
        assert len(planned) == steps
        assert all(step.day < ORIGIN + timedelta(days=LENGTH) for step in planned)


def test_doses_that_begin_later_begin_at_none() -> None:
    later = Plan("later", (Stretch(60.0, LENGTH, 0.7, APART),))
    assert [step.weekly_dose for step in track(later)[0].planned] == [0.0, 0.7]


def test_cycles_are_drawn_at_their_mean() -> None:
    found = track(Plan("cycles", given(cycle=Cycle(5.0, 50.0))))[0]
    assert [step.weekly_dose for step in found.planned] == [pytest.approx(0.1)]


def test_where_the_rule_always_holds_nothing_is_given() -> None:
    found = track(Plan("held", given(), HoldRule(1.0, 0.5)))[0]
    assert [step.weekly_dose for step in found.planned] == [1.0]
    assert [step.weekly_dose for step in found.given] == [0.0]
