"""One call, any model: from parameters and events to a trajectory and a status.

A model is solved by its structure, piece by piece (:mod:`lymphocast.engine.march`); lanes that
cannot be solved so, and models that read covariates on straight lines, are handed to an adaptive
method (:mod:`lymphocast.engine.occasion`). Doses mean what they mean in NONMEM
(:mod:`lymphocast.dataset.events`), with lag, bioavailable fraction, duration and rate from
``model.dosing``, and steady states by a solve.

One individual may have many lanes of parameter values; a population has one lane each. Either is
one vectorised call, in blocks of lanes that bound the memory. A model's inputs that no component
offers, and parameters that change in time, are covariates of the event table; an input
``time_after_dose.<state>`` is supplied.

Derivatives with respect to parameters, amounts, lags and durations pass through: forward tangents
in the march (``jax.jvp``, ``jax.jacfwd``, and ``jax.grad``, one column for each parameter). Under a
transformation of JAX nothing is tried a second time: the status says what was not solved.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast, final

import jax
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import CovariateRule, EventTable
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.arrays import namespace, of_lanes, put, traced
from lymphocast.engine.march_plan import PlanMemory
from lymphocast.engine.march_readings import Crossed
from lymphocast.engine.readings import may_last, occasions_of, schedule_of
from lymphocast.engine.schedule import Floats, Schedule
from lymphocast.engine.settings import DEFAULT, Layout, SolverSettings, SolveStatus
from lymphocast.engine.solve import solve
from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Scalar, Values, Variable, dose_clocks

Events = EventTable | Sequence[DoseEvent]


@final
@dataclass(frozen=True, eq=False)
class Trajectory:
    """States and outputs over time, with a status; what was not solved is NaN.

    Parameters
    ----------
    times
        Study days, ``[time]``; ``[individual, time]`` for a population read at its own records,
        NaN beyond an individual's last.
    states, outputs
        By name, ``[time]``, or ``[lane, time]`` if a parameter has lanes or there is a population.
    codes
        Position of each lane's status in :class:`SolveStatus`, ``[]`` or ``[lane]``.
    error
        Estimate of the largest relative error that is left in a piece, ``[]`` or ``[lane]``; of an
        adaptive method, its tolerance.
    """

    times: Floats
    states: Mapping[str, Scalar]
    outputs: Mapping[str, Scalar]
    codes: Scalar
    error: Scalar

    def of_lane(self, lane: int) -> "Trajectory":
        """Return the course of one lane, at the times that are its own."""
        times = self.times if self.times.ndim == 1 else self.times[lane]
        own = np.flatnonzero(~np.isnan(times))
        states, outputs = (
            {n: v[lane][own] for n, v in named.items()} for named in (self.states, self.outputs)
        )
        return Trajectory(times[own], states, outputs, self.codes[lane], self.error[lane])

    @property
    def statuses(self) -> tuple[SolveStatus, ...]:
        """The status of each lane."""
        return tuple(SolveStatus.of(int(code)) for code in np.atleast_1d(np.asarray(self.codes)))

    @property
    def status(self) -> SolveStatus:
        """The status, of several lanes the first that is not solved."""
        failed = [s for s in self.statuses if s is not SolveStatus.SOLVED]
        return failed[0] if failed else SolveStatus.SOLVED


def simulate(
    model: Component,
    theta: Values,
    events: Events | Sequence[Events],
    times: Sequence[float] | Floats | None = None,
    *,
    outputs: Sequence[str] | None = None,
    solver: SolverSettings = DEFAULT,
) -> Trajectory:
    """Return a model's course under the events.

    Parameters
    ----------
    model
        The equations.
    theta
        Every parameter by name: a number, or one value for each lane.
    events
        One individual's event records, or dose events in any order; or, for a population, a
        sequence of either, one for each lane.
    times
        Study days at which the course is read, in increasing order. A reading at a record's time
        is taken before the record acts. Without ``times`` there is one reading at each record,
        after its event.
    outputs
        Names of the states and outputs to return; all if ``None``.
    solver
        Method and tolerances.

    Notes
    -----
    The initial state holds at the first record or the first of ``times``, whichever is earlier.

    Raises
    ------
    UsageError
        If a parameter, input, output or compartment is missing or unknown, lanes disagree in
        number, ``times`` do not increase, dose events come without ``times``, or records go back
        in time while ``times`` are given.
    """
    return Prepared(model, events, times, outputs=outputs, solver=solver).simulate(theta)


@final
class Prepared:
    """Events made ready for a model, to be simulated again and again with other parameters.

    What does not depend on parameters is done once: the schedules of all individuals, and, as long
    as lag, fraction, duration and rate of the doses stay the same, the plans of their courses.

    Parameters
    ----------
    model, events, times, outputs, solver
        As of :func:`simulate`.

    Raises
    ------
    UsageError
        As :func:`simulate`; what concerns parameters when they are given.
    """

    def __init__(
        self,
        model: Component,
        events: Events | Sequence[Events],
        times: Sequence[float] | Floats | None = None,
        *,
        outputs: Sequence[str] | None = None,
        solver: SolverSettings = DEFAULT,
    ) -> None:
        self._model, self._solver = model, solver
        self._individuals, self._many = _individuals(events)
        self._covariates = _covariates(self._individuals)
        self._wanted = _wanted(model, outputs)
        self._parts = [occasions_of(own, times) for own in self._individuals]
        self._days = [[r.time for part in own for r in part.readings] for own in self._parts]
        self._lasting: tuple[str, ...] | None = None
        self._groups: list[tuple[list[_Unit], PlanMemory]] = []

    def simulate(self, theta: Values) -> Trajectory:
        """Return the course under parameter values: a number each, or one for each lane."""
        layout, kept = layout_of(self._model, theta, *self._covariates, self._solver)
        number = len(self._individuals) if self._many else None
        values, lanes = _values(self._model, theta, number)
        self._make_ready(layout, values, kept)
        solved = [
            (units, _solve(self._model, layout, values, self._wanted, units, self._many, memory))
            for units, memory in self._groups
        ]
        return _trajectory(self._model, self._wanted, solved, lanes, self._days, self._many)

    def _make_ready(self, layout: Layout, values: Values, kept: tuple[int, ...]) -> None:
        """Lay the events into arrays, if that is not done or parameters may change them."""
        steady = any(part.steady for own in self._parts for part in own)
        lasting = None if steady or layout.covariates else _lasting(self._model, values)
        if self._groups and lasting is not None and lasting == self._lasting:
            return
        units = []
        for i, own in enumerate(self._parts):
            theta = of_lanes(values, i) if self._many else values
            column = 0
            for part in own:
                schedule = schedule_of(self._model, layout, theta, part, kept)
                units.append(_Unit(i, column, len(part.readings), schedule))
                column += len(part.readings)
        groups = _alike(units) if self._many else [[unit] for unit in units]
        self._groups = [(group, PlanMemory()) for group in groups]
        self._lasting = lasting


def _lasting(model: Component, values: Values) -> tuple[str, ...]:
    """Return the states for which the model sets a duration of input in some lane."""
    found = model.dosing(values)
    return tuple(n for n, way in found.items() if may_last(way.duration))


@final
class _Unit(NamedTuple):
    """One occasion as it is solved: whose it is, its first column, its readings, its events."""

    individual: int
    column: int
    number: int
    schedule: Schedule


def _individuals(events: Events | Sequence[Events]) -> tuple[tuple[Events, ...], bool]:
    """Return every individual's events, and whether they are a population."""
    if isinstance(events, EventTable) or not events or isinstance(events[0], DoseEvent):
        return (cast("Events", events),), False
    return tuple(cast("Sequence[Events]", events)), True


