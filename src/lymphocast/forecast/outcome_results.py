"""What each course of treatment did beyond the count on a day: areas, times, cultures, symptoms.

All courses of one patient run in the same draws, so a difference is taken draw by draw: ``lost``
is the factual course minus the other, and exactly zero where both are one. Counts and burden are
*latent*; a culture is *measured*, with its chance of being negative by error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.results import ByHypothesis, Curve, Interval, Verdict


@final
@dataclass(frozen=True)
class Compared:
    """A quantity under one course, and what is lost of it against the factual one.

    Parameters
    ----------
    value
        The quantity.
    lost
        Factual minus this course, paired by draw.
    mean_lost, mean_lost_se
        The mean of that difference, and its Monte Carlo standard error.
    """

    value: Interval
    lost: Interval
    mean_lost: float
    mean_lost_se: float


@final
@dataclass(frozen=True)
class Chance:
    """A probability under one course, and the paired difference from the factual one.

    Parameters
    ----------
    p, p_se
        The probability and its Monte Carlo standard error.
    lost, lost_se
        Factual minus this course, and the standard error of the paired difference.
    """

    p: float
    p_se: float
    lost: float
    lost_se: float


@final
@dataclass(frozen=True)
class InfectionPoint:
    """Culture and symptoms on one named day.

    Parameters
    ----------
    occasion
        ``first-culture``, ``antibiotic-stop``, ``il2-stop``, ``last-count``,
        ``last-count+1y``, ``last-count+2y``.
    culture_negative
        One culture taken on that day is negative (measured).
    converted_by_then
        The burden has been below a culture's limit of detection by then (latent).
    symptoms_resolved
        Severity lies below the level read as *resolved* on that day (latent).
    """

    occasion: str
    day: date
    culture_negative: Chance
    converted_by_then: Chance
    symptoms_resolved: Chance


@final
@dataclass(frozen=True)
class Recurrence:
    """What had gone and came back after a drug was stopped; latent, read every 30 days.

    Parameters
    ----------
    origin
        ``antibiotic-stop`` or ``il2-stop``.
    day
        Up to when it is looked for.
    burden_back
        The burden lay below a culture's limit of detection at the origin and above it at some
        time by then.
    symptoms_back
        The same of severity and the level read as *resolved*.
    """

    origin: str
    occasion: str
    day: date
    burden_back: Chance
    symptoms_back: Chance


@final
@dataclass(frozen=True)
class CourseOutcome:
    """One course of treatment, real or not.

    Parameters
    ----------
    scenario
        ``factual``, ``without-il2``, ``without-clarithromycin`` or ``without-both``.
    counts
        The count on named days: ``second``, ``il2-stop``, ``last-count``; cells/uL.
    area
        Area under the count over the window, cell-days/uL.
    mean_count
        That area divided by the length of the window, cells/uL.
    days_above
        Days of the window with a count at or above a threshold.
    infection, recurrence
        In order of time; empty where the record has no culture or symptom.
    """

    scenario: str
    counts: Mapping[str, Compared]
    area: Compared
    mean_count: Compared
    days_above: Mapping[int, Compared]
    infection: tuple[InfectionPoint, ...]
    recurrence: tuple[Recurrence, ...]


@final
@dataclass(frozen=True)
class ChanceCurve:
    """The probability of a negative culture over time, for one course and one hypothesis."""

    scenario: str
    hypothesis: str
    days: tuple[date, ...]
    p: NDArray[np.float64]


@final
@dataclass(frozen=True)
class Panel:
    """One explanation of the figure of courses: its counts and its cultures.

    ``hypothesis`` is the name of a joint hypothesis, or ``averaged``. Where the record has no
    culture or symptom there are no cultures, and hypotheses that differ in H3 alone are one.
    """

    hypothesis: str
    label: str
    weight: float
    counts: tuple[Curve, ...]
    cultures: tuple[ChanceCurve, ...]


@final
@dataclass(frozen=True)
class Unasked:
    """A question that the record cannot answer, and why: it has no probability."""

    id: str
    question: str
    definition: str
    why: str


@final
@dataclass(frozen=True)
class Outcomes:
    """All courses side by side.

    Parameters
    ----------
    start, stop
        The window of areas and times: nominal days of the first dose and of the last count.
    draws
        Draws of each hypothesis behind these numbers.
    courses
        The courses that the record lets be told apart, averaged and under each hypothesis.
    statements
        What is concluded of the courses, each with its verdict over the sensitivity table.
    panels
        What the figure of courses draws.
    unasked
        The statements that the record cannot answer.
    """

    start: date
    stop: date
    draws: int
    courses: ByHypothesis[tuple[CourseOutcome, ...]]
    statements: tuple[Verdict, ...]
    panels: tuple[Panel, ...]
    unasked: tuple[Unasked, ...] = ()
