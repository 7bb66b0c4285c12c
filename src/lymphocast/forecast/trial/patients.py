"""Virtual patients: drawn from the priors of the course model until they are eligible.

Whether IL-2 adds cells (H1), and whether a higher count hastens clearance (H3), are states of
nature: drawn by their weights once for each trial, the same for all its patients. The natural
course is drawn for each patient. Day 0 is randomisation: the clock of a recovery by itself starts
then (its delay is exponential, so that having waited changes nothing), and so does the lifting of
a dip that an infection made.

A candidate's counts are measured at screening; one outside the limits is refused and another is
drawn in the place, at most ``TRIES`` times.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import jax
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.course import natural_count
from lymphocast.errors import UsageError
from lymphocast.forecast.trial.counters import Counters, Purpose
from lymphocast.forecast.trial.fitted import (
    fitted_candidates,
    fitted_course,
    fitted_reading,
)
from lymphocast.forecast.trial.protocol import (
    Eligibility,
    FittedPopulation,
    TrialProtocol,
    VirtualPopulation,
)
from lymphocast.inference.hypotheses import Course
from lymphocast.inference.parameters import latent_of
from lymphocast.models.prior_table import PriorTable, numbers, transform

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
TRIES = 1000
RAREST = 0.02
"""Least share of candidates that may be eligible: at 1000 tries one patient in 6e8 finds none."""
COURSES = tuple(Course)
PROBED = 4096  # candidates that are asked before a run


@final
@dataclass(frozen=True)
class Patients:
    """Eligible virtual patients, one a lane.

    Parameters
    ----------
    theta
        Parameter values, switches and days, each ``[lane]``.
    course
        Place of the natural course in ``COURSES``, ``[lane]``.
    tries
        Candidates drawn for each patient, ``[lane]``.
    """

    theta: dict[str, Floats]
    course: NDArray[np.int64]
    tries: NDArray[np.int64]


def virtual_patients(protocol: TrialProtocol, counters: Counters) -> Patients:
    """Return an eligible patient for every lane.

    Raises
    ------
    UsageError
        If ``TRIES`` candidates for a place are all refused.
    """
    lanes = len(counters.trial)
    theta: dict[str, Floats] = {}
    course, waiting = np.zeros(lanes, np.int64), np.full(lanes, True)
    tries = np.zeros(lanes, np.int64)
    for attempt in range(TRIES):
        drawn, chosen = _candidates(protocol, counters, attempt, waiting)
        passed = waiting & _is_eligible(protocol, drawn, counters, attempt, waiting)
        for name, values in drawn.items():
            theta[name] = np.where(passed, values, theta.get(name, values))
        course[passed], tries[waiting] = chosen[passed], attempt + 1
        waiting &= ~passed
        if not waiting.any():
            return Patients(theta, course, tries)
    place = int(np.flatnonzero(waiting)[0])
    msg = (
        f"trial {int(counters.trial[place]) + 1}, patient {int(counters.patient[place]) + 1}: "
        f"found no eligible patient among {TRIES} candidates; needed a wider 'eligibility'"
    )
    raise UsageError(msg)


def eligible_share(protocol: TrialProtocol, seed: int) -> float:
    """Return which share of candidates is eligible, of ``PROBED``."""
    trial = np.arange(PROBED, dtype=np.uint64)
    counters = Counters(seed, trial, np.zeros_like(trial))
    every = np.full(PROBED, True)
    drawn, _ = _candidates(protocol, counters, 0, every)
    return float(_is_eligible(protocol, drawn, counters, 0, every).mean())


def _candidates(
    protocol: TrialProtocol, counters: Counters, attempt: int, waiting: Flags
) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """Return a candidate for each lane that waits; what stands in the others means nothing."""
    population = protocol.population
    if isinstance(population, FittedPopulation):
        none = np.zeros(len(waiting), np.int64)
        return fitted_candidates(population, counters, attempt, waiting), none
    own = counters.only(waiting)
    course = np.zeros(len(waiting), np.int64)
    weights = population.weights
    steps = np.cumsum([weights.stable, weights.recovery])
    course[waiting] = np.searchsorted(steps, own.uniform(Purpose.COURSE, attempt, 1)[0], "right")
    rows = len(population.table.rows)
    z = np.zeros((rows, len(waiting)))
    z[:, waiting] = own.normal(Purpose.PRIOR, attempt * rows, rows)
    theta = _values(population.table, _with_shared(population, counters, z))
    theta |= {name: np.full(len(waiting), value) for name, value in population.fixed}
    state = counters.of_trial.uniform(Purpose.STATE, 0, 2)
    theta["il2"] = (state[0] < weights.il2).astype(float)
    theta["clearance"] = (state[1] < weights.clearance).astype(float)
    theta["recovery"] = (course == COURSES.index(Course.RECOVERY)).astype(float)
    theta["infection"] = (course == COURSES.index(Course.INFECTION)).astype(float)
    theta["recovery_onset"] = theta["recovery_delay"]
    theta["lift_day"] = np.zeros(len(waiting))
    for name in ("burden_floor", "burden_headroom"):
        theta[name] = np.full(len(waiting), population.table.constant(name))
    return theta, course


def _with_shared(population: VirtualPopulation, counters: Counters, z: Floats) -> Floats:
    """Return z with the part that a trial's patients have in common."""
    if not population.differs:
        return z
    common = counters.of_trial.normal(Purpose.SHARED, 0, len(z))
    own = dict(population.shared)
    share = np.array([own.get(row.parameter, 0.0) for row in population.table.rows])[:, None]
    return np.asarray(np.sqrt(share) * common + np.sqrt(1.0 - share) * z)


