"""Doses as people write them, against the numbers that a reader would write down."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.record.dosing import Cycle, WrittenDosing, parse_dosing
from lymphocast.record.misread import Misread
from lymphocast.units import Quantity
from tests.record.cases import SMALL, changed, small
from tests.record.test_casefile import refused

FIVE_IN_EIGHT_WEEKS = Cycle(5.0, 56.0)
WRITTEN = [
    ("600 000 U daily", 600_000.0, "[arb'U]", 1.0, 1, None),
    ("600000 units a day", 600_000.0, "[arb'U]", 1.0, 1, None),
    ("11 MU weekly in three equal doses", 11.0, "M[arb'U]", 7.0, 3, None),
    ("11 million units weekly, divided into three equal doses", 11.0, "M[arb'U]", 7.0, 3, None),
    ("500 mg twice a day", 1000.0, "mg", 1.0, 2, None),
    ("500 mg bid", 1000.0, "mg", 1.0, 2, None),
    ("500mg b.i.d.", 1000.0, "mg", 1.0, 2, None),
    ("250 mg q12h", 500.0, "mg", 1.0, 2, None),
    ("250 mg every 8 hours", 750.0, "mg", 1.0, 3, None),
    ("500 mg three times weekly", 1500.0, "mg", 7.0, 3, None),
    ("500 mg TIW", 1500.0, "mg", 7.0, 3, None),
    ("1.2 MIU/m2 daily", 1.2, "M[IU]/m2", 1.0, 1, None),
    ("1.2 MIU/m\u00b2 every other day", 1.2, "M[IU]/m2", 2.0, 1, None),
    ("4.5 MIU twice a day for 5 days every 8 weeks", 9.0, "M[IU]", 1.0, 2, FIVE_IN_EIGHT_WEEKS),
    ("7.5 MIU bid x5 d q8w", 15.0, "M[IU]", 1.0, 2, FIVE_IN_EIGHT_WEEKS),
    ("15 mg/kg every 24 h", 15.0, "mg/kg", 1.0, 1, None),
    ("10 ug/kg weekly", 10.0, "ug/kg", 7.0, 1, None),
    ("20 MU fortnightly", 20.0, "M[arb'U]", 14.0, 1, None),
    ("20 MU every two weeks", 20.0, "M[arb'U]", 14.0, 1, None),
    ("20 MU monthly", 20.0, "M[arb'U]", 30.4375, 1, None),
    ("600 mg/day", 600.0, "mg", 1.0, 1, None),
]


@pytest.mark.parametrize(
    ("text", "amount", "unit", "per", "divided", "cycle"), WRITTEN, ids=[w[0] for w in WRITTEN]
)
def test_a_dose_is_read_as_it_is_meant(
    text: str, amount: float, unit: str, per: float, divided: int, cycle: Cycle | None
) -> None:
    assert parse_dosing(text) == WrittenDosing(Quantity(amount, unit), per, divided, cycle)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("600,000 U daily", "commas could be thousands or decimals"),
        ("500 mg twice a day in two doses", "two ways"),
        ("600000 U", "600000 U"),
        ("some units daily", "some units daily"),
        ("5 foo daily", "5 foo daily"),
        ("0 mg daily", "0 mg daily"),
        ("5 mg daily for 8 weeks every 5 days", "for 8 weeks every 5 days"),
        ("", ""),
    ],
)
def test_a_dose_that_cannot_be_read_is_refused(text: str, found: str) -> None:
    with pytest.raises(Misread) as caught:
        parse_dosing(text)
    assert found in caught.value.found


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Misread):
        assert parse_dosing(text).amount.value > 0


def test_words_and_numbers_of_a_case_file_are_the_same_dose() -> None:
    words = small(changed("amount: 1 MU\n    per: 1 d", "dosing: 1 MU daily"))
    assert words.administrations[0].amount == Quantity(1.0, "M[arb'U]")
    assert words.administrations[0].dosing == "1 MU daily"
    both = small(changed("per: 1 d", "per: 1 d\n    dosing: 1 MU daily"))
    assert both.administrations == words.administrations


def test_words_that_differ_from_the_numbers_are_refused() -> None:
    error = refused(changed("per: 1 d", "per: 1 d\n    dosing: 2 MU daily"))
    assert "2 M[arb'U] per 1 d" in error.found
    assert error.line == 15


def test_a_dose_needs_numbers_or_words() -> None:
    assert "no key 'amount'" in refused(changed("    amount: 1 MU\n", "")).found
    assert "no key 'per'" in refused(changed("    per: 1 d\n", "")).found


LADDER = """\
    ladder:
      - {start: start, dosing: 600000 U daily}
      - {start: start + 14 d, amount: 2 MU, per: 7 d, divided: 2}
"""
CLIMBED = changed("    amount: 1 MU\n    per: 1 d\n    start: start\n", LADDER)


def test_a_ladder_is_one_stretch_a_rung() -> None:
    first, second = small(CLIMBED).administrations
    assert (first.id, second.id) == ("drug", "drug-rung-2")
    assert first.amount == Quantity(600_000.0, "[arb'U]")
    assert (second.amount, second.divided) == (Quantity(2.0, "M[arb'U]"), 2)
    assert first.stop == second.start
    assert second.stop.anchor == "stop"


def test_a_ladder_and_a_dose_are_refused() -> None:
    error = refused(changed("ladder:", "amount: 1 MU\n    ladder:", CLIMBED))
    assert "'amount' beside a ladder" in error.found


def test_cyclic_doses_have_a_mean_weekly_dose() -> None:
    text = changed("per: 1 d", "per: 1 d\n    cycle: {days: 5 d, every: 8 wk}")
    (stretch,) = small(text).administrations
    # 1 MU on 5 of 56 days: 5 MU in 8 weeks.
    assert stretch.weekly("M[arb'U]") == pytest.approx(5 / 8, rel=1e-12)
    assert small(SMALL).administrations[0].weekly("M[arb'U]") == 7.0


def test_a_cycle_is_longer_than_its_doses() -> None:
    text = changed("per: 1 d", "per: 1 d\n    cycle: {days: 8 wk, every: 5 d}")
    assert "cycle of 5 d" in refused(text).found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("dates_known: false, dates: [2020-02]", "dates are not known"),
        ("dates_known: true, start: 2020-02", "one end"),
        ("dates_known: true, start: 2020-03, stop: 2020-02", "before start"),
    ],
)
def test_missed_doses_owe_their_dates(keys: str, found: str) -> None:
    stated = "provenance: [{source: paper, locator: abstract, method: stated}]"
    text = f"missed_doses:\n  - {{id: missed, drug: IL-2, {keys}, {stated}}}\n"
    assert found in refused(SMALL + text).found
