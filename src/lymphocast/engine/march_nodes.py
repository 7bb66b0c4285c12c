"""Gauss nodes of a piece, and the matrix that integrates a function known at them.

With u_i, w_i the Gauss-Legendre nodes and weights on [0, 1] and l_j the Lagrange polynomials of the
nodes, row i of ``integrals`` holds int_0^(u_i) l_j du; then follow a row with the weights and one
that gives the highest Legendre coefficient. A single product so gives all running integrals, the
end value, and what tells how much of the function the nodes may have missed. Heads place their
nodes at s = u^3, close to the transient that a dose begins; tails at s = u.

Values at the nodes are ``[node, lane]``, which is the faster layout for numbers, or
``[lane, node]``, which is the faster one under derivatives. Code outside this module asks
:class:`Nodes` for what depends on it and takes no axis for granted.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import final

import jax.numpy as jnp
import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.component import Scalar

Floats = NDArray[np.float64]

HEAD_POWER = 3

TINY = 1e-300
"""Keeps 0 / 0 out of an error estimate."""


@final
@dataclass(frozen=True, eq=False)
class Nodes:
    """Nodes of a piece of unit length.

    Parameters
    ----------
    place
        s(u_i), and 1 for the end of the piece, ``[node + 1]``.
    stretch
        ds/du at the nodes, ``[node]``.
    integrals
        Running integrals over u, the end value, the highest Legendre coefficient,
        ``[node + 2, node]``.
    last
        Whether the nodes are the last axis.
    """

    place: Floats
    stretch: Floats
    integrals: Floats
    last: bool

    @property
    def number(self) -> int:
        """How many nodes."""
        return len(self.stretch)

    def along(self, values: Floats) -> Scalar:
        """Return one value for each node, shaped to go with values of lanes."""
        return jnp.asarray(values) if self.last else jnp.asarray(values)[:, None]

    def spread(self, value: Scalar) -> Scalar:
        """Return a value of lanes, shaped to go with one value for each node."""
        return value[..., None] if self.last else value[None]

    def parted(self, values: Scalar) -> tuple[Scalar, Scalar]:
        """Return the values at the nodes, and at the end, from those at every place."""
        n = self.number
        return (values[..., :n], values[..., n]) if self.last else (values[:n], values[n])

    def full(self, value: Scalar, lanes: int) -> Scalar:
        """Return a value of lanes, or of lanes and nodes, at every node of every lane."""
        shape = (lanes, self.number) if self.last else (self.number, lanes)
        value = jnp.asarray(value)
        return jnp.broadcast_to(self.spread(value) if value.ndim == 1 else value, shape)

    def stacked(self, rows: Scalar) -> Scalar:
        """Return ``[node, lane]`` in the layout of these nodes."""
        return jnp.moveaxis(rows, 0, -1) if self.last else rows

    def integral(self, values: Scalar) -> tuple[Scalar, Scalar, Scalar]:
        """Return running integrals over u at the nodes, the whole one, and what may be missing.

        If Legendre coefficients fall in proportion, from the mean c_0 to the highest seen c_n, a
        Gauss rule of n nodes misses about c_n^2 / c_0.
        """
        n, matrix = self.number, jnp.asarray(self.integrals)
        if self.last:
            found = values @ matrix.T
            running, whole, highest = found[..., :n], found[..., n], found[..., n + 1]
        else:
            found = matrix @ values
            running, whole, highest = found[:n], found[n], found[n + 1]
        mean, highest = jnp.abs(whole), jnp.abs(highest)
        return running, whole, highest * (highest / jnp.maximum(mean + highest, TINY))


@lru_cache(maxsize=32)
def nodes(number: int, head: bool, last: bool = False) -> Nodes:
    """Return ``number`` Gauss nodes, for a head or for a tail."""
    x, w = legendre.leggauss(number)
    u = 0.5 * (x + 1.0)
    power = HEAD_POWER if head else 1
    from_values = np.linalg.inv(legendre.legvander(x, number - 1))
    antiderivatives = [legendre.legint(row, lbnd=-1.0) for row in np.eye(number)]
    running = np.stack([legendre.legval(x, a) for a in antiderivatives], axis=-1)
    integrals = 0.5 * running @ from_values
    return Nodes(
        np.append(u**power, 1.0),
        power * u ** (power - 1),
        np.vstack([integrals, 0.5 * w, from_values[-1]]),
        last,
    )