def _is_eligible(
    protocol: TrialProtocol,
    theta: dict[str, Floats],
    counters: Counters,
    attempt: int,
    asked: Flags,
) -> Flags:
    rule, population = protocol.eligibility, protocol.population
    if rule == Eligibility():
        return asked
    white = np.zeros((rule.screenings, len(asked)))
    begin = attempt * rule.screenings
    white[:, asked] = counters.only(asked).normal(Purpose.SCREENING, begin, rule.screenings)
    seen = measured(population, theta, untreated(population, theta), white)
    return np.asarray(((seen >= rule.above) & (seen < rule.below)).all(axis=0))


def untreated(population: VirtualPopulation | FittedPopulation, theta: dict[str, Floats]) -> Floats:
    """Return the latent value on day 0, before any dose, ``[1, lane]``."""
    if isinstance(population, FittedPopulation):
        return fitted_course(population, theta, (), np.zeros(1))
    return natural(theta, np.zeros(1))["natural_count"]


def measured(
    population: VirtualPopulation | FittedPopulation,
    theta: dict[str, Floats],
    latent: Floats,
    white: Floats,
) -> Floats:
    """Return values as they are measured, from standard normals."""
    if isinstance(population, FittedPopulation):
        return fitted_reading(population, theta, latent, white)
    return np.asarray(latent * np.exp(theta["count_sd"] * white))


def natural(theta: dict[str, Floats], days: Floats) -> dict[str, Floats]:
    """Return the count without the drug on some days, and before any change, ``[day, lane]``."""
    found = _natural(dict(theta), days[:, None])
    return {name: np.asarray(value) for name, value in found.items()}


@jax.jit
def _natural(theta: dict[str, Any], days: Any) -> Any:  # noqa: ANN401 (traced)
    return natural_count(theta, days)


def _values(table: PriorTable, z: Floats) -> dict[str, Floats]:
    found = _transforms(table)(z, numbers(table.rows))
    return {name: np.asarray(value) for name, value in found.items()}


@lru_cache(maxsize=4)
def _transforms(table: PriorTable) -> Any:  # noqa: ANN401 (a compiled function)
    latents = tuple(latent_of(row) for row in table.rows)

    def values(z: Any, given: Any) -> Any:  # noqa: ANN401 (traced)
        return {
            latent.name: transform(latent.family, latent.truncated, z[i], given[latent.name])
            for i, latent in enumerate(latents)
        }

    return jax.jit(values)
