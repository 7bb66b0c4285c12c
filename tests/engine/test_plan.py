"""The plan: where it cuts, what it gives when, and how it fills up."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.plan import ForcingTable, Plan, make_plan
from lymphocast.errors import UsageError
from lymphocast.models.component import Dosing

ROUNDING = 1e-9  # days: what the plan itself calls the same instant
days = st.floats(0.0, 60.0)


def plan(doses: Sequence[DoseEvent], times: Sequence[float], **rest: object) -> Plan:
    return make_plan(doses, times, ("depot", "gut"), **rest)


def real(found: Plan) -> np.ndarray:
    return found.length > 0.0


@given(st.lists(st.tuples(days, days), max_size=12), st.lists(days, min_size=1, unique=True))
def test_pieces_join_cover_the_course_and_obey_the_cutting_rule(
    given_doses: list[tuple[float, float]], outputs: list[float]
) -> None:
    doses = [DoseEvent(day, 1.0, "depot", length) for day, length in given_doses]
    times = sorted(outputs)
    found = plan(doses, times, start=0.0)
    begin, length = found.begin[real(found)], found.length[real(found)]
    assert_allclose(begin[1:], (begin + length)[:-1], atol=ROUNDING)
    assert_allclose(length.sum(), times[-1], atol=ROUNDING)
    stirs = sorted({0.0, *(d.time for d in doses), *(d.time + d.duration for d in doses)})
    for day, span in zip(begin, length, strict=True):
        elapsed = day - max(s for s in stirs if s <= day + ROUNDING)
        assert span <= min(2.0, max(1.0, elapsed / 4.0)) + ROUNDING


@given(st.lists(st.tuples(days, days), max_size=12), st.floats(1.0, 80.0))
def test_all_that_enters_before_the_end_is_given(
    given_doses: list[tuple[float, float]], end: float
) -> None:
    doses = [DoseEvent(day, 2.0, "gut", length) for day, length in given_doses]
    found = plan(doses, [end], start=0.0)
    into = found.amount[:, 1].sum() + (found.input_rate[:, 1] * found.length).sum()
    shares = [
        1.0 if d.duration == 0.0 else min(1.0, (end - d.time) / d.duration)
        for d in doses
        if d.time < end - ROUNDING
    ]
    assert_allclose(into, 2.0 * sum(shares), rtol=1e-6, atol=1e-6)


def test_a_dose_at_an_output_time_is_given_after_the_output() -> None:
    found = plan([DoseEvent(1.0, 3.0, "depot")], [0.0, 1.0, 2.0])
    ends = np.append(found.begin[0], found.begin + found.length)
    assert_allclose(ends[found.output], [0.0, 1.0, 2.0])
    (index,) = np.flatnonzero(found.amount[:, 0])
    assert index == found.output[1]


def test_points_closer_than_a_billionth_of_a_day_are_one() -> None:
    doses = [DoseEvent(1.0 + 4e-10, 1.0, "depot"), DoseEvent(1.0 - 4e-10, 2.0, "depot")]
    found = plan(doses, [0.0, 1.0, 2.0])
    assert real(found).sum() == 2
    assert found.amount[1, 0] == 3.0


def test_lag_and_modelled_duration_come_from_the_component_and_the_event_goes_first() -> None:
    how = {"depot": Dosing(lag=0.5, duration=2.0)}
    doses = [DoseEvent(1.0, 4.0, "depot"), DoseEvent(5.0, 4.0, "depot", duration=1.0)]
    found = plan(doses, [0.0, 10.0], dosing=how)
    assert found.infused == ("depot",)
    running = found.input_rate[:, 0]
    assert_array_equal(np.unique(running), [0.0, 2.0, 4.0])
    assert found.begin[running == 2.0][0] == 1.5
    assert found.begin[running == 4.0][0] == 5.5


def test_heads_follow_what_stirs_and_tails_what_has_calmed() -> None:
    found = plan([DoseEvent(3.0, 1.0, "depot")], [0.0, 3.1, 9.0])
    heads = found.begin[found.head]
    # Start, dose, and the output a tenth of a day after the dose.
    assert_allclose(heads, [0.0, 3.0, 3.1])


def test_time_since_the_last_input_is_infinite_before_the_first() -> None:
    found = plan([DoseEvent(2.0, 1.0, "depot"), DoseEvent(4.0, 1.0, "gut", 1.0)], [0.0, 8.0])
    since = found.since_input[real(found)]
    begin = found.begin[real(found)]
    assert np.isinf(since[begin < 2.0, 0]).all()
    assert_allclose(since[begin >= 2.0, 0], begin[begin >= 2.0] - 2.0)
    during = (begin >= 4.0) & (begin < 5.0)
    assert_allclose(since[during, 1], 0.0)
    assert_allclose(since[begin >= 5.0, 1], begin[begin >= 5.0] - 5.0)


def test_forcings_hold_their_level_from_the_edge_on() -> None:
    table = ForcingTable((2.5,), (7.0,), before=1.0)
    found = plan([], [0.0, 4.0], forcings={"weight": table})
    assert found.forcings == ("weight",)
    assert_array_equal(found.level[found.begin < 2.5, 0], 1.0)
    assert_array_equal(found.level[found.begin >= 2.5, 0], 7.0)
    assert 2.5 in found.begin


def test_plans_fill_up_to_two_sizes_per_octave() -> None:
    sizes = [len(plan([], [0.0, float(end)]).begin) for end in (5, 130, 200, 300, 520)]
    assert sizes == [64, 96, 128, 192, 384]


def test_halving_halves_the_longest_pieces() -> None:
    longest = [plan([], [0.0, 100.0], halvings=n).length.max() for n in range(3)]
    assert longest[0] <= 2.0
    assert longest[1] <= 1.0
    assert longest[2] <= 0.5


@pytest.mark.parametrize(
    ("doses", "times", "message"),
    [
        ([DoseEvent(0.0, 1.0, "serum")], [1.0], "no such compartment; it can be depot, gut"),
        ([DoseEvent(0.0, -1.0, "depot")], [1.0], "must not be negative"),
        ([DoseEvent(0.0, 1.0, "depot", -1.0)], [1.0], "must not be negative"),
        ([DoseEvent(float("nan"), 1.0, "depot")], [1.0], "must be finite"),
        ([], [1.0, 1.0], "must increase"),
        ([], [], "at least one is needed"),
        ([DoseEvent(-1.0, 1.0, "depot")], [1.0], "lies before the start at day 0"),
    ],
)
def test_what_no_plan_can_be_made_of_is_refused(
    doses: list[DoseEvent], times: list[float], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plan(doses, times, start=0.0)
