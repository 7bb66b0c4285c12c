"""What a forecast of plans found: counts, passages and doses of each plan, side by side.

Counts are in cells/uL; ``latent`` is before measurement error, ``measured`` with it. Doses are
relative to the patient's own maintenance dose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import final

from lymphocast.forecast.results import ByHypothesis, Curve, Interval


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
class PlanCourse:
    """One plan under one hypothesis or averaged.

    Parameters
    ----------
    points
        In order of time.
    weekly_dose
        Mean weekly dose from the origin to the last day.
    treated
        Share of that time with doses.
    injections
        Number of doses.
    """

    points: tuple[PlanPoint, ...]
    weekly_dose: Interval
    treated: Interval
    injections: Interval


@final
@dataclass(frozen=True)
class PlanRow:
    """One plan, or one reading of its missed doses.

    ``reading`` is empty, or names an end between which missed doses can matter: ``none missed``,
    ``all missed`` (of a share at random), ``last missed`` (of a share on unknown days). ``notes``
    say what the model cannot see of the plan.
    """

    plan: str
    reading: str
    course: ByHypothesis[PlanCourse]
    notes: tuple[str, ...]

    @property
    def label(self) -> str:
        """How tables call the row."""
        return f"{self.plan} ({self.reading})" if self.reading else self.plan


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
    rows
        The plans in their order.
    curves
        Of each row, averaged over the hypotheses, for the figure.
    notes
        What holds for all rows.
    """

    record_id: str
    origin: date
    until: date
    seed: int
    draws: int
    rows: tuple[PlanRow, ...]
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]
