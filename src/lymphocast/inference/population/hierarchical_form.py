"""The coordinates in which a population's posterior is sampled, and their priors.

They are those of :mod:`.vector` but for Omega. There an SD of an effect is searched by its
logarithm, and a block's correlation matrix by partial correlations r, each by w = artanh r: with
r_ij of row i given the columns before j, the matrix's Cholesky factor is

    L_ij = r_ij sqrt((1 - r_i1^2) ... (1 - r_i,j-1^2)),    L_ii = sqrt((1 - r_i1^2) ... )

Under LKJ of shape s the r are independent, (r + 1) / 2 ~ Beta(a, a) with a = s + (K - 1 - j) / 2
of column j (from 1) of K effects (Lewandowski, Kurowicka and Joe 2009,
doi:10.1016/j.jmva.2009.04.008), so that w has the density cosh(w)^-2a: every w is allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from math import log
from typing import NamedTuple, final

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.errors import UsageError
from lymphocast.inference.population.design import PopulationDesign, Typical
from lymphocast.inference.population.shared_priors import (
    ADDITIVE_SPREAD,
    CORRELATIONS,
    DEFAULT_SD,
    DEFAULT_SHAPE,
    DEFAULT_SPREAD,
    SharedFamily,
    SharedPrior,
)
from lymphocast.inference.population.vector import VectorForm, scale_of
from lymphocast.models.component import Scalar
from lymphocast.models.random_effects import EffectTransform

Floats = NDArray[np.float64]

LN, SHARE = EffectTransform.LOG_NORMAL, EffectTransform.LOGIT
ABOVE_0 = (SharedFamily.LOGNORMAL, SharedFamily.HALFNORMAL)


@final
class Kind(Enum):
    """What a coordinate is."""

    TYPICAL = "typical"
    COEFFICIENT = "coefficient"
    DEVIATION = "deviation"
    CORRELATION = "correlation"
    BETWEEN = "between"


@final
@dataclass(frozen=True)
class Row:
    """A coordinate: what it is, of what, and its prior; ``lkj`` is a of a correlation."""

    kind: Kind
    name: str
    prior: SharedPrior
    lkj: float = 0.0


@final
class Shared(NamedTuple):
    """A population's numbers by lane: values by name, Omega's factor ``[lane, effect, effect]``."""

    typical: Mapping[str, Scalar]
    coefficients: Mapping[str, Scalar]
    root: Scalar
    between: Mapping[str, Scalar]


@final
@dataclass(frozen=True)
class HierarchicalForm:
    """The order of the coordinates: that of :class:`VectorForm`.

    Raises
    ------
    UsageError
        If a prior names nothing that is searched, or has a family that does not fit.
    """

    design: PopulationDesign

    def __post_init__(self) -> None:
        """Check the priors."""
        given = [p.name for p in self.design.priors]
        twice = sorted({n for n in given if given.count(n) > 1})
        if twice:
            msg = f"'{twice[0]}' has two priors; needed one"
            raise UsageError(msg)
        known = {row.prior.name for row in self.rows}
        for name in given:
            if name not in known:
                msg = f"a prior of '{name}', which is not searched; needed one of "
                raise UsageError(msg + ", ".join(dict.fromkeys(r.prior.name for r in self.rows)))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The coordinates in their order."""
        d = self.design
        found = [self._typical(t) for t in VectorForm(d).moving]
        for c in (c for c in d.covariates if not c.fixed):
            own = self._prior(c.name, SharedFamily.NORMAL, c.value, DEFAULT_SD)
            found.append(Row(Kind.COEFFICIENT, c.name, own))
        for block in d.blocks:
            for i in range(len(block)):
                found += [self._correlation(block, i, j) for j in range(i)]
                found.append(self._deviation(block[i]))
        for name, _ in d.between:
            called = f"sd of {name} between occasions"
            found.append(Row(Kind.BETWEEN, called, self._half(called, DEFAULT_SPREAD)))
        return tuple(found)

    def _typical(self, one: Typical) -> Row:
        scale = scale_of(one)
        if scale is LN:
            own = self._prior(one.name, SharedFamily.LOGNORMAL, one.value, DEFAULT_SD)
        elif scale is SHARE:
            own = self._prior(one.name, SharedFamily.LOGITNORMAL, one.value, DEFAULT_SD)
        else:
            wide = max(DEFAULT_SD, abs(one.value))
            own = self._prior(one.name, SharedFamily.NORMAL, one.value, wide)
        return Row(Kind.TYPICAL, one.name, own)

    def _deviation(self, effect: int) -> Row:
        name = f"sd of {self.design.effects[effect]}"
        spread = DEFAULT_SPREAD
        if self.design.transforms[effect] is EffectTransform.ADDITIVE:
            spread = ADDITIVE_SPREAD * float(np.sqrt(self.design.covariance[effect][effect]))
        return Row(Kind.DEVIATION, name, self._half(name, spread))

    def _correlation(self, block: tuple[int, ...], i: int, j: int) -> Row:
        first, second = (self.design.effects[block[k]] for k in (j, i))
        own = self._prior(CORRELATIONS, SharedFamily.LKJ, 0.0, DEFAULT_SHAPE)
        name = f"partial correlation of {first}, {second}"
        return Row(Kind.CORRELATION, name, own, own.scale + (len(block) - 2 - j) / 2.0)

    def _half(self, name: str, scale: float) -> SharedPrior:
        return self._prior(name, SharedFamily.HALFNORMAL, 0.0, scale)

    def _prior(self, name: str, family: SharedFamily, location: float, scale: float) -> SharedPrior:
        """Return the file's prior of this name, or the default one."""
        for own in self.design.priors:
            if own.name != name:
                continue
            allowed = ABOVE_0 if family in ABOVE_0 else (family,)
            if own.family not in allowed:
                msg = f"prior of '{name}' is {own.family}; needed {' or '.join(allowed)}"
                raise UsageError(msg)
            return own
        return SharedPrior(name, family, location, scale)

    @property
    def described(self) -> dict[str, str]:
        """The priors as text, by name; a default is called an assumption."""
        given = {p.name for p in self.design.priors}
        return {
            r.prior.name: r.prior.describe() + ("" if r.prior.name in given else " (assumed)")
            for r in self.rows
        }

    def log_prior(self, u: Scalar) -> Scalar:
        """Return the log density of coordinates ``[row, lane]``, up to a constant."""
        total = jnp.zeros(u.shape[1])
        for row, own in zip(self.rows, u, strict=True):
            prior = row.prior
            if prior.family is SharedFamily.LKJ:
                # ln cosh w without overflow.
                bent = jnp.abs(own) + jnp.log1p(jnp.exp(-2.0 * jnp.abs(own))) - log(2.0)
                total = total - 2.0 * row.lkj * bent
            elif prior.family is SharedFamily.HALFNORMAL:
                total = total - 0.5 * (jnp.exp(own) / prior.scale) ** 2 + own
            else:
                total = total - 0.5 * ((own - middle_of(prior)) / prior.scale) ** 2
        return total

    def shared(self, u: Scalar) -> Shared:
        """Return the numbers of coordinates ``[row, lane]``; what is fixed is a number."""
        d, lanes = self.design, u.shape[1]
        rows = iter(u)
        typical: dict[str, Scalar] = {t.name: t.value for t in d.typical}
        for t in VectorForm(d).moving:
            typical[t.name] = _natural(scale_of(t), next(rows))
        coefficients = {
            c.name: jnp.full(lanes, c.value) if c.fixed else next(rows) for c in d.covariates
        }
        cells = [[jnp.zeros(lanes)] * len(d.effects) for _ in d.effects]
        for block in d.blocks:
            for i, place in enumerate(block):
                left = jnp.ones(lanes)
                for other in block[:i]:
                    r = jnp.tanh(next(rows))
                    cells[place][other] = r * left
                    left = left * jnp.sqrt(1.0 - r * r)
                cells[place][place] = left
                size = jnp.exp(next(rows))
                for other in block[: i + 1]:
                    cells[place][other] = size * cells[place][other]
        between = {name: jnp.exp(next(rows)) for name, _ in d.between}
        root = (
            jnp.stack([jnp.stack(row, axis=-1) for row in cells], axis=-2)
            if cells
            else (jnp.zeros((lanes, 0, 0)))
        )
        return Shared(typical, coefficients, root, between)

    def vectors(self, u: Floats) -> Floats:
        """Return the vectors ``[place, row]`` of :class:`VectorForm` from coordinates alike."""
        found, root = u.copy(), np.asarray(self.shared(jnp.asarray(u.T)).root)
        for k, cell in enumerate(self._cells):
            if cell is not None:
                own = root[:, cell[0], cell[1]]
                found[:, k] = np.log(own) if cell[0] == cell[1] else own
            elif self.rows[k].kind is Kind.BETWEEN:
                found[:, k] = 2.0 * u[:, k]
        return found

    def coordinates(self, x: Floats) -> Floats:
        """Return the coordinates of a vector ``[row]``."""
        found = x.copy()
        covariance = VectorForm(self.design).values(x[None]).covariance[0]
        size = np.sqrt(np.diag(covariance))
        root = np.linalg.cholesky(covariance) / size[:, None] if len(size) else covariance
        for k, cell in enumerate(self._cells):
            if cell is not None and cell[0] == cell[1]:
                found[k] = np.log(size[cell[0]])
            elif cell is not None:
                left = 1.0 - (root[cell[0], : cell[1]] ** 2).sum()
                found[k] = np.arctanh(root[cell] / np.sqrt(left))
            elif self.rows[k].kind is Kind.BETWEEN:
                found[k] = 0.5 * x[k]
        return found

    @property
    def _cells(self) -> tuple[tuple[int, int] | None, ...]:
        """Where in Omega's factor each coordinate stands; ``None`` of the others."""
        inside = [(i, j) for block in self.design.blocks for i in block for j in block if j <= i]
        own = iter(inside)
        kinds = (Kind.DEVIATION, Kind.CORRELATION)
        return tuple(next(own) if row.kind in kinds else None for row in self.rows)


def middle_of(prior: SharedPrior) -> float:
    """Return where a prior with a location has it on the scale that is searched."""
    if prior.family is SharedFamily.LOGNORMAL:
        return log(prior.location)
    return (
        float(logit(prior.location))
        if prior.family is SharedFamily.LOGITNORMAL
        else (prior.location)
    )


def _natural(scale: EffectTransform, value: Scalar) -> Scalar:
    """Return a value from the scale that it is searched on."""
    if scale is LN:
        return jnp.exp(value)
    return 1.0 / (1.0 + jnp.exp(-value)) if scale is SHARE else value


__all__ = ["HierarchicalForm", "Kind", "Row", "Shared", "middle_of"]
