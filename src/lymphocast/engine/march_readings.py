"""The march's answer at the readings of an occasion, and how each lane ended."""

from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.march_lanes import Marched, Way, march_lanes, put_in
from lymphocast.engine.plan import Plan
from lymphocast.engine.settings import SolveStatus, worst
from lymphocast.engine.structure import STIFF_EXPONENT
from lymphocast.models.component import Component, Scalar, Values

RESOLVED = 1e-4
"""Largest share of a state that the nodes may have missed. The estimate takes the worst decay of
Legendre coefficients; where it says 4e-5 on the founding problem, 3e-7 is missed."""

STEADY_SLOPE = 1.0
"""Largest change of a slope x piece where a state passes zero."""


@final
class Crossed(NamedTuple):
    """Values at the readings by name, ``[lane, reading]``; by lane a status code and an error.

    The error is an estimate of the largest relative error of a smooth state in any piece: what
    further sweeps would still change. Values of a lane that is not solved are NaN.
    """

    values: dict[str, Scalar]
    code: Scalar
    error: Scalar


@partial(jax.jit, static_argnames=("model", "way"))
def crossed_readings(
    model: Component, way: Way, theta: Values, plan: Plan, sharper: Scalar = 1.0
) -> Crossed:
    """Cross all pieces and read what is wanted, ``[lane, reading]``.

    ``sharper`` divides the tolerance; another value compiles nothing anew.
    """
    tolerance = way.settings.tolerance / sharper
    width = next(iter(theta.values())).shape[0] if theta else plan.empty.shape[0]
    opening = {n: plan.level[i] for i, n in enumerate(way.covariates) if n not in model.inputs}
    initial = model.initial({**theta, **opening})
    start = {
        s.name: jnp.where(plan.empty, 0.0, jnp.broadcast_to(initial[s.name], width))
        for s in model.states
    }
    marched = march_lanes(model, way, theta, start, plan.pieces, plan.count, tolerance)
    read = plan.readings
    state = {}
    for name, rows in marched.states.items():
        shared = read.piece.shape[-1] == 1
        state[name] = rows[read.piece[:, 0]] if shared else jnp.take_along_axis(rows, read.piece, 0)
        if name in way.compartments:
            state[name] = state[name] + read.added[:, way.compartments.index(name)]
    observed = _observed(model, way, theta, plan, state)
    values = {n: jnp.broadcast_to(observed[n], (read.time.shape[0], width)).T for n in way.wanted}
    code = _code(values, marched, tolerance)
    return Crossed(values, code, marched.doubt[0])


def _observed(model: Component, way: Way, theta: Values, plan: Plan, state: Values) -> Values:
    """Return states and outputs at the readings, ``[reading, lane]``."""
    read = plan.readings
    level = [read.level[:, row] for row in range(len(way.covariates))]
    last = [read.last[:, row] for row in range(len(way.compartments))]
    known, inputs = put_in(model, way, theta, read.time, level, last)
    every = {s.name: state.get(s.name, 0.0) for s in model.states}
    outputs = model.observe(read.time, every, inputs, known)
    return {**outputs, **state}


def _code(values: Values, marched: Marched, tolerance: Scalar) -> Scalar:
    """Return how each lane ended."""
    moved, missed, exponent = marched.doubt
    finite = jnp.isfinite(marched.doubt).all(axis=0)
    for found in values.values():
        finite &= jnp.isfinite(found).all(axis=1)
    stiff = (exponent > STIFF_EXPONENT) | (marched.turn > STEADY_SLOPE)
    # What is too fast often overflows as well: the cause is named.
    return worst(
        jnp.where(stiff, SolveStatus.STIFF.code, 0),
        jnp.where(finite, 0, SolveStatus.NOT_FINITE.code),
        jnp.where(moved <= tolerance, 0, SolveStatus.NOT_SETTLED.code),
        jnp.where(missed <= RESOLVED, 0, SolveStatus.NOT_RESOLVED.code),
    )
