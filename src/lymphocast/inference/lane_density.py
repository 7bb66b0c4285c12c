"""A log likelihood over lanes of standard normals: what every sampler of one individual takes.

A lane is a column z of standard normals (:mod:`lymphocast.inference.parameters`). Anything that
gives a log likelihood by lane can be sampled: a library model with a patient's record
(:mod:`lymphocast.inference.individual_density`), or a function of named parameters from elsewhere
(:func:`density_of`).

Where the likelihood is not a finite number it is -inf and its slopes are 0: never NaN.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.blocks import in_blocks
from lymphocast.inference.parameters import ParameterSpace, SpaceForm
from lymphocast.models.component import Scalar

Floats = NDArray[np.float64]
Tree = Any  # a tree of arrays
LogLikelihood = Callable[[Tree, Scalar], Scalar]
"""``(arrays, z[row, lane]) -> [lane]``: hashable, and a pure function that JAX can trace."""

NOTHING = ParameterSpace(())
BLOCK = 128  # lanes side by side; what is more is taken in blocks, two at a time
WORKERS = 2


@final
@dataclass(frozen=True, eq=False)
class LaneDensity:
    """A log likelihood of standard normals.

    Parameters
    ----------
    function
        The log likelihood; equal functions with arrays of the same shapes share compiled code.
    arrays
        Its first argument: data and the numbers of priors.
    space
        The parameters behind z. ``idle`` are free parameters that the likelihood does not read:
        they keep their prior and take no part in sampling.
    """

    function: LogLikelihood
    arrays: Tree
    space: ParameterSpace
    idle: ParameterSpace = NOTHING

    @property
    def size(self) -> int:
        """Number of rows of z."""
        return self.space.form.size

    def log_likelihood(self, z: Floats) -> Floats:
        """Return the log likelihood of draws ``[row, lane]``, ``[lane]``."""
        found: Floats = self._in_blocks(
            lambda x: _log_likelihood(self.function, self.arrays, x), np.asarray(z, float)
        )
        return found

    def with_slopes(self, z: Floats) -> tuple[Floats, Floats]:
        """Return the log likelihood ``[lane]`` and its slopes ``[row, lane]``."""
        found: tuple[Floats, Floats] = self._in_blocks(
            lambda x: with_slopes(self.function, self.arrays, x), np.asarray(z, float)
        )
        return found

    def _in_blocks(self, function: Callable[[Tree], Tree], z: Floats) -> Tree:
        """Evaluate in blocks of a few sizes, on two threads where there are several."""
        number = z.shape[1]
        width = min(BLOCK, 1 << (number - 1).bit_length())
        if number <= width:
            return in_blocks(function, z, block=width)
        parts = [z[:, begin : begin + width] for begin in range(0, number, width)]
        with ThreadPoolExecutor(WORKERS) as pool:
            found = list(pool.map(lambda part: in_blocks(function, part, block=width), parts))
        return jax.tree.map(lambda *each: np.concatenate(each, axis=-1), *found)

    def values(self, z: Floats, rng: np.random.Generator) -> dict[str, Floats]:
        """Return the free parameters by name, ``[lane]``; those that are idle are drawn anew."""
        found = _free(self.space, z)
        aside = rng.standard_normal((self.idle.form.size, z.shape[1]))
        return {**found, **_free(self.idle, aside)}


def _free(space: ParameterSpace, z: Floats) -> dict[str, Floats]:
    theta = space.theta(z)
    return {name: theta[name] for name in space.free}


@final
@dataclass(frozen=True)
class _Named:
    """The log likelihood of named parameters, as a function of z."""

    of_theta: Callable[[Mapping[str, Scalar]], Scalar]
    form: SpaceForm

    def __call__(self, arrays: Tree, z: Scalar) -> Scalar:
        return self.of_theta(self.form.theta(arrays, z))


def density_of(
    space: ParameterSpace, log_likelihood: Callable[[Mapping[str, Scalar]], Scalar]
) -> LaneDensity:
    """Return the density of a log likelihood that is given elsewhere.

    Parameters
    ----------
    space
        Priors and fixed values of the parameters.
    log_likelihood
        From parameter values by name, ``[lane]`` or (fixed ones) numbers, to the log likelihood,
        ``[lane]``; a pure function that JAX can trace.
    """
    return LaneDensity(_Named(log_likelihood, space.form), space.arrays, space)


@partial(jax.jit, static_argnums=0)
def _log_likelihood(function: LogLikelihood, arrays: Tree, z: Scalar) -> Scalar:
    found = function(arrays, z)
    return jnp.where(jnp.isfinite(found), found, -jnp.inf)


@partial(jax.jit, static_argnums=0)
def with_slopes(function: LogLikelihood, arrays: Tree, z: Scalar) -> tuple[Scalar, Scalar]:
    """Return the log likelihood ``[lane]`` and its slopes ``[row, lane]``.

    Lanes do not depend on each other: the slopes of their sum are those of each. Where the
    engine solves the likelihood, its derivatives are forward columns.
    """

    def total(own: Scalar) -> tuple[Scalar, Scalar]:
        found = function(arrays, own)
        finite = jnp.isfinite(found)
        return jnp.sum(jnp.where(finite, found, 0.0)), jnp.where(finite, found, -jnp.inf)

    (_, found), slopes = jax.value_and_grad(total, has_aux=True)(z)
    known = jnp.isfinite(found) & jnp.isfinite(slopes).all(axis=0)
    return jnp.where(known, found, -jnp.inf), jnp.where(known, slopes, 0.0)
