"""Patients of a fitted population: parameters from its estimates, courses by the engine.

An individual's parameter is its typical value moved by covariates and an effect; effects are normal
together with the covariance matrix of the fit. Covariates are those of an individual of the fit, a
whole row, each as likely as any other: what goes together in the data goes together here. On each
occasion of the protocol a parameter that differs between occasions has an effect of its own. If the
estimates are not taken as known, they are drawn once for
each trial from a normal distribution around the fit's own, on the scale of its search, with its
robust covariance.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.events import EventKind, EventRecord, EventTable
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.simulate import simulate
from lymphocast.forecast.trial.counters import Counters, Purpose
from lymphocast.forecast.trial.protocol import FittedPopulation
from lymphocast.inference.error_model import LogNormalError, ShareError
from lymphocast.inference.individual_density import Endpoint
from lymphocast.inference.population.moments import residual_and_variance
from lymphocast.inference.population.vector import VectorForm
from lymphocast.models.component import Component
from lymphocast.models.library import find_model
from lymphocast.models.occasion_effects import OccasionModel, effect_name, indicator_name
from lymphocast.models.random_effects import EffectTransform, factor

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def endpoint_of(population: FittedPopulation) -> Endpoint:
    """Return the endpoint that is measured at visits."""
    return next(e for e in population.design.endpoints if e.name == population.endpoint)


def fitted_candidates(
    population: FittedPopulation, counters: Counters, attempt: int, waiting: Flags
) -> dict[str, Floats]:
    """Return parameters of a candidate for each lane that waits."""
    design = population.design
    trials, place = np.unique(counters.trial, return_inverse=True)
    values = VectorForm(design).values(_vectors(population, counters.seed, trials))
    theta = {name: value[place] for name, value in values.typical.items()}
    row = _rows(population, counters, attempt, waiting)
    for one in design.covariates:
        times = one.factor(row[one.column][:, None], values.coefficients[one.name][place])
        theta[one.parameter] = theta[one.parameter] * np.asarray(times)[:, 0]
    roots = np.array([factor(matrix) for matrix in values.covariance])[place]
    number = len(design.effects)
    z = np.zeros((number, len(waiting)))
    z[:, waiting] = counters.only(waiting).normal(Purpose.PRIOR, attempt * number, number)
    for i, (name, way) in enumerate(zip(design.effects, design.transforms, strict=True)):
        eta = np.zeros(len(waiting))
        for j in range(i + 1):
            eta += roots[:, i, j] * z[j]  # no product of matrices: its order may vary
        theta[name] = np.asarray(way.apply(theta[name], eta))
    for name, variance in values.between.items():
        theta |= _kappas(population, name, np.sqrt(variance[place]), counters, attempt, waiting)
    return theta


def _kappas(
    population: FittedPopulation,
    name: str,
    spread: Floats,
    counters: Counters,
    attempt: int,
    waiting: Flags,
) -> dict[str, Floats]:
    """Return a parameter's effects on each occasion; each lane has its own ``spread``."""
    number, names = len(population.occasions), [n for n, _ in population.design.between]
    begin = (attempt * len(names) + names.index(name)) * number
    z = np.zeros((number, len(waiting)))
    z[:, waiting] = counters.only(waiting).normal(Purpose.OCCASION, begin, number)
    return {effect_name(name, k): spread * own for k, own in enumerate(z, 1)}


def _rows(
    population: FittedPopulation, counters: Counters, attempt: int, waiting: Flags
) -> dict[str, Floats]:
    """Return the covariates of an individual of the fit for each lane that waits."""
    if not population.columns:
        return {}
    chosen = np.zeros(len(waiting), np.int64)
    uniform = counters.only(waiting).uniform(Purpose.COVARIATES, attempt, 1)[0]
    chosen[waiting] = np.floor(uniform * len(population.rows))
    return dict(zip(population.columns, np.array(population.rows)[chosen].T, strict=True))


def _vectors(population: FittedPopulation, seed: int, trials: NDArray[np.uint64]) -> Floats:
    """Return the estimates of each trial, ``[trial, row]``."""
    middle = np.array(population.vector)
    found = np.tile(middle, (len(trials), 1))
    if population.covariance:
        counters = Counters(seed, trials, np.zeros_like(trials)).of_trial
        z = counters.normal(Purpose.SHARED, 0, len(middle))
        for j, column in enumerate(factor(np.array(population.covariance)).T):
            found += z[j, :, None] * column
    return found


def fitted_course(
    population: FittedPopulation,
    theta: dict[str, Floats],
    doses: Sequence[DoseEvent],
    days: Floats,
) -> Floats:
    """Return what the endpoint reads on some days, ``[day, lane]``; NaN where nothing solves."""
    output = endpoint_of(population).output
    model, events = _course(population, tuple(doses))
    shown = set(events.covariates) if isinstance(events, EventTable) else set()
    own = {p.name: theta[p.name] for p in model.parameters if p.name not in shown}
    found = simulate(model, own, events, days, outputs=(output,))
    values = found.outputs[output] if output in found.outputs else found.states[output]
    return np.asarray(values, float).T


@lru_cache(maxsize=32)
def _course(
    population: FittedPopulation, doses: tuple[DoseEvent, ...]
) -> tuple[Component, EventTable | tuple[DoseEvent, ...]]:
    """Return the equations, and the doses with what says which occasion it is."""
    model, starts = find_model(population.model).model, population.occasions
    if not starts:
        return model, doses
    effects = tuple((n, EffectTransform.LOG_NORMAL) for n, _ in population.design.between)
    numbers = range(1, len(starts) + 1)

    def shown(day: float) -> tuple[float, ...]:
        current = bisect_right(starts, day)
        return tuple(float(k == current) for k in numbers)

    records = [EventRecord(day, EventKind.OTHER, covariates=shown(day)) for day in starts]
    records += [
        EventRecord(d.time, EventKind.DOSE, d.compartment, d.amount, covariates=shown(d.time))
        for d in doses
    ]
    records.sort(key=attrgetter("time"))  # an occasion begins before a dose of the same day
    table = EventTable("patient", tuple(records), tuple(map(indicator_name, numbers)))
    return OccasionModel(model, effects, len(starts)), table


def fitted_reading(
    population: FittedPopulation, theta: dict[str, Floats], latent: Floats, white: Floats
) -> Floats:
    """Return values as they are measured, from standard normals."""
    error = endpoint_of(population).error
    own = {name: theta[name] for name in error.parameters}
    _, variance = residual_and_variance(error, latent, np.ones_like(latent), own)
    moved = white * np.sqrt(np.asarray(variance))
    if isinstance(error, LogNormalError):
        return np.asarray(latent * np.exp(moved))
    if isinstance(error, ShareError):
        odds = latent / own[error.rest] * np.exp(moved)
        return np.asarray(100.0 * odds / (1.0 + odds))
    return np.asarray(latent + moved)
