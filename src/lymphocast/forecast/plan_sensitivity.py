"""How what is said of plans moves in each row of the sensitivity table, and what stays.

Every row of the table is another fit; the same plans are followed in its draws, from the same
origin. Each probability of each point of a plan, averaged over the hypotheses, has a verdict by the
rule of :mod:`lymphocast.forecast.sensitivity`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import final

from lymphocast.forecast.plan_results import (
    PlanRow,
    PlanSensitivity,
    PlanSensitivityRow,
    PlanVerdict,
)
from lymphocast.forecast.results import Verdict
from lymphocast.forecast.sensitivity import ChangedFit, answered, enough_draws
from lymphocast.inference.posterior import Fit

THEN, BY_THEN = "on that day", "on one of the days since the origin that are looked at"
ASKED = {
    "p_below": (
        "is the count below {n} on {day}?",
        f"The latent count lies below {{n}} cells/uL {THEN}.",
    ),
    "p_below_by_then": (
        "has the count been below {n} by {day}?",
        f"The latent count lies below {{n}} cells/uL {BY_THEN} (first passage).",
    ),
    "p_above": (
        "is the count at {n} or more on {day}?",
        f"The latent count lies at {{n}} cells/uL or above {THEN}.",
    ),
    "p_above_by_then": (
        "has the count been at {n} or more by {day}?",
        f"The latent count lies at {{n}} cells/uL or above {BY_THEN} (first passage).",
    ),
    "p_culture_negative": (
        "is one culture negative on {day}?",
        f"One culture taken {THEN} is negative (measured).",
    ),
    "p_converted_by_then": (
        "has the burden been below a culture's limit by {day}?",
        f"The latent burden lies below a culture's limit of detection {BY_THEN}.",
    ),
    "p_symptoms_resolved": (
        "are the symptoms resolved on {day}?",
        f"The latent severity lies below the level read as resolved {THEN}.",
    ),
    "p_burden_back_by_then": (
        "has the burden come back by {day}?",
        "The latent burden was below a culture's limit of detection at the origin and lies above "
        f"it {BY_THEN}.",
    ),
    "p_symptoms_back_by_then": (
        "have the symptoms come back by {day}?",
        "The latent severity was below the level read as resolved at the origin and lies above it "
        f"{BY_THEN}.",
    ),
}
COUNTS = ("p_below", "p_below_by_then", "p_above", "p_above_by_then")


def plan_sensitivity(
    rows: Sequence[PlanRow], fits: Iterable[ChangedFit], again: Callable[[Fit], Sequence[PlanRow]]
) -> PlanSensitivity:
    """Return how the probabilities of the rows move, and the verdict on each.

    What one of the analyses says nothing of has no verdict.

    Parameters
    ----------
    rows
        Those of the forecast: the base analysis.
    fits
        The base analysis and every changed one.
    again
        Follows the same plans in another fit.
    """
    stated = {x.name: x for x in _stated(rows)}
    found = []
    for i, x in enumerate(fits):
        told = {y.name: y.p for y in _stated(rows if i == 0 else again(x.fit))}
        found.append(PlanSensitivityRow(x.name, x.label, x.fit.ess_kept, told))
    asked = {
        name: x.asked for name, x in stated.items() if all(name in y.probabilities for y in found)
    }
    verdicts = answered(
        asked, [x.probabilities for x in found], enough=enough_draws(x.ess for x in found)
    )
    return PlanSensitivity(
        tuple(found), tuple(stated[verdict.id].judged(verdict) for verdict in verdicts)
    )


@final
@dataclass(frozen=True)
class _Statement:
    """One probability of one row, the rows numbered from 1."""

    place: int
    row: PlanRow
    day: date
    quantity: str
    threshold: int | None
    p: float

    @property
    def name(self) -> str:
        """What the verdict and the tables call it."""
        of = "" if self.threshold is None else f" {self.threshold}"
        return f"{self.place} {self.quantity}{of} {self.day}"

    @property
    def asked(self) -> tuple[str, str]:
        """The question and the statement whose probability this is."""
        question, definition = (
            x.format(n=self.threshold, day=self.day) for x in ASKED[self.quantity]
        )
        return f"Under '{self.row.label}', {question}", definition

    def judged(self, verdict: Verdict) -> PlanVerdict:
        """Return the verdict on it."""
        return PlanVerdict(
            self.row.plan, self.row.reading, self.day, self.quantity, self.threshold, verdict
        )


def _stated(rows: Sequence[PlanRow]) -> Iterator[_Statement]:
    """Yield every probability of every point, averaged over the hypotheses."""
    for place, row in enumerate(rows, 1):
        for point in row.course.averaged.points:
            for quantity in COUNTS:
                for n, p in getattr(point, quantity).items():
                    yield _Statement(place, row, point.day, quantity, n, p)
            infection = point.infection
            for name in () if infection is None else (x.name for x in fields(infection)):
                p = getattr(infection, name)
                yield _Statement(place, row, point.day, name, None, p)
