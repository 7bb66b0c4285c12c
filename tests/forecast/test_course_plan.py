"""Plans in the course model: against the closed form of the engine, and what must not change."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from lymphocast.dataset.individual import DoseSegment, Moment
from lymphocast.engine.course import added_count
from lymphocast.errors import UsageError
from lymphocast.forecast.course_plan import Followed, Horizon, follow_plan
from lymphocast.forecast.plan import Missed, Plan, Stretch
from lymphocast.forecast.policy import HoldRule, RestartCycle
from lymphocast.record.dosing import Cycle
from tests.founding import individual, prior_draws
from tests.tolerances import CLOSED_FORM

Floats = NDArray[np.float64]
LANES, ORIGIN, LENGTH, APART = 64, 1430.0, 728.0, 7.0 / 3.0
DAYS = np.arange(0.0, LENGTH + 1.0, 14.0)


@pytest.fixture(scope="module")
def horizon() -> Horizon:
    theta = prior_draws(LANES, 8)
    gained = np.asarray(added_count(individual().plan, theta, np.array([[ORIGIN]])))[0]
    natural = np.broadcast_to(300.0 + 100.0 * np.sin(DAYS / 90.0)[:, None], (len(DAYS), LANES))
    return Horizon(theta, DAYS, np.array(natural), gained)


def stretch(start: float, stop: float, dose: float, **more: object) -> Stretch:
    return Stretch(start, stop, dose, APART, **more)


def added_by_the_engine(horizon: Horizon, *doses: tuple[float, float, float]) -> Floats:
    """Cells added on the horizon's days if the record itself held these doses."""
    plan = individual().plan
    segments = tuple(
        DoseSegment(
            plan.study_drug, Moment.fixed(ORIGIN + a), Moment.fixed(ORIGIN + b), level, level, 0
        )
        for a, b, level in doses
    )
    longer = replace(plan, doses=(*plan.doses, *segments))
    return np.asarray(added_count(longer, horizon.theta, ORIGIN + DAYS[:, None]))


def added(horizon: Horizon, plan: Plan) -> Floats:
    return np.asarray(follow_plan(horizon, plan, 1).counts - horizon.natural)


def test_stretches_add_what_the_closed_form_of_the_engine_says(horizon: Horizon) -> None:
    plan = Plan("two", (stretch(0.0, 100.0, 1.0), stretch(150.0, 501.5, 0.4)))
    wanted = added_by_the_engine(horizon, (0.0, 100.0, 1.0), (150.0, 501.5, 0.4))
    assert_allclose(added(horizon, plan), wanted, rtol=CLOSED_FORM, atol=1e-9)
    none = added_by_the_engine(horizon)
    assert_allclose(added(horizon, Plan("none")), none, rtol=CLOSED_FORM, atol=1e-9)


def test_a_taper_goes_down_in_its_steps(horizon: Horizon) -> None:
    tapered = Plan("taper", (stretch(0.0, 120.0, 1.0, final=0.0, steps=2),))
    wanted = added_by_the_engine(horizon, (0.0, 60.0, 1.0), (60.0, 120.0, 0.5))
    assert_allclose(added(horizon, tapered), wanted, rtol=CLOSED_FORM, atol=1e-9)


def test_of_cycles_the_model_sees_the_mean_weekly_dose(horizon: Horizon) -> None:
    cyclic = Plan("cycles", (stretch(0.0, LENGTH, 1.0, cycle=Cycle(5.0, 56.0)),))
    mean = Plan("mean", (stretch(0.0, LENGTH, 5.0 / 56.0),))
    assert_allclose(added(horizon, cyclic), added(horizon, mean), rtol=CLOSED_FORM)
    given = follow_plan(horizon, cyclic, 1)
    assert_allclose(given.weekly_dose, 5.0 / 56.0, rtol=CLOSED_FORM)
    assert_allclose(given.injections, np.ceil(LENGTH / APART * 5.0 / 56.0))


def test_a_dose_missed_on_a_known_day_leaves_a_gap_of_one_interval(horizon: Horizon) -> None:
    missed = Plan("missed", (stretch(0.0, LENGTH, 1.0),), missed=Missed(days=(70.0,)))
    wanted = added_by_the_engine(horizon, (0.0, 70.0, 1.0), (70.0 + APART, LENGTH, 1.0))
    assert_allclose(added(horizon, missed), wanted, rtol=CLOSED_FORM, atol=1e-9)
    with pytest.raises(UsageError, match="on which none is due"):
        Plan("late", (stretch(0.0, 50.0, 1.0),), missed=Missed(days=(70.0,)))


