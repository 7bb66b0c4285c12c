"""Smooth and logistic blocks, from values of earlier states at the nodes of a piece.

Smooth. With a_i = d f_i / d y_i at the start of the piece and D_i(u) = int_0^u J a_i du, where
J = dt/du, the states are found by Gauss-Seidel sweeps from constants, the last state first:

    y_i(u) <- e^(D_i) [ y_i(0) + int_0^u e^(-D_i) (J f_i(y) - D_i' y_i) du ]

Three sweeps are always made and more while a lane is not settled. Two things may be wrong with a
lane, and both are reported: what further sweeps would still change in an end value, estimated from
the changes of the last two, and what the nodes may have missed. What the sweeps settle on solves
the equations whatever D is, so no derivative is taken of D.

Logistic. y' = r + c e^y gives, with S = int J r and G = int J c e^S,

    y(u) = y(0) + S - log1p(-e^(y(0)) G),

and y' = r y - s y^2 gives  y(u) = y(0) e^S / (1 + y(0) int J s e^S).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
from jax.lax import stop_gradient

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.march_nodes import TINY, Nodes
from lymphocast.engine.structure import Block
from lymphocast.models.component import Scalar, Values

FIRST_SWEEPS = 3
"""Sweeps that are always made; each changes every state of the block once."""

MOST_SWEEPS = 12

SHARE_OF_START = 1e-3
"""Of a state at the start of a piece, what its change is compared with beside its end: a state that
falls to a thousandth in one piece must settle relative to what is left."""

NO_EXPONENTIAL = -1e4
"""A logarithm at which exp is exactly 0: the rate there is r alone."""

Rates = Callable[[Values], Values]


@final
@dataclass(frozen=True)
class Piece:
    """What a block needs to know of a piece.

    Parameters
    ----------
    h
        Days, ``[lane]``, or ``[1]`` where all lanes share them.
    nodes, lanes
        The nodes, and how many lanes there are.
    tolerance
        Relative change of an end value that further sweeps may still make.
    unrolled
        Whether the first sweeps are written out: faster to run, slower to compile.
    """

    h: Scalar
    nodes: Nodes
    lanes: int
    tolerance: Scalar
    unrolled: bool = False

    @property
    def days(self) -> Scalar:
        """Days per unit of u at the nodes."""
        return self.nodes.spread(self.h) * self.nodes.along(self.nodes.stretch)

    def full(self, value: Scalar) -> Scalar:
        """Return a value at every node of every lane."""
        return self.nodes.full(value, self.lanes)


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
class _Factor(NamedTuple):
    """An integrating factor: D', e^D and e^-D at the nodes, e^D and |D| at the end."""

    slope: Scalar
    grow: Scalar
    shrink: Scalar
    at_end: Scalar
    exponent: Scalar


