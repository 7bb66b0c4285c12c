"""Results: what one run found, computed once; summary, report, figure and tables are its writers.

Every probability and quantile here is final: writers format, they do not compute. Counts are in
cells/uL (UCUM ``/uL``) and are *latent* (before measurement error) unless a name says *measured*.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.not_read import NotRead
from lymphocast.dataset.standing import Standing
from lymphocast.forecast.valued import NextCount
from lymphocast.inference.history import Step

if TYPE_CHECKING:  # it is made of the types below
    from lymphocast.forecast.outcome_results import Outcomes, Unasked

AVERAGED = "averaged"
T = TypeVar("T")


@final
@dataclass(frozen=True)
class Interval:
    """Median and central 90 % interval of a quantity."""

    p05: float
    p50: float
    p95: float


def reaches(interval: Interval, value: float, *, below: bool) -> bool:
    """Whether a count lies inside an interval, or can, where only known to lie below a value."""
    return interval.p05 <= value and (below or value <= interval.p95)


@final
@dataclass(frozen=True)
class ObservedCount:
    """A recorded count, the interval it was taken in, and its posterior predictive.

    ``below`` says that ``value`` is a limit below which the count was reported; the predictive is
    of the number behind it.
    """

    id: str
    value: float
    unit: str
    earliest: date
    latest: date
    predictive: Interval
    below: bool = False

    @property
    def inside(self) -> bool:
        """Whether the count lies, or can lie, inside the predictive interval."""
        return reaches(self.predictive, self.value, below=self.below)


@final
@dataclass(frozen=True)
class HypothesisRow:
    """One joint hypothesis: IL-2 effect or not x natural course x faster clearance or not.

    ``name`` is the key used everywhere (``il2+stable+clearance``), ``label`` is for people.
    ``course`` is one of ``stable``, ``recovery``, ``infection``.
    """

    name: str
    label: str
    il2: bool
    course: str
    clearance: bool
    prior: float
    log_evidence: float
    log_evidence_se: float
    weight: float
    ess: float


@final
@dataclass(frozen=True)
class ScenarioOutcome:
    """What one course of treatment, real or not, does in the model (same draws for all).

    Parameters
    ----------
    scenario
        ``factual``, ``without-il2``, ``without-clarithromycin`` or ``without-both``.
    count_at_second, count_at_stop, count_at_last
        Latent count at the second count's date, when IL-2 stopped, at the last count's date.
    lost_at_second
        Factual minus this scenario at the second count's date, paired by draw.
    p_culture_negative
        Probability that one culture on the recorded culture's date is negative; ``None`` if there
        is none.
    p_symptoms_resolved
        Probability that severity lies below the level read as *resolved* on the date of resolved
        symptoms, or else of the culture; ``None`` if there is neither.
    """

    scenario: str
    count_at_second: Interval
    count_at_stop: Interval
    count_at_last: Interval
    lost_at_second: Interval
    p_culture_negative: float | None
    p_symptoms_resolved: float | None


@final
@dataclass(frozen=True)
class Attribution:
    """What IL-2 and clarithromycin did, under one hypothesis or averaged.

    ``rise`` is the latent rise from the first to the second count; ``p_il2_more_than_half`` the
    probability that IL-2 made more than half of it.
    """

    rise: Interval
    il2_gain_at_second: Interval
    p_il2_more_than_half: float
    scenarios: tuple[ScenarioOutcome, ...]


@final
@dataclass(frozen=True)
class ForecastPoint:
    """The untreated latent count at one horizon after ``origin``.

    ``origin`` is ``last-count`` or ``il2-stop``; ``p_below`` maps a threshold (cells/uL) to the
    point-in-time probability, ``p_below_by_then`` to the first-passage probability since origin.
    """

    origin: str
    years: float
    count: Interval
    p_below: Mapping[int, float]
    p_below_by_then: Mapping[int, float]


@final
@dataclass(frozen=True)
class Prediction:
    """A count expected on a day on which the source has counts that this record lacks."""

    day: date
    latent: Interval
    measured: Interval


@final
@dataclass(frozen=True)
class LeaveLastOut:
    """The last count predicted from all other facts.

    ``log_score`` is the log predictive density of the observed count per unit of ln(count);
    ``random_walk_log_score`` is the same for a random walk from the count before it, ``None`` where
    that count is known only to lie below a limit. ``tail`` is the predictive probability of a
    measured count at or below the observed one. ``ess`` is the effective number of draws of the fit
    without the count: of the average, the smallest among hypotheses that matter. With ``below``,
    ``observed`` is a limit that the count lies below, and the log scores are log probabilities of
    that.
    """

    predicted: Interval
    observed: float
    log_score: float
    random_walk_log_score: float | None
    tail: float
    ess: float
    below: bool = False


@final
@dataclass(frozen=True)
class ByHypothesis(Generic[T]):
    """A result averaged over hypotheses and under each of them, by hypothesis name."""

    averaged: T
    by_hypothesis: Mapping[str, T]


@final
@dataclass(frozen=True)
class Contraction:
    """How much the data narrowed one parameter: 1 - Var(posterior)/Var(prior).

    ``scale`` names the scale of the variances (``ln`` or ``natural``); ``prior`` is conditioned
    on the entry rule. ``applies_to`` names the hypotheses under which the parameter exists.
    ``banner`` is empty unless the contraction is below the stated limit.
    """

    parameter: str
    meaning: str
    unit: str
    scale: str
    prior: Interval
    posterior: Interval
    contraction: float
    applies_to: tuple[str, ...]
    banner: str


@final
@dataclass(frozen=True)
class SensitivityRow:
    """The probability of each verdict's statement when one assumption is changed.

    ``statements`` holds those on the courses without a drug (:class:`Outcomes`), by name. ``ess``
    is the smallest effective number of draws among hypotheses that matter: the standard error of a
    probability is below 0.5 over its root.
    """

    name: str
    label: str
    probabilities: Mapping[str, float]
    p_il2: float
    statements: Mapping[str, float]
    ess: float


@final
class Answer(StrEnum):
    """The answer to a question, by the stated rule."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


