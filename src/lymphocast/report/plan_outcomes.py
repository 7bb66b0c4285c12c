"""The probabilities of the last day that tables of plans show, and the verdict on each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from lymphocast.forecast.plan_results import (
    PlanForecast,
    PlanPoint,
    PlanRow,
    PlanSensitivity,
    PlanVerdict,
)
from lymphocast.report.values import value_text
from lymphocast.report.verdicts import NO_VERDICTS, ends
from lymphocast.report.wording import short_probability

UNJUDGED: Final = NO_VERDICTS.format(what="these probabilities move")
VERDICT_HEADS: Final = ("P", "lowest", "highest", "verdict")
ALL_DAYS: Final = "-o writes those of every half year and threshold, and every analysis."
Cells = tuple[str, ...]


class Outcome(NamedTuple):
    """A probability of the last day: its head, its name in the point, its threshold if any."""

    head: str
    quantity: str
    threshold: int | None = None

    def of(self, point: PlanPoint) -> float:
        """Return the probability on a day."""
        if self.threshold is None:
            return float(getattr(point.infection, self.quantity))
        return float(getattr(point, self.quantity)[self.threshold])


INFECTION: Final = (
    Outcome("culture negative", "p_culture_negative"),
    Outcome("burden back by then", "p_burden_back_by_then"),
    Outcome("symptoms resolved", "p_symptoms_resolved"),
)


def listed(thresholds: Iterable[int]) -> tuple[int, int]:
    """Return the thresholds of the table: the middle one below, the highest above."""
    rising = sorted(thresholds)
    return rising[(len(rising) - 1) // 2], rising[-1]


def count_outcomes(thresholds: Iterable[int]) -> tuple[Outcome, ...]:
    """Return the outcomes of the count, in the order of the table."""
    low, high = listed(thresholds)
    return (
        Outcome(f"<{low} then", "p_below", low),
        Outcome(f"<{low} by then", "p_below_by_then", low),
        Outcome(f">={high} then", "p_above", high),
        Outcome(f">={high} by then", "p_above_by_then", high),
    )


def infection_outcomes(found: PlanForecast) -> tuple[Outcome, ...]:
    """Return the outcomes of the infection; none where nothing is said of it."""
    return INFECTION if found.rows[0].course.averaged.points[-1].infection is not None else ()


def shown_verdicts(found: PlanForecast, row: PlanRow) -> Iterator[tuple[Outcome, PlanVerdict]]:
    """Yield the verdicts on a row's last day, in the order of the table."""
    if found.sensitivity is None:
        return
    day = row.course.averaged.points[-1].day
    last = {
        (v.quantity, v.threshold): v
        for v in found.sensitivity.verdicts
        if (v.plan, v.reading, v.day) == (row.plan, row.reading, day)
    }
    for outcome in (*count_outcomes(found.thresholds), *infection_outcomes(found)):
        if (verdict := last.get((outcome.quantity, outcome.threshold))) is not None:
            yield outcome, verdict


def verdict_cells(found: PlanVerdict) -> Cells:
    """Return the probability, its range and the answer, in the order of the heads."""
    v = found.verdict
    return (*map(short_probability, (v.probability, v.lowest, v.highest)), v.answer.value)


def end_labels(found: PlanSensitivity, verdict: PlanVerdict) -> tuple[str, str]:
    """Return what is changed where the probability is lowest, and where it is highest."""
    low, high = ends(verdict.verdict, found.rows)
    return low.label, high.label


def verdict_records(found: PlanForecast, row: PlanRow) -> Iterator[Cells]:
    """Yield day, quantity, threshold and value of a row's verdicts and of every analysis."""
    if found.sensitivity is None:
        return
    for v in found.sensitivity.verdicts:
        if (v.plan, v.reading) == (row.plan, row.reading):
            yield from _records(v, found.sensitivity)


def _records(found: PlanVerdict, table: PlanSensitivity) -> Iterator[Cells]:
    day, verdict = found.day.isoformat(), found.verdict
    threshold = "" if found.threshold is None else str(found.threshold)
    values: Sequence[tuple[str, str]] = (
        ("lowest", value_text(verdict.lowest)),
        ("highest", value_text(verdict.highest)),
        ("verdict", verdict.answer.value),
        *((f"if_{x.name}", value_text(x.probabilities[verdict.id])) for x in table.rows),
    )
    for what, value in values:
        yield (day, f"{found.quantity}_{what}", threshold, value)
