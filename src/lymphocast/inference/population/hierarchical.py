"""The posterior density of everything in a population: what is shared, and every effect.

With u the shared coordinates (:mod:`.hierarchical_form`) and eta_i an individual's effects,

    ln p(u, eta | y) = sum_i [ ln p(y_i | u, eta_i) + ln Normal(eta_i; 0, Omega(u)) ] + ln p(u) + c

Neither eta nor a standard normal L^-1 eta is a good coordinate: the first is tied to Omega where
observations say little of an individual, the second to typical values where they say much
(Betancourt and Girolami 2013, arXiv:1312.0906). The sampler moves in v_i instead, with

    eta_i = V_i [ r_i + G_i (u - c) ] + B_i v_i
    B_i B_i' = V_i = (Omega(u)^-1 + F_i)^-1

and the Jacobian ln det B_i. Here c is the centre of the sampler's metric, F_i the curvature of the
individual's likelihood at the mode of its effects for u = c, r_i(u) = (Omega(u)^-1 + F_i) mode_i(u)
what its observations pull at, and G_i the slopes of r_i at c. This is exact whatever F_i and G_i
are; for a model that is linear in effects v_i is standard normal and independent of u but for the
error's SD.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.blocks import in_blocks
from lymphocast.inference.population.hierarchical_form import HierarchicalForm, Shared
from lymphocast.inference.population.joint import Data, Joint
from lymphocast.inference.population.objective import Objective
from lymphocast.models.component import Scalar
from lymphocast.models.occasion_effects import effect_name

Floats = NDArray[np.float64]

WIDTH = 4  # lanes of one call: the number of chains
STEP = 1e-3  # of a coordinate, for slopes of what observations pull at
EFFECT_BLOCK = 500  # draws whose effects are made at once


@final
class Local(NamedTuple):
    """What is known of each individual near the centre: r, G, F and c of the module's formula."""

    pull: Scalar
    slopes: Scalar
    curvature: Scalar
    centre: Scalar


@final
class Arrays(NamedTuple):
    """What the compiled density is called with besides its coordinates."""

    data: Data
    columns: Mapping[str, Scalar]
    local: Local


@final
class Effects(NamedTuple):
    """Effects ``[lane, individual, effect]`` with what made them, and ln det B by lane."""

    eta: Scalar
    typical: Mapping[str, Scalar]
    root: Scalar
    log_volume: Scalar


@final
@dataclass(frozen=True)
class HierarchicalLikelihood:
    """The density as a function of z ``[row, lane]``: coordinates u, then v by individual.

    It is the log posterior plus z'z / 2, as the sampler expects of a likelihood under a standard
    normal prior. Hashable, and a pure function.
    """

    joint: Joint
    form: HierarchicalForm
    occasions: int

    def __call__(self, arrays: Arrays, z: Scalar) -> Scalar:
        """Return the log density, ``[lane]``."""
        u = z[: len(self.form.rows)]
        own = self.effects(arrays, z)
        found = jnp.sum(self.joint.log_likelihood(arrays.data, own.typical, own.eta), axis=1)
        white = solve_triangular(own.root, jnp.moveaxis(own.eta, 1, 2), lower=True)
        size = jnp.log(jnp.diagonal(own.root, axis1=1, axis2=2)).sum(axis=1)
        of_effects = -0.5 * (white**2).sum(axis=(1, 2)) - own.eta.shape[1] * size
        whole = found + of_effects + own.log_volume + self.form.log_prior(u)
        return whole + 0.5 * jnp.sum(z * z, axis=0)

    def effects(self, arrays: Arrays, z: Scalar) -> Effects:
        """Return the effects that coordinates stand for."""
        rows, lanes = len(self.form.rows), z.shape[1]
        shared = self.form.shared(z[:rows])
        typical, root = self.typical(arrays, shared, lanes), self.root(shared, lanes)
        local = arrays.local
        v = z[rows:].T.reshape(lanes, -1, root.shape[1])
        low = solve_triangular(
            root, jnp.broadcast_to(jnp.eye(root.shape[1]), root.shape), lower=True
        )
        precision = jnp.swapaxes(low, 1, 2) @ low
        held = jnp.linalg.cholesky(precision[:, None] + local.curvature)
        away = z[:rows].T - local.centre
        pull = local.pull + jnp.einsum("nkr,br->bnk", local.slopes, away)
        half = solve_triangular(held, pull[..., None], lower=True)
        eta = solve_triangular(held, half + v[..., None], lower=True, trans="T")[..., 0]
        log_volume = -jnp.log(jnp.diagonal(held, axis1=2, axis2=3)).sum(axis=(1, 2))
        return Effects(eta, typical, root, log_volume)

    def typical(self, arrays: Arrays, shared: Shared, lanes: int) -> dict[str, Scalar]:
        """Return each individual's typical values ``[lane, individual]``."""
        number = arrays.data.of_unit.shape[1]
        found: dict[str, Scalar] = {
            n: jnp.broadcast_to(v[:, None] if jnp.ndim(v) else jnp.asarray(v), (lanes, number))
            for n, v in shared.typical.items()
        }
        for one in self.form.design.covariates:
            factor = one.factor(arrays.columns[one.column], shared.coefficients[one.name])
            found[one.parameter] = found[one.parameter] * factor
        for name, _ in self.form.design.between:
            for k in range(1, self.occasions + 1):
                found[effect_name(name, k)] = jnp.zeros((lanes, number))
        return found

    def root(self, shared: Shared, lanes: int) -> Scalar:
        """Return the factor of the covariance of all effects, those of occasions included."""
        base, size = shared.root.shape[1], len(self.joint.effects)
        found = jnp.zeros((lanes, size, size)).at[:, :base, :base].set(shared.root)
        names = [n for n, _ in self.form.design.between for _ in range(self.occasions)]
        for i, name in enumerate(names, base):
            found = found.at[:, i, i].set(shared.between[name])
        return found


