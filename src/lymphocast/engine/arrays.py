"""One text for plans that stand on numbers and for plans that follow traced times.

The functions take NumPy arrays or JAX arrays. Where every time is a number, a plan is made with
NumPy and costs no compilation; where a lag or duration is traced, the same text runs under JAX.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.component import Scalar, Values


def traced(*values: Scalar) -> bool:
    """Return whether a value is known only while it is traced."""
    return any(isinstance(value, jax.core.Tracer) for value in values)


def namespace(*values: Scalar) -> Any:  # noqa: ANN401 (NumPy or its double)
    """Return ``jax.numpy`` if a value is traced, else NumPy."""
    return jnp if traced(*values) else np


def running_max(values: Scalar, axis: int = 0) -> Scalar:
    """Return the largest value so far along an axis."""
    if isinstance(values, jax.Array):
        return jax.lax.cummax(values, axis=axis)
    return np.maximum.accumulate(values, axis=axis)


def added_at(size: int, index: Scalar, values: Scalar) -> Scalar:
    """Return ``[size, ...]``: the sum of the values whose index is each place; others are lost."""
    inside = (index >= 0) & (index < size)
    if isinstance(values, jax.Array) or isinstance(index, jax.Array):
        place = jnp.where(inside, index, size)
        return jnp.zeros((size, *values.shape[1:])).at[place].add(values, mode="drop")
    found = np.zeros((size, *values.shape[1:]))
    np.add.at(found, index[inside], values[inside])
    return found


def of_lanes(theta: Values, chosen: Any) -> dict[str, Scalar]:  # noqa: ANN401 (an index, or many)
    """Return the parameters of one lane, or of some; what all lanes share stays."""
    return {n: v[chosen] if np.ndim(v) else v for n, v in theta.items()}


def put(values: Scalar, place: Any, part: Scalar) -> Scalar:  # noqa: ANN401 (indices)
    """Return the values with a part replaced; NumPy arrays are changed where they stand."""
    if isinstance(values, jax.Array):
        return values.at[place].set(part)
    values[place] = part
    return values


def held(value: Scalar) -> Scalar:
    """Return a value through which no derivative passes."""
    return jax.lax.stop_gradient(value) if isinstance(value, jax.Array) else value
