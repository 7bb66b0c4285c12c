"""Which facts of an infection the model reads, at both sides of each boundary."""

import re
from datetime import date

import pytest

from lymphocast.dataset.individual import Individual
from lymphocast.dataset.not_read import not_read
from lymphocast.dataset.project import project
from lymphocast.dataset.susceptibility import (
    BEFORE as BEFORE_THE_DRUG,
)
from lymphocast.dataset.susceptibility import (
    BETWEEN,
    NO_ANTIBIOTIC,
    NO_BREAKPOINTS,
    NO_ISOLATE,
    OTHER_DRUG,
)
from lymphocast.record.events import SymptomGrade
from tests.dataset.fittable import COUNTS_ALONE, FITTABLE, STATED, projected
from tests.record.cases import changed, small

BEFORE = "symptoms before treatment of the infection"
LIFTING = "improvement on the day on which the infection may lift"


def with_symptom(grade: str, at: str, text: str = FITTABLE) -> str:
    """Return a case whose infection is treated from 10 December 2019 with one symptom more."""
    symptom = f"{{id: cough, what: cough, grade: {grade}, at: {at}, {STATED}}}"
    return f"{text}symptoms:\n  - {symptom}\n"


def with_mic(mic: str, text: str = FITTABLE, at: str = "2020-03-01") -> str:
    """Return a case with one concentration of the isolate of its only culture, and its day."""
    dated = changed("at: 2020-03-01", f"at: {at}", text)
    return changed("result: positive\n", f"result: positive\n    mics: [{{{mic}}}]\n", dated)


def reasons(text: str) -> dict[str, str]:
    """Return why facts of a case are not read."""
    return {row.what: row.why for row in not_read(small(text), projected(text))}


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


MACROLIDE = "drug: clarithromycin, value: {}"
RESISTANT = MACROLIDE.format("64 mg/L")
MIC = "minimum inhibitory concentrations of clarithromycin"


@pytest.mark.parametrize(
    ("value", "resistant"),
    [
        ("32 mg/L", True),
        ("31.9 mg/L", None),
        ("8.1 mg/L", None),
        ("8 mg/L", False),
        ("32 mg/L, limit: above", True),
        ("16 mg/L, limit: above", None),
        ("4 mg/L, limit: above", None),
        ("64 mg/L, limit: below", None),
        ("8 mg/L, limit: below", False),
    ],
)
def test_an_isolate_is_resistant_from_32_and_susceptible_up_to_8_mg_per_l(
    value: str, resistant: bool | None
) -> None:
    text = with_mic(MACROLIDE.format(value))
    found, silent = read_of(text)
    assert [s.resistant for s in found.susceptibilities] == (
        [] if resistant is None else [resistant]
    )
    assert silent == ({MIC: ("culture",)} if resistant is None else {})
    if resistant is None:
        assert reasons(text)[MIC] == BETWEEN


def test_the_unit_of_a_concentration_is_converted() -> None:
    found, _ = read_of(with_mic("drug: clarithromycin, value: 0.032 g/L"))
    assert found.susceptibilities[0].resistant


def test_other_drugs_and_drugs_without_breakpoints_are_named_with_the_reason() -> None:
    amikacin = with_mic("drug: amikacin, value: 64 mg/L")
    assert reasons(amikacin) == {"minimum inhibitory concentrations of amikacin": OTHER_DRUG}
    other = with_mic(
        "drug: amikacin, value: 64 mg/L", FITTABLE.replace("clarithromycin", "amikacin")
    )
    assert reasons(other) == {"minimum inhibitory concentrations of amikacin": NO_BREAKPOINTS}
    treated = with_mic(RESISTANT)
    negative = treated.replace("result: positive", "result: negative")
    assert reasons(negative) == {MIC: NO_ISOLATE}
    without = re.sub(r"  - id: antibiotic\n(    .*\n)+| +antibiotic: .*\n", "", treated)
    assert reasons(without) == {MIC: NO_ANTIBIOTIC}


@pytest.mark.parametrize(("at", "read"), [("2019-12-10", False), ("2019-12-11", True)])
def test_resistance_is_looked_for_once_the_antibiotic_is_given(at: str, *, read: bool) -> None:
    text = with_mic(RESISTANT, at=at)
    assert bool(read_of(text)[0].susceptibilities) is read
    assert reasons(text) == ({} if read else {MIC: BEFORE_THE_DRUG})


@pytest.mark.parametrize(
    ("at", "exposed"),
    [("2020-02-01", "2020-02-01"), ("2020-03-01", "2020-02-10"), ("2020-04-02", "2020-04-02")],
)
def test_an_isolate_stands_for_the_last_day_on_which_the_antibiotic_was_given(
    at: str, exposed: str
) -> None:
    again = f"""\
    stop: 2020-02-10
    {STATED}
  - id: again
    drug: clarithromycin
    amount: 1000 mg
    per: 1 d
    start: 2020-04-01
"""
    stopped = re.sub(r"(start: 2019-12-10\n)", lambda m: m[1] + again, FITTABLE)
    found, _ = read_of(with_mic(RESISTANT, stopped, at))
    (isolate,) = found.susceptibilities
    assert isolate.exposed == (date.fromisoformat(exposed) - found.day_zero).days
    assert isolate.day == (date.fromisoformat(at) - found.day_zero).days


@pytest.mark.parametrize(
    ("result", "number", "score", "read"),
    [
        ("positive", 1, 6, True),
        ("positive", 1, 7, False),
        ("positive", 1, 1, True),
        ("positive", 1, 0, False),
        ("negative", 1, 0, True),
        ("negative", 1, 1, False),
        ("positive", 2, 4, False),
        ("contaminated", 1, 4, False),
    ],
)
def test_a_score_is_read_of_one_culture_that_it_does_not_contradict(
    result: str, number: int, score: int, *, read: bool
) -> None:
    found, silent = read_of(with_score(result, number, score))
    assert [c.score for c in found.cultures if c.score is not None] == ([score] if read else [])
    assert ("culture scores" in silent) is not read
    assert len(found.cultures) == (result != "contaminated"), "its result is read all the same"


def with_score(result: str, number: int, score: int) -> str:
    """Return a case whose only culture has a score."""
    several = f"result: {result}\n    number: {number}\n    number_note: Stated.\n"
    return changed("result: positive\n", f"{several}    score: {score}\n", FITTABLE)
