"""The plan: where it cuts, what it gives when, where its readings are; it may be traced."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lymphocast.dataset.events import CovariateRule, EventKind, EventRecord, EventTable
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.march_plan import plan_of
from lymphocast.engine.march_task import Occasions, Task
from lymphocast.engine.plan import Plan
from lymphocast.engine.readings import occasions_of, schedule_of
from lymphocast.engine.settings import DEFAULT, Layout
from lymphocast.engine.timeline import Added
from lymphocast.models.component import Scalar
from tests.engine.small_models import Oral, Reservoir

ROUNDING = 1e-9  # days: what the plan itself calls the same instant
THETA = {
    "absorption_rate": 5.0,
    "clearance": 30.0,
    "volume": 20.0,
    "fraction": 1.0,
    "lag": 0.0,
    "duration": 0.0,
}
days = st.floats(0.0, 60.0)


def plan(
    events: EventTable | Sequence[DoseEvent],
    times: Sequence[float],
    halvings: int = 0,
    **changes: Scalar,
) -> Plan:
    """Return the plan of the model with a depot and a centre, in this order."""
    model, theta = Oral(), {**THETA, **changes}
    layout = Layout((), CovariateRule.LAST_CARRIED_FORWARD, DEFAULT)
    (occasion,) = occasions_of(events, times)
    schedule = schedule_of(model, layout, theta, occasion, ())
    infused = tuple(s.name for i, s in enumerate(model.states) if i in schedule.infusions.state)
    task = Task(model, layout, ("central",), ("depot", "central"), infused, 1)
    none = Added(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((), int))
    with np.errstate(all="ignore"):
        found, valid = plan_of(task, theta, Occasions((schedule,), none), halvings)
    assert bool(valid)
    return found


def real(found: Plan) -> np.ndarray:
    return np.asarray(np.arange(len(found.pieces.begin)) < found.count)


def spans(found: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Return begin and length of the pieces that are crossed."""
    return found.pieces.begin[real(found), 0], found.pieces.length[real(found), 0]


@given(st.lists(st.tuples(days, days), max_size=12), st.lists(days, min_size=1, unique=True))
def test_pieces_join_cover_the_course_and_obey_the_cutting_rule(
    given_doses: list[tuple[float, float]], outputs: list[float]
) -> None:
    doses = [DoseEvent(day, 1.0, "depot", length) for day, length in given_doses]
    times = [0.0, *sorted(t for t in outputs if t > 0.0)]
    begin, length = spans(plan(doses, times))
    assert_allclose(begin[1:], (begin + length)[:-1], atol=ROUNDING)
    assert_allclose(length.sum(), times[-1], atol=ROUNDING)
    stirs = sorted({0.0, *(d.time for d in doses), *(d.time + d.duration for d in doses)})
    for day, span in zip(begin, length, strict=True):
        ends = day + span - max(s for s in stirs if s <= day + ROUNDING)
        # A piece may be as long as the rule allows at its end: 1 d, a quarter of the elapsed, 2 d.
        assert span <= min(2.0, max(1.0, ends / 4.0)) + ROUNDING


@given(st.lists(st.tuples(days, days), max_size=12), st.floats(1.0, 80.0))
def test_all_that_enters_before_the_end_is_given(
    given_doses: list[tuple[float, float]], end: float
) -> None:
    doses = [DoseEvent(day, 2.0, "central", length) for day, length in given_doses]
    found = plan(doses, [0.0, end])
    _, length = spans(found)
    amount = found.pieces.amount[real(found), 1, 0].sum()
    flowed = (found.pieces.input_rate[real(found), 1, 0] * length).sum()
    shares = [
        1.0 if d.duration == 0.0 else min(1.0, (end - d.time) / d.duration)
        for d in doses
        if d.time < end - ROUNDING
    ]
    late = [d for d in doses if abs(d.time - end) <= ROUNDING and d.duration == 0.0]
    if not late:  # a dose at the last reading enters no piece
        assert_allclose(amount + flowed, 2.0 * sum(shares), rtol=1e-6, atol=1e-6)


def test_a_dose_at_a_reading_is_given_after_it() -> None:
    found = plan([DoseEvent(1.0, 3.0, "depot")], [0.0, 1.0, 2.0])
    begin, length = spans(found)
    ends = np.append(begin[0], begin + length)
    assert_allclose(ends[found.readings.piece[:3, 0]], [0.0, 1.0, 2.0])
    assert_array_equal(found.readings.added[:3], 0.0)
    (index,) = np.flatnonzero(found.pieces.amount[:, 0, 0])
    assert index == found.readings.piece[1, 0]


def test_a_record_after_a_dose_of_its_time_reads_what_the_dose_added() -> None:
    look, give = EventKind.OBSERVATION, EventKind.DOSE
    records = (
        EventRecord(0.0, look),
        EventRecord(1.0, look),
        EventRecord(1.0, give, "depot", 3.0),
        EventRecord(1.0, look),
        EventRecord(2.0, look),
    )
    (occasion,) = occasions_of(EventTable("1", records), None)
    assert [r.time for r in occasion.readings] == [0.0, 1.0, 1.0, 1.0, 2.0]
    found = plan(EventTable("1", records), None)
    assert_array_equal(found.readings.added[:5, 0, 0], [0.0, 0.0, 3.0, 3.0, 0.0])


