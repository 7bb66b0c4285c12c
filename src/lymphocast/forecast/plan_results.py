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
class PlanPoint:
    """The count under a plan on one day.

    ``p_below`` and ``p_above`` map a threshold to the probability that the latent count lies
    below it, or at or above it, on that day; ``p_below_by_then`` and ``p_above_by_then`` that it
    has been there on one of the days since the origin that are looked at (first passage).
    """

    day: date
    latent: Interval
    measured: Interval
    p_below: Mapping[int, float]
    p_below_by_then: Mapping[int, float]
    p_above: Mapping[int, float]
    p_above_by_then: Mapping[int, float]


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

    ``reading`` is empty, ``none missed`` or ``all missed``: the two ends between which missed
    doses can matter. ``notes`` say what the model cannot see of the plan.
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
