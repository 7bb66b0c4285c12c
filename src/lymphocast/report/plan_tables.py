"""A forecast of plans as lines for a terminal, as a tidy table and as JSON."""

import csv
import io
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from typing import Final

from lymphocast.forecast.plan_results import Passage, PlanCourse, PlanForecast, PlanPoint, PlanRow
from lymphocast.forecast.results import AVERAGED, Interval
from lymphocast.report.columns import table_lines
from lymphocast.report.plain import NOT_A_DEVICE
from lymphocast.report.plan_outcomes import (
    ALL_DAYS,
    INFECTION,
    UNJUDGED,
    VERDICT_HEADS,
    count_outcomes,
    infection_outcomes,
    shown_verdicts,
    verdict_cells,
    verdict_records,
)
from lymphocast.report.values import json_text, value_text
from lymphocast.report.verdicts import RULE
from lymphocast.report.wording import count_interval, number, short_probability

COLUMNS: Final = ("plan", "reading", "hypothesis", "day", "quantity", "threshold", "value")
NOT_REACHED: Final = "not reached"
ALREADY: Final = "already"  # on the first day
DOSE_HEADS: Final = ("weekly dose", "doses")
COUNT_NOTE: Final = (
    "Counts in cells/uL on the last day, median (90 % interval); the probabilities are of the "
    "latent count, on the last day and at some time by then."
)
INFECTION_NOTE: Final = (
    "Culture: P(one culture on the last day is negative), measured. Burden back: P(above a "
    "culture's limit at some time by then, having been below it at the origin); symptoms: latent."
)
DOSE_NOTE: Final = (
    "Weekly dose: mean over the time, relative to the patient's own maintenance dose."
)
PASSAGE_TITLE: Final = (
    "Median first passage of the latent count, if half of the draws pass by the last day"
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
    (latent, without a threshold); without a day ``weekly_dose``, ``treated`` and ``injections``,
    ``first_passage_median_below`` and ``..._above`` (days after the origin; ``not reached`` by the
    last day), ``first_passage_p_not_reached_below`` and ``..._above``. Of every probability of a
    day ``..._lowest`` and ``..._highest`` over the sensitivity table, ``..._verdict``, and
    ``..._if_`` and the name of each analysis, where that was asked for.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found.rows:
        for name, course in ((AVERAGED, row.course.averaged), *row.course.by_hypothesis.items()):
            for cells in _course_rows(found, course):
                writer.writerow((row.plan, row.reading, name, *cells))
        for cells in verdict_records(found, row):
            writer.writerow((row.plan, row.reading, AVERAGED, *cells))
    return text.getvalue()


def plan_json(found: PlanForecast) -> str:
    """Return the forecast as JSON text, without the curves of the figure."""
    return json_text({"schema": "lymphocast plan forecast 1", **plan_content(found)})


def plan_content(found: PlanForecast) -> dict[str, object]:
    """Return what is written as JSON: everything but the curves of the figure."""
    return {f.name: getattr(found, f.name) for f in fields(found) if f.name != "curves"}


def _lines(found: PlanForecast) -> Iterator[str]:
    yield f"Plans from {found.origin} to {found.until}, averaged over the hypotheses"
    heads = ("plan", *count_heads(found), *dose_heads(found))
    yield from table_lines(heads, [_cells(row) for row in found.rows])
    yield ""
    yield from (COUNT_NOTE, dose_note(found))
    yield ""
    yield PASSAGE_TITLE
    heads = ("plan", *passage_heads(found))
    yield from table_lines(heads, [(row.label, *passage_cells(found, row)) for row in found.rows])
    yield ""
    yield from _verdicts(found)
    yield ""
    yield from found.notes
    yield from found.remarks
    yield ""
    yield NOT_A_DEVICE


def _verdicts(found: PlanForecast) -> Iterator[str]:
    if found.sensitivity is None:
        yield UNJUDGED
        return
    yield f"Verdicts over {len(found.sensitivity.rows)} analyses ({RULE})"
    yield from table_lines(
        ("plan", f"on {found.until}", *VERDICT_HEADS),
        [
            (row.label if i == 0 else "", outcome.head, *verdict_cells(verdict))
            for row in found.rows
            for i, (outcome, verdict) in enumerate(shown_verdicts(found, row))
        ],
    )
    yield ALL_DAYS


def count_heads(found: PlanForecast) -> Cells:
    """Return the heads of the count on the last day."""
    chances = (outcome.head for outcome in count_outcomes(found.thresholds))
    return ("latent count", "measured count", *chances)


def dose_heads(found: PlanForecast) -> Cells:
    """Return the heads of the doses, and of the infection if anything is said of it."""
    return (*DOSE_HEADS, *(outcome.head for outcome in infection_outcomes(found)))


def dose_note(found: PlanForecast) -> str:
    """Return how the doses, and the infection if anything is said of it, are to be read."""
    return f"{DOSE_NOTE} {INFECTION_NOTE}" if infection_outcomes(found) else DOSE_NOTE


def passage_heads(found: PlanForecast) -> Cells:
    """Return the heads of the median first passages."""
    return (*(f"<{n}" for n in found.thresholds), *(f">={n}" for n in found.thresholds))


def passage_cells(found: PlanForecast, row: PlanRow) -> Cells:
    """Return the median first passages, averaged over the hypotheses, in the order of the heads."""
    course = row.course.averaged
    passages = (*course.first_below.values(), *course.first_above.values())
    return tuple(_median(passage, found.origin) for passage in passages)


def _median(passage: Passage, origin: date) -> str:
    if passage.median is None:
        return NOT_REACHED
    return ALREADY if passage.median == origin else passage.median.isoformat()


def _cells(row: PlanRow) -> Cells:
    course = row.course.averaged
    return (row.label, *count_cells(course), *dose_cells(course))


def count_cells(course: PlanCourse) -> Cells:
    """Return the count on the last day and the probabilities, in the order of the heads."""
    last = course.points[-1]
    chances = (outcome.of(last) for outcome in count_outcomes(last.p_below))
    counts = (count_interval(last.latent), count_interval(last.measured))
    return (*counts, *map(short_probability, chances))


def dose_cells(course: PlanCourse) -> Cells:
    """Return doses, and culture and symptoms on the last day, in the order of the heads."""
    doses = (number(course.weekly_dose.p50, 2), f"{course.injections.p50:.0f}")
    return (*doses, *_infection(course.points[-1]))


def _infection(point: PlanPoint) -> Cells:
    shown = () if point.infection is None else INFECTION
    return tuple(short_probability(outcome.of(point)) for outcome in shown)


def _course_rows(found: PlanForecast, course: PlanCourse) -> Iterator[Cells]:
    for name in ("weekly_dose", "treated", "injections"):
        yield from _quantiles("", name, getattr(course, name))
    for side, passages in (("below", course.first_below), ("above", course.first_above)):
        for threshold, passage in passages.items():
            yield from _passage_rows(found, side, str(threshold), passage)
    for point in course.points:
        yield from _point_rows(point)


def _passage_rows(
    found: PlanForecast, side: str, threshold: str, passage: Passage
) -> Iterator[Cells]:
    days = (passage.median - found.origin).days if passage.median is not None else NOT_REACHED
    yield ("", f"first_passage_median_{side}", threshold, str(days))
    never = value_text(passage.p_not_reached)
    yield ("", f"first_passage_p_not_reached_{side}", threshold, never)
    for day, p in zip(found.passage_days, passage.p, strict=True):
        yield (day.isoformat(), f"first_passage_p_{side}", threshold, value_text(p))


def _point_rows(point: PlanPoint) -> Iterator[Cells]:
    day = point.day.isoformat()
    yield from _quantiles(day, "latent", point.latent)
    yield from _quantiles(day, "measured", point.measured)
    for quantity, values in (("p_below", point.p_below), ("p_above", point.p_above)):
        for threshold, p in sorted(values.items()):
            yield (day, quantity, str(threshold), value_text(p))
    if point.infection is not None:
        for field in fields(point.infection):
            yield (day, field.name, "", value_text(getattr(point.infection, field.name)))


def _quantiles(day: str, name: str, x: Interval) -> Iterator[Cells]:
    for level in ("p05", "p50", "p95"):
        yield (day, f"{name}_{level}", "", value_text(getattr(x, level)))
