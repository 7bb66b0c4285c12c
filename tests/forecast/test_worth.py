"""What a regimen is worth: shares of time, and adverse events by the model that a goal states."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from lymphocast.forecast.course_plan import Followed
from lymphocast.forecast.goal import Cost, Design, EventLimit, Goal, GoalLimit, LimitKind, Target
from lymphocast.forecast.plan import Plan, Stretch
from lymphocast.forecast.search import Judged, rank
from lymphocast.forecast.worth import Scale, Worth, fulfilment
from tests.tolerances import CLOSED_FORM

LANES, APART, LENGTH = 200, 7.0 / 3.0, 100.0
DAYS = np.arange(0.0, LENGTH + 1.0, 10.0)


def fever(spread: float = 0.0, *, of_injection: bool = True) -> EventLimit:
    return EventLimit("fever", of_injection, 0.3, 2.0, spread, "made up", 0.9)


def goal(*events: EventLimit, limits: tuple[GoalLimit, ...] = ()) -> Goal:
    design = Design((1.0,), (APART,), (None,), (LENGTH,), (0.0,), (None,), 28.0, LENGTH)
    targets = (Target(300.0, True, 0.0, LENGTH),)
    first, last = date(2020, 1, 1), date(2020, 4, 10)
    return Goal("g", first, last, targets, limits, Cost(), design, events)


def worth(wanted: Goal, dose: float, interval: float = APART) -> Worth:
    """What a dose is worth in lanes of equal counts."""
    stretches = (Stretch(0.0, LENGTH, dose, interval),) if dose else ()
    given = np.full(LANES, dose)
    counts = np.full((len(DAYS), LANES), 400.0)
    injections = np.full(LANES, LENGTH / interval if dose else 0.0)
    followed = Followed(counts, given, (given > 0.0) * 1.0, injections, counts[1:])
    return Scale(wanted, APART).worth(Plan("p", stretches), DAYS, followed)


def broken(wanted: Goal, dose: float, interval: float = APART) -> float:
    """The probability that the first limit is broken, equal in all lanes."""
    (found,) = set(worth(wanted, dose, interval).broken[0].tolist())
    return float(found)


@pytest.mark.parametrize("dose", [0.25, 0.5, 1.0, 2.0])
def test_an_event_is_as_probable_as_its_model_says(dose: float) -> None:
    # Odds of 3/7 at maintenance times dose squared.
    odds = 3.0 / 7.0 * dose**2
    assert broken(goal(fever()), dose) == pytest.approx(odds / (1.0 + odds), rel=CLOSED_FORM)


@pytest.mark.parametrize("spread", [0.5, 1.5, 4.0])
def test_what_is_unknown_of_an_event_is_averaged_over(spread: float) -> None:
    z = np.linspace(-9.0, 9.0, 40_001)
    odds = 3.0 / 7.0 * np.exp(spread * z)
    expected = np.trapezoid(odds / (1.0 + odds) * np.exp(-0.5 * z**2), z) / np.sqrt(2.0 * np.pi)
    assert broken(goal(fever(spread)), 1.0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("at_maintenance", "kept"), [(0.1, True), (0.1001, False)])
def test_an_event_that_is_as_probable_as_the_limit_lets_it_be_keeps_the_limit(
    at_maintenance: float, kept: bool
) -> None:
    # In 100 draws a coin for each of them would break the first limit in every second seed.
    limit = replace(fever(), at_maintenance=at_maintenance)
    wanted = goal(limit)
    found = worth(wanted, 1.0)
    judged = Judged(found.utility[None, :100], found.broken[:, None, :100])
    (row,) = rank([0], judged, Scale(wanted, APART).limits).rows
    assert row.p_broken[0] == pytest.approx(at_maintenance, rel=CLOSED_FORM)
    assert row.keeps_limits == kept


def test_an_event_is_the_more_probable_the_higher_the_dose_and_never_happens_without_it() -> None:
    some = [broken(goal(fever(0.7)), dose) for dose in (0.0, 0.3, 0.6, 1.0)]
    assert some[0] == 0.0
    for fewer, more in pairwise(some):
        assert fewer < more


def test_the_same_weekly_dose_in_fewer_injections_is_a_larger_injection() -> None:
    twice = 2.0 * APART
    assert broken(goal(fever()), 1.0, twice) == broken(goal(fever()), 2.0)
    weekly = goal(fever(of_injection=False))
    assert broken(weekly, 1.0, twice) == broken(weekly, 1.0)


def test_limits_stand_in_the_order_of_their_labels() -> None:
    bound = GoalLimit(LimitKind.WEEKLY_DOSE, 0.5)
    wanted = goal(fever(), limits=(bound,))
    labels = [limit.label for limit in Scale(wanted, APART).limits]
    assert labels == ["weekly dose at most 0.5 of maintenance", "no fever"]
    dose, event = worth(wanted, 1.0).broken
    assert (dose == 1.0).all()
    assert 0.0 < event.mean() < 1.0


def test_a_kept_count_is_worth_the_share_of_the_time_and_a_reached_one_all_or_nothing() -> None:
    counts = np.where(DAYS < 50.0, 200.0, 400.0)[:, None]
    kept = fulfilment(Target(300.0, True, 0.0, LENGTH), DAYS, counts)
    # It rises at some time between day 40 and day 50: half of those ten days count.
    assert kept[0] == pytest.approx(0.55, rel=CLOSED_FORM)
    for end, met in ((40.0, 0.0), (50.0, 1.0)):
        assert fulfilment(Target(300.0, False, 0.0, end), DAYS, counts)[0] == met


def test_a_target_that_is_kept_on_every_day_is_met_whatever_the_days() -> None:
    # Days a month apart: their widths do not add up without rounding.
    wanted = goal()
    asked = Target(300.0, True, 0.0, LENGTH, probability=1.0)
    wanted = replace(wanted, targets=(asked,))
    days = np.append(np.arange(0.0, LENGTH, 30.4375 / 7.0), LENGTH)
    for count, breaks in ((400.0, False), (200.0, True)):
        none = np.zeros(3)
        counts = np.full((len(days), 3), count)
        followed = Followed(counts, none, none, none, counts[1:])
        assert (Scale(wanted, APART).worth(Plan("p"), days, followed).broken == breaks).all()
