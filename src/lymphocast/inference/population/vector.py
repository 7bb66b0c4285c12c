"""The free numbers of a population as one vector without bounds, which an optimiser moves.

Parameters that must stay above 0 are searched by their logarithm, those between 0 and 1 by their
logit, coefficients as they are; the covariance matrix by the Cholesky factor of each block, with
logarithms on its diagonal (Pinheiro and Bates 1996, doi:10.1007/BF00140873).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from lymphocast.inference.population.design import PopulationDesign, Typical
from lymphocast.models.random_effects import EffectTransform

Floats = NDArray[np.float64]


@final
class Values(NamedTuple):
    """A population's numbers at some places.

    Parameters
    ----------
    typical, coefficients, between
        By name, ``[place]``: typical values, covariate coefficients, variances between occasions.
    covariance
        Omega, ``[place, effect, effect]``.
    """

    typical: Mapping[str, Floats]
    coefficients: Mapping[str, Floats]
    between: Mapping[str, Floats]
    covariance: Floats


def scale_of(one: Typical) -> EffectTransform:
    """Return the scale on which a typical value is searched."""
    if one.transform is not None:
        return one.transform
    return EffectTransform.LOG_NORMAL if one.positive else EffectTransform.ADDITIVE


def to_scale(scale: EffectTransform, value: Floats) -> Floats:
    """Return a value on its scale."""
    if scale is EffectTransform.LOG_NORMAL:
        return np.asarray(np.log(value))
    return np.asarray(logit(value) if scale is EffectTransform.LOGIT else value)


def from_scale(scale: EffectTransform, value: Floats) -> Floats:
    """Return a value from its scale."""
    if scale is EffectTransform.LOG_NORMAL:
        return np.asarray(np.exp(value))
    return np.asarray(expit(value) if scale is EffectTransform.LOGIT else value)


@final
@dataclass(frozen=True)
class VectorForm:
    """The order of the vector: typical values, coefficients, Omega by blocks, occasions."""

    design: PopulationDesign

    @property
    def moving(self) -> tuple[Typical, ...]:
        """Typical values that are searched."""
        return tuple(t for t in self.design.typical if not t.fixed)

    @property
    def names(self) -> tuple[str, ...]:
        """What each place of the vector is, on the scale that it is searched on."""
        d = self.design
        found = [t.name for t in self.moving]
        found += [c.name for c in d.covariates if not c.fixed]
        for block in d.blocks:
            found += [f"root {d.effects[i]},{d.effects[j]}" for i, j in _lower(block)]
        return (*found, *(f"between {n}" for n, _ in d.between))

    def start(self) -> Floats:
        """Return the vector at the design's own values."""
        d = self.design
        found = [float(to_scale(scale_of(t), np.asarray(t.value))) for t in self.moving]
        found += [c.value for c in d.covariates if not c.fixed]
        root = np.linalg.cholesky(np.array(d.covariance)) if d.effects else np.zeros((0, 0))
        for block in d.blocks:
            found += [np.log(root[i, j]) if i == j else root[i, j] for i, j in _lower(block)]
        return np.array([*found, *(np.log(v) for _, v in d.between)], float)

    def values(self, x: Floats) -> Values:
        """Return the numbers at places ``[place, row]``."""
        d, places = self.design, len(x)
        typical = {t.name: np.full(places, t.value) for t in d.typical}
        rows = iter(x.T)
        for t in self.moving:
            typical[t.name] = from_scale(scale_of(t), next(rows))
        coefficients = {
            c.name: np.full(places, c.value) if c.fixed else next(rows) for c in d.covariates
        }
        root = np.zeros((places, len(d.effects), len(d.effects)))
        for block in d.blocks:
            for i, j in _lower(block):
                value = next(rows)
                root[:, i, j] = np.exp(value) if i == j else value
        between = {name: np.exp(next(rows)) for name, _ in d.between}
        return Values(typical, coefficients, between, root @ root.transpose(0, 2, 1))

    def put(self, values: Values) -> Floats:
        """Return the vector of one place's numbers."""
        d = self.design
        found = [
            float(to_scale(scale_of(t), np.asarray(values.typical[t.name][0]))) for t in self.moving
        ]
        found += [float(values.coefficients[c.name][0]) for c in d.covariates if not c.fixed]
        root = np.linalg.cholesky(values.covariance[0]) if d.effects else np.zeros((0, 0))
        for block in d.blocks:
            found += [np.log(root[i, j]) if i == j else root[i, j] for i, j in _lower(block)]
        return np.array([*found, *(np.log(values.between[n][0]) for n, _ in d.between)], float)


def _lower(block: Sequence[int]) -> list[tuple[int, int]]:
    """Return the places of a block's lower triangle."""
    return [(i, j) for i in block for j in block if j <= i]