def _covariates(individuals: Sequence[Events]) -> tuple[tuple[str, ...], CovariateRule]:
    """Return the names of the covariates and their rule, which all individuals share."""
    found = {(e.covariates, e.rule) for e in individuals if isinstance(e, EventTable)}
    if len(found) > 1:
        msg = "individuals whose tables differ in covariates or their rule; needed the same in all"
        raise UsageError(msg)
    return next(iter(found), ((), CovariateRule.LAST_CARRIED_FORWARD))


def _wanted(model: Component, outputs: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the states and outputs to return."""
    offered = dict.fromkeys([*(s.name for s in model.states), *(o.name for o in model.outputs)])
    if outputs is None:
        return tuple(offered)
    unknown = [name for name in outputs if name not in offered]
    if unknown:
        msg = (
            f"model '{model.name}' has no state or output '{unknown[0]}'; "
            f"it has {', '.join(offered) or 'none'}"
        )
        raise UsageError(msg)
    return tuple(outputs)


def _values(
    model: Component, theta: Values, individuals: int | None
) -> tuple[dict[str, Scalar], int | None]:
    """Return the parameters as arrays, and how many lanes they have."""
    values = {n: v if traced(v) else np.asarray(v, float) for n, v in theta.items()}
    sizes = {v.shape[0] for v in values.values() if v.ndim}
    if len(sizes) > 1 or any(v.ndim > 1 for v in values.values()):
        msg = f"model '{model.name}': parameters with {sorted(sizes)} lanes; needed one number"
        raise UsageError(msg)
    if individuals is not None and sizes - {individuals}:
        msg = (
            f"model '{model.name}': parameters with {sizes.pop()} lanes for {individuals} "
            "individuals; needed one lane each"
        )
        raise UsageError(msg)
    return values, individuals or next(iter(sizes), None)


def _alike(units: Sequence[_Unit]) -> list[list[_Unit]]:
    """Return the units in groups whose schedules have the same shapes."""
    groups: dict[Any, list[_Unit]] = defaultdict(list)
    for unit in units:
        groups[tuple(np.shape(x) for x in jax.tree.leaves(unit.schedule))].append(unit)
    return list(groups.values())


def _solve(
    model: Component,
    layout: Layout,
    values: Values,
    wanted: tuple[str, ...],
    units: Sequence[_Unit],
    many: bool,
    memory: PlanMemory,
) -> Crossed:
    """Return what is wanted of some units, ``[lane, reading]``."""
    if not many:
        return solve(model, layout, values, wanted, (units[0].schedule,), memory)
    chosen = np.array([u.individual for u in units])
    own = of_lanes(values, chosen)
    return solve(model, layout, own, wanted, tuple(u.schedule for u in units), memory)


def _trajectory(
    model: Component,
    wanted: tuple[str, ...],
    solved: Sequence[tuple[Sequence[_Unit], Crossed]],
    lanes: int | None,
    days: Sequence[Sequence[float]],
    many: bool,
) -> Trajectory:
    """Put the readings of all occasions together; ``days`` are those of each individual."""
    if len(solved) == 1 and not many:
        ((units, found),) = solved
        values = {n: v[:, : units[0].number] for n, v in found.values.items()}
        return _named(model, values, found.code, found.error, np.array(days[0]), lanes)
    rows, width = lanes or 1, max(map(len, days), default=0)
    xp = namespace(*jax.tree.leaves([found for _, found in solved]))
    values = {n: xp.full((rows, width), np.nan) for n in wanted}
    code, error = xp.zeros(rows, dtype=int), xp.zeros(rows)
    for units, found in solved:
        for i, unit in enumerate(units):
            own = slice(unit.individual, unit.individual + 1) if many else slice(None)
            ours = slice(i, i + 1) if many else slice(None)
            place = slice(unit.column, unit.column + unit.number)
            for name in wanted:
                part = found.values[name][ours, : unit.number]
                values[name] = put(values[name], (own, place), part)
            code = put(code, own, xp.where(code[own] == 0, found.code[ours], code[own]))
            error = put(error, own, xp.maximum(error[own], found.error[ours]))
    times = np.array([[*d, *[np.nan] * (width - len(d))] for d in days], dtype=float)
    alike = not np.isnan(times).any() and (times == times[:1]).all()
    return _named(model, values, code, error, times[0] if alike else times, lanes)


def _named(
    model: Component,
    values: Mapping[str, Scalar],
    code: Scalar,
    error: Scalar,
    times: Floats,
    lanes: int | None,
) -> Trajectory:
    """Return states and outputs by name; without lanes their axis goes."""

    def own(names: Sequence[Variable]) -> dict[str, Scalar]:
        found = {v.name: values[v.name] for v in names if v.name in values}
        return {n: v[0] for n, v in found.items()} if lanes is None else found

    if lanes is None:
        code, error = code[0], error[0]
    return Trajectory(times, own(model.states), own(model.outputs), code, error)


def layout_of(
    model: Component,
    theta: Values,
    named: Sequence[str],
    rule: CovariateRule,
    solver: SolverSettings,
) -> tuple[Layout, tuple[int, ...]]:
    """What is compiled for, and which of the table's covariates the model reads."""
    parameters = {p.name for p in model.parameters}
    kept = [i for i, name in enumerate(named) if name in parameters or name in model.inputs]
    covariates = tuple(named[i] for i in kept)
    missing = sorted(parameters - set(theta) - set(covariates))
    if missing:
        msg = f"model '{model.name}': no value for {', '.join(missing)}; needed one each"
        raise UsageError(msg)
    supplied = {*covariates, *dose_clocks(model)}
    open_inputs = [i for i in model.inputs if i not in supplied]
    if open_inputs:
        msg = (
            f"model '{model.name}' reads {', '.join(open_inputs)}, which nothing supplies; "
            "needed a covariate of that name"
        )
        raise UsageError(msg)
    return Layout(covariates, rule, solver), tuple(kept)
