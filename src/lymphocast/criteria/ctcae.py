"""CTCAE v5.0: the grade of a value or of an adverse event, with limits of normal and baseline.

A grade needs what the edition's words need: the lower or upper limit of normal that the
laboratory printed, and for some terms a baseline. Where one of them is not stated, the grades
that remain possible are given and the missing number is named. A grade says how far a value lies
from normal; it does not say that a drug did it, and a value before treatment has a grade too.

The baseline is the last value certainly before the first dose of the study drug (or, without one,
of any cytokine).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import final

from lymphocast.criteria.assessment import Assessment, Standing, Theme
from lymphocast.criteria.ctcae_table import (
    CLINICAL,
    CREATININE,
    CREATININE_BASELINE,
    CREATININE_ULN,
    CTCAE_5,
    EOSINOPHILIA,
    FALLING,
    FEVER,
    LYMPHOCYTES_INCREASED,
    MULTIPLE,
    QTC,
    SYNONYMS,
    WEIGHT_GAIN,
    Clinical,
    Falling,
    Multiple,
)
from lymphocast.criteria.drugs import CYTOKINES, Course, course
from lymphocast.record.adverse import AdverseEvent
from lymphocast.record.analytes import in_own_unit
from lymphocast.record.events import Measurement
from lymphocast.record.patient import PatientRecord
from lymphocast.units import Quantity

SEVERE = 3
"""Grade from which a reader must look first: severe or medically significant."""
HUNDRED = 100.0
LLN, ULN = "the lower limit of normal", "the upper limit of normal"
BASELINE = "a value before treatment"


@final
@dataclass(frozen=True)
class Scales:
    """What a value is compared with, in the analyte's own unit; ``None`` is not stated.

    ``before`` marks a value taken before treatment: it has no baseline and needs none.
    """

    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    before: bool = False
    steroids: bool = False

    @property
    def lacks_baseline(self) -> bool:
        """Whether a baseline is needed and not stated."""
        return self.baseline is None and not self.before


@final
@dataclass(frozen=True)
class Grading:
    """The grades that are possible for one term (one, if all is stated), and what is missing."""

    term: str
    meddra: int
    grades: tuple[int, ...]
    missing: tuple[str, ...] = field(default=())

    @property
    def words(self) -> str:
        """The grade in words."""
        return f"grade {' or '.join(str(g) for g in self.grades)}"


def grade_falling(row: Falling, value: float, scales: Scales) -> Grading:
    """Return the grade of a count that is graded when it falls."""
    for place in range(len(row.below), 0, -1):
        if value < row.below[place - 1]:
            return Grading(row.term, row.meddra, (place + 1,))
    if scales.low is None:
        return Grading(row.term, row.meddra, (0, 1), (LLN,))
    return Grading(row.term, row.meddra, (1 if value < scales.low else 0,))


def grade_multiple(row: Multiple, value: float, scales: Scales) -> Grading:
    """Return the grade of a value by its multiple of the ULN or of an abnormal baseline."""
    if scales.high is None:
        return Grading(row.term, row.meddra, (0, 1, 2, 3, 4), (ULN,))
    if scales.baseline is None or scales.baseline <= scales.high:
        ratios = (1.0, *row.above)
        missing = (BASELINE,) if scales.lacks_baseline else ()
        # Without a baseline the row of a normal one is used, and the baseline is named as missing.
        return Grading(row.term, row.meddra, (_above(value / scales.high, ratios),), missing)
    if row.abnormal is None:
        missing = ("the row of this term for an abnormal baseline, which is not held here",)
        return Grading(row.term, row.meddra, (0, 1, 2, 3, 4), missing)
    ratio, (first, *rest) = value / scales.baseline, row.abnormal
    grade = _above(ratio, tuple(rest))
    started = ratio > first if first == 1.0 else ratio >= first
    return Grading(row.term, row.meddra, (grade + 1 if grade else int(started),))


def _above(ratio: float, limits: tuple[float, ...]) -> int:
    """Return how many limits a ratio exceeds."""
    return sum(ratio > limit for limit in limits)


def grade_creatinine(value: float, scales: Scales) -> Grading:
    """Return the grade of creatinine: the higher of its two arms, ULN and baseline."""
    term, meddra = CREATININE
    arms: list[int] = []
    missing: list[str] = []
    if scales.high is None:
        missing.append(ULN)
    else:
        arms.append(_above(value / scales.high, (1.0, *CREATININE_ULN)))
    if scales.lacks_baseline:
        missing.append(BASELINE)
    if scales.baseline is not None:
        above = _above(value / scales.baseline, CREATININE_BASELINE)
        arms.append(above + 1 if above else 0)
    least = max(arms, default=0)
    # An unknown ULN leaves every higher grade open, an unknown baseline those up to grade 3.
    most = 4 if scales.high is None else max(least, 3 if scales.lacks_baseline else 0)
    open_grades = tuple(range(least, most + 1))
    return Grading(term, meddra, open_grades, tuple(missing) if least < most else ())


def grade_eosinophils(value: float, scales: Scales) -> Grading:
    """Return the grade of an eosinophil count; grade 3 is that steroids were begun for it."""
    term, meddra = EOSINOPHILIA
    if scales.steroids:
        return Grading(term, meddra, (SEVERE,))
    known = [limit for limit in (scales.high, scales.baseline) if limit is not None]
    if any(value <= limit for limit in known):
        return Grading(term, meddra, (0,))
    lacks = ((ULN, scales.high is None), (BASELINE, scales.lacks_baseline))
    missing = tuple(name for name, lacking in lacks if lacking)
    return Grading(term, meddra, (0, 1) if missing else (1,), missing)


def grade_lymphocytosis(value: float, scales: Scales) -> Grading:
    """Return the grade of a raised lymphocyte count, which has only grades 2 and 3."""
    term, meddra, second, third = LYMPHOCYTES_INCREASED
    above = _above(value, (second, third))
    return Grading(term, meddra, (above + 1 if above else 0,))


def grade_fever(value: float, scales: Scales) -> Grading:
    """Return the grade of a temperature; above the last limit it depends on the duration."""
    term, meddra, (first, second, third) = FEVER
    if value > third:
        return Grading(term, meddra, (3, 4), ("whether it lasted more than 24 h",))
    return Grading(term, meddra, (2 if value > second else int(value >= first),))


def grade_qtc(value: float, scales: Scales) -> Grading:
    """Return the grade of a QTc interval, by its length and its change from the baseline."""
    term, meddra, limits, change = QTC
    grade = sum(value >= limit for limit in limits)
    if scales.lacks_baseline and grade < SEVERE:
        return Grading(term, meddra, (grade, SEVERE), (BASELINE,))
    longer = scales.baseline is not None and value - scales.baseline > change
    return Grading(term, meddra, (SEVERE if longer else grade,))


def grade_weight_gain(value: float, scales: Scales) -> Grading:
    """Return the grade of a gain in weight over the baseline."""
    term, meddra, limits = WEIGHT_GAIN
    if scales.baseline is None:
        grades = (0, 1, 2, 3) if scales.lacks_baseline else (0,)
        return Grading(term, meddra, grades, (BASELINE,) if scales.lacks_baseline else ())
    gain = HUNDRED * (value - scales.baseline) / scales.baseline
    return Grading(term, meddra, (sum(gain >= limit for limit in limits),))


Grader = Callable[[float, Scales], Grading]


def _bound(grade: Callable[..., Grading], row: Falling | Multiple) -> Grader:
    """Return the grader of one row of a table."""
    return lambda value, scales: grade(row, value, scales)


def _graders() -> Mapping[str, tuple[Grader, ...]]:
    """Return what grades each analyte."""
    found: dict[str, tuple[Grader, ...]] = {
        "creatinine": (grade_creatinine,),
        "eosinophils": (grade_eosinophils,),
        "temperature": (grade_fever,),
        "QTc": (grade_qtc,),
        "body weight": (grade_weight_gain,),
    }
    for falling in FALLING:
        found[falling.analyte] = (_bound(grade_falling, falling),)
    for multiple in MULTIPLE:
        found[multiple.analyte] = (_bound(grade_multiple, multiple),)
    found["lymphocytes"] = (*found["lymphocytes"], grade_lymphocytosis)
    return MappingProxyType(found)


GRADERS = _graders()
COMPARED = frozenset(
    {"creatinine", "eosinophils", "QTc", "body weight", *(row.analyte for row in MULTIPLE)}
)
"""Analytes whose grades depend on a baseline."""


def ctcae(record: PatientRecord) -> tuple[Assessment, ...]:
    """Return the grade of every value that a term covers and of every adverse event."""
    reference = _reference(record)
    values = tuple(a for m in record.measurements for a in _measured(reference, m))
    return (*values, *(a for e in record.adverse_events for a in _stated(e)))


def baseline_of(record: PatientRecord, analyte: str) -> Measurement | None:
    """Return the last value certainly before treatment with the study drug or a cytokine."""
    treated = _treated(record)
    if treated is None:
        return None
    plain = (m for m in record.counts(analyte) if m.limit is None)
    before = [m for m in plain if m.at.latest < treated.start.earliest]
    return before[-1] if before else None


def _treated(record: PatientRecord) -> Course | None:
    """Return the course of the study drug, or of the cytokines."""
    chosen = record.modelling
    return course(record, {chosen.study_drug} if chosen is not None else CYTOKINES)


@final
@dataclass(frozen=True)
class _Reference:
    """What every value of one record is compared with."""

    treated: Course | None
    baselines: Mapping[str, Measurement | None]
    steroids: bool

    def before(self, m: Measurement) -> bool:
        """Return whether a value was certainly taken before treatment."""
        return self.treated is not None and m.at.latest < self.treated.start.earliest


def _reference(record: PatientRecord) -> _Reference:
    """Return what the values of a record are compared with."""
    baselines = {analyte: baseline_of(record, analyte) for analyte in GRADERS}
    steroids = any(f.term == "steroids initiated" for f in record.findings)
    return _Reference(_treated(record), baselines, steroids)


def _measured(reference: _Reference, m: Measurement) -> Iterator[Assessment]:
    """Return the grades of one value; one known only as a limit has none."""
    graders = GRADERS.get(m.analyte, ())
    if not graders or m.limit is not None:
        return
    before = reference.before(m)
    first = None if before else reference.baselines[m.analyte]
    scales = Scales(
        low=_own(m.analyte, m.normal.low if m.normal is not None else None),
        high=_own(m.analyte, m.normal.high if m.normal is not None else None),
        baseline=_own(m.analyte, first.value) if first is not None else None,
        before=before,
        steroids=reference.steroids and not before,
    )
    for grade in graders:
        yield _assessed(m, first, before, grade(in_own_unit(m.analyte, m.value).value, scales))


def _own(analyte: str, value: Quantity | None) -> float | None:
    """Return a value in its analyte's own unit."""
    return None if value is None else in_own_unit(analyte, value).value


