"""The no-U-turn sampler (Hoffman and Gelman 2014, JMLR 15:1593), begun at the posterior's mode.

NumPyro's sampler moves in w, with z = mode + L w and L L' the covariance of the Laplace
approximation: there a posterior that is nearly normal is nearly standard normal, so that only the
step size is left to be found. Chains begin at draws of the approximation.

Slopes are forward columns of the likelihood, all chains of a group side by side; no derivative runs
backward through a course. Data are arguments of the compiled code, so that individuals of the same
shape share it. Two groups of chains run at a time, one on each core.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple, Protocol, final

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.errors import UsageError
from lymphocast.inference.lane_density import LogLikelihood, Tree, with_slopes
from lymphocast.inference.mode import Mode
from lymphocast.models.component import Scalar

Floats = NDArray[np.float64]

CHUNK = 25  # draws of one call of the compiled code
WALL = 1e10  # potential where the likelihood is nothing; the sampler calls the step divergent


@final
@dataclass(frozen=True)
class NutsSettings:
    """Chains and how they run.

    Parameters
    ----------
    chains, groups
        Chains, and how many groups of them run at a time.
    warmup, draws
        Draws of each chain in which the step size is found, and draws that are kept.
    acceptance
        Acceptance that the step size aims at.
    depth
        Largest depth of a tree.
    """

    chains: int = 4
    groups: int = 2
    warmup: int = 200
    draws: int = 500
    acceptance: float = 0.8
    depth: int = 8

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.chains % self.groups or min(self.chains, self.warmup, self.draws) < 1:
            msg = f"found {self.chains} chains in {self.groups} groups; needed a whole share each"
            raise UsageError(msg)


@final
class Chains(NamedTuple):
    """Draws ``[chain, draw, row]`` and, ``[chain, draw]``, what the sampler did for each."""

    z: Floats
    log_posterior: Floats
    divergent: NDArray[np.bool_]
    leapfrogs: NDArray[np.int64]
    acceptance: Floats


class Density(Protocol):
    """What is sampled: a log likelihood under a standard normal prior, or what acts as one."""

    @property
    def function(self) -> LogLikelihood:
        """The log likelihood, a pure function that can be hashed."""
        ...

    @property
    def arrays(self) -> Tree:
        """Its first argument."""
        ...

    @property
    def size(self) -> int:
        """Number of rows of z."""
        ...

    def log_likelihood(self, z: Floats) -> Floats:
        """Return the log likelihood of draws ``[row, lane]``, ``[lane]``."""
        ...


@final
class _Target(NamedTuple):
    """What the potential depends on besides w."""

    arrays: Tree
    centre: Scalar
    root: Scalar


@final
class _Kernel(NamedTuple):
    """The compiled sampler: a state from a target, keys and places, and some draws from a state."""

    start: Callable[..., Any]
    go_on: Callable[..., Any]


def sample_nuts(
    density: Density, mode: Mode, seed: int, settings: NutsSettings | None = None
) -> Chains:
    """Return chains of draws of the posterior.

    Parameters
    ----------
    density
        The log likelihood.
    mode
        Where the chains begin, and their metric.
    seed, settings
        Seed of all random numbers; how the chains run.
    """
    settings = settings or NutsSettings()
    target = jax.device_put(_Target(density.arrays, mode.z, mode.root))
    kernel = _kernel(density.function, settings.warmup, settings.acceptance, settings.depth)
    rng = np.random.default_rng([seed, 12])
    w = _beginnings(density, mode, settings.chains, rng)
    keys = jax.random.split(jax.random.key(int(rng.integers(2**31))), settings.chains)
    each = settings.chains // settings.groups
    slices = [slice(begin, begin + each) for begin in range(0, settings.chains, each)]
    run = partial(_run, kernel, target, settings)
    with ThreadPoolExecutor(settings.groups) as pool:
        parts = list(pool.map(run, [keys[s] for s in slices], [w[s] for s in slices]))
    w, potential, divergent, steps, acceptance = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    z = mode.z + w @ mode.root.T
    return Chains(z, -potential, divergent, steps.astype(np.int64), acceptance)


def _beginnings(density: Density, mode: Mode, chains: int, rng: np.random.Generator) -> Floats:
    """Return places ``[chain, row]`` to begin at: draws around the mode, or the mode itself."""
    w = rng.standard_normal((chains, density.size))
    finite = np.isfinite(density.log_likelihood(mode.z[:, None] + mode.root @ w.T))
    return np.where(finite[:, None], w, 0.0)


def _run(
    kernel: _Kernel, target: _Target, settings: NutsSettings, keys: Scalar, w: Floats
) -> tuple[NDArray[Any], ...]:
    """Return the draws of one group of chains, ``[chain, draw, ...]``."""
    state = kernel.start(target, keys, w)
    kept: list[tuple[NDArray[Any], ...]] = []
    total = settings.warmup + settings.draws
    for _ in range(0, total, CHUNK):
        state, found = kernel.go_on(target, state)
        kept.append(jax.tree.map(np.asarray, found))
    joined = [np.concatenate(parts, axis=1) for parts in zip(*kept, strict=True)]
    return tuple(part[:, settings.warmup : total] for part in joined)


@lru_cache(maxsize=8)
def _kernel(function: LogLikelihood, warmup: int, acceptance: float, depth: int) -> _Kernel:
    """Return the compiled sampler of a likelihood."""
    from numpyro.infer.hmc import hmc

    potential = _potential(function)
    begin, draw = hmc(potential_fn_gen=lambda target: partial(potential, target), algo="NUTS")

    def one(target: _Target, key: Scalar, w: Scalar) -> Any:  # noqa: ANN401 (NumPyro's state)
        return begin(
            w,
            warmup,
            adapt_mass_matrix=False,
            target_accept_prob=acceptance,
            max_tree_depth=depth,
            model_args=(target,),
            rng_key=key,
        )

    @jax.jit
    def start(target: _Target, keys: Scalar, w: Scalar) -> Any:  # noqa: ANN401
        return jax.vmap(partial(one, target))(keys, w)

    @jax.jit
    def go_on(target: _Target, state: Any) -> Any:  # noqa: ANN401
        def step(state: Any, _: None) -> Any:  # noqa: ANN401
            new = jax.vmap(lambda own: draw(own, (target,)))(state)
            told = (new.z, new.potential_energy, new.diverging, new.num_steps, new.accept_prob)
            return new, told

        state, found = jax.lax.scan(step, state, None, length=CHUNK)
        return state, tuple(jnp.moveaxis(x, 0, 1) for x in found)

    return _Kernel(start, go_on)


def _potential(function: LogLikelihood) -> Callable[[_Target, Scalar], Scalar]:
    """Return -ln posterior of one chain; chains that are mapped over are taken as lanes."""

    def lanes(target: _Target, w: Scalar) -> tuple[Scalar, Scalar]:
        z = target.centre[:, None] + target.root @ w.T
        found, slopes = with_slopes(function, target.arrays, z)
        value = 0.5 * jnp.sum(z * z, axis=0) - found
        finite = jnp.isfinite(value)
        own = jnp.where(finite, z - slopes, 0.0)
        return jnp.where(finite, value, WALL), (target.root.T @ own).T

    @custom_vmap
    def of_one(target: _Target, w: Scalar) -> tuple[Scalar, Scalar]:
        value, slopes = lanes(target, w[None])
        return value[0], slopes[0]

    @of_one.def_vmap
    def _of_many(size: int, _: Any, target: _Target, w: Scalar) -> Any:  # noqa: ANN401
        return lanes(target, w), (True, True)

    @jax.custom_vjp
    def potential(target: _Target, w: Scalar) -> Scalar:
        return of_one(target, w)[0]

    potential.defvjp(of_one, lambda slopes, by: (None, by * slopes))
    return potential
