"""Outcomes of courses as lines for a terminal and as rows of a tidy table."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from lymphocast.forecast.outcome_results import Chance, Compared, CourseOutcome, Outcomes
from lymphocast.forecast.results import AVERAGED
from lymphocast.report.columns import table_lines
from lymphocast.report.values import value_text
from lymphocast.report.wording import NOT_ASKED

LIMIT: Final = 300
SHOWN: Final = ("first-culture", "last-count")
INFECTION: Final = ("culture negative", "at last count", "back after IL-2")
INFECTION_NOTE: Final = (
    "(Monte Carlo error). Culture: P(one is negative), measured, on the day of the first and",
    "of the last count. Back: P(burden above a culture's limit within a year of the last",
    "count, having been below it when IL-2 was stopped), latent.",
)
Cells = tuple[str, ...]


def outcome_lines(outcomes: Outcomes) -> Iterator[str]:
    """Yield the courses side by side with their weights of evidence, and the statements."""
    yield f"Courses from {outcomes.start} to {outcomes.stop}, by hypothesis, averaged last"
    told = bool(outcomes.courses.averaged[0].infection)
    counts = ("hypothesis, course", "mean count", "lost", f"days >={LIMIT}", "lost")
    heads = (*counts, *(INFECTION if told else ()))
    rows = [*outcomes.courses.by_hypothesis.items(), (AVERAGED, outcomes.courses.averaged)]
    cells = [_cells(n, c)[: len(heads)] for n, courses in rows for c in courses]
    yield from table_lines(heads, cells)
    yield (
        "Mean latent count in cells/uL and days, medians; lost: mean paired difference from the "
        "factual course"
    )
    yield from INFECTION_NOTE if told else ("(Monte Carlo error).",)
    yield ""
    yield "Statements on the courses (decided by the rule of the verdicts)"
    for v in outcomes.statements:
        spread = f"{v.probability:.2f} (table {v.lowest:.2f} to {v.highest:.2f})"
        yield f"  {v.answer.value:<9}  {spread}  {v.question}"
    for u in outcomes.unasked:
        yield f"  {NOT_ASKED:<9}  {u.question} {u.why}"
    yield ""


def _cells(name: str, course: CourseOutcome) -> Cells:
    above = course.days_above[LIMIT]
    cultures = {p.occasion: p.culture_negative.p for p in course.infection}
    back = [
        r.burden_back.p
        for r in course.recurrence
        if (r.origin, r.occasion) == ("il2-stop", "last-count+1y")
    ]
    return (
        f"{name}, {course.scenario}",
        f"{course.mean_count.value.p50:.0f}",
        f"{course.mean_count.mean_lost:.0f} ({course.mean_count.mean_lost_se:.1f})",
        f"{above.value.p50:.0f}",
        f"{above.mean_lost:.0f} ({above.mean_lost_se:.1f})",
        *(f"{cultures[day]:.2f}" if day in cultures else "" for day in SHOWN),
        *(f"{p:.2f}" for p in back),
        *("" for _ in range(1 - len(back))),
    )


def outcome_rows(outcomes: Outcomes) -> Iterator[Cells]:
    """Yield table, row (hypothesis/course), quantity and value of every outcome."""
    for name, courses in (
        (AVERAGED, outcomes.courses.averaged),
        *outcomes.courses.by_hypothesis.items(),
    ):
        for course in courses:
            for quantity, number in _numbers(course):
                yield "outcomes", f"{name}/{course.scenario}", quantity, value_text(number)


def _numbers(course: CourseOutcome) -> Iterator[tuple[str, float]]:
    for day, count in course.counts.items():
        yield from _compared(f"count_at.{day}", count)
    yield from _compared("area", course.area)
    yield from _compared("mean_count", course.mean_count)
    for limit, days in course.days_above.items():
        yield from _compared(f"days_above.{limit}", days)
    for p in course.infection:
        yield from _chance(f"culture_negative.{p.occasion}", p.culture_negative)
        yield from _chance(f"converted_by_then.{p.occasion}", p.converted_by_then)
        yield from _chance(f"symptoms_resolved.{p.occasion}", p.symptoms_resolved)
    for r in course.recurrence:
        yield from _chance(f"burden_back.{r.origin}.{r.occasion}", r.burden_back)
        yield from _chance(f"symptoms_back.{r.origin}.{r.occasion}", r.symptoms_back)


def _compared(name: str, value: Compared) -> Iterator[tuple[str, float]]:
    for level in ("p05", "p50", "p95"):
        yield f"{name}.{level}", getattr(value.value, level)
        yield f"{name}.lost_{level}", getattr(value.lost, level)
    yield f"{name}.mean_lost", value.mean_lost
    yield f"{name}.mean_lost_se", value.mean_lost_se


def _chance(name: str, chance: Chance) -> Iterator[tuple[str, float]]:
    for field in fields(chance):
        yield f"{name}.{field.name}", getattr(chance, field.name)