@final
@dataclass(frozen=True)
class Verdict:
    """A named question, its probability in the base analysis, its range over the table."""

    id: str
    question: str
    definition: str
    probability: float
    lowest: float
    highest: float
    answer: Answer


@final
@dataclass(frozen=True)
class Curve:
    """Quantiles of the latent count over time, for one scenario and one set of hypotheses.

    ``hypotheses`` is ``averaged`` or the label of an explanation of the counts
    (``il2+stable``: IL-2 effect x course, summed over the clearance hypotheses).
    ``forecast`` marks the part after the last count.
    """

    scenario: str
    hypotheses: str
    label: str
    weight: float
    forecast: bool
    days: tuple[date, ...]
    p05: NDArray[np.float64]
    p25: NDArray[np.float64]
    p50: NDArray[np.float64]
    p75: NDArray[np.float64]
    p95: NDArray[np.float64]


@final
@dataclass(frozen=True)
class PriorLine:
    """One row of the prior table as the report prints it."""

    parameter: str
    meaning: str
    unit: str
    distribution: str
    grade: str
    doi: str
    rationale: str


@final
@dataclass(frozen=True)
class FitSummary:
    """How the posterior was computed."""

    method: str
    draws: int
    ess_min: float
    seed: int
    diagnostics_passed: bool
    preset: str


@final
@dataclass(frozen=True)
class Remaining:
    """The share of the gain at the stop that is left at a later count, if IL-2 adds cells."""

    id: str
    share: Interval


@final
@dataclass(frozen=True)
class TimingArguments:
    """Arguments from time alone.

    Parameters
    ----------
    early_days
        Days of the starting dose that are looked at.
    early_prior, early_posterior
        Cells that IL-2 adds in these days if it adds any, before and after the data.
    early_share
        The same as a share of the plateau at the maintenance dose, after the data.
    before
        Latent rise from the entry count to the first dose of IL-2.
    p_before_more_than_half
        Probability that this is more than half of the whole rise.
    remaining
        What is left of the gain at each count after IL-2 was stopped.
    entered_before
        Whether the entry count was taken before the first dose; if not, ``before`` is 0.
    """

    early_days: float
    early_prior: Interval
    early_posterior: Interval
    early_share: Interval
    before: ByHypothesis[Interval]
    p_before_more_than_half: float
    remaining: tuple[Remaining, ...]
    entered_before: bool = True


@final
@dataclass(frozen=True)
class Results:
    """Everything one run says about one patient.

    ``rise_between`` names the entry count and the first count under treatment. ``standing`` are
    the days that the analysis chose where neither a source nor ``modelling`` states one,
    ``unasked`` the questions to which no fact speaks.
    """

    record_id: str
    observed: tuple[ObservedCount, ...]
    rise_between: tuple[str, str]
    hypotheses: tuple[HypothesisRow, ...]
    attribution: ByHypothesis[Attribution]
    outcomes: "Outcomes"
    forecast: ByHypothesis[tuple[ForecastPoint, ...]]
    registered: ByHypothesis[tuple[Prediction, ...]]
    leave_last_out: ByHypothesis[LeaveLastOut]
    contraction: tuple[Contraction, ...]
    sensitivity: tuple[SensitivityRow, ...]
    verdicts: tuple[Verdict, ...]
    curves: tuple[Curve, ...]
    priors: tuple[PriorLine, ...]
    timing: TimingArguments
    next_count: NextCount
    history: tuple[Step, ...]
    fit: FitSummary
    priors_sha256: str
    record_sha256: str
    versions: Mapping[str, str]
    unasked: "tuple[Unasked, ...]" = ()
    standing: tuple[Standing, ...] = ()
    not_read: tuple[NotRead, ...] = ()
