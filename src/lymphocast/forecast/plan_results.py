"""What a forecast of plans found: counts, passages and doses of each plan, side by side.

Counts are in cells/uL; ``latent`` is before measurement error, ``measured`` with it. Doses are
relative to the patient's own maintenance dose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import final

from lymphocast.forecast.results import ByHypothesis, Curve, Interval, Verdict
from lymphocast.units import Quantity


@final
@dataclass(frozen=True)
class InfectionAhead:
    """Culture and symptoms under a plan on one day.

    Parameters
    ----------
    p_culture_negative
        One culture taken on that day is negative (measured).
    p_converted_by_then
        The burden has been below a culture's limit of detection since the origin (latent).
    p_symptoms_resolved
        Severity lies below the level read as *resolved* on that day (latent).
    p_burden_back_by_then, p_symptoms_back_by_then
        What was below that limit, or that level, at the origin has been above it since (latent).
    """

    p_culture_negative: float
    p_converted_by_then: float
    p_symptoms_resolved: float
    p_burden_back_by_then: float
    p_symptoms_back_by_then: float


@final
@dataclass(frozen=True)
class PlanPoint:
    """The count under a plan on one day.

    ``p_below`` and ``p_above`` map a threshold to the probability that the latent count lies
    below it, or at or above it, on that day; ``p_below_by_then`` and ``p_above_by_then`` that it
    has been there on one of the days since the origin that are looked at (first passage).
    ``infection`` is ``None`` where the record has no culture or symptom, and for an origin before
    the infection is treated.
    """

    day: date
    latent: Interval
    measured: Interval
    p_below: Mapping[int, float]
    p_below_by_then: Mapping[int, float]
    p_above: Mapping[int, float]
    p_above_by_then: Mapping[int, float]
    infection: InfectionAhead | None


@final
@dataclass(frozen=True)
class Passage:
    """The first passage of the latent count below a threshold, or to it or above.

    Parameters
    ----------
    p
        Probability that it has happened by each of the forecast's ``passage_days``.
    median
        The first of these days by which it has happened in half of the draws; ``None`` if there is
        none up to the last day.
    p_not_reached
        Probability that it has not happened by the last day.
    """

    p: tuple[float, ...]
    median: date | None
    p_not_reached: float


@final
@dataclass(frozen=True)
class PlanCourse:
    """One plan under one hypothesis or averaged.

    Parameters
    ----------
    points
        In order of time.
    first_below, first_above
        First passages by their threshold.
    weekly_dose
        Mean weekly dose from the origin to the last day.
    treated
        Share of that time with doses.
    injections
        Number of doses.
    """

    points: tuple[PlanPoint, ...]
    first_below: Mapping[int, Passage]
    first_above: Mapping[int, Passage]
    weekly_dose: Interval
    treated: Interval
    injections: Interval


@final
@dataclass(frozen=True)
class DoseStep:
    """The weekly dose from a day on, relative to the maintenance dose."""

    day: date
    weekly_dose: float


@final
@dataclass(frozen=True)
class DoseTrack:
    """The doses of a plan over time, each step as long as none follows.

    Parameters
    ----------
    planned
        What the plan says; of cycles the mean over whole cycles.
    given
        What is given, a mean over the draws and from one look at the count to the next; empty if
        every draw is given what is planned.
    """

    planned: tuple[DoseStep, ...]
    given: tuple[DoseStep, ...]


@final
@dataclass(frozen=True)
class PlanRow:
    """One plan, or one reading of its missed doses.

    ``reading`` is empty, or names an end between which missed doses can matter: ``none missed``,
    ``all missed`` (of a share at random), ``last missed`` (of a share on unknown days), ``last
    missed, assumed share`` or ``stated number`` (where the record says that doses were missed and
    the plan says nothing of it). ``doses`` are averaged over the hypotheses; ``notes`` say what the
    model cannot see of the plan.
    """

    plan: str
    reading: str
    course: ByHypothesis[PlanCourse]
    doses: DoseTrack
    notes: tuple[str, ...]

    @property
    def label(self) -> str:
        """How tables call the row."""
        return f"{self.plan} ({self.reading})" if self.reading else self.plan


@final
@dataclass(frozen=True)
class PlanVerdict:
    """What is concluded of one probability of a row, averaged over the hypotheses.

    Parameters
    ----------
    plan, reading
        Those of the row.
    day
        That of the point which tells the probability.
    quantity
        Its name in the point, or in the point's infection.
    threshold
        In cells/uL; ``None`` of the infection.
    verdict
        The range over the sensitivity table, and the answer.
    """

    plan: str
    reading: str
    day: date
    quantity: str
    threshold: int | None
    verdict: Verdict


@final
@dataclass(frozen=True)
class PlanSensitivityRow:
    """The plans when one assumption is changed.

    Parameters
    ----------
    name, label
        As in the sensitivity table of the explanation.
    ess
        Effective draws of the fit; with too few in any row nothing is decided.
    probabilities
        Of each verdict's statement, by its name.
    """

    name: str
    label: str
    ess: float
    probabilities: Mapping[str, float]


@final
@dataclass(frozen=True)
class PlanSensitivity:
    """How the probabilities of plans move over the sensitivity table, and the verdicts on them.

    Parameters
    ----------
    rows
        The base analysis and every changed one.
    verdicts
        On every probability of every point, in the order of the forecast's rows.
    """

    rows: tuple[PlanSensitivityRow, ...]
    verdicts: tuple[PlanVerdict, ...]


@final
@dataclass(frozen=True)
class PlanForecast:
    """Several plans side by side.

    Parameters
    ----------
    record_id
        Of the patient's record.
    origin, until
        The plans replace what the record says was given from the origin to the last day.
    seed, draws
        What the numbers can be repeated from.
    thresholds
        In cells/uL, rising.
    passage_days
        The days by which first passages are told.
    maintenance
        Mean weekly amount of the maintenance dose; ``None`` while the product or the unit system
        is not stated, so that an amount would say nothing.
    rows
        The plans in their order.
    curves
        Of each row, averaged over the hypotheses, for the figure.
    notes
        What holds for all rows.
    sensitivity
        How the probabilities move over the sensitivity table; ``None`` if that was not asked for.
    """

    record_id: str
    origin: date
    until: date
    seed: int
    draws: int
    thresholds: tuple[int, ...]
    passage_days: tuple[date, ...]
    maintenance: Quantity | None
    rows: tuple[PlanRow, ...]
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]
    sensitivity: PlanSensitivity | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What must be said of single plans, each once."""
        said = dict.fromkeys((row.plan, note) for row in self.rows for note in row.notes)
        return tuple(f"{plan}: {note}." for plan, note in said)
