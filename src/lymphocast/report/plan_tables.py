"""A forecast of plans as lines for a terminal, as a tidy table and as JSON."""

import csv
import io
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Final

from lymphocast.forecast.plan_results import PlanCourse, PlanForecast, PlanPoint, PlanRow
from lymphocast.forecast.results import AVERAGED, Interval
from lymphocast.report.columns import table_lines
from lymphocast.report.plain import NOT_A_DEVICE
from lymphocast.report.values import json_text, plain, value_text

COLUMNS: Final = ("plan", "reading", "hypothesis", "day", "quantity", "threshold", "value")
LISTED_BELOW, LISTED_ABOVE = 300, 500
INFECTION: Final = ("culture negative", "burden back by then", "symptoms resolved")
INFECTION_NOTE: Final = (
    "Culture: P(one culture on the last day is negative), measured. Burden back: P(above a "
    "culture's limit",
    "at some time by then, having been below it at the origin); symptoms: latent.",
)
Cells = tuple[str, ...]


def plan_lines(found: PlanForecast) -> tuple[str, ...]:
    """Return the plans side by side on the last day, averaged over the hypotheses."""
    return tuple(_lines(found))


def plan_csv(found: PlanForecast) -> str:
    """Return one value per row, averaged and under each hypothesis.

    ``quantity`` is ``latent_p05``, ``measured_p50`` and so on (cells/uL), ``p_below`` or
    ``p_above`` (on that day), ``first_passage_p_below`` or ``first_passage_p_above`` (on some day
    since the origin), ``p_culture_negative`` (measured) and other probabilities of the infection
    (latent, without a threshold); without a day ``weekly_dose``, ``treated`` and ``injections``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found.rows:
        for name, course in ((AVERAGED, row.course.averaged), *row.course.by_hypothesis.items()):
            for cells in _course_rows(course):
                writer.writerow((row.plan, row.reading, name, *cells))
    return text.getvalue()


def plan_json(found: PlanForecast) -> str:
    """Return the forecast as JSON text, without the curves of the figure."""
    content = plain(replace(found, curves=()))
    assert isinstance(content, dict)  # noqa: S101  (a dataclass becomes a mapping)
    del content["curves"]
    return json_text({"schema": "lymphocast plan forecast 1", **content})


def _lines(found: PlanForecast) -> Iterator[str]:
    yield f"Plans from {found.origin} to {found.until}, averaged over the hypotheses"
    counts = (
        "plan",
        "latent count",
        "measured count",
        f"<{LISTED_BELOW} then",
        f"<{LISTED_BELOW} by then",
        f">={LISTED_ABOVE} then",
        f">={LISTED_ABOVE} by then",
        "weekly dose",
        "doses",
    )
    told = any(row.course.averaged.points[-1].infection is not None for row in found.rows)
    heads = (*counts, *(INFECTION if told else ()))
    yield from table_lines(heads, [_cells(row)[: len(heads)] for row in found.rows])
    yield ""
    yield (
        "Counts in cells/uL on the last day, median (90 % interval); the probabilities are of the "
        "latent count, on the last day and at some time by then."
    )
    yield from INFECTION_NOTE if told else ()
    yield "Weekly dose: mean over the time, relative to the patient's own maintenance dose."
    yield from found.notes
    said = dict.fromkeys((row.plan, note) for row in found.rows for note in row.notes)
    yield from (f"{plan}: {note}." for plan, note in said)
    yield ""
    yield NOT_A_DEVICE


def _cells(row: PlanRow) -> Cells:
    course = row.course.averaged
    last = course.points[-1]
    return (
        row.label,
        _interval(last.latent),
        _interval(last.measured),
        f"{last.p_below[LISTED_BELOW]:.2f}",
        f"{last.p_below_by_then[LISTED_BELOW]:.2f}",
        f"{last.p_above[LISTED_ABOVE]:.2f}",
        f"{last.p_above_by_then[LISTED_ABOVE]:.2f}",
        f"{course.weekly_dose.p50:.2f}",
        f"{course.injections.p50:.0f}",
        *_infection(last),
    )


def _infection(point: PlanPoint) -> Cells:
    found = point.infection
    if found is None:
        return ("", "", "")
    shown = (found.p_culture_negative, found.p_burden_back_by_then, found.p_symptoms_resolved)
    return tuple(f"{p:.2f}" for p in shown)


def _interval(x: Interval) -> str:
    return f"{x.p50:.0f} ({x.p05:.0f}-{x.p95:.0f})"


def _course_rows(course: PlanCourse) -> Iterator[Cells]:
    for name in ("weekly_dose", "treated", "injections"):
        yield from _quantiles("", name, getattr(course, name))
    for point in course.points:
        yield from _point_rows(point)


def _point_rows(point: PlanPoint) -> Iterator[Cells]:
    day = point.day.isoformat()
    yield from _quantiles(day, "latent", point.latent)
    yield from _quantiles(day, "measured", point.measured)
    for quantity, values in (
        ("p_below", point.p_below),
        ("first_passage_p_below", point.p_below_by_then),
        ("p_above", point.p_above),
        ("first_passage_p_above", point.p_above_by_then),
    ):
        for threshold, p in sorted(values.items()):
            yield (day, quantity, str(threshold), value_text(p))
    if point.infection is not None:
        for field in fields(point.infection):
            yield (day, field.name, "", value_text(getattr(point.infection, field.name)))


def _quantiles(day: str, name: str, x: Interval) -> Iterator[Cells]:
    for level in ("p05", "p50", "p95"):
        yield (day, f"{name}_{level}", "", value_text(getattr(x, level)))