def _assessed(
    m: Measurement, first: Measurement | None, before: bool, graded: Grading
) -> Assessment:
    """Return the assessment of one value."""
    certain = len(graded.grades) == 1
    status = Standing.MET if graded.grades[0] >= 1 else Standing.NOT_ESTABLISHED
    if certain and graded.grades[0] == 0:
        status = Standing.NOT_MET
    compared = ""
    if first is not None and m.analyte in COMPARED:
        compared = f", baseline {first.value}"
    return Assessment(
        f"ctcae.{graded.term.casefold().replace(' ', '-')}",
        f"{graded.term} (MedDRA {graded.meddra})",
        Theme.SAFETY,
        status,
        CTCAE_5,
        (m.id, first.id) if first is not None and compared else (m.id,),
        f"{m.value} ({m.at.text}{', before treatment' if before else ''}{compared}{_limits(m)})",
        graded.missing,
        graded.words,
        urgent=graded.grades[0] >= SEVERE and not before,
    )


def _limits(m: Measurement) -> str:
    """Return the limits of normal in words."""
    if m.normal is None:
        return ""
    low = f"from {m.normal.low}" if m.normal.low is not None else ""
    high = f"to {m.normal.high}" if m.normal.high is not None else ""
    return f", normal {' '.join(part for part in (low, high) if part)}"