def test_doses_missed_at_random_lie_between_none_and_all_missed(horizon: Horizon) -> None:
    def of(share: float, seed: int = 1) -> Followed:
        plan = Plan("p", (stretch(0.0, LENGTH, 1.0),), missed=Missed(share=share, seed=seed))
        return follow_plan(horizon, plan, 1)

    none, some, every = of(0.0), of(0.3), of(1.0)
    assert (some.counts <= none.counts + 1e-9).all()
    assert (every.counts <= some.counts + 1e-9).all()
    assert_allclose(every.counts, follow_plan(horizon, Plan("none"), 1).counts, rtol=CLOSED_FORM)
    doses = LENGTH / APART * LANES
    error = 4.0 * np.sqrt(0.3 * 0.7 / doses)  # of the share of all doses of all lanes
    assert some.weekly_dose.mean() == pytest.approx(0.7, abs=error)
    assert (of(0.3).counts == some.counts).all()
    assert (of(0.3, seed=2).counts != some.counts).any()


def test_a_rule_that_never_or_always_holds_is_the_regimen_or_no_drug(horizon: Horizon) -> None:
    given = (stretch(0.0, LENGTH, 1.0),)
    free = Plan("never held", given, HoldRule(1e9, 0.0), 28.0)
    held = Plan("always held", given, HoldRule(0.0, 0.0), 28.0)
    assert_allclose(added(horizon, free), added(horizon, Plan("p", given)), rtol=CLOSED_FORM)
    assert_allclose(added(horizon, held), added(horizon, Plan("none")), rtol=CLOSED_FORM)


def test_a_rule_sees_the_measured_count_on_the_day_of_the_visit(horizon: Horizon) -> None:
    # Without measurement error a rule without a gap gives the drug after exactly the visits on
    # which the latent count lies below its limit.
    exact = replace(horizon, theta={**horizon.theta, "count_sd": np.zeros(LANES)})
    plan = Plan("by the count", (stretch(0.0, LENGTH, 1.0),), HoldRule(350.0, 350.0), 14.0)
    found = follow_plan(exact, plan, 1)
    below = (found.counts[:-1] <= 350.0).mean(axis=0)
    assert_allclose(found.weekly_dose, below, rtol=CLOSED_FORM)
    noisy = follow_plan(horizon, plan, 1)
    assert (noisy.weekly_dose != found.weekly_dose).any()


DEPOT = 84.0  # days, three times those between visits


def by_the_count(horizon: Horizon, falls: float, apart: float) -> Followed:
    """A rule without error of reading; the count is 200 until day 20 and from ``falls`` on."""
    high = (DAYS > 20.0) & (falls > DAYS)
    natural = np.broadcast_to(np.where(high, 5e3, 200.0)[:, None], (len(DAYS), LANES))
    quiet = {**horizon.theta, "count_sd": np.zeros(LANES), "gain": np.full(LANES, 100.0)}
    exact = Horizon(quiet, DAYS, np.array(natural), np.zeros(LANES))
    plan = Plan("depot", (Stretch(0.0, LENGTH, 1.0, apart),), HoldRule(500.0, 500.0), 28.0)
    return follow_plan(exact, plan, 1)


@pytest.mark.parametrize(
    ("apart", "falls", "number", "treated"),
    [
        (DEPOT, np.inf, 1, DEPOT),  # held from day 28, acts to day 84
        (28.0, np.inf, 1, 28.0),  # a dose as long as the visits are apart: held at once
        (30.0, np.inf, 1, 30.0),
        (14.0, np.inf, 2, 28.0),
        (DEPOT, 50.0, 9, LENGTH),  # given again before it is due: the series goes on
        (DEPOT, 140.0, 1 + 7, DEPOT + 588.0),  # restarted on day 140, at the visit
        (30.0, 140.0, 1 + 20, 30.0 + 588.0),
    ],
)
def test_under_a_rule_doses_are_whole_and_act_for_their_interval(
    horizon: Horizon, apart: float, falls: float, number: int, treated: float
) -> None:
    found = by_the_count(horizon, falls, apart)
    assert_allclose(found.injections, number)
    assert_allclose(found.treated * LENGTH, treated, rtol=CLOSED_FORM)
    assert_allclose(found.weekly_dose, found.treated, rtol=CLOSED_FORM)


