"""Smooth and logistic blocks, from values of earlier states at the nodes of a piece.

Smooth. With a_i = d f_i / d y_i at the start of the piece and D_i(u) = int_0^u J a_i du, where
J = dt/du, the states are found by Gauss-Seidel sweeps from constants, the last state first:

    y_i(u) <- e^(D_i) [ y_i(0) + int_0^u e^(-D_i) J (f_i(y) - a_i y_i) du ]

Three sweeps are always made and more while a lane is not settled. Two things may be wrong with a
lane, and both are reported: what further sweeps would still change in an end value, estimated from
the changes of the last two, and what the nodes may have missed.

Logistic. y' = r + c e^y gives, with S = int J r and G = int J c e^S,

    y(u) = y(0) + S - log1p(-e^(y(0)) G),

and y' = r y - s y^2 gives  y(u) = y(0) e^S / (1 + y(0) int J s e^S).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.march_nodes import Nodes
from lymphocast.engine.structure import Block
from lymphocast.models.component import Scalar, Values

FIRST_SWEEPS = 3
"""Sweeps that are always made; each changes every state of the block once."""

MOST_SWEEPS = 12

NO_EXPONENTIAL = -1e4
"""A logarithm at which exp is exactly 0: the rate there is r alone."""

TINY = 1e-300
"""Keeps 0 / 0 out of an error estimate."""

Rates = Callable[[Values], Values]


@final
@dataclass(frozen=True)
class Piece:
    """What a block needs to know of a piece: its days, its nodes, the tolerance of a sweep."""

    h: Scalar
    nodes: Nodes
    tolerance: float

    @property
    def number(self) -> int:
        """How many nodes."""
        return len(self.nodes.stretch)

    def integral(self, values: Scalar) -> tuple[Scalar, Scalar]:
        """Return running integrals over the piece's days, and how far they may be off.

        ``values`` stand at the nodes, ``[node, lane]``; the integrals are ``[node + 1, lane]``, the
        end last. If Legendre coefficients fall in proportion, from the mean c_0 to the highest
        seen c_n, a Gauss rule of n nodes misses about c_n^2 / c_0.
        """
        stretched = self.h * self.nodes.stretch[:, None] * values
        found = jnp.asarray(self.nodes.integrals) @ stretched
        mean, highest = jnp.abs(found[-2]), jnp.abs(found[-1])
        return found[:-1], highest * (highest / jnp.maximum(mean + highest, TINY))


@final
@dataclass(frozen=True)
class Crossing:
    """A block across a piece: its states at the nodes and at the end, and what may be wrong.

    ``doubt`` is ``[3, lane]``: the relative change that sweeps would still make, what the nodes may
    have missed, and the largest exponent of an integrating factor.
    """

    at_nodes: Mapping[str, Scalar]
    at_end: Mapping[str, Scalar]
    doubt: Scalar


@final
@dataclass(frozen=True)
class _Own:
    """One state of a smooth block: its slope at the nodes and its integrating factor."""

    slope: Scalar
    grow: Scalar
    shrink: Scalar


@final
class _Sweeps(NamedTuple):
    """Where the sweeps stand.

    Values at nodes and end, ``[node + 1, lane]``; by lane the relative change in the last sweep,
    what is left to change, and what the nodes missed; the number of sweeps.
    """

    values: dict[str, Scalar]
    moved: Scalar
    error: Scalar
    missed: Scalar
    count: Scalar


def smooth(block: Block, rates: Rates, start: Values, piece: Piece) -> Crossing:
    """Cross a piece with a smooth block.

    Parameters
    ----------
    block
        The block.
    rates
        The rates at the nodes, ``[node, lane]``, from the block's states at the nodes.
    start
        The block's states at the start of the piece, ``[lane]``.
    piece
        The piece.
    """
    shape = (piece.number, *jnp.shape(start[block.states[0]]))
    begin = {n: jnp.broadcast_to(start[n], shape) for n in block.states}
    own: dict[str, _Own] = {}
    exponent = jnp.zeros(shape[1:])
    for name in block.states:
        slope = _own_slope(rates, begin, name, shape)
        grown, _ = piece.integral(slope)
        exponent = jnp.maximum(exponent, jnp.abs(grown[-1]))
        grow = jnp.exp(grown)
        own[name] = _Own(slope, grow, 1.0 / grow[:-1])

    def sweep(values: dict[str, Scalar]) -> tuple[dict[str, Scalar], Scalar]:
        changed = {n: values[n] for n in block.states}
        missed = jnp.zeros(shape[1:])
        for name in reversed(block.states):
            at_nodes = {n: v[:-1] for n, v in changed.items()}
            rest = rates(at_nodes)[name] - own[name].slope * at_nodes[name]
            gained, lost = piece.integral(own[name].shrink * rest)
            changed[name] = own[name].grow * (start[name] + gained)
            size = jnp.abs(start[name]) + jnp.abs(gained[-1])
            missed = jnp.maximum(missed, lost / jnp.maximum(size, TINY))
        return changed, missed

    values = {n: jnp.broadcast_to(start[n], (shape[0] + 1, *shape[1:])) for n in block.states}
    settled = _settled(sweep, values, piece.tolerance)
    return Crossing(
        {n: v[:-1] for n, v in settled.values.items()},
        {n: v[-1] for n, v in settled.values.items()},
        jnp.stack([settled.error, settled.missed, exponent]),
    )


def _own_slope(rates: Rates, begin: Values, name: str, shape: tuple[int, ...]) -> Scalar:
    """Return the derivative of a rate by its own state at the nodes, states as at the start."""
    _, slope = jax.jvp(
        lambda own: jnp.broadcast_to(rates({**begin, name: own})[name], shape),
        (begin[name],),
        (jnp.ones(shape),),
    )
    return slope


def _settled(
    sweep: Callable[[dict[str, Scalar]], tuple[dict[str, Scalar], Scalar]],
    values: dict[str, Scalar],
    tolerance: float,
) -> _Sweeps:
    """Sweep three times, then again while a lane is not settled."""
    missed = moved = before = jnp.zeros(())
    for _ in range(FIRST_SWEEPS):
        old, before = values, moved
        values, missed = sweep(old)
        moved = _change(old, values)
    first = _Sweeps(values, moved, _left(before, moved), missed, jnp.asarray(FIRST_SWEEPS))

    def again(last: _Sweeps) -> _Sweeps:
        swept, lost = sweep(last.values)
        more = last.error > tolerance  # a settled lane stays: it must not depend on its neighbours
        values = {n: jnp.where(more, new, last.values[n]) for n, new in swept.items()}
        moved = _change(last.values, swept)
        return _Sweeps(
            values,
            jnp.where(more, moved, last.moved),
            jnp.where(more, _left(last.moved, moved), last.error),
            jnp.where(more, lost, last.missed),
            last.count + 1,
        )

    def moving(last: _Sweeps) -> Scalar:
        return jnp.any(last.error > tolerance) & (last.count < MOST_SWEEPS)

    found: _Sweeps = jax.lax.while_loop(moving, again, first)
    return found


def _change(old: Values, new: Values) -> Scalar:
    """Return the largest relative change of an end value, by lane."""
    each = []
    for name, after in new.items():
        size = jnp.abs(after[-1]) + jnp.abs(after[0])
        each.append(jnp.abs(after[-1] - old[name][-1]) / jnp.where(size > 0.0, size, 1.0))
    return jnp.max(jnp.stack(each), axis=0)


def _left(before: Scalar, moved: Scalar) -> Scalar:
    """Return what further sweeps would still change, from the changes of the last two.

    If each change is the same part of the one before, the rest is a geometric series. Changes that
    do not fall by half are taken as the error themselves.
    """
    ratio = moved / jnp.maximum(before, TINY)
    falling = ratio < 0.5
    return jnp.where(falling, moved * ratio / (1.0 - jnp.where(falling, ratio, 0.0)), moved)


def logistic(block: Block, rates: Rates, start: Values, piece: Piece) -> Crossing:
    """Cross a piece with a logistic block; parameters as of :func:`smooth`."""
    (name,) = block.states
    y0 = start[name]
    shape = (piece.number, *jnp.shape(y0))
    solve = _logarithmic if block.logarithmic else _quadratic
    found, missed = solve(lambda y: jnp.broadcast_to(rates({name: y})[name], shape), y0, piece)
    none = jnp.zeros(shape[1:])
    return Crossing({name: found[:-1]}, {name: found[-1]}, jnp.stack([none, missed, none]))


def _logarithmic(
    rate: Callable[[Scalar], Scalar], y0: Scalar, piece: Piece
) -> tuple[Scalar, Scalar]:
    zero = jnp.zeros((piece.number, *jnp.shape(y0)))
    r = rate(zero + NO_EXPONENTIAL)
    _, c = jax.jvp(rate, (zero,), (zero + 1.0,))
    grown, missed = piece.integral(r)
    filled, missed_again = piece.integral(c * jnp.exp(y0 + grown[:-1]))
    return y0 + grown - jnp.log1p(-filled), missed + missed_again


def _quadratic(rate: Callable[[Scalar], Scalar], y0: Scalar, piece: Piece) -> tuple[Scalar, Scalar]:
    zero = jnp.zeros((piece.number, *jnp.shape(y0)))
    one = zero + 1.0

    def slope(y: Scalar) -> Scalar:
        return jax.jvp(rate, (y,), (one,))[1]

    r, curvature = jax.jvp(slope, (zero,), (one,))
    grown, missed = piece.integral(r)
    grown = jnp.exp(grown)
    held_back, missed_again = piece.integral(-0.5 * curvature * grown[:-1])
    return y0 * grown / (1.0 + y0 * held_back), missed + jnp.abs(y0) * missed_again
