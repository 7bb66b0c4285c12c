"""The log likelihood and the log prior of a PEtab problem, from the engine.

Every condition is an individual: a lane of parameters with its own readings. With the prediction
f, the measurement m and the noise s, all of one measurement,

    lin     m ~ Normal(f, s)          log     ln m ~ Normal(ln f, s)     log10 alike
    or Laplace(f, s) with s its scale;

the density is that of m itself, so that a transformed one has the factor 1/m or 1/(m ln 10), as
PEtab's documentation defines. Derivatives with respect to parameters pass through. What cannot be
solved, or has no noise above 0, has the log likelihood minus infinity.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import EventTable
from lymphocast.engine.settings import Method, SolverSettings
from lymphocast.engine.simulate import Prepared
from lymphocast.errors import UsageError
from lymphocast.interchange.petab import parameter_of, placeholders
from lymphocast.interchange.petab_problem import (
    Noise,
    PetabMeasurement,
    PetabObservable,
    PetabParameter,
    PetabPrior,
    PetabPriorFamily,
    PetabProblem,
    PetabScale,
)
from lymphocast.interchange.sbml_timed import with_readings
from lymphocast.models.component import Scalar, Values
from lymphocast.models.formula import TIME, Formula, evaluate, names_read

Places = npt.NDArray[np.int64]
LN10 = math.log(10.0)
IMPLICIT = SolverSettings(rtol=1e-8, atol=1e-12, method=Method.IMPLICIT)
"""Reaction networks are stiff as a rule, and their parameters are tried over many decades."""


def petab_log_likelihood(
    problem: PetabProblem, theta: Values | None = None, *, solver: SolverSettings = IMPLICIT
) -> Scalar:
    """Return the log likelihood of a problem.

    Whoever needs it many times prepares a :class:`PetabLikelihood` once.

    Parameters
    ----------
    problem
        Model and measurements.
    theta
        Values of parameters of the table, not transformed; nominal values for all others.
    solver
        Method and tolerances.
    """
    return PetabLikelihood(problem, solver=solver).log_likelihood(theta or {})


@final
@dataclass(frozen=True)
class _Group:
    """The measurements of one observable: their places among all, and where they are read."""

    observable: PetabObservable
    measurements: tuple[PetabMeasurement, ...]
    place: Places
    lane: Places
    reading: Places


@final
class PetabLikelihood:
    """A problem made ready: events laid out, measurements sorted.

    Parameters
    ----------
    problem
        Model and measurements.
    solver
        Method and tolerances. An adaptive method is differentiated in reverse (``jax.grad``), the
        march also forwards; under a transformation nothing is tried a second time.
    """

    def __init__(self, problem: PetabProblem, *, solver: SolverSettings = IMPLICIT) -> None:
        self.problem = problem
        self._conditions = tuple(dict.fromkeys(m.condition for m in problem.measurements))
        tables, readings = [], []
        for condition in self._conditions:
            table, own = _events(problem, condition)
            tables.append(table)
            readings.append(own)
        self._groups = _groups(problem, self._conditions, readings)
        model = problem.model.model
        read = {n for g in self._groups for n in _names(g)}
        offered = [v.name for v in (*model.states, *model.outputs) if v.name in read]
        self._prepared = Prepared(model, tables, outputs=offered, solver=solver)

    def log_likelihood(self, theta: Values) -> Scalar:
        """Return the log likelihood at parameters of the table, not transformed."""
        total = jnp.asarray(0.0)
        for group, (predicted, noise) in zip(self._groups, self._read(theta), strict=True):
            total = total + jnp.sum(_log_density(group, predicted, noise))
        return jnp.where(jnp.isnan(total), -jnp.inf, total)

    def predictions(self, theta: Values) -> Scalar:
        """Return what is expected of each measurement, in the table's order, not transformed."""
        found = jnp.zeros(len(self.problem.measurements))
        for group, (predicted, _) in zip(self._groups, self._read(theta), strict=True):
            found = found.at[group.place].set(predicted)
        return found

    def _read(self, theta: Values) -> list[tuple[Scalar, Scalar]]:
        """Return prediction and noise of each group's measurements."""
        known = {**self.problem.nominal, **theta}
        values = self._lanes(known)
        course = self._prepared.simulate(values)
        seen = {**course.outputs, **course.states}
        found = []
        for group in self._groups:
            lanes = {n: v[group.lane] if jnp.ndim(v) else v for n, v in values.items()}
            own = {n: v[group.lane, group.reading] for n, v in seen.items()}
            times = np.array([m.time for m in group.measurements])
            found.append(_evaluated(group, {**known, **lanes, **own, TIME: times}))
        return found

    def _lanes(self, known: Values) -> dict[str, Scalar]:
        """Return the model's parameters: numbers, or a value for each condition."""
        problem, model = self.problem, self.problem.model
        values: dict[str, Scalar] = dict(model.theta)
        for name, value in known.items():
            own = parameter_of(model, name)
            if own is not None:
                values[own] = value
        changed = {s for c in self._conditions for s in problem.conditions[c]}
        lanes: dict[str, Scalar] = {}
        for symbol in changed:
            own = parameter_of(model, symbol) or symbol
            each = [
                self._of_condition(c, symbol, values.get(own), {**values, **known})
                for c in self._conditions
            ]
            lanes[own] = jnp.stack([jnp.asarray(v, float) for v in each])
        return {**values, **lanes}

    def _of_condition(
        self, condition: str, symbol: str, otherwise: Scalar, known: Values
    ) -> Scalar:
        formula = self.problem.conditions[condition].get(symbol)
        value = otherwise if formula is None else evaluate(formula, known)
        if value is None:
            msg = f"condition '{condition}': no value for '{symbol}'; needed one"
            raise UsageError(msg)
        return value


