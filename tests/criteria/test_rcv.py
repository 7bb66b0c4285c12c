"""Reference change values against published numbers and symmetries."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.criteria.rcv import consecutive_changes, last_fall, reference_change
from lymphocast.errors import UnitError
from lymphocast.units import Quantity
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
