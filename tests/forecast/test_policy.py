"""Rules: courses worked out by hand, at both sides of each threshold, and what a rule can be."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.forecast.course_plan import Followed, Horizon, follow_plan
from lymphocast.forecast.plan import Missed, Plan, Stretch
from lymphocast.forecast.policy import HoldRule, RestartCycle, StopRule
from lymphocast.record.dosing import Cycle

Floats = NDArray[np.float64]
WEEK, VISITS = 7.0, 28.0
Spans = list[tuple[float, float]]


def horizon(counts: list[float], visits: float, lanes: int = 1) -> Horizon:
    """A drug that adds nothing, and a count, read without error, that changes at visits."""
    days = np.arange(0.0, visits * len(counts) + 1.0)
    natural = np.repeat([*counts, counts[-1]], int(visits))[: len(days), None] * np.ones(lanes)
    values = {"gain": 0.0, "gain_half_life": 100.0, "half_effect_dose": 1.0, "il2": 1.0}
    theta = {name: np.full(lanes, value) for name, value in {**values, "count_sd": 0.0}.items()}
    return Horizon(theta, days, natural, np.zeros(lanes))


def followed(
    counts: list[float],
    rule: HoldRule,
    apart: float = WEEK,
    visits: float = VISITS,
    missed: Missed | None = None,
    lanes: int = 1,
) -> Followed:
    own = horizon(counts, visits, lanes)
    stretches = (Stretch(0.0, own.days[-1], 1.0, apart),)
    return follow_plan(own, Plan("p", stretches, rule, visits, missed or Missed()), 1)


def spans(found: Followed) -> Spans:
    """The days on which a dose acts, from the first to the day after the last."""
    acts = np.concatenate([[False], found.levels[:, 0] > 0.0, [False]])
    edges = np.flatnonzero(np.diff(acts.astype(int))).astype(float)
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@dataclass(frozen=True)
class Case:
    """Counts at visits, and by hand when doses act and how many there are."""

    rule: HoldRule
    counts: list[float]
    on: Spans
    injections: int
    apart: float = WEEK
    visits: float = VISITS
    level: float = 1.0


START = HoldRule(500.0, 300.0, start_below=350.0)
CYCLE = RestartCycle(3)
CYCLES = HoldRule(restart_below=350.0, begins_given=False, cycle=CYCLE)
TWICE = StopRule(500.0, 2)

COURSES = {
    "start: at the threshold nothing, below it the first dose": Case(
        HoldRule(start_below=350.0), [351, 350, 349, 360], [(56, 112)], 8
    ),
    "start: before it a restart below says nothing": Case(
        HoldRule(500.0, 350.0, start_below=200.0), [349, 200, 199], [(56, 84)], 4
    ),
    "start: after it hold and restart decide": Case(
        START, [349, 500, 501, 300, 299, 400], [(0, 56), (112, 168)], 8 + 8
    ),
    "cycle: three doses at each visit that says so": Case(
        CYCLES, [350, 349, 349, 351, 349], [(28, 49), (56, 77), (112, 133)], 9
    ),
    "cycle: with doses further apart, at a lower level, through the next visit": Case(
        HoldRule(restart_below=350.0, begins_given=False, cycle=RestartCycle(3, 14.0)),
        [350, 349, 349, 349, 351, 349],
        [(28, 70), (84, 126), (140, 168)],
        3 + 3 + 2,
        level=0.5,
    ),
    "cycle: goes on at a visit that would not begin one": Case(
        CYCLES, [349, 351, 351, 351], [(0, 21)], 3, visits=14.0
    ),
    "cycle: begun again on the day on which the last dose ends": Case(
        CYCLES, [349, 349, 350], [(0, 42)], 6, visits=21.0
    ),
    "cycle: begun again while the last dose acts, the next one waits for its end": Case(
        HoldRule(restart_below=350.0, begins_given=False, cycle=RestartCycle(2)),
        [349, 349, 350, 350],
        [(0, 56)],
        4,
        apart=14.0,
        visits=21.0,
    ),
    "cycle: a hold ends one, and what is left of it is not given later": Case(
        HoldRule(500.0, 350.0, begins_given=False, cycle=RestartCycle(6)),
        [349, 501, 350, 349, 500, 350],
        [(0, 28), (84, 126)],
        4 + 6,
    ),
    "cycle: a start is not a restart": Case(
        HoldRule(500.0, 350.0, start_below=350.0, cycle=RestartCycle(2)),
        [349, 400, 501, 349, 349],
        [(0, 56), (84, 98), (112, 126)],
        8 + 2 + 2,
    ),
    "stop: at the second visit in a row above, for good": Case(
        HoldRule(stop=TWICE), [501, 500, 501, 501, 100, 100], [(0, 84)], 12
    ),
    "stop: at the threshold never": Case(HoldRule(stop=TWICE), [500, 500, 500], [(0, 84)], 12),
    "stop: at one visit, also of a drug that is held": Case(
        HoldRule(400.0, 350.0, stop=StopRule(500.0)), [400, 401, 500, 349, 501, 349],
        [(0, 28), (84, 112)], 8,
    ),
    "stop: visits before the first dose do not count": Case(
        HoldRule(start_below=350.0, stop=TWICE), [501, 501, 349, 501, 501, 349], [(56, 112)], 8
    ),
    "stop: after five injections": Case(
        HoldRule(stop=StopRule(injections=5)), [100, 100, 100], [(0, 35)], 5
    ),
    "stop: after as many as there are": Case(
        HoldRule(stop=StopRule(injections=12)), [100, 100, 100], [(0, 84)], 12
    ),
    "stop: after injections in all, in the middle of a cycle": Case(
        HoldRule(restart_below=350.0, begins_given=False, cycle=CYCLE, stop=StopRule(injections=4)),
        [349, 349, 349], [(0, 21), (28, 35)], 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COURSES.values(), ids=COURSES)
def test_a_course_is_what_one_works_out_by_hand(case: Case) -> None:
    found = followed(case.counts, case.rule, case.apart, case.visits)
    assert spans(found) == case.on
    assert found.injections.tolist() == [case.injections]
    treated = sum(b - a for a, b in case.on)
    length = case.visits * len(case.counts)
    assert found.treated[0] * length == pytest.approx(treated)
    assert found.weekly_dose[0] * length == pytest.approx(case.level * treated)


def test_an_injection_that_was_missed_is_not_one_of_those_that_end_the_drug() -> None:
    rule = HoldRule(stop=StopRule(injections=5))
    found = followed([100.0] * 12, rule, missed=Missed(share=0.5, seed=1), lanes=50)
    assert (found.injections == 5).all()
    assert (found.treated > 0.0).all()


def test_a_dose_of_a_cycle_that_was_missed_is_not_made_up_for() -> None:
    rule = HoldRule(restart_below=350.0, begins_given=False, cycle=CYCLE)
    missed = Missed(share=0.5, seed=1)
    found = followed([349.0, 400.0, 400.0], rule, missed=missed, lanes=400)
    assert set(found.injections.tolist()) == {0.0, 1.0, 2.0, 3.0}
    # Of three doses, each taken with probability 1/2; four standard errors.
    assert found.injections.mean() == pytest.approx(1.5, abs=4.0 * np.sqrt(0.75 / 400))


def test_what_a_rule_that_counts_doses_gives_is_whole() -> None:
    own = horizon([300.0, 480.0] * 5, VISITS, 64)
    own.theta["count_sd"] = np.full(64, 0.3)
    stop = StopRule(600.0, 2, injections=15)
    rule = HoldRule(500.0, 400.0, start_below=400.0, cycle=RestartCycle(2, 14.0), stop=stop)
    given = (Stretch(0.0, 200.0, 1.0, WEEK), Stretch(200.0, 280.0, 1.0, WEEK, 0.0, 4))
    found = follow_plan(own, Plan("p", given, rule, VISITS, Missed(share=0.2)), 1).injections
    assert (found == np.round(found)).all()
    assert found.max() == 15
    assert len(np.unique(found)) > 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hold_above": 300.0, "restart_below": 350.0}, "restart_below 350 above hold_above 300"),
        ({"hold_above": 300.0, "start_below": 301.0}, "start_below 301 above hold_above 300"),
        ({"stop": StopRule(300.0), "start_below": 301.0}, "start_below 301 above stop above 300"),
        ({"stop": StopRule(300.0), "restart_below": 301.0}, "needed restart_below at most stop"),
    ],
)
def test_one_count_cannot_say_two_things(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        HoldRule(**values)
    low = "start_below" if "start_below" in values else "restart_below"
    HoldRule(**{**values, low: 300.0})


@pytest.mark.parametrize(
    ("every", "apart", "fits"),
    [(None, 10.0, True), (7.0, 7.0, True), (14.0, 7.0, True), (7.0, 7.0 / 3.0, True),
     (10.0, 7.0, False), (3.5, 7.0, False), (0.1, 7.0, False)],
)  # fmt: skip
def test_doses_of_a_cycle_are_some_of_those_planned(
    every: float | None, apart: float, fits: bool
) -> None:
    rule = HoldRule(restart_below=350.0, begins_given=False, cycle=RestartCycle(3, every))
    stretches = (Stretch(0.0, 100.0, 1.0, apart),)
    if fits:
        Plan("p", stretches, rule)
        return
    with pytest.raises(UsageError, match=f"a dose every {every:g} d, of doses planned every 7 d"):
        Plan("p", stretches, rule)


def test_a_plan_has_cycles_of_one_kind() -> None:
    cyclic = (Stretch(0.0, 100.0, 1.0, WEEK, cycle=Cycle(5.0, 56.0)),)
    with pytest.raises(UsageError, match="beside a cycle of the doses, 5 d of every 56 d; needed"):
        Plan("p", cyclic, CYCLES)