def _events(problem: PetabProblem, condition: str) -> tuple[EventTable, dict[float, int]]:
    """Return a condition's records, and the reading of each of its times."""
    times = sorted({m.time for m in problem.measurements if m.condition == condition})
    table, places = with_readings(problem.model.events, times, condition)
    return table, dict(zip(times, places, strict=True))


def _groups(
    problem: PetabProblem, conditions: Sequence[str], readings: Sequence[Mapping[float, int]]
) -> tuple[_Group, ...]:
    """Sort the measurements by observable and by how many parameters they override."""
    found: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for i, m in enumerate(problem.measurements):
        found[m.observable, len(m.observable_values), len(m.noise_values)].append(i)
    lanes = {condition: i for i, condition in enumerate(conditions)}
    groups = []
    for (name, _, _), places in found.items():
        own = tuple(problem.measurements[i] for i in places)
        lane = np.array([lanes[m.condition] for m in own])
        reading = np.array([readings[lanes[m.condition]][m.time] for m in own])
        groups.append(_Group(problem.observables[name], own, np.array(places), lane, reading))
    return tuple(groups)


def _names(group: _Group) -> set[str]:
    values = {v for m in group.measurements for v in (*m.observable_values, *m.noise_values)}
    formulas = (group.observable.formula, group.observable.noise, *values)
    return {name for formula in formulas for name in names_read(formula)}


def _evaluated(group: _Group, known: Mapping[str, Scalar]) -> tuple[Scalar, Scalar]:
    """Return the prediction and the noise of a group's measurements."""
    name, number = group.observable.name, len(group.measurements)
    values = {**known}
    for kind in ("observable", "noise"):
        each = [placeholders(kind, name, getattr(m, f"{kind}_values")) for m in group.measurements]
        for placeholder in each[0]:
            values[placeholder] = _chosen([one[placeholder] for one in each], known, number)
    predicted = jnp.broadcast_to(evaluate(group.observable.formula, values), (number,))
    noise = evaluate(group.observable.noise, {**values, name: predicted})
    return predicted, jnp.broadcast_to(noise, (number,))


def _chosen(formulas: Sequence[Formula], known: Mapping[str, Scalar], number: int) -> Scalar:
    """Return the value of each measurement's own formula."""
    different = list(dict.fromkeys(formulas))
    each = [jnp.broadcast_to(jnp.asarray(evaluate(f, known), float), number) for f in different]
    index = np.array([different.index(f) for f in formulas])
    return jnp.stack(each)[index, np.arange(number)]