def test_a_depot_that_is_held_adds_cells_until_it_is_used_up(horizon: Horizon) -> None:
    plan = replace(individual().plan, doses=())
    doses = tuple(
        DoseSegment(plan.study_drug, Moment.fixed(a), Moment.fixed(b), 1.0, 1.0, 0)
        for a, b in ((0.0, DEPOT), (140.0, LENGTH))
    )
    theta = {**horizon.theta, "gain": np.full(LANES, 100.0)}
    wanted = added_count(replace(plan, doses=doses), theta, DAYS[:, None])
    found = by_the_count(horizon, 140.0, DEPOT).counts
    high = np.where((DAYS > 20.0) & (DAYS < 140.0), 5e3, 200.0)[:, None]
    assert_allclose(found - high, wanted, rtol=CLOSED_FORM, atol=1e-9)


@pytest.mark.parametrize(
    ("every", "stops"), [(None, 21.0), (14.0, 42.0)], ids=["as planned", "further apart"]
)
def test_a_cycle_adds_what_its_doses_add_while_they_act(
    horizon: Horizon, every: float | None, stops: float
) -> None:
    # Without error of reading, 200 at the visits of days 28 and 140 alone.
    low = np.isin(DAYS, [28.0, 140.0])[:, None]
    natural = np.where(low, 200.0, 5e3) * np.ones(LANES)
    quiet = {**horizon.theta, "count_sd": np.zeros(LANES), "gain": np.full(LANES, 100.0)}
    exact = Horizon(quiet, DAYS, natural, np.zeros(LANES))
    rule = HoldRule(restart_below=500.0, begins_given=False, cycle=RestartCycle(3, every))
    plan = Plan("cycles", (Stretch(0.0, LENGTH, 1.0, 7.0),), rule, 28.0)
    recorded = replace(individual().plan, doses=())
    level = 21.0 / stops
    doses = tuple(
        DoseSegment(recorded.study_drug, Moment.fixed(a), Moment.fixed(a + stops), level, level, 0)
        for a in (28.0, 140.0)
    )
    wanted = added_count(replace(recorded, doses=doses), quiet, DAYS[:, None])
    found = follow_plan(exact, plan, 1)
    assert_allclose(found.counts - natural, wanted, rtol=CLOSED_FORM, atol=1e-9)
    assert_allclose(found.weekly_dose * LENGTH, 2 * 21.0, rtol=CLOSED_FORM)
    assert_allclose(found.treated * LENGTH, 2 * stops, rtol=CLOSED_FORM)


def test_under_any_rule_nobody_has_a_fraction_of_an_injection(horizon: Horizon) -> None:
    for apart, visits in ((DEPOT, 28.0), (30.0, 28.0), (APART, 14.0)):
        given = (Stretch(0.0, 300.0, 1.0, apart), Stretch(300.0, 400.0, 1.0, apart, 0.0, 4))
        plan = Plan("p", given, HoldRule(400.0, 350.0), visits, Missed(share=0.2))
        found = follow_plan(replace(horizon, natural=horizon.natural + 50.0), plan, 1).injections
        assert_allclose(found, np.round(found), atol=1e-9)
        assert len(np.unique(found)) > 1


def test_a_taper_goes_on_with_the_doses_before_it() -> None:
    given = (Stretch(0.0, 10.0, 1.0, 4.0), Stretch(10.0, 20.0, 1.0, 4.0, 0.0, 2))
    assert Plan("p", given).dose_days().tolist() == [0.0, 4.0, 8.0, 12.0, 16.0]
    assert Plan("p", given).dose_days(12.0).tolist() == [0.0, 4.0, 8.0]
    other = (given[0], replace(given[1], interval=5.0))
    assert Plan("p", other).dose_days().tolist() == [0.0, 4.0, 8.0, 10.0, 15.0]


def test_stretches_that_overlap_are_refused() -> None:
    with pytest.raises(UsageError, match="begins before the one from day 0 stops, on day 100"):
        Plan("twice", (stretch(0.0, 100.0, 1.0), stretch(90.0, 200.0, 1.0)))
