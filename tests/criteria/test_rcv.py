"""Reference change values against published numbers and symmetries."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.criteria.rcv import (
    LONG_TERM_CV,
    change_between,
    consecutive_changes,
    last_fall,
    reference_change,
)
from lymphocast.errors import UnitError, UsageError
from lymphocast.record.patient import PatientRecord
from lymphocast.units import Quantity
from tests.criteria.facts import measured
from tests.record.cases import founding, small

PRINTED = 0.5
"""Absolute, in per cent: the published limits are whole per cents."""
counts = st.floats(1.0, 5000.0)


def per_ul(value: float) -> Quantity:
    return Quantity(value, "/uL")


def test_the_last_fall_of_the_founding_case_is_not_beyond_noise() -> None:
    change = reference_change(per_ul(596), per_ul(378))
    assert change.percent == pytest.approx(-37, abs=PRINTED)
    assert change.limit_percent == pytest.approx(46, abs=PRINTED)
    assert change.lower_percent == pytest.approx(-37, abs=PRINTED)
    assert change.upper_percent == pytest.approx(58, abs=PRINTED)
    assert change.z == pytest.approx(-1.94, abs=0.005)
    assert not change.beyond


@pytest.mark.parametrize(("cv", "z"), [(0.137, -2.36), (0.15, -2.16), (0.19, -1.71), (0.25, -1.31)])
def test_other_coefficients_of_variation(cv: float, z: float) -> None:
    # These z take the exact log-normal standard deviation of ln(count), not the CV itself.
    exact = math.sqrt(math.log1p(cv**2))
    change = reference_change(per_ul(596), per_ul(378), cv=exact)
    assert change.z == pytest.approx(z, abs=0.005)


@given(counts, counts)
def test_the_log_form_does_not_care_about_the_direction(one: float, two: float) -> None:
    there, back = (
        reference_change(per_ul(one), per_ul(two)),
        reference_change(per_ul(two), per_ul(one)),
    )
    assert there.z == pytest.approx(-back.z, abs=1e-12)
    assert there.beyond == back.beyond
    assert (there.percent < 0) == (two < one)


@given(counts, counts, st.floats(0.1, 10.0))
def test_only_the_ratio_matters(one: float, two: float, factor: float) -> None:
    change = reference_change(per_ul(one), per_ul(two))
    scaled = reference_change(per_ul(factor * one), per_ul(factor * two))
    assert scaled.z == pytest.approx(change.z, abs=1e-9)


@given(counts)
def test_a_change_at_the_limit_is_at_the_limit(one: float) -> None:
    limits = reference_change(per_ul(one), per_ul(one))
    for percent in (limits.lower_percent, limits.upper_percent):
        inside = one * (1 + percent / 100 * 0.999)
        outside = one * (1 + percent / 100 * 1.001)
        assert not reference_change(per_ul(one), per_ul(inside)).beyond
        assert reference_change(per_ul(one), per_ul(outside)).beyond


def test_units_are_converted() -> None:
    mixed = reference_change(Quantity(0.596, "10*9/L"), per_ul(378))
    assert mixed.first_value == pytest.approx(596)
    assert math.isclose(mixed.z, reference_change(per_ul(596), per_ul(378)).z)
    with pytest.raises(UnitError):
        reference_change(Quantity(1.0, "mg/L"), per_ul(378))


def test_consecutive_counts_are_compared_in_order_of_time() -> None:
    changes = consecutive_changes(founding())
    assert [(c.first, c.second) for c in changes] == [
        ("cd4-presenting", "cd4-month-5"),
        ("cd4-month-5", "cd4-stop-6"),
        ("cd4-stop-6", "cd4-stop-9"),
    ]
    assert [c.beyond for c in changes] == [True, False, False]


def test_a_record_without_a_fall_has_no_such_issue() -> None:
    record = small()
    assert last_fall(record, consecutive_changes(record)) == ()


def test_any_two_counts_of_a_record_are_compared() -> None:
    change = change_between(founding(), "cd4-presenting", "cd4-stop-9")
    # 172 -> 378: ln(378 / 172) / (sqrt(2) 0.166) = 3.354.
    assert change.z == pytest.approx(3.354, abs=5e-4)
    assert change.beyond
    tighter = change_between(founding(), "cd4-stop-6", "cd4-stop-9", cv=0.137)
    assert tighter.beyond  # z = -2.35 with the short-term CV of Raboud 1995


def test_counts_that_cannot_be_compared_are_refused() -> None:
    record = measured(
        ("CD4", "150 /uL", "2019-12-01"),
        ("CD8", "150 /uL", "2019-12-01"),
        ("CD4", "10 /uL, limit: below", "2020-04-01"),
    )
    with pytest.raises(UsageError, match="'m0' is CD4, 'm1' is CD8"):
        change_between(record, "m0", "m1")
    with pytest.raises(UsageError, match="'m2' is given only as below 10 /uL"):
        change_between(record, "m0", "m2")
    with pytest.raises(UsageError, match="no such fact as 'm9'"):
        change_between(record, "m0", "m9")
    assert consecutive_changes(record) == ()


@pytest.mark.parametrize(
    ("context", "note"),
    [
        ("{since_dose: 3 d}", "'m1' 3 d after a dose"),
        ("{since_dose: 3.1 d}", ""),
        ("{laboratory: B}", "different laboratories (A, B)"),
        ("{laboratory: A}", ""),
        ('{time_of_day: "20:00"}', "drawn at 08:00 and at 20:00"),
        ('{time_of_day: "08:00"}', ""),
        ("{fever: true}", "'m1' with fever"),
        ("{steroids: false}", ""),
    ],
)
def test_the_context_of_two_counts_stands_beside_their_change(context: str, note: str) -> None:
    first = 'context: {laboratory: A, time_of_day: "08:00"}'
    record = measured(
        ("CD4", f"150 /uL, {first}", "2019-12-01"),
        ("CD4", f"150 /uL, context: {context}", "2020-04-01"),
    )
    (change,) = consecutive_changes(record)
    assert change.context == ((note,) if note else ())


def test_absurd_counts_are_compared_or_passed_over_and_never_raise() -> None:
    """A count of 0, and two whose ratio no float holds, once ended in a traceback."""
    first, second = founding().measurements[:2]

    def record(one: float, two: float) -> PatientRecord:
        counts = (
            replace(first, value=Quantity(one, "/uL")),
            replace(second, value=Quantity(two, "/uL")),
        )
        return replace(founding(), measurements=counts)

    assert consecutive_changes(record(0.0, 553.0)) == ()
    (fall,) = consecutive_changes(record(1e300, 1e-300))
    assert fall.z == pytest.approx(-600.0 * math.log(10.0) / (math.sqrt(2.0) * LONG_TERM_CV))
    with pytest.raises(UsageError, match="needed a count above 0"):
        change_between(record(0.0, 553.0), first.id, second.id)
