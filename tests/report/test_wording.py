"""Numbers as readers see them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.forecast.results import Interval
from lymphocast.record.when import When
from lymphocast.report import wording
from lymphocast.units import Quantity


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "less than 0.01"),
        (0.0099, "less than 0.01"),
        (0.01, "0.01"),
        (0.624, "0.62"),
        (0.99, "0.99"),
        (0.9949, "more than 0.99"),
        (1.0, "more than 0.99"),
    ],
)
def test_a_probability_has_two_digits_and_is_never_certain(p: float, text: str) -> None:
    assert wording.probability(p) == text


@given(st.floats(0.0, 1.0))
def test_no_probability_reads_as_certain(p: float) -> None:
    assert wording.probability(p) not in {"0.00", "1.00", "0", "1"}


@given(st.floats(-5000.0, 5000.0))
def test_a_count_is_rounded_by_at_most_half_its_step(x: float) -> None:
    shown = float(wording.count(x).replace(wording.MINUS, "-"))
    assert abs(shown - x) <= (0.5 if abs(x) < 100 else 2.5 if abs(x) < 1000 else 5.0)


def test_a_negative_count_has_a_minus_sign_and_zero_has_none() -> None:
    assert wording.count(-12.4) == "−12"
    assert wording.count(-0.2) == "0"


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (0.0014512, "0.00145"),
        (123.456, "123"),
        (-2.5, "−2.50"),
        (0.9996, "1.000"),
        (2.0e-6, "2.00e−6"),
        (1461.0, "1460"),
    ],
)
def test_a_number_keeps_three_digits(x: float, text: str) -> None:
    assert wording.number(x).replace("e−06", "e−6") == text


def test_an_interval_never_breaks_inside_its_parentheses() -> None:
    shown = wording.count_interval(Interval(331.0, 523.0, 1204.0))
    assert shown == "525 (330\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}1200)"


def test_log_evidence_has_a_minus_sign_and_a_visible_error() -> None:
    assert wording.with_error(-23.411, 0.004) == "−23.41 ± <0.01"
    assert wording.with_error(-23.411, 0.031) == "−23.41 ± 0.03"


def test_units_are_words_and_unknown_codes_stay() -> None:
    assert wording.quantity(Quantity(600000.0, "[arb'U]")) == "600,000\u00a0units"
    assert wording.unit("mg/L") == "mg/L"


def test_a_relative_time_keeps_its_anchor() -> None:
    at = When(date(2008, 1, 1), date(2008, 1, 31), "stop", 183.0, 15.0, "stop + 6 mo")
    assert wording.when(at).endswith("31\u00a0Jan\u00a02008 (stop + 6 mo)")


def test_a_message_reads_as_prose() -> None:
    assert wording.prose("596 -> 378 /uL") == "596 → 378\u00a0cells/µL"
    assert wording.prose("z = -1.9, 2004-05, CD4-3") == "z = −1.9, 2004-05, CD4-3"


def test_lists_and_small_numbers_are_words() -> None:
    assert wording.words(("a", "b", "c")) == "a, b and c"
    assert wording.words(()) == ""
    assert wording.small(1, "analysis", "analyses") == "one analysis"
    assert wording.small(12, "analysis", "analyses") == "12 analyses"
