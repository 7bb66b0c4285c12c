"""Days that the analysis chose: each is told, and none that a source or the analyst states."""

from datetime import date

import pytest

from lymphocast.dataset.project import project
from lymphocast.dataset.standing import Standing, Stands, standing_days
from lymphocast.record.patient import PatientRecord
from tests.dataset.fittable import COUNTS_ALONE, FITTABLE
from tests.record.cases import changed, founding, small

CULTURE_DAY = "result: positive\n    at: 2020-03-01"
NOMINAL = """\
  nominal:
    - {fact: culture, day: 2020-03-10, rationale: Assumed.}
  rationale:
"""


def standing(record: PatientRecord) -> tuple[Standing, ...]:
    return standing_days(record, project(record))


def of_kind(text: str, kind: Stands) -> list[tuple[str, date]]:
    return [(s.of, s.day) for s in standing(small(text)) if s.stands is kind]


def test_in_the_founding_case_only_the_clock_of_recovery_stands_on_a_day_that_nobody_states() -> (
    None
):
    (only,) = standing(founding())
    assert only == Standing("symptoms-worse", Stands.CLOCK, date(2003, 10, 1))


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("2020-03-01", []),
        ("2020-03", [("culture", date(2020, 3, 16))]),
        ("2020-03-01/2020-03-02", [("culture", date(2020, 3, 1))]),
        ("start", [("culture", date(2020, 1, 16))]),
    ],
)
def test_a_culture_is_told_where_the_record_leaves_its_day_open(
    at: str, found: list[tuple[str, date]]
) -> None:
    text = changed(CULTURE_DAY, f"result: positive\n    at: {at}", FITTABLE)
    assert of_kind(text, Stands.FACT) == found


def test_a_day_that_the_analyst_states_is_not_told_twice() -> None:
    text = changed(CULTURE_DAY, "result: positive\n    at: 2020-03", FITTABLE)
    assert of_kind(changed("  rationale:\n", NOMINAL, text), Stands.FACT) == []


def test_a_contaminated_culture_is_not_read_and_not_told() -> None:
    text = changed(CULTURE_DAY, "result: contaminated\n    at: 2020-03", FITTABLE)
    assert of_kind(text, Stands.FACT) == []


def test_a_change_of_dose_is_told_only_if_it_hangs_on_no_event() -> None:
    text = changed("start: 2019-12-10", "start: 2019-12", FITTABLE)
    assert of_kind(FITTABLE, Stands.DOSE) == []  # starts on a day, stops with an event
    assert of_kind(text, Stands.DOSE) == [("clarithromycin", date(2019, 12, 16))]


def test_the_infection_begins_on_a_stated_day_or_on_one_that_is_told() -> None:
    assert of_kind(FITTABLE, Stands.INFECTION) == []
    text = changed("start: 2019-12-10", "start: start", FITTABLE)
    assert of_kind(text, Stands.INFECTION) == [("clarithromycin", date(2020, 1, 16))]


def test_counts_alone_say_nothing_of_where_an_infection_begins() -> None:
    assert {s.stands for s in standing(small(COUNTS_ALONE))} == {Stands.CLOCK}