@final
class _Sweeps(NamedTuple):
    """Where the sweeps stand.

    Values at the nodes and at the end; by lane the relative change in the last sweep, what is left
    to change, and what the nodes missed; the number of sweeps.
    """

    values: dict[str, Scalar]
    ends: dict[str, Scalar]
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
        The rates at the nodes from the block's states at the nodes.
    start
        The block's states at the start of the piece, ``[lane]``.
    piece
        The piece.
    """
    begin = {n: piece.full(start[n]) for n in block.states}
    days = piece.days
    factors = {n: _factor(rates, begin, n, piece, days) for n in block.states}

    def sweep(values: Values, ends: Values) -> tuple[dict[str, Scalar], dict[str, Scalar], Scalar]:
        values, ends = dict(values), dict(ends)
        missed = jnp.zeros(piece.lanes)
        for name in reversed(block.states):
            own = factors[name]
            rest = own.shrink * (days * rates(values)[name] - own.slope * values[name])
            gained, whole, lost = piece.nodes.integral(rest)
            values[name] = own.grow * (piece.nodes.spread(start[name]) + gained)
            ends[name] = own.at_end * (start[name] + whole)
            size = jnp.abs(start[name]) + jnp.abs(whole)
            missed = jnp.maximum(missed, lost / jnp.maximum(size, TINY))
        return values, ends, missed

    ends = {n: start[n] + jnp.zeros(piece.lanes) for n in block.states}
    settled = _settled(sweep, begin, ends, piece)
    exponent = jnp.max(jnp.stack([own.exponent for own in factors.values()]), axis=0)
    doubt = jnp.stack([settled.error, settled.missed, exponent])
    return Crossing(settled.values, settled.ends, stop_gradient(doubt))


def _factor(rates: Rates, begin: Values, name: str, piece: Piece, days: Scalar) -> _Factor:
    """Return the integrating factor of one state, its slope taken with states as at the start."""

    def own_rate(own: Scalar) -> Scalar:
        return piece.full(rates({**begin, name: own})[name])

    _, slope = jax.jvp(own_rate, (begin[name],), (jnp.ones_like(begin[name]),))
    slope = stop_gradient(days * slope)
    running, whole, _ = piece.nodes.integral(slope)
    grow = jnp.exp(running)
    return _Factor(slope, grow, 1.0 / grow, jnp.exp(whole), jnp.abs(whole))


def _settled(
    sweep: Callable[[Values, Values], tuple[dict[str, Scalar], dict[str, Scalar], Scalar]],
    values: dict[str, Scalar],
    start: dict[str, Scalar],
    piece: Piece,
) -> _Sweeps:
    """Sweep three times, then again while a lane is not settled."""
    unknown = jnp.full(piece.lanes, jnp.inf)
    none = jnp.zeros(piece.lanes)

    def again(last: _Sweeps, *, always: bool = False) -> _Sweeps:
        values, ends, missed = sweep(last.values, last.ends)
        moved = stop_gradient(_change(start, last.ends, ends))
        new = _Sweeps(
            values, ends, moved, _left(last.moved, moved), stop_gradient(missed), last.count + 1
        )
        if always:
            return new
        # A settled lane stays: it must not depend on its neighbours.
        more = (last.error > piece.tolerance) | (last.count < FIRST_SWEEPS)
        at_nodes = piece.nodes.spread(more)
        kept: _Sweeps = jax.tree.map(
            lambda a, b: jnp.where(more, a, b), new._replace(values={}), last._replace(values={})
        )
        values = {n: jnp.where(at_nodes, v, last.values[n]) for n, v in new.values.items()}
        return kept._replace(values=values, count=new.count)

    def moving(last: _Sweeps) -> Scalar:
        unsettled = jnp.any(last.error > piece.tolerance) & (last.count < MOST_SWEEPS)
        return unsettled | (last.count < FIRST_SWEEPS)

    begun = _Sweeps(values, start, unknown, unknown, none, jnp.asarray(0))
    for _ in range(FIRST_SWEEPS if piece.unrolled else 0):
        begun = again(begun, always=True)
    found: _Sweeps = jax.lax.while_loop(moving, again, begun)
    return found


def _change(start: Values, old: Values, new: Values) -> Scalar:
    """Return the largest change of an end value relative to the state, by lane."""
    each = []
    for name, after in new.items():
        size = jnp.abs(after) + SHARE_OF_START * jnp.abs(start[name])
        each.append(jnp.abs(after - old[name]) / jnp.where(size > 0.0, size, 1.0))
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
    solve = _logarithmic if block.logarithmic else _quadratic

    def rate(y: Scalar) -> Scalar:
        return piece.full(rates({name: y})[name])

    at_nodes, at_end, missed = solve(rate, start[name] + jnp.zeros(piece.lanes), piece)
    none = jnp.zeros(piece.lanes)
    return Crossing(
        {name: at_nodes}, {name: at_end}, stop_gradient(jnp.stack([none, missed, none]))
    )


def _logarithmic(
    rate: Callable[[Scalar], Scalar], y0: Scalar, piece: Piece
) -> tuple[Scalar, Scalar, Scalar]:
    zero = piece.full(jnp.zeros(1))
    r = rate(zero + NO_EXPONENTIAL)
    _, c = jax.jvp(rate, (zero,), (zero + 1.0,))
    grown, all_grown, missed = piece.nodes.integral(piece.days * r)
    scale = piece.nodes.spread(y0)
    filled, all_filled, again = piece.nodes.integral(piece.days * c * jnp.exp(scale + grown))
    at_nodes = scale + grown - jnp.log1p(-filled)
    return at_nodes, y0 + all_grown - jnp.log1p(-all_filled), missed + again


def _quadratic(
    rate: Callable[[Scalar], Scalar], y0: Scalar, piece: Piece
) -> tuple[Scalar, Scalar, Scalar]:
    zero = piece.full(jnp.zeros(1))
    one = zero + 1.0

    def slope(y: Scalar) -> Scalar:
        return jax.jvp(rate, (y,), (one,))[1]

    r, curvature = jax.jvp(slope, (zero,), (one,))
    log_grown, log_all, _ = piece.nodes.integral(piece.days * r)
    grown, all_grown = jnp.exp(log_grown), jnp.exp(log_all)
    held, all_held, _ = piece.nodes.integral(piece.days * (-0.5 * curvature) * grown)
    at_nodes = piece.nodes.spread(y0) * grown / (1.0 + piece.nodes.spread(y0) * held)
    at_end = y0 * all_grown / (1.0 + y0 * all_held)
    # A corner of r where next to nothing is left of y is a corner of y' that is next to nothing.
    _, _, lost = piece.nodes.integral(piece.days * (r + 0.5 * curvature * at_nodes) * at_nodes)
    size = jnp.abs(at_end) + SHARE_OF_START * jnp.abs(y0)
    return at_nodes, at_end, lost / jnp.maximum(size, TINY)
