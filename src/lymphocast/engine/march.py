"""March: an occasion crossed piece by piece, lanes side by side.

Linear and logistic blocks are solved exactly or by quadrature, smooth ones by sweeps that settle;
see :mod:`lymphocast.engine.structure` for what a block is. What does not settle is tried again on
pieces half as long, up to five times; what then fails says so in the lane's code.

Derivatives with respect to parameters, doses and times are forward tangents
(:mod:`lymphocast.engine.columns`).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.arrays import namespace, of_lanes, put, traced
from lymphocast.engine.columns import by_columns
from lymphocast.engine.march_lanes import Way
from lymphocast.engine.march_plan import PlanMemory, blocks_of
from lymphocast.engine.march_readings import Crossed, crossed_readings
from lymphocast.engine.march_task import Occasions, Task, compartments_of
from lymphocast.engine.plan import Plan
from lymphocast.engine.settings import Layout, SolveStatus
from lymphocast.engine.timeline import Added
from lymphocast.models.component import Component, Scalar, Values

MOST_HALVINGS = 5

AGREEMENT, NOTHING_OF_LARGEST = 3e-7, 1e-9
"""Relative change between a course and that on pieces half as long, where it was once in doubt; and
the share of a lane's largest value below which a value is not compared for its own sake. What
passes through 0, such as a logarithm, is compared with its largest value throughout."""

AGAIN_SHARPER = 100.0
"""How much smaller the tolerance of the sweeps is on halved pieces: what they leave adds up from
piece to piece and would hide whether two courses agree."""

SIZES_PER_OCTAVE = 16

SETTLED_SLOPES = 1e-9
"""Tolerance of the sweeps under derivatives, which settle about as fast as the values."""


def march(
    model: Component,
    layout: Layout,
    theta: Values,
    wanted: tuple[str, ...],
    given: Occasions,
    memory: PlanMemory,
) -> Crossed:
    """Return what is wanted at the readings of an occasion, for every lane.

    Parameters
    ----------
    model, layout
        The equations; covariates, their rule and the settings.
    theta
        Parameter values: numbers or ``[lane]``; they may be traced.
    wanted
        Names of states and outputs.
    given
        The occasion of all lanes, or that of each lane; shapes agree.
    memory
        Plans of earlier calls with the same occasions.
    """
    sizes = {np.shape(v)[0] for v in theta.values() if np.ndim(v)}
    lanes = max(len(given.schedules), *sizes, 1)
    task = Task(
        model, layout, wanted, *compartments_of(model, layout.covariates, theta, given), lanes
    )
    if traced(*jax.tree.leaves((theta, given))):
        return _transformed(task, theta, given, memory)
    with np.errstate(all="ignore"):
        return _tried(task, theta, given, memory)


def _tried(task: Task, theta: Values, given: Occasions, memory: PlanMemory) -> Crossed:
    """March every lane, those in doubt again on shorter pieces until two courses in turn agree."""
    values, code, error = _once(task, theta, given, 0, memory)
    waiting = np.flatnonzero(np.isin(code, _worth_halving()))
    for halvings in range(1, MOST_HALVINGS + 1):
        if not len(waiting):
            break
        again = _once(
            replace(task, lanes=len(waiting)),
            *_of_lanes(task, theta, given, waiting),
            halvings,
            PlanMemory(),
        )
        alike = np.ones(len(waiting), dtype=bool)
        for name, value in again.values.items():
            alike &= _agree(values[name][waiting], value)
            values[name][waiting] = value
        solved = again.code == SolveStatus.SOLVED.code
        code[waiting] = np.where(solved & ~alike, SolveStatus.NOT_RESOLVED.code, again.code)
        error[waiting] = again.error
        waiting = waiting[~(solved & alike)]
    return _masked(Crossed(values, code, error))


def _worth_halving() -> list[int]:
    hopeless = {SolveStatus.SOLVED, SolveStatus.BAD_DOSING}
    return [s.code for s in SolveStatus if s not in hopeless]


def _agree(before: Scalar, now: Scalar) -> Scalar:
    """Return for each lane whether pieces half as long have changed next to nothing."""
    largest = np.max(np.abs(now), axis=1, keepdims=True, initial=0.0)
    signed = (now < 0.0).any(axis=1, keepdims=True) & (now > 0.0).any(axis=1, keepdims=True)
    nothing = np.where(signed, 1.0, NOTHING_OF_LARGEST)
    room = AGREEMENT * np.maximum(np.abs(now), nothing * largest)
    return np.all(np.abs(now - before) <= room, axis=1)


def _of_lanes(
    task: Task,
    theta: Values,
    given: Occasions,
    chosen: Any,  # noqa: ANN401 (indices)
) -> tuple[Values, Occasions]:
    """Return parameters and occasions of some lanes only."""
    schedules = given.schedules
    if len(schedules) > 1:
        schedules = tuple(schedules[i] for i in chosen)
    added = given.added
    if np.ndim(added.state) == 3:
        added = Added(*(np.asarray(x)[chosen] for x in added))
    return of_lanes(theta, chosen), Occasions(schedules, added)


def _once(
    task: Task, theta: Values, given: Occasions, halvings: int, memory: PlanMemory
) -> Crossed:
    """March all lanes over plans of one fineness, block after block."""
    xp = namespace(*jax.tree.leaves((theta, given)))
    full = {n: xp.broadcast_to(xp.asarray(v, float), task.lanes) for n, v in theta.items()}
    block = task.layout.settings.march.block
    width = task.lanes if xp is jnp else _width(task.lanes, block)
    plans, valid = memory.parts_of(task, theta, given, halvings, width)
    sharper = np.float64(AGAIN_SHARPER if halvings else 1.0)
    parts = _crossings(task, task.way(width), full, plans, width, sharper)
    found = next(parts)[1] if xp is jnp else _together(parts, task.lanes)
    code = xp.where(valid, given.added.code, SolveStatus.BAD_DOSING.code)
    code = xp.where(code == 0, found.code, code)
    return Crossed(dict(found.values), code, found.error)


def _masked(found: Crossed) -> Crossed:
    """Return what was found, NaN in lanes that are not solved."""
    return Crossed({n: _solved(v, found.code) for n, v in found.values.items()}, *found[1:])


def _solved(values: Scalar, code: Scalar) -> Scalar:
    """Return the values, NaN in lanes that are not solved; numbers are changed where they stand."""
    if traced(values, code):
        return jnp.where((code == 0)[:, None], values, jnp.nan)
    return put(values, code != 0, np.nan)


def _crossings(
    task: Task, way: Way, theta: Values, plans: Sequence[Plan], width: int, sharper: float
) -> Iterator[tuple[slice, Crossed]]:
    """Yield the lanes of one block after another with what was found."""
    for lanes, plan in zip(blocks_of(task.lanes, width), plans, strict=True):
        own = {n: v[lanes] for n, v in theta.items()}
        found = crossed_readings(task.model, way, own, plan, sharper)
        yield slice(lanes[0], lanes[-1] + 1), found


def _together(parts: Iterator[tuple[slice, Crossed]], lanes: int) -> Crossed:
    """Return the blocks as one in NumPy arrays; each is let go when it is copied."""
    place, first = next(parts)
    whole: Crossed = jax.tree.map(lambda x: np.empty((lanes, *x.shape[1:]), x.dtype), first)
    for own, part in chain([(place, first)], parts):
        jax.tree.map(lambda x, y, i=own: put(x, i, np.asarray(y)[: i.stop - i.start]), whole, part)
    return whole


def _width(lanes: int, block: int) -> int:
    """Return how many lanes go side by side, so that blocks are alike and few sizes are compiled.

    Sizes are sixteen to an octave: at most one lane in nine is a filler.
    """
    each = math.ceil(lanes / math.ceil(lanes / block))
    step = max(1, (1 << (each - 1).bit_length()) // SIZES_PER_OCTAVE)
    return min(math.ceil(each / step) * step, block)


def _transformed(task: Task, theta: Values, given: Occasions, memory: PlanMemory) -> Crossed:
    """March where something is traced; nothing is tried again."""
    leaves, shape = jax.tree.flatten((theta, given))
    moving = [i for i, leaf in enumerate(leaves) if traced(leaf)]

    def solve(own: list[Scalar], which: Task) -> tuple[dict[str, Scalar], Scalar, Scalar]:
        put_in = list(leaves)
        for i, leaf in zip(moving, own, strict=True):
            put_in[i] = leaf
        own_theta, own_given = jax.tree.unflatten(shape, put_in)
        found = _masked(_once(which, own_theta, own_given, 0, memory))
        return found.values, found.code.astype(float), found.error

    @jax.custom_jvp
    def plain(own: list[Scalar]) -> tuple[dict[str, Scalar], Scalar, Scalar]:
        return solve(own, task)

    has_lanes = _have_lanes(theta, given)
    by_lane = [has_lanes[i] for i in moving]

    def differentiated(primals: Any, tangents: Any) -> Any:  # noqa: ANN401 (JAX's form of a rule)
        fine = partial(solve, which=fine_task(task))
        return by_columns(fine, primals[0], tangents[0], by_lane, task.lanes)

    plain.defjvp(differentiated, symbolic_zeros=True)
    values, code, error = plain([leaves[i] for i in moving])
    return Crossed(values, code.astype(int), error)


def _have_lanes(theta: Values, given: Occasions) -> list[bool]:
    """Return which leaves of parameters and occasions have the lanes as first axis."""
    added = np.ndim(given.added.state) > 2
    marks = (
        {n: np.ndim(v) > 0 for n, v in theta.items()},
        Occasions(jax.tree.map(lambda _: False, given.schedules), Added(*(added,) * 3)),
    )
    found: list[bool] = jax.tree.leaves(marks)
    return found


def fine_task(task: Task) -> Task:
    """Return the task as it is solved under derivatives."""
    settings = task.layout.settings
    own = replace(settings.march, tolerance=SETTLED_SLOPES, classes=False, nodes_last=True)
    return replace(task, layout=replace(task.layout, settings=replace(settings, march=own)))
