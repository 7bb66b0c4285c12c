"""Step forcings, and the exact answer of an affine state to them.

A forcing holds a level between edges: the relative dose, the presence of a drug. A component
whose single state has the rate  c(level) + a x  with constant a < 0 answers a step from level
to level exactly:

    x(t) = sum_i (x_i - x_(i-1)) (1 - exp(a (t - t_i)+)),     x_i = -c(level_i) / a

a and c are read off the component's own ``rates``, so that the equation is written once.
Lanes (draws) are the last axis everywhere.
"""

from dataclasses import dataclass
from typing import final

import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.individual import DosePlan, DoseSegment, Moment
from lymphocast.models.component import Component, Scalar, Values


@final
@dataclass(frozen=True)
class StepForcing:
    """A level that changes at edges: 0 before the first, ``levels[i]`` from ``edges[i]`` on.

    Edges are in chronological order in every lane; each is a number or ``[lane]``.
    """

    edges: tuple[Scalar, ...]
    levels: tuple[Scalar, ...]

    def at(self, t: Scalar) -> Scalar:
        """Return the level at ``t``."""
        value = 0.0 * t
        before: Scalar = 0.0
        for edge, level in zip(self.edges, self.levels, strict=True):
            value = value + jnp.where(t >= edge, level - before, 0.0)
            before = level
        return value


def instant(moment: Moment, theta: Values) -> Scalar:
    """Study day of a moment's nominal distance from its anchor; anchors are parameters."""
    base = 0.0 if moment.anchor is None else theta[f"when.{moment.anchor}"]
    return base + moment.offset


def dose_forcing(
    plan: DosePlan, drug: str | None, theta: Values, given: Scalar = 1.0
) -> StepForcing:
    """Return the relative weekly dose of ``drug`` over time, for the anchors in ``theta``.

    ``given`` multiplies every level: 0 for a course without the drug. No drug is never given.
    """
    edges: list[Scalar] = []
    levels: list[Scalar] = []
    stretches = plan.stretches(drug)
    for i, stretch in enumerate(stretches):
        times, heights = _rungs(stretch, theta)
        edges += times
        levels += [height * given for height in heights]
        followed = i + 1 < len(stretches) and stretches[i + 1].start == stretch.stop
        if not followed:
            edges.append(instant(stretch.stop, theta))
            levels.append(0.0 * given)
    return StepForcing(tuple(edges), tuple(levels))


def _rungs(segment: DoseSegment, theta: Values) -> tuple[list[Scalar], list[float]]:
    """The edges of one stretch: its start and, if titrated, the rungs before its end."""
    start, stop = instant(segment.start, theta), instant(segment.stop, theta)
    if segment.steps == 0:
        return [start], [segment.level]
    share = [j / segment.steps for j in range(segment.steps)]
    times = [start + (stop - start) * f for f in share]
    heights = [segment.level + (segment.final_level - segment.level) * f for f in share]
    return times, heights


def step_response(
    component: Component, forcing: StepForcing, name: str, inputs: Values, theta: Values, t: Scalar
) -> Scalar:
    """Return the single affine state of ``component`` at ``t``, from 0 before the first edge.

    Parameters
    ----------
    component
        A component with one state whose rate is affine in it and depends on time only
        through the forcing.
    forcing, name
        The forcing and the input name under which the component reads it.
    inputs
        Values of the component's other inputs (read by its rate only if constant).
    theta
        Parameter values, scalars or ``[lane]``.
    t
        Study days, ``[point, lane]`` or anything that broadcasts with the lanes.
    """
    state = component.states[0].name

    def rate(level: Scalar, x: float) -> Scalar:
        return component.rates(0.0, {state: x}, {**inputs, name: level}, theta)[state]

    slope = rate(0.0, 1.0) - rate(0.0, 0.0)
    value = 0.0 * t
    reached = -rate(0.0, 0.0) / slope
    for edge, level in zip(forcing.edges, forcing.levels, strict=True):
        target = -rate(level, 0.0) / slope
        value = value + (target - reached) * -jnp.expm1(slope * jnp.maximum(t - edge, 0.0))
        reached = target
    return value
