"""Occasions solved: by the march, and by an adaptive method what the march cannot solve."""

import importlib
from dataclasses import replace
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import CovariateRule
from lymphocast.engine.arrays import of_lanes, traced
from lymphocast.engine.march import march
from lymphocast.engine.march_plan import PlanMemory
from lymphocast.engine.march_readings import Crossed
from lymphocast.engine.march_task import Occasions
from lymphocast.engine.schedule import Schedule
from lymphocast.engine.settings import Layout, Method, SolveStatus
from lymphocast.engine.timeline import Added
from lymphocast.models.component import Component, Scalar, Values

LANES = 256  # solved at once by an adaptive method; more are taken in blocks

METHOD_FOR = {
    SolveStatus.NOT_FINITE: Method.EXPLICIT,
    SolveStatus.NOT_SETTLED: Method.EXPLICIT,
    SolveStatus.NOT_RESOLVED: Method.EXPLICIT,
    SolveStatus.STIFF: Method.IMPLICIT,
    SolveStatus.STEPS_EXHAUSTED: Method.IMPLICIT,
}
"""Which method is handed what the march, or the method before, could not solve, in this order."""


def solve(
    model: Component,
    layout: Layout,
    theta: Values,
    wanted: tuple[str, ...],
    schedules: tuple[Schedule, ...],
    memory: PlanMemory,
) -> Crossed:
    """Return what is wanted at the readings, ``[lane, reading]``, by lane a code and an error.

    Parameters
    ----------
    model, layout
        The equations; covariates, their rule and the settings.
    theta
        Parameter values: numbers or ``[lane]``; they may be traced.
    wanted
        Names of states and outputs.
    schedules
        One occasion for all lanes, or one for each; their shapes agree.
    memory
        Plans of earlier calls with the same schedules.
    """
    straight = layout.covariates and layout.rule is CovariateRule.LINEAR
    if layout.settings.method is not Method.MARCH or straight or not model.states:
        return _adaptive(model, layout, theta, wanted, schedules)
    added = [_added(model, layout, theta, schedules, i) for i in range(len(schedules))]
    together = added[0] if len(added) == 1 else Added(*map(np.stack, zip(*added, strict=True)))
    found = march(model, layout, theta, wanted, Occasions(schedules, together), memory)
    if traced(*jax.tree.leaves(found)) or not layout.settings.hands_on:
        return found
    for status, method in METHOD_FOR.items():
        failed = np.flatnonzero(found.code == status.code)
        if len(failed):
            settings = replace(layout.settings, method=method)
            own = of_lanes(theta, failed)
            some = tuple(schedules[i] for i in failed) if len(schedules) > 1 else schedules
            again = _adaptive(model, replace(layout, settings=settings), own, wanted, some)
            for name, value in again.values.items():
                found.values[name][failed] = value
            found.code[failed], found.error[failed] = again.code, again.error
    return found


def _by_adaptive_method() -> ModuleType:
    """Return the module of the adaptive method; it takes half a second to load."""
    return importlib.import_module("lymphocast.engine.occasion")


def _added(
    model: Component, layout: Layout, theta: Values, schedules: tuple[Schedule, ...], i: int
) -> Added:
    """Return the steady states of one schedule: of all lanes, or of its own."""
    one = len(schedules) > 1
    if not schedules[i].steady.time.shape[0]:
        states = len(model.states)
        none = np.zeros((0, states))
        return Added(none, none, np.zeros((), int))
    own = of_lanes(theta, i) if one else theta
    by_lane = {n: v for n, v in own.items() if jnp.ndim(v)}
    shared = {n: v for n, v in own.items() if n not in by_lane}
    found: Added = _by_adaptive_method().steady_lanes(model, layout, by_lane, shared, schedules[i])
    return found


def _adaptive(
    model: Component,
    layout: Layout,
    theta: Values,
    wanted: tuple[str, ...],
    schedules: tuple[Schedule, ...],
) -> Crossed:
    """Solve every lane by an adaptive method."""
    if len(schedules) > 1:
        parts = []
        for lane, schedule in enumerate(schedules):
            own = of_lanes(theta, lane)
            parts.append(_adaptive(model, layout, own, wanted, (schedule,)))
        return _joined(parts)
    by_lane = {n: v for n, v in theta.items() if jnp.ndim(v)}
    shared = {n: v for n, v in theta.items() if n not in by_lane}
    number = next((v.shape[0] for v in by_lane.values()), 1)
    width = min(1 << (number - 1).bit_length(), LANES)
    parts = []
    for begin in range(0, number, width):
        index = np.minimum(np.arange(begin, begin + width), number - 1)
        own = {n: v[index] for n, v in by_lane.items()}
        states, outputs, code = _by_adaptive_method().solve_occasion(
            model, layout, own, shared, schedules[0]
        )
        found = {**outputs, **states}
        values = {n: jnp.atleast_2d(found[n]) for n in wanted}
        code = jnp.atleast_1d(code)
        parts.append(Crossed(values, code, jnp.full(code.shape, layout.settings.rtol)))
    joined: Crossed = jax.tree.map(lambda x: x[:number], _joined(parts))
    return joined


def _joined(parts: list[Crossed]) -> Crossed:
    def join(*each: Scalar) -> Scalar:
        return jnp.concatenate(each) if traced(*each) else np.concatenate(each)

    joined: Crossed = jax.tree.map(join, *parts)
    return joined
