"""Standard errors of a population's estimates, and shrinkage of its individuals'.

With the objective O = sum_i O_i = -2 ln L, at its smallest value,

    R = d2 O / dx2 / 2     S = sum_i (d O_i / dx / 2) (d O_i / dx / 2)'
    cov(x) = R^-1          if the model is right
    cov(x) = R^-1 S R^-1   also where it is not (White 1982, doi:10.2307/1912526; NONMEM's own)

and what is reported, r(x), has the covariance J cov(x) J' with J = dr/dx.

Shrinkage (Savic and Karlsson 2009, doi:10.1208/s12248-009-9133-0) is 1 - SD(modes) / omega of an
effect, and 1 - SD((y - f) / sqrt(v)) of residuals at the modes. SD divides by n - 1 for effects
around their mean, and by n - 1 for residuals too.
"""

from collections.abc import Callable
from typing import NamedTuple, final

import jax
import numpy as np
from numpy.typing import NDArray

from lymphocast.inference.population.descent import look
from lymphocast.inference.population.joint import residual_rows
from lymphocast.inference.population.objective import Objective
from lymphocast.inference.population.problem import Population
from lymphocast.inference.population.vector import VectorForm

Floats = NDArray[np.float64]

STEP = 1e-2  # of a row of the vector, for slopes of slopes
REPORT_STEP = 1e-5


@final
class Covariances(NamedTuple):
    """Covariances of the vector: R^-1, and R^-1 S R^-1; NaN where R is not positive definite."""

    model: Floats
    robust: Floats


@final
class Reported(NamedTuple):
    """What is reported of a vector: names, and values."""

    names: tuple[str, ...]
    values: Floats


def covariances(objective: Objective, x: Floats) -> Covariances:
    """Return the covariances of the estimates at the end of a descent."""
    size = len(x)
    middle = look(objective, x)
    rows = []
    for unit in STEP * np.eye(size):
        up, down = look(objective, x + unit), look(objective, x - unit)
        rows.append((up.slopes - down.slopes) / (2.0 * STEP))
    curved = 0.25 * (np.array(rows) + np.array(rows).T)
    nothing = np.full((size, size), np.nan)
    if not np.isfinite(curved).all() or (np.linalg.eigvalsh(curved) <= 0.0).any():
        return Covariances(nothing, nothing)
    inverse = np.asarray(np.linalg.inv(curved), float)
    own = 0.5 * middle.each_slopes
    return Covariances(inverse, inverse @ (own @ own.T) @ inverse)


def report(form: VectorForm, x: Floats) -> Reported:
    """Return typical values, coefficients, variances and covariances, as a person reads them."""
    names, values = reported(form, x[None])
    return Reported(names, values[0])


def reported(form: VectorForm, x: Floats) -> tuple[tuple[str, ...], Floats]:
    """Return the names of what is reported, and its values of vectors ``[place, row]``."""
    design, values = form.design, form.values(x)
    found = {t.name: values.typical[t.name] for t in design.typical}
    found |= {c.name: values.coefficients[c.name] for c in design.covariates}
    for block in design.blocks:
        for i in block:
            for j in (j for j in block if j <= i):
                pair = design.effects[j] if i == j else f"{design.effects[j]}, {design.effects[i]}"
                what = "variance" if i == j else "covariance"
                found[f"{what} of {pair}"] = values.covariance[:, i, j]
    for name, _ in design.between:
        found[f"variance of {name} between occasions"] = values.between[name]
    return tuple(found), np.stack([*found.values()], axis=1)


def standard_errors(form: VectorForm, x: Floats, covariance: Floats) -> Floats:
    """Return the standard errors of what is reported; 0 of what is fixed."""
    slopes = _slopes(lambda own: report(form, own).values, x)
    return np.asarray(np.sqrt(np.einsum("rk,kl,rl->r", slopes, covariance, slopes)))


def _slopes(function: Callable[[Floats], Floats], x: Floats) -> Floats:
    unit = REPORT_STEP * np.eye(len(x))
    rows = [(function(x + u) - function(x - u)) / (2.0 * REPORT_STEP) for u in unit]
    return np.array(rows).T


@final
class Shrinkage(NamedTuple):
    """Shares by which SDs of modes, by effect, and of residuals fall short; NaN of none."""

    effects: Floats
    residuals: float


def shrinkage(population: Population, x: Floats, eta: Floats) -> Shrinkage:
    """Return the shrinkage of the effects between individuals, and of the residuals."""
    spread = population.spread(population.form.values(x[None]))
    base = len(population.design.effects)
    omega = np.sqrt(np.diag(spread.covariance[0]))[:base]
    of_effects = 1.0 - eta[:, :base].std(axis=0, ddof=1) / omega if len(eta) > 1 else omega * np.nan
    residual, variance, counted = jax.tree.map(
        np.asarray, residual_rows(population.joint, population.data, spread.typical, eta[None])
    )
    own = (residual / np.sqrt(variance))[0][counted]
    of_residuals = 1.0 - float(own.std(ddof=1)) if len(own) > 1 else float("nan")
    return Shrinkage(of_effects, of_residuals)