@final
@dataclass(frozen=True, eq=False)
class HierarchicalDensity:
    """The density with its arrays, as the sampler takes it."""

    function: HierarchicalLikelihood
    arrays: Arrays
    size: int

    def log_likelihood(self, z: Floats) -> Floats:
        """Return the density of draws ``[row, lane]``; -inf where it is nothing."""
        function = partial(_log_density, self.function, self.arrays)
        found: Floats = in_blocks(function, np.asarray(z, float), block=WIDTH)
        return found

    def effects(self, z: Floats) -> Floats:
        """Return effects ``[draw, individual, effect]`` of draws ``[row, draw]``."""
        function = partial(_effects, self.function, self.arrays)
        return np.moveaxis(in_blocks(function, np.asarray(z, float), block=EFFECT_BLOCK), -1, 0)


def density_around(
    objective: Objective, form: HierarchicalForm, centre: Floats
) -> HierarchicalDensity:
    """Return the density with coordinates made at a centre.

    Parameters
    ----------
    objective
        Where modes of effects are found: at the centre and its neighbours, in one call.
    form, centre
        The shared coordinates, and their centre ``[row]``.
    """
    population = objective.population
    unit = STEP * np.eye(len(centre))
    places = form.vectors(np.concatenate([centre[None], centre + unit, centre - unit]))
    at = objective.at(places)
    spread = population.spread(population.form.values(places))
    precision = np.linalg.inv(spread.covariance)
    curvature = _not_negative(np.asarray(np.linalg.inv(at.covariance[0]) - precision[0], float))
    pull = ((precision[:, None] + curvature) @ at.eta[..., None])[..., 0]
    up, down = pull[1 : 1 + len(centre)], pull[1 + len(centre) :]
    slopes = np.moveaxis((up - down) / (2.0 * STEP), 0, -1)
    local = Local(pull[0], np.where(np.isfinite(slopes), slopes, 0.0), curvature, centre)
    arrays = Arrays(population.data, dict(population.columns), local)
    function = HierarchicalLikelihood(population.joint, form, population.occasions)
    return HierarchicalDensity(function, arrays, len(centre) + at.eta[0].size)


def _not_negative(matrices: Floats) -> Floats:
    """Return symmetric matrices without their negative directions."""
    values, vectors = np.linalg.eigh(0.5 * (matrices + matrices.swapaxes(-1, -2)))
    return np.asarray((vectors * np.maximum(values, 0.0)[..., None, :]) @ vectors.swapaxes(-1, -2))


@partial(jax.jit, static_argnums=0)
def _log_density(function: HierarchicalLikelihood, arrays: Arrays, z: Scalar) -> Scalar:
    found = function(arrays, z)
    return jnp.where(jnp.isfinite(found), found, -jnp.inf)


@partial(jax.jit, static_argnums=0)
def _effects(function: HierarchicalLikelihood, arrays: Arrays, z: Scalar) -> Scalar:
    return jnp.moveaxis(function.effects(arrays, z).eta, 0, -1)
