"""Missed doses of plans: what the record says of them is followed without being asked for."""

from dataclasses import replace
from datetime import date

import pytest

from lymphocast.forecast.plan import Missed, Plan, Stretch
from lymphocast.forecast.plan_missed import ASSUMED_SHARE, Undated, readings
from lymphocast.record.casefile import find_case, read_case
from lymphocast.record.dosing import Cycle
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import When
from tests.founding import quick_fit

DRUG = "interleukin-2"
RECORD = quick_fit().record
WEEKLY = Plan("p", (Stretch(0.0, 700.0, 1.0, 7.0),))
YEAR = 364.0


def with_number(*numbers: int | None, cycle: Cycle | None = None) -> PatientRecord:
    """The founding record with one stretch of 50 weeks of two doses, and so many missed."""
    (missed,), (*_, held) = RECORD.missed_doses, RECORD.administrations_of(DRUG)
    begin, end = date(2005, 1, 3), date(2005, 12, 19)
    given = replace(
        held, per=7.0, divided=2, start=When(begin, begin), stop=When(end, end), cycle=cycle
    )
    reported = tuple(replace(missed, id=f"m{i}", number=n) for i, n in enumerate(numbers))
    return replace(RECORD, administrations=(given,), missed_doses=reported)


@pytest.mark.parametrize(
    ("numbers", "number", "share"),
    [
        ((20,), 20, 0.2),
        ((5, 10), 15, 0.15),
        ((150,), 150, 1.0),
        ((None,), None, ASSUMED_SHARE),
        ((5, None), None, ASSUMED_SHARE),
    ],
)
def test_the_share_is_that_of_the_record_if_it_gives_a_number(
    numbers: tuple[int | None, ...], number: int | None, share: float
) -> None:
    found = Undated.of(with_number(*numbers), DRUG)
    assert found is not None
    assert found.number == number
    assert found.share == pytest.approx(share)
    assert ("an assumption" in found.note) == (number is None)
    assert ("assumed" in found.reading) == (number is None)
    assert f"the last {share:.0%} of the planned doses are left out" in found.note


def test_of_cyclic_doses_only_the_days_of_dosing_count() -> None:
    found = Undated.of(with_number(10, cycle=Cycle(7.0, 14.0)), DRUG)
    assert found is not None
    assert found.share == pytest.approx(0.2)


def test_a_record_that_dates_them_or_says_nothing_adds_no_row() -> None:
    (missed,) = RECORD.missed_doses
    for other in (
        (),
        (replace(missed, dates_known=True),),
        (replace(missed, drug="clarithromycin"),),
    ):
        assert Undated.of(replace(RECORD, missed_doses=other), DRUG) is None
    assert Undated.of(read_case(find_case("synthetic-doses")), DRUG) is None
    assert [name for _, name in readings(WEEKLY, YEAR)] == [""]


def test_a_plan_that_says_nothing_is_also_followed_without_its_last_doses() -> None:
    undated = Undated.of(RECORD, DRUG)
    (plan, plain), (less, reading) = readings(WEEKLY, YEAR, undated)
    assert (plan, plain) == (WEEKLY, "")
    assert reading == "last missed, assumed share"
    assert less.missed.days == (329.0, 336.0, 343.0, 350.0, 357.0)  # of 52 within the year
    assert replace(less, missed=Missed()) == WEEKLY


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        (Plan("none"), [""]),
        (Plan("zero", (Stretch(0.0, YEAR, 0.0, 7.0),)), [""]),
        (Plan("later", (Stretch(YEAR, 700.0, 1.0, 7.0),)), [""]),
        (replace(WEEKLY, missed=Missed(days=(7.0,))), [""]),
        (replace(WEEKLY, missed=Missed(share=0.1)), ["", "none missed", "all missed"]),
        (replace(WEEKLY, missed=Missed(unknown=0.1)), ["none missed", "last missed"]),
    ],
)
def test_a_plan_without_doses_or_with_its_own_word_on_them_is_left_alone(
    plan: Plan, names: list[str]
) -> None:
    assert [name for _, name in readings(plan, YEAR, Undated.of(RECORD, DRUG))] == names