def _stated(event: AdverseEvent) -> Iterator[Assessment]:
    """Return the grade that a source states, if its term is one that a clinician grades."""
    row = clinical_term(event.term or event.what)
    if row is None:
        return
    known = event.grade is not None and event.grade in row.grades
    if known:
        status, why = Standing.MET, row.grades[event.grade or 0]
    elif event.grade is None:
        status, why = Standing.NOT_ESTABLISHED, f"'{event.what}' is reported without a grade"
    else:
        defined = ", ".join(str(grade) for grade in row.grades)
        status = Standing.NOT_ESTABLISHED
        why = f"grade {event.grade} is stated; the edition defines {defined} for this term"
    yield Assessment(
        f"ctcae.{row.term.casefold().replace(' ', '-')}",
        f"{row.term} (MedDRA {row.meddra})",
        Theme.SAFETY,
        status,
        CTCAE_5,
        (event.id,),
        why,
        () if known else ("a grade of the edition",),
        f"grade {event.grade}" if known else "",
        urgent=known and (event.grade or 0) >= SEVERE,
    )


def clinical_term(name: str) -> Clinical | None:
    """Return the clinician-graded term of this name."""
    folded = SYNONYMS.get(name.casefold(), name).casefold()
    return next((row for row in CLINICAL if row.term.casefold() == folded), None)
