"""A level held between walls whose free rate is known, and a state that lags behind it.

    db/dt = f(t), stopped at the walls
    ds/dt = (c(b) - s) / delay,  c = clip(b / scale, 0, 1),  low <= 0 and scale <= high

On each interval of a mesh that contains every jump of f, f is the cubic through its values at
four Gauss points. The interval is cut where f changes sign; on each part b moves one way, so
clipping the free path to the walls is exact. The lag is exact where c is constant; where c moves,
between the instants at which b crosses ``scale`` and 0,

    s(end) = c(end) + (s(start) - c(start)) exp(-h/delay) - int c'(u) exp(-(end - u)/delay) du

with six Gauss points for the integral. The crossings are found by Newton's method on the free
path, which is monotone there. Lanes are the last axis.
"""

from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.component import Scalar

RATE_NODES = 4
LAG_NODES = 6
NEWTON_STEPS = 3
TINY = 1e-300


def gauss(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss-Legendre nodes and weights on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(n)
    return 0.5 * (x + 1.0), 0.5 * w


NODES, _ = gauss(RATE_NODES)
_TO_POWERS = np.linalg.inv(np.vander(NODES, RATE_NODES, increasing=True))
LAG_U, LAG_W = gauss(LAG_NODES)


@final
class Path(NamedTuple):
    """Level b and lagged severity s at the mesh points, each ``[mesh, lane]``."""

    mesh: jax.Array
    level: jax.Array
    lagged: jax.Array

    def at(self, day: Scalar) -> tuple[jax.Array, jax.Array]:
        """Return (b, s) at a day that is a mesh point in every lane."""
        here = self.mesh == day
        level = jnp.max(jnp.where(here, self.level, -jnp.inf), axis=0)
        lagged = jnp.max(jnp.where(here, self.lagged, -jnp.inf), axis=0)
        return level, lagged


@final
class Walls(NamedTuple):
    """Where the level is held, what it is compared with, and the delay: numbers or ``[lane]``."""

    low: Scalar
    high: Scalar
    scale: Scalar
    delay: Scalar


def nodes_of(mesh: Scalar) -> Scalar:
    """Return the days at which the free rate is wanted, ``[interval, node, lane]``."""
    h = jnp.diff(mesh, axis=0)
    return mesh[:-1, None] + NODES[None, :, None] * h[:, None]


def held_path(
    mesh: Scalar, rate: Scalar, start: Scalar, walls: Walls, lagged: Scalar = 1.0
) -> Path:
    """Return the path from level ``start`` and the lagged value ``lagged``.

    Parameters
    ----------
    mesh
        Days in increasing order, ``[mesh, lane]``; repeated points are allowed.
    rate
        Free rate at :func:`nodes_of` the mesh, ``[interval, node, lane]``, per day.
    start
        Level at the first mesh point, ``[lane]``.
    walls
        Walls, scale and delay.
    lagged
        Lagged value at the first mesh point.
    """
    h = jnp.diff(mesh, axis=0)
    powers = [sum(row[n] * rate[:, n] for n in range(RATE_NODES)) for row in _TO_POWERS]

    def advance(
        carry: tuple[Scalar, Scalar], piece: tuple[Scalar, Scalar]
    ) -> tuple[tuple[Scalar, Scalar], tuple[Scalar, Scalar]]:
        b, s = carry
        length, coefficients = piece
        turn = _sign_change(coefficients)
        for begin, end in ((jnp.zeros_like(turn), turn), (turn, jnp.ones_like(turn))):
            b, s = _one_way(b, s, length, coefficients, begin, end, walls)
        return (b, s), (b, s)

    first = (start + 0.0 * h[0], lagged + 0.0 * h[0])
    _, (levels, followed) = jax.lax.scan(advance, first, (h, tuple(powers)))
    return Path(
        mesh,
        jnp.concatenate([first[0][None], levels]),
        jnp.concatenate([first[1][None], followed]),
    )


def _polynomial(coefficients: Scalar, u: Scalar) -> Scalar:
    value = coefficients[-1]
    for i in range(RATE_NODES - 2, -1, -1):
        value = value * u + coefficients[i]
    return value


def _integral(coefficients: Scalar, u: Scalar) -> Scalar:
    value = coefficients[-1] / RATE_NODES
    for i in range(RATE_NODES - 2, -1, -1):
        value = value * u + coefficients[i] / (i + 1)
    return value * u


def _sign_change(coefficients: Scalar) -> Scalar:
    """Where in [0, 1] the rate changes sign; 1 if it does not."""
    left, right = coefficients[0], sum(coefficients)
    changes = left * right < 0.0
    low, high = jnp.zeros_like(left), jnp.ones_like(left)
    u = jnp.clip(left / jnp.where(changes, left - right, 1.0), 0.0, 1.0)
    for _ in range(NEWTON_STEPS):
        value = _polynomial(coefficients, u)
        same = value * left > 0.0
        low, high = jnp.where(same, u, low), jnp.where(same, high, u)
        slope = sum(i * coefficients[i] * u ** (i - 1) for i in range(1, RATE_NODES))
        step = u - value / jnp.where(slope == 0.0, TINY, slope)
        u = jnp.where((step >= low) & (step <= high), step, 0.5 * (low + high))
    return jnp.where(changes, u, 1.0)


def _crossing(
    coefficients: Scalar, wanted: Scalar, begin: Scalar, end: Scalar, at_begin: Scalar
) -> Scalar:
    """Where in [begin, end] the integral of the rate since 0 reaches ``wanted``."""
    reach = _integral(coefficients, end) - at_begin
    share = (wanted - at_begin) / jnp.where(reach == 0.0, TINY, reach)
    inside = (share > 0.0) & (share < 1.0)
    u = begin + jnp.clip(share, 0.0, 1.0) * (end - begin)
    start = u
    for _ in range(NEWTON_STEPS):
        slope = _polynomial(coefficients, u)
        step = (_integral(coefficients, u) - wanted) / jnp.where(slope == 0.0, TINY, slope)
        u = jnp.clip(u - step, begin, end)
    return jnp.where(inside, u, start)


def _one_way(
    b: Scalar, s: Scalar, h: Scalar, coefficients: Scalar, begin: Scalar, end: Scalar, walls: Walls
) -> tuple[Scalar, Scalar]:
    """Advance over a part of an interval on which the rate has one sign."""
    safe_h = jnp.where(h > 0.0, h, 1.0)
    from_begin = _integral(coefficients, begin)
    target = [
        _crossing(coefficients, from_begin + (level - b) / safe_h, begin, end, from_begin)
        for level in (walls.scale, 0.0 * walls.scale)
    ]
    moves_from, moves_to = jnp.minimum(*target), jnp.maximum(*target)
    width, moving = moves_to - moves_from, 0.0 * h
    for node, weight in zip(LAG_U, LAG_W, strict=True):
        u = moves_from + node * width
        faded = jnp.exp(-h * (end - u) / walls.delay)
        moving = moving + weight * faded * _polynomial(coefficients, u)
    moving = moving * width * h / walls.scale
    free = b + h * (_integral(coefficients, end) - from_begin)
    after = jnp.clip(free, walls.low, walls.high)
    before_c, after_c = (jnp.clip(x / walls.scale, 0.0, 1.0) for x in (b, after))
    left = jnp.exp(-h * (end - begin) / walls.delay)
    return after, after_c + (s - before_c) * left - moving
