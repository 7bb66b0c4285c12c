"""Tangents by columns of the Jacobian, one for each quantity that is differentiated.

The columns are forward tangents (Griewank and Walther 2008, doi:10.1137/1.9780898717761, chapter
3). The answer is linear in what they are multiplied with, so that JAX takes gradients of it too
and no derivative runs backward through the march.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.component import Scalar


def by_columns(
    solve: Callable[[list[Scalar]], tuple[dict[str, Scalar], Scalar, Scalar]],
    primals: list[Scalar],
    tangents: list[Scalar],
    by_lane: Sequence[bool],
    lanes: int,
) -> Any:  # noqa: ANN401 (values and tangents, as JAX wants them)
    """Return the values and their tangents, by one column of the Jacobian after another.

    Lanes do not depend on each other: one column serves a quantity in all of them.

    Parameters
    ----------
    solve
        Values ``[lane, reading]`` by name, code and error, from the differentiated quantities.
    primals, tangents
        The quantities and what they are moved by.
    by_lane
        Which of them have the lanes as first axis.
    lanes
        How many lanes there are.
    """
    active = [i for i, t in enumerate(tangents) if not isinstance(t, SymbolicZero)]
    own = [jnp.shape(primals[i]) for i in active]
    lead = [int(by_lane[i]) for i in active]
    counts = [math.prod(s[k:]) for s, k in zip(own, lead, strict=True)]
    total = sum(counts)
    directions, done = [], 0
    for s, k, n in zip(own, lead, counts, strict=True):
        unit = jnp.eye(total, n, -done).reshape(total, *(1,) * k, *s[k:])
        directions.append(jnp.broadcast_to(unit, (total, *s)))
        done += n

    def column(*direction: Scalar) -> Any:  # noqa: ANN401
        def of(*moved: Scalar) -> Any:  # noqa: ANN401
            put_in = list(primals)
            for i, value in zip(active, moved, strict=True):
                put_in[i] = value
            return solve(put_in)

        return jax.jvp(of, tuple(primals[i] for i in active), direction)

    found, slopes = jax.vmap(column, out_axes=(None, 0))(*directions)
    parts = []
    for i, s, k, n in zip(active, own, lead, counts, strict=True):
        flat = jnp.reshape(tangents[i], (*s[:k], n))
        parts.append(jnp.broadcast_to(flat, (lanes, n)))
    weights = jnp.concatenate(parts, axis=1)
    values = {n: jnp.einsum("clr,lc->lr", slope, weights) for n, slope in slopes[0].items()}
    none = jnp.zeros(lanes)
    return found, (values, none, none)