def test_points_closer_than_a_billionth_of_a_day_are_one() -> None:
    doses = [DoseEvent(1.0 + 4e-10, 1.0, "depot"), DoseEvent(1.0 - 4e-10, 2.0, "depot")]
    found = plan(doses, [0.0, 1.0, 2.0])
    assert found.count == 2
    assert found.pieces.amount[1, 0, 0] == 3.0


def test_lag_and_modelled_duration_come_from_the_component_and_the_event_goes_first() -> None:
    doses = [DoseEvent(1.0, 4.0, "depot"), DoseEvent(5.0, 4.0, "depot", duration=1.0)]
    found = plan(doses, [0.0, 10.0], lag=0.5, duration=2.0)
    running, begin = found.pieces.input_rate[:, 0, 0], found.pieces.begin[:, 0]
    assert_array_equal(np.unique(running), [0.0, 2.0, 4.0])
    assert begin[running == 2.0][0] == 1.5
    assert begin[running == 4.0][0] == 5.5


def test_heads_follow_what_stirs_and_tails_what_has_calmed() -> None:
    found = plan([DoseEvent(3.0, 1.0, "depot")], [0.0, 3.1, 9.0])
    heads = found.pieces.begin[found.pieces.head]
    # Start, dose, and the reading a tenth of a day after the dose.
    assert_allclose(heads, [0.0, 3.0, 3.1])


def test_time_since_the_last_input_is_infinite_before_the_first() -> None:
    doses = [DoseEvent(2.0, 1.0, "depot"), DoseEvent(4.0, 1.0, "central", 1.0)]
    found = plan(doses, [0.0, 8.0])
    begin, _ = spans(found)
    since = found.pieces.since_input[real(found), :, 0]
    assert np.isinf(since[begin < 2.0, 0]).all()
    assert_allclose(since[begin >= 2.0, 0], begin[begin >= 2.0] - 2.0)
    during = (begin >= 4.0) & (begin < 5.0)
    assert_allclose(since[during, 1], 0.0)
    assert_allclose(since[begin >= 5.0, 1], begin[begin >= 5.0] - 5.0)


@pytest.mark.parametrize("rule", [CovariateRule.LAST_CARRIED_FORWARD])
def test_a_covariate_holds_its_level_from_its_record_on(rule: CovariateRule) -> None:
    records = tuple(
        EventRecord(day, EventKind.OTHER, covariates=(level,))
        for day, level in ((0.0, 1.0), (2.5, 7.0), (4.0, 7.0))
    )
    table = EventTable("1", records, ("rain",), rule)
    (occasion,) = occasions_of(table, None)
    model, layout = Reservoir(), Layout(("rain",), rule, DEFAULT)
    theta = {"filled": 0.0, "drain": 0.1}
    schedule = schedule_of(model, layout, theta, occasion, (0,))
    task = Task(model, layout, ("water",), (), (), 1)
    none = Added(np.zeros((0, 1)), np.zeros((0, 1)), np.zeros((), int))
    found, _ = plan_of(task, theta, Occasions((schedule,), none), 0)
    begin, _ = spans(found)
    level = found.pieces.level[real(found), 0, 0]
    assert_array_equal(level, np.where(begin < 2.5, 1.0, 7.0))
    assert 2.5 in begin


def test_plans_fill_up_to_one_size_per_octave() -> None:
    sizes = [len(plan([], [0.0, float(end)]).pieces.begin) for end in (5, 900, 1100, 2000, 2100)]
    assert sizes == [512, 512, 1024, 1024, 2048]


def test_halving_halves_the_longest_pieces() -> None:
    longest = [spans(plan([], [0.0, 100.0], n))[1].max() for n in range(3)]
    assert longest[0] <= 2.0
    assert longest[1] <= 1.0
    assert longest[2] <= 0.5


def test_halving_halves_pieces_that_readings_made_short_already() -> None:
    """Found on models handed on too early: with a reading every six hours nothing was halved."""
    longest = [spans(plan([], [0.0, 0.25, 0.5], n))[1].max() for n in range(5)]
    assert_allclose(longest, [0.25 / 2**n for n in range(5)])


def test_a_traced_plan_is_that_of_numbers_with_a_derivative() -> None:
    doses = [DoseEvent(1.0, 4.0, "depot"), DoseEvent(4.0, 2.0, "central", duration=1.0)]
    times = [0.0, 3.0, 12.0]

    def lengths(lag: Scalar) -> Scalar:
        pieces = plan(doses, times, lag=lag).pieces
        return jnp.stack([pieces.length[:, 0], pieces.amount.sum(axis=(1, 2))])

    found, moved = jax.jvp(lengths, (0.25,), (1.0,))
    expected = plan(doses, times, lag=0.25)
    number = int(expected.count)
    assert_allclose(found[0, :number], expected.pieces.length[:number, 0], atol=1e-12)
    assert_allclose(found[1, :number], expected.pieces.amount[:number].sum(axis=(1, 2)))
    # A later dose makes what is before it longer and what is behind it shorter; the whole stays.
    assert_allclose(moved[0].sum(), 0.0, atol=1e-12)
    before = np.asarray(expected.pieces.begin[:number, 0] < 1.25)
    assert_allclose(moved[0, :number][before].sum(), 1.0, rtol=1e-12)
