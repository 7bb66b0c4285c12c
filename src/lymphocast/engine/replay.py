"""One individual's events laid into plans once, and crossed again and again as a pure function.

A fit asks for the same course with thousands of parameter values. Where no fitted parameter moves
a dose, plans are numbers: they are handed to the compiled code beside the parameters, so that one
compilation serves all individuals whose plans have the same shape. Where a fitted parameter does
(a lag, a fraction, a steady state), or where the march is not used, the course is traced with the
events, and each individual compiles anew.

Nothing is tried a second time: a lane that is not solved has a code above 0 and no values.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, final

import jax
import jax.numpy as jnp
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import CovariateRule, EventTable
from lymphocast.dataset.occasions import Occasion, Reading, occasions
from lymphocast.engine.arrays import traced
from lymphocast.engine.columns import by_columns
from lymphocast.engine.march import fine_task
from lymphocast.engine.march_plan import plan_of
from lymphocast.engine.march_readings import crossed_readings
from lymphocast.engine.march_task import Occasions, Task, compartments_of
from lymphocast.engine.plan import Plan
from lymphocast.engine.readings import schedule_of
from lymphocast.engine.schedule import bucket
from lymphocast.engine.settings import Layout, Method, SolverSettings, SolveStatus
from lymphocast.engine.simulate import Prepared, layout_of
from lymphocast.engine.timeline import Added
from lymphocast.models.component import Component, Scalar, Values

FEWEST_READINGS = 64  # what records are filled up to, so that short ones share their code


@final
class Read(NamedTuple):
    """Values at the observed records by name, ``[lane, reading]``, and by lane a status code."""

    values: dict[str, Scalar]
    code: Scalar


class Course(Protocol):
    """A course read at the observed records: hashable, and a pure function of its arguments."""

    def __call__(self, laid: Any, theta: Values, lanes: int) -> Read:  # noqa: ANN401 (a tree of arrays)
        """Return what is read; ``laid`` is what stands beside this course."""
        ...


@final
@dataclass(frozen=True)
class Laid:
    """A course and the arrays to call it with.

    Parameters
    ----------
    course
        The function; equal for individuals that share compiled code.
    arrays
        Its first argument.
    readings
        How many readings it returns: at least one for each observed record, in their order.
    """

    course: Course
    arrays: Any
    readings: int


def lay(
    model: Component,
    table: EventTable,
    observed: Sequence[int],
    outputs: tuple[str, ...],
    theta: Values,
    moving: Sequence[str],
    solver: SolverSettings,
    halvings: int = 0,
) -> Laid:
    """Return one individual's course, read at some records after their events.

    Parameters
    ----------
    model, table
        The equations and the records.
    observed
        Places of the records that are read, in order; at least one.
    outputs
        Names of states and outputs.
    theta
        A value for every parameter; those of ``moving`` are examples.
    moving
        Parameters that will differ between calls.
    solver, halvings
        How the equations are solved; how often the march's pieces are halved.

    Raises
    ------
    UsageError
        As :func:`lymphocast.engine.simulate.simulate`.
    """
    layout, kept = layout_of(model, theta, table.covariates, table.rule, solver)
    parts = _read_at(occasions(table), observed)
    readings = sum(len(part.readings) for part in parts)
    if is_adaptive(model, layout) or doses_move(model, theta, moving, table, parts):
        prepared = Prepared(model, table, outputs=outputs, solver=solver)
        return Laid(
            _Traced(prepared, tuple(observed), is_adaptive(model, layout)), (), len(observed)
        )
    tasks, plans = [], []
    numbers = {n: np.asarray(v, float) for n, v in theta.items()}
    for part in parts:
        schedule = schedule_of(model, layout, numbers, part, kept)
        none = np.zeros((0, len(model.states)))
        given = Occasions((schedule,), Added(none, none, np.zeros((), int)))
        entered = compartments_of(model, layout.covariates, numbers, given)
        task = Task(model, layout, outputs, *entered, 1)
        with np.errstate(all="ignore"):
            plan, valid = plan_of(task, numbers, given, halvings)
        tasks.append(task)
        plans.append((plan, np.asarray(valid, float).reshape(-1)[:1]))
    numbered = tuple(len(part.readings) for part in parts)
    return Laid(_Planned(tuple(tasks), numbered), tuple(plans), readings)


def is_adaptive(model: Component, layout: Layout) -> bool:
    """Return whether an adaptive method solves the equations from the start."""
    straight = bool(layout.covariates) and layout.rule is CovariateRule.LINEAR
    return layout.settings.method is not Method.MARCH or straight or not model.states


def doses_move(
    model: Component,
    theta: Values,
    moving: Sequence[str],
    table: EventTable,
    parts: Sequence[Occasion],
) -> bool:
    """Return whether what enters, or when, depends on a parameter that moves."""
    if any(part.steady for part in parts):
        return True
    found: list[bool] = []
    covariates = {n: theta.get(n, 0.0) for n in table.covariates}

    def probe(own: Values) -> Scalar:
        dosing = model.dosing({**covariates, **theta, **own})
        found.append(traced(*(v for way in dosing.values() for v in way.values)))
        return 0.0

    jax.eval_shape(probe, dict.fromkeys(moving, 1.0))
    return found[0]


def _read_at(parts: Sequence[Occasion], observed: Sequence[int]) -> list[Occasion]:
    """Return the occasions read at the observed records alone, the last of them filled up."""
    wanted = set(observed)
    kept = [
        replace(part, readings=own)
        for part in parts
        if (own := tuple(r for r in part.readings if r.record in wanted))
    ]
    number = sum(len(part.readings) for part in kept)
    last = kept[-1].readings[-1]
    filler = (Reading(last.time, last.record),) * (max(FEWEST_READINGS, bucket(number)) - number)
    return [*kept[:-1], replace(kept[-1], readings=kept[-1].readings + filler)]


@final
@dataclass(frozen=True)
class _Planned:
    """A course over plans that stand: one task for each occasion, and its number of readings."""

    tasks: tuple[Task, ...]
    readings: tuple[int, ...]

    def __call__(self, laid: Any, theta: Values, lanes: int) -> Read:  # noqa: ANN401 (plans)
        """Return what is read."""
        values: dict[str, list[Scalar]] = {n: [] for n in self.tasks[0].wanted}
        code = jnp.zeros(lanes, int)
        for task, number, (plan, valid) in zip(self.tasks, self.readings, laid, strict=True):
            found, own = crossed(replace(task, lanes=lanes), theta, plan)
            own = jnp.where(valid > 0.0, own, SolveStatus.BAD_DOSING.code)
            code = jnp.where(code == 0, own, code)
            for name, part in found.items():
                values[name].append(part[:, :number])
        joined = {n: jnp.concatenate(parts, axis=1) for n, parts in values.items()}
        return Read(joined, code)


def crossed(task: Task, theta: Values, plan: Plan) -> tuple[dict[str, Scalar], Scalar]:
    """Cross one plan; tangents of parameters are columns, as in the march."""
    leaves, shape = jax.tree.flatten((dict(theta), plan))
    by_lane = [np.ndim(v) > 0 for v in jax.tree.leaves(dict(theta))]
    by_lane += [False] * (len(leaves) - len(by_lane))

    def solve(own: list[Scalar], which: Task) -> tuple[dict[str, Scalar], Scalar, Scalar]:
        own_theta, own_plan = jax.tree.unflatten(shape, own)
        wide = {n: jnp.asarray(v, float) for n, v in own_theta.items()}
        full = {n: jnp.broadcast_to(v, task.lanes) for n, v in wide.items()}
        found = crossed_readings(which.model, which.way(task.lanes), full, own_plan)
        return found.values, found.code.astype(float), found.error

    @jax.custom_jvp
    def plain(own: list[Scalar]) -> tuple[dict[str, Scalar], Scalar, Scalar]:
        return solve(own, task)

    def differentiated(primals: Any, tangents: Any) -> Any:  # noqa: ANN401 (JAX's form of a rule)
        return by_columns(
            lambda own: solve(own, fine_task(task)), primals[0], tangents[0], by_lane, task.lanes
        )

    plain.defjvp(differentiated, symbolic_zeros=True)
    values, code, _ = plain(leaves)
    return values, code.astype(int)


@final
@dataclass(frozen=True, eq=False)
class _Traced:
    """A course traced with its events; its own code for each individual.

    An adaptive method is differentiated by columns as well: never backward through its steps.
    """

    prepared: Prepared
    observed: tuple[int, ...]
    adaptive: bool

    def __call__(self, laid: Any, theta: Values, lanes: int) -> Read:  # noqa: ANN401 (nothing)
        """Return what is read."""
        names, place = list(theta), np.array(self.observed)

        def solve(own: list[Scalar]) -> tuple[dict[str, Scalar], Scalar, Scalar]:
            full = {
                n: jnp.broadcast_to(jnp.asarray(v, float), lanes)
                for n, v in zip(names, own, strict=True)
            }
            found = self.prepared.simulate(full)
            values = {n: v[:, place] for n, v in {**found.states, **found.outputs}.items()}
            return values, jnp.asarray(found.codes, float), jnp.zeros(lanes)

        if not self.adaptive:
            values, code, _ = solve([theta[n] for n in names])
            return Read(values, code.astype(int))
        plain = jax.custom_jvp(solve)
        by_lane = [np.ndim(theta[n]) > 0 for n in names]

        def differentiated(primals: Any, tangents: Any) -> Any:  # noqa: ANN401 (as above)
            return by_columns(solve, primals[0], tangents[0], by_lane, lanes)

        plain.defjvp(differentiated, symbolic_zeros=True)
        values, code, _ = plain([theta[n] for n in names])
        return Read(values, code.astype(int))
