"""Linear blocks, exactly:  y' = A y + b  with A and b constant over a piece.

Where no state feeds one that feeds another and b = 0, each answer is a sum of decays and of divided
differences of two decays,

    y_i(s) = e^(-a_i s) y_i(0) + sum_j A_ij y_j(0) (e^(-a_j s) - e^(-a_i s)) / (a_i - a_j),

with a series where two rates meet. Every other linear block takes a Taylor series of fixed degree
for the exponential from node to node, in as many equal steps as its largest rate needs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.march_nodes import Nodes
from lymphocast.engine.structure import Block
from lymphocast.models.component import Component, Scalar, Values

RATES_MEET = 1e-3
"""Relative difference of two rates below which the series is used: above, the difference of the
two decays loses at most three of sixteen digits."""

SERIES_TERMS = 8
"""x = RATES_MEET x exponent; terms beyond matter only where both decays are below 1e-16."""

TAYLOR_DEGREE = 18
STEP_NORM = 2.0
"""Largest norm of A x step: the first term left out is then below 1e-11 of the state."""

MOST_STEPS = 64
"""Steps from one node to the next; a lane that needs more is called stiff."""


@final
@dataclass(frozen=True)
class Coefficients:
    """A and b of one linear block, by name of the state.

    Parameters
    ----------
    matrix
        d(rate of the first)/d(the second), ``[lane]``; only pairs that are coupled.
    constant
        Rate with every state at 0, ``[lane]``.
    """

    matrix: Mapping[tuple[str, str], Scalar]
    constant: Mapping[str, Scalar]


def coefficients(
    model: Component, block: Block, t: Scalar, inputs: Values, theta: Values, zero: Scalar
) -> Coefficients:
    """Read A and b off the model's own rates; ``zero`` is 0 in every lane."""
    rest = {s.name: zero for s in model.states}

    def rates(values: Sequence[Scalar]) -> list[Scalar]:
        found = model.rates(
            t, {**rest, **dict(zip(block.states, values, strict=True))}, inputs, theta
        )
        return [found[name] + zero for name in block.states]

    origin = [zero] * len(block.states)
    matrix: dict[tuple[str, str], Scalar] = {}
    constant: list[Scalar] = []
    for column, name in enumerate(block.states):
        unit = [zero + 1.0 if i == column else zero for i in range(len(origin))]
        constant, slopes = jax.jvp(rates, (origin,), (unit,))
        matrix |= {(row, name): s for row, s in zip(block.states, slopes, strict=True)}
    return Coefficients(matrix, dict(zip(block.states, constant, strict=True)))


def slowest(block: Block, found: Coefficients) -> Scalar:
    """Return the slowest decay of a short block over its states and all lanes; 0 if one grows."""
    decays = jnp.stack([-found.matrix[name, name] for name in block.states])
    return jnp.maximum(jnp.min(decays), 0.0)


def short_answer(
    block: Block, found: Coefficients, start: Values, h: Scalar, nodes: Nodes | None
) -> tuple[dict[str, Scalar], dict[str, Scalar]]:
    """Return the states of a short block at the nodes of a piece and at its end.

    Parameters
    ----------
    block, found
        A block that is ``short``, and its coefficients.
    start
        States at the start of the piece, ``[lane]``.
    h
        Days of the piece.
    nodes
        The nodes; ``None`` if only the end is wanted.
    """
    if nodes is None:
        return {}, _short(block, found, start, h, lambda value: value)
    days = nodes.spread(h) * nodes.along(nodes.place)
    both = {n: nodes.parted(v) for n, v in _short(block, found, start, days, nodes.spread).items()}
    return {n: v[0] for n, v in both.items()}, {n: v[1] for n, v in both.items()}


def _short(
    block: Block,
    found: Coefficients,
    start: Values,
    s: Scalar,
    spread: Callable[[Scalar], Scalar],
) -> dict[str, Scalar]:
    """Return the states ``s`` days on; ``spread`` shapes a value of lanes to go with ``s``."""
    a = {name: spread(-found.matrix[name, name]) for name in block.states}
    left = {name: jnp.exp(-a[name] * s) for name in block.states}
    result = {}
    for name in block.states:
        value = left[name] * spread(start[name])
        for other in block.feeders(name):
            answer = _divided(a[other], a[name], left[other], left[name], s)
            value = value + spread(found.matrix[name, other] * start[other]) * answer
        result[name] = value
    return result


def _divided(a: Scalar, b: Scalar, left_a: Scalar, left_b: Scalar, s: Scalar) -> Scalar:
    """Return (e^(-a s) - e^(-b s)) / (b - a), also where a and b meet."""
    apart = b - a
    meet = jnp.abs(apart) <= RATES_MEET * (jnp.abs(a) + jnp.abs(b))
    direct = (left_a - left_b) / jnp.where(meet, 1.0, apart)
    x = jnp.where(meet, apart, 0.0) * s
    series = 1.0 + 0.0 * x
    for k in range(SERIES_TERMS, 1, -1):
        series = 1.0 - x / k * series
    return jnp.where(meet, left_a * s * series, direct)


def general_answer(
    block: Block,
    found: Coefficients,
    start: Values,
    input_rate: Values,
    h: Scalar,
    nodes: Nodes,
) -> tuple[dict[str, Scalar], dict[str, Scalar], Scalar]:
    """Return the states of any linear block at the nodes of a piece and at its end.

    Also returned, by lane, are the steps that a lane needs as a share of those that are made at
    most; above 1 its answer is not to be trusted.

    Parameters
    ----------
    block, found, start
        The block, its coefficients, and its states at the start of the piece, ``[lane]``.
    input_rate
        What infusions add to each state per day, by name; absent means nothing.
    h
        Days of the piece.
    nodes
        The nodes of the piece.
    """
    names = block.states
    a = jnp.stack([jnp.stack([found.matrix[row, column] for column in names]) for row in names])
    b = jnp.stack([found.constant[n] + input_rate.get(n, 0.0) for n in names])
    y = jnp.stack([start[n] for n in names])
    gaps = np.diff(nodes.place, prepend=0.0)
    norm = jnp.max(jnp.sum(jnp.abs(a), axis=0), axis=0)
    needed = norm * h * float(gaps.max()) / STEP_NORM
    most = jnp.max(jnp.where(jnp.isfinite(needed), needed, 0.0))
    steps = jnp.clip(jnp.ceil(most), 1, MOST_STEPS).astype(int)

    def cross(y: Scalar, gap: Scalar) -> tuple[Scalar, Scalar]:
        step = h * gap / steps
        y = jax.lax.fori_loop(0, steps, lambda _, y: _taylor(a, b, y, step), y)
        return y, y

    _, found_at = jax.lax.scan(cross, y, jnp.asarray(gaps))
    at_nodes = {n: nodes.stacked(found_at[:-1, i]) for i, n in enumerate(names)}
    return at_nodes, {n: found_at[-1, i] for i, n in enumerate(names)}, needed / MOST_STEPS


def _taylor(a: Scalar, b: Scalar, y: Scalar, step: Scalar) -> Scalar:
    """Advance y' = A y + b by one step; the first derivative carries b, the rest follows from A."""
    term = step * (jnp.einsum("ijl,jl->il", a, y) + b)
    total = y + term
    for k in range(2, TAYLOR_DEGREE + 1):
        term = step / k * jnp.einsum("ijl,jl->il", a, term)
        total = total + term
    return total
