"""Gauss nodes of a piece, and the matrix that integrates a function known at them.

With u_i, w_i the Gauss-Legendre nodes and weights on [0, 1] and l_j the Lagrange polynomials of the
nodes, row i of ``integrals`` holds int_0^(u_i) l_j du; then follow a row with the weights and one
that gives the highest Legendre coefficient. A single product so gives all running integrals, the
end value, and what tells how much of the function the nodes may have missed. Heads place their
nodes at s = u^3, close to the transient that a dose begins; tails at s = u.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HEAD_POWER = 3


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
    """

    place: Floats
    stretch: Floats
    integrals: Floats


@lru_cache(maxsize=32)
def nodes(number: int, head: bool) -> Nodes:
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
    )
