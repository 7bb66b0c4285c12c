"""Which facts of an infection the model reads, at both sides of each boundary."""

import pytest

from lymphocast.dataset.individual import Individual
from lymphocast.dataset.not_read import not_read
from lymphocast.dataset.project import project
from lymphocast.record.events import SymptomGrade
from tests.dataset.fittable import COUNTS_ALONE, FITTABLE, STATED, projected
from tests.record.cases import changed, small

BEFORE = "symptoms before treatment of the infection"
LIFTING = "improvement on the day on which the infection may lift"


def with_symptom(grade: str, at: str, text: str = FITTABLE) -> str:
    """Return a case whose infection is treated from 10 December 2019 with one symptom more."""
    symptom = f"{{id: cough, what: cough, grade: {grade}, at: {at}, {STATED}}}"
    return f"{text}symptoms:\n  - {symptom}\n"


def read_of(text: str) -> tuple[Individual, dict[str, tuple[str, ...]]]:
    """Return the individual of a case, and what is not read of it."""
    found = projected(text)
    return found, {row.what: row.facts for row in not_read(small(text), found)}


@pytest.mark.parametrize("grade", list(SymptomGrade))
def test_every_grade_is_read_once_the_infection_is_treated(grade: SymptomGrade) -> None:
    found, silent = read_of(with_symptom(grade.value, "2019-12-11"))
    (symptom,) = found.symptoms
    assert (symptom.id, symptom.grade) == ("cough", grade)
    assert symptom.day == found.plan.infection_start + 1.0
    assert silent == {}


@pytest.mark.parametrize("grade", list(SymptomGrade))
def test_no_grade_is_read_while_severity_is_full_by_construction(grade: SymptomGrade) -> None:
    found, silent = read_of(with_symptom(grade.value, "2019-12-10"))
    assert found.symptoms == ()
    assert silent == {BEFORE: ("cough",)}


def test_without_an_antibiotic_severity_is_full_until_the_study_drug() -> None:
    found, silent = read_of(with_symptom("present", "2020-01", COUNTS_ALONE))
    assert not found.tells_of_infection
    assert silent == {BEFORE: ("cough",)}
    assert read_of(with_symptom("present", "2020-02", COUNTS_ALONE))[0].tells_of_infection


@pytest.mark.parametrize(
    ("at", "read"),
    [("2020-03-02", True), ("2020-03", False), ("2020-03-01", False), ("2020-02-29", True)],
)
def test_improvement_that_may_date_the_lift_is_not_read_twice(at: str, *, read: bool) -> None:
    text = changed("infection_lift: stop", "infection_lift: culture", FITTABLE)
    found, silent = read_of(with_symptom("improving", at, text))
    assert (found.symptoms != (), silent) == (read, {} if read else {LIFTING: ("cough",)})


def test_only_improvement_dates_a_lift() -> None:
    text = changed("infection_lift: stop", "infection_lift: culture", FITTABLE)
    assert read_of(with_symptom("worse", "2020-03-01", text))[0].symptoms


def test_a_lift_with_an_uncertain_day_meets_any_day_that_it_may_be() -> None:
    # The study drug starts in January 2020 and stops 6 +/- 0.5 months later: from mid-June on.
    early = project(small(with_symptom("improving", "2020-06-10"))).symptoms
    within = project(small(with_symptom("improving", "2020-06-25"))).symptoms
    assert (len(early), len(within)) == (1, 0)
