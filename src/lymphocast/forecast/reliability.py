"""Whether forecasts come true as often as they say, over simulated patients.

Patients are drawn from the prior under the entry rule; each is fitted to the counts of a beginning
and forecast to a later day. Right forecasts hold what happens in their 90 % intervals nine times in
ten. Of probabilities, such as that the count falls below 200 at a visit until then, the calibration
line says it (Cox 1958, doi:10.1093/biomet/45.3-4.562):

    logit P(happens) = intercept + slope logit(forecast)         0 and 1 if forecasts are right

fitted by maximum likelihood, with 95 % intervals from the information matrix.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from math import inf, nan
from typing import NamedTuple, final

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import binom, norm

from lymphocast.dataset.individual import CountObservation, DosePlan, Entry, Individual, Moment
from lymphocast.engine.blocks import in_blocks
from lymphocast.engine.course import latent_count
from lymphocast.inference.calibration import Bank, draw_patients, observe, sample_patient
from lymphocast.inference.density import CourseDensity
from lymphocast.inference.evidence import HypothesisPosterior, effective_size, systematic
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.importance import ImportanceSettings
from lymphocast.inference.kernels import Kernels, kernels_of
from lymphocast.models.component import Scalar
from lymphocast.models.prior_table import PriorTable, Weights
from lymphocast.units import DAYS_PER_MONTH

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Values = Mapping[str, Floats]
Forecast = Callable[[Floats, int], tuple[Floats, Floats, float]]
"""From ln counts and a seed: courses ``[visit, draw]``, SDs ``[draw]``, and the effective size."""
Progress = Callable[[str, float], None]

FITTED, FORECAST = 6, 18  # months: where the fit ends, and what is forecast
PASSAGES: Mapping[str, tuple[float, bool]] = {
    "below 200 at a visit": (200.0, False),
    "300 or more at a visit": (300.0, True),
}
"""Thresholds (cells/uL), and whether a count passes them upwards."""
NEWTON = 50
NOTHING_TOLD: Floats = np.zeros(0)  # of cultures and symptoms


@final
@dataclass(frozen=True)
class ReliabilitySettings:
    """How many patients, and how each is forecast.

    Parameters
    ----------
    replicates
        Simulated patients.
    draws
        Posterior draws that a forecast stands on.
    level
        Of the intervals.
    bank
        Prior draws of each explanation, weighed again for each patient.
    sampling
        Instead of the bank, importance sampling of each patient: for many counts.
    """

    replicates: int = 5_000
    draws: int = 4_000
    level: float = 0.9
    bank: int = 50_000
    sampling: ImportanceSettings | None = None


@final
class Line(NamedTuple):
    """A calibration line with 95 % intervals, and how often the event was forecast and happened."""

    slope: float
    slope_interval: tuple[float, float]
    intercept: float
    intercept_interval: tuple[float, float]
    forecast: float
    happened: float


@final
@dataclass(frozen=True)
class Reliability:
    """What became of the forecasts.

    Parameters
    ----------
    covered
        Whether the count that was measured lay in its interval, ``[replicate]``.
    level
        Of the intervals.
    chances, happened
        By event: its forecast probability, and whether it happened, ``[replicate]``.
    ess
        Effective number of draws behind each forecast, ``[replicate]``.
    seeds
        Of every random number, one for each run.
    """

    covered: Flags
    level: float
    chances: Mapping[str, Floats]
    happened: Mapping[str, Flags]
    ess: Floats
    seeds: tuple[int, ...]

    @property
    def coverage(self) -> float:
        """Share of covered counts."""
        return float(self.covered.mean())

    @property
    def band(self) -> tuple[float, float]:
        """Where the share of covered counts lies in 95 of 100 such runs if the level is right."""
        number = len(self.covered)
        least, most = binom.interval(0.95, number, self.level)
        return float(least / number), float(most / number)

    @cached_property
    def lines(self) -> Mapping[str, Line]:
        """Calibration lines by event."""
        return {
            name: calibration_line(chance, self.happened[name], self.ess)
            for name, chance in self.chances.items()
        }


def pooled(runs: Sequence[Reliability]) -> Reliability:
    """Return runs with seeds of their own as one; they must be of one level."""
    (level,) = {run.level for run in runs}
    return Reliability(
        np.concatenate([run.covered for run in runs]),
        level,
        {name: np.concatenate([run.chances[name] for run in runs]) for name in PASSAGES},
        {name: np.concatenate([run.happened[name] for run in runs]) for name in PASSAGES},
        np.concatenate([run.ess for run in runs]),
        tuple(seed for run in runs for seed in run.seeds),
    )


def early_counts(individual: Individual, number: int, below: float) -> Individual:
    """Return an individual's doses with so many counts from day -60 to month 6, and nothing else.

    The days are known and evenly spaced; the first count meets the entry rule ``below``.
    """
    days = np.linspace(-60.0, FITTED * DAYS_PER_MONTH, number)
    counts = tuple(
        CountObservation(f"count-{i}", Moment.fixed(float(d)), below) for i, d in enumerate(days)
    )
    entry = Entry(counts[0].at, below)
    unread = replace(individual, cultures=(), symptoms=(), susceptibilities=())
    return replace(unread, counts=counts, entry=entry)


def forecast_reliability(
    individual: Individual,
    table: PriorTable,
    weights: Weights,
    seed: int,
    settings: ReliabilitySettings,
    progress: Progress | None = None,
) -> Reliability:
    """Simulate patients like ``individual``, forecast each, and see what comes true.

    Parameters
    ----------
    individual
        Doses and days of counts (:func:`early_counts`); values are not used.
    table, weights
        Priors, and prior probabilities of the hypotheses.
    seed
        Of every random number.
    settings
        How many, and how.
    progress
        Called with a stage's name and the share that is done.
    """
    kernels, number = kernels_of(individual, table), settings.replicates
    rng = np.random.default_rng([seed, 24])
    prior = np.array([h.prior(weights) for h in HYPOTHESES])
    truths = draw_patients(kernels, rng.multinomial(number, prior).tolist(), rng)
    counts, _ = observe(kernels.density, truths, rng)
    future = visits(individual, truths.theta)
    measured = np.log(future[-1]) + truths.theta["count_sd"] * rng.standard_normal(number)
    fit: Forecast = partial(_from_samples, kernels, weights, settings)
    if settings.sampling is None:
        # Counts alone say nothing of H3: its twins are one explanation with the weight of both.
        numbers = [0 if h.clearance else settings.bank for h in HYPOTHESES]
        both, own = prior + np.roll(prior, -1), np.random.default_rng([seed, 26])
        bank = Bank.of(kernels, numbers, both, own)
        course = visits(individual, bank.draws.theta)
        fit = partial(_from_bank, bank, course, settings.draws)
    covered, ess = np.zeros(number, dtype=bool), np.zeros(number)
    chances = {name: np.zeros(number) for name in PASSAGES}
    tails = 0.5 * (1.0 + np.array([-1.0, 1.0]) * settings.level)
    for i in range(number):
        course, sd, behind = fit(counts[:, i], seed + i)
        ess[i] = min(behind, course.shape[1])
        white = np.random.default_rng([seed, 25, i])
        expected = np.log(course[-1]) + sd * white.standard_normal(course.shape[1])
        low, high = np.quantile(expected, tails)
        covered[i] = low <= measured[i] <= high
        for name in PASSAGES:
            chances[name][i] = passes(name, course).mean()
        if progress is not None:
            progress("forecasting patients", (i + 1) / number)
    happened = {name: passes(name, future) for name in PASSAGES}
    return Reliability(covered, settings.level, chances, happened, ess, (seed,))


def visits(individual: Individual, theta: Values) -> Floats:
    """Return the latent count at each monthly visit after the fit, ``[visit, lane]``."""
    days = DAYS_PER_MONTH * np.arange(FITTED + 1, FORECAST + 1)
    course = _course_of(individual.plan)
    found: Floats = in_blocks(lambda own: course(own, days), dict(theta))
    return found


@lru_cache(maxsize=4)
def _course_of(plan: DosePlan) -> Callable[..., Scalar]:
    def course(theta: Values, days: Floats) -> Scalar:
        lanes = theta["count_sd"].shape[0]
        return latent_count(plan, theta, days[:, None] + np.zeros(lanes))

    return jax.jit(course)


def passes(name: str, course: Floats) -> Flags:
    """Return whether a course ``[visit, lane]`` passes the threshold of an event, ``[lane]``."""
    threshold, upwards = PASSAGES[name]
    beyond = course >= threshold if upwards else course < threshold
    return np.asarray(beyond.any(axis=0))


def calibration_line(chance: Floats, happened: Flags, draws: Floats) -> Line:
    """Return the calibration line of probabilities.

    Parameters
    ----------
    chance, happened
        Each forecast probability, and whether the event happened.
    draws
        How many independent draws each probability stands on: 0 and 1 are taken for half a draw.

    Returns
    -------
    Line
        NaN with endless intervals where a threshold of the forecasts parts what happened from
        what did not, so that no slope is too steep.
    """
    steepest = max(chance[~happened], default=0.0) <= min(chance[happened], default=1.0)
    if steepest:
        endless = (-inf, inf)
        return Line(nan, endless, nan, endless, float(chance.mean()), float(happened.mean()))
    x = logit(np.clip(chance, 0.5 / draws, 1.0 - 0.5 / draws))
    design = np.stack([np.ones(len(x)), x], axis=1)
    b = np.array([0.0, 1.0])
    information = np.eye(2)
    for _ in range(NEWTON):
        fitted = expit(design @ b)
        information = design.T @ (design * (fitted * (1.0 - fitted))[:, None])
        step = np.linalg.solve(information, design.T @ (happened - fitted))
        b = b + step
        if np.abs(step).max() < 1e-10:
            break
    se = np.sqrt(np.diag(np.linalg.inv(information))) * norm.ppf(0.975)
    (low, steep_low), (high, steep_high) = b - se, b + se
    return Line(
        float(b[1]),
        (float(steep_low), float(steep_high)),
        float(b[0]),
        (float(low), float(high)),
        float(chance.mean()),
        float(happened.mean()),
    )


def _from_bank(
    bank: Bank, course: Floats, number: int, log_counts: Floats, seed: int
) -> tuple[Floats, Floats, float]:
    """Return the courses and SDs of posterior draws, and the effective size behind them."""
    log_weights = bank.log_weights(log_counts, NOTHING_TOLD)
    chosen = systematic(log_weights, number, np.random.default_rng([seed, 27]))
    return course[:, chosen], bank.draws.theta["count_sd"][chosen], effective_size(log_weights)


def _from_samples(
    kernels: Kernels, weights: Weights, settings: ReliabilitySettings, log_counts: Floats, seed: int
) -> tuple[Floats, Floats, float]:
    """Return the same by importance sampling of one patient."""
    assert settings.sampling is not None  # noqa: S101  (chosen by the caller)
    parts, shares, ess = sample_patient(
        kernels, weights, settings.sampling, log_counts, NOTHING_TOLD, seed
    )
    rng = np.random.default_rng([seed, 27])
    numbers = rng.multinomial(settings.draws, shares)
    thetas = [
        _chosen(kernels.density, part, int(number), rng)
        for part, number in zip(parts, numbers, strict=True)
        if number
    ]
    theta = {n: np.concatenate([own[n] for own in thetas]) for n in thetas[0]}
    return visits(kernels.density.individual, theta), theta["count_sd"], ess


def _chosen(
    density: CourseDensity, part: HypothesisPosterior, number: int, rng: np.random.Generator
) -> Values:
    """Return all that the model reads of some draws of a hypothesis, ``[draw]``."""
    place = rng.integers(0, len(part.draws["count_sd"]), number)
    drawn = {n: v[place] for n, v in part.draws.items()}
    theta = density.theta({**drawn, **part.hypothesis.switches})
    return {n: np.broadcast_to(np.asarray(v), number) for n, v in theta.items()}
