"""Parameters of one individual as functions of standard normals: free, fixed, and scattering.

A sampler moves in z, whose prior is Normal(0, 1) in every coordinate, so that the log posterior is
the log likelihood minus z'z / 2 and no Jacobian is needed: every prior is a monotone map of its own
z (:mod:`lymphocast.models.prior_table`), with bounds that no z can pass. Random effects with a
covariance matrix are eta = L z around their typical values (multivariate normal).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple, final

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.errors import UsageError
from lymphocast.models.component import Scalar
from lymphocast.models.prior_table import Family, Numbers, Prior, numbers, transform_far
from lymphocast.models.random_effects import EffectTransform, RandomEffects, factor

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Latent:
    """One latent: its name and how it is made from a standard normal."""

    name: str
    family: Family
    truncated: bool


def latent_of(row: Prior) -> Latent:
    """Return the latent of a prior row."""
    finite = np.isfinite([row.lower, row.upper])
    return Latent(row.parameter, row.family, bool(finite.any()))


@final
class SpaceArrays(NamedTuple):
    """The numbers behind a space, which may change without compiling again."""

    numbers: Numbers
    fixed: Mapping[str, float]
    root: Floats


@final
@dataclass(frozen=True)
class SpaceForm:
    """What compiled code depends on: latents in the order of the rows of z, then the effects."""

    latents: tuple[Latent, ...]
    effects: tuple[str, ...]
    transforms: tuple[EffectTransform, ...]

    @property
    def size(self) -> int:
        """Number of rows of z."""
        return len(self.latents) + len(self.effects)

    def theta(self, arrays: SpaceArrays, z: Scalar) -> dict[str, Scalar]:
        """Return every parameter from ``z`` ``[row, lane]``; fixed ones are numbers."""
        found: dict[str, Scalar] = dict(arrays.fixed)
        for i, latent in enumerate(self.latents):
            row = arrays.numbers[latent.name]
            found[latent.name] = transform_far(latent.family, latent.truncated, z[i], row)
        if self.effects:
            eta = jnp.asarray(arrays.root) @ z[len(self.latents) :]
            for i, (name, way) in enumerate(zip(self.effects, self.transforms, strict=True)):
                found[name] = way.apply(found[name], eta[i])
        return found


@final
@dataclass(frozen=True)
class ParameterSpace:
    """Which parameters are free, under which priors, and what is fixed.

    Parameters
    ----------
    rows
        Priors of free parameters, one each.
    fixed
        Values of the others.
    effects
        Parameters that scatter around a typical value, which is free or fixed under the same name.

    Raises
    ------
    UsageError
        If a parameter has two priors, a prior and a value, or an effect without a typical value.
    """

    rows: tuple[Prior, ...]
    fixed: Mapping[str, float] = field(default_factory=dict)
    effects: RandomEffects | None = None

    def __post_init__(self) -> None:
        """Check the names."""
        names = [row.parameter for row in self.rows]
        twice = sorted({n for n in names if names.count(n) > 1 or n in self.fixed})
        if twice:
            msg = f"parameter '{twice[0]}' has two priors, or a prior and a value; needed one"
            raise UsageError(msg)
        if self.effects is not None:
            own = {n: v for n, v in self.fixed.items() if n in self.effects.parameters}
            missing = [n for n in self.effects.parameters if n not in own and n not in names]
            if missing:
                msg = f"random effect of '{missing[0]}': found no typical value; needed one"
                raise UsageError(msg)
            self.effects.check_typical({**dict.fromkeys(self.effects.parameters, 0.5), **own})

    @property
    def known(self) -> frozenset[str]:
        """Every parameter that has a prior or a value."""
        return frozenset(self.fixed) | {row.parameter for row in self.rows}

    @property
    def form(self) -> SpaceForm:
        """What compiled code depends on."""
        latents = tuple(latent_of(row) for row in self.rows)
        if self.effects is None:
            return SpaceForm(latents, (), ())
        return SpaceForm(latents, self.effects.parameters, self.effects.transforms)

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the parameters that differ between draws."""
        scattering = () if self.effects is None else self.effects.parameters
        return tuple(dict.fromkeys([*(row.parameter for row in self.rows), *scattering]))

    @property
    def arrays(self) -> SpaceArrays:
        """The numbers behind the space."""
        root = np.zeros((0, 0))
        if self.effects is not None:
            root = factor(np.asarray(self.effects.covariance, float))
        return SpaceArrays(numbers(self.rows), dict(self.fixed), root)

    def theta(self, z: Floats) -> dict[str, Floats]:
        """Return every parameter, ``[lane]``, of draws ``[row, lane]``."""
        found = self.form.theta(self.arrays, z)
        return {n: np.broadcast_to(np.asarray(v, float), z.shape[1:]) for n, v in found.items()}

    def split(self, read: Iterable[str]) -> tuple["ParameterSpace", "ParameterSpace"]:
        """Return the space of what a likelihood reads, and of free parameters it does not read."""
        wanted = set(read)
        own = tuple(r for r in self.rows if r.parameter in wanted)
        idle = tuple(r for r in self.rows if r.parameter not in wanted)
        if self.effects is None or wanted & set(self.effects.parameters):
            if self.effects is not None:
                own, idle = self.rows, ()
            return ParameterSpace(own, self.fixed, self.effects), ParameterSpace(idle)
        return ParameterSpace(own, self.fixed), ParameterSpace(idle, self.fixed, self.effects)


def space_of(
    rows: Mapping[str, Prior],
    fixed: Mapping[str, float],
    needed: Sequence[str],
    effects: RandomEffects | None = None,
) -> ParameterSpace:
    """Return the space of the parameters that are needed, in their order.

    Parameters
    ----------
    rows
        Priors by parameter; a value in ``fixed`` goes before a prior.
    fixed
        Values of parameters that are not inferred.
    needed
        Parameters that the model and its error models read.
    effects
        Random effects, whose typical values stand among ``rows`` or ``fixed``.

    Raises
    ------
    UsageError
        If a needed parameter has neither, or a name belongs to no needed parameter.
    """
    missing = [n for n in needed if n not in rows and n not in fixed]
    if missing:
        msg = f"no prior for {', '.join(missing)}; needed a row for each in a prior file"
        raise UsageError(msg)
    unknown = sorted(set(fixed) - set(needed))
    if unknown:
        near = get_close_matches(unknown[0], needed, 1)
        hint = f"'{near[0]}'?" if near else f"one of {', '.join(needed)}"
        msg = f"found a value for '{unknown[0]}', which nothing reads; needed {hint}"
        raise UsageError(msg)
    free = tuple(rows[n] for n in dict.fromkeys(needed) if n not in fixed)
    return ParameterSpace(free, {n: fixed[n] for n in needed if n in fixed}, effects)