def _log_density(group: _Group, predicted: Scalar, noise: Scalar) -> Scalar:
    """Return the log density of each measurement."""
    measured = jnp.array([m.value for m in group.measurements])
    scale = group.observable.transformation
    jacobian = jnp.asarray(0.0)
    if scale is not PetabScale.LIN:
        unit = 1.0 if scale is PetabScale.LOG else LN10
        jacobian = jnp.log(measured * unit)
        measured, predicted = jnp.log(measured) / unit, jnp.log(predicted) / unit
    usable = noise > 0.0
    noise = jnp.where(usable, noise, 1.0)
    away = (measured - predicted) / noise
    if group.observable.distribution is Noise.NORMAL:
        log_density = -0.5 * away**2 - jnp.log(noise) - 0.5 * math.log(2.0 * math.pi)
    else:
        log_density = -jnp.abs(away) - jnp.log(2.0 * noise)
    return jnp.where(usable, log_density - jacobian, -jnp.inf)


def petab_log_prior(problem: PetabProblem, scaled: Values) -> Scalar:
    """Return the log prior density of the estimated parameters on their own scales.

    Parameters
    ----------
    problem
        The problem.
    scaled
        The value of each estimated parameter on its scale: ln for ``log``, the decimal logarithm
        for ``log10``.

    Notes
    -----
    The density is with respect to the scaled values, the ones that are estimated: a prior that
    PEtab states for the value itself brings the derivative of the value with respect to them. A
    parameter without a prior is uniform on its scale between its bounds. Outside its bounds a
    parameter has the density 0; the other priors are not normalised anew for being cut there.
    """
    total = jnp.asarray(0.0)
    for parameter in problem.estimated:
        total = total + _log_prior(parameter, scaled[parameter.name])
    return total


def unscaled(parameter: PetabParameter, scaled: Scalar) -> Scalar:
    """Return the value of a parameter that stands at a place on its scale; may be traced."""
    if parameter.scale is PetabScale.LIN:
        return scaled
    return jnp.exp(scaled if parameter.scale is PetabScale.LOG else scaled * LN10)


SCALED = {
    PetabPriorFamily.SCALED_UNIFORM: PetabPriorFamily.UNIFORM,
    PetabPriorFamily.SCALED_NORMAL: PetabPriorFamily.NORMAL,
    PetabPriorFamily.SCALED_LAPLACE: PetabPriorFamily.LAPLACE,
}
"""Families of the scaled value, with that of the value they are like."""


def _log_prior(parameter: PetabParameter, scaled: Scalar) -> Scalar:
    scale = parameter.scale
    low, high = scale.of(parameter.lower), scale.of(parameter.upper)
    prior = parameter.prior or PetabPrior(PetabPriorFamily.SCALED_UNIFORM, low, high)
    inside = (scaled >= low) & (scaled <= high)
    if prior.family in SCALED:
        found = _log_family(SCALED[prior.family], prior, scaled)
    else:
        value = unscaled(parameter, scaled)
        slope = {
            PetabScale.LIN: 0.0,
            PetabScale.LOG: jnp.log(value),
            PetabScale.LOG10: jnp.log(value * LN10),
        }
        found = _log_family(prior.family, prior, value) + slope[scale]
    return jnp.where(inside, found, -jnp.inf)


def _log_family(family: PetabPriorFamily, prior: PetabPrior, value: Scalar) -> Scalar:
    first, second = prior.first, prior.second
    if family is PetabPriorFamily.UNIFORM:
        width = second - first
        level = -math.log(width) if math.isfinite(width) else 0.0  # improper: a constant
        return jnp.where((value >= first) & (value <= second), level, -jnp.inf)
    if family in {PetabPriorFamily.LOG_NORMAL, PetabPriorFamily.LOG_LAPLACE}:
        plain = (
            PetabPriorFamily.NORMAL
            if family is PetabPriorFamily.LOG_NORMAL
            else PetabPriorFamily.LAPLACE
        )
        positive = value > 0.0
        logged = jnp.log(jnp.where(positive, value, 1.0))
        return jnp.where(positive, _log_family(plain, prior, logged) - logged, -jnp.inf)
    away = (value - first) / second
    if family is PetabPriorFamily.NORMAL:
        return -0.5 * away**2 - math.log(second) - 0.5 * math.log(2.0 * math.pi)
    return -jnp.abs(away) - math.log(2.0 * second)
