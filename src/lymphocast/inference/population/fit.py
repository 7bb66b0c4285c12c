"""Fit a population: one call, five methods.

``foce``     first-order conditional estimation, the variance that of no effects
``focei``    with interaction: the variance changes with an individual's effects
``laplace``  the observed curvature: also for censored values, cultures and grades
``saem``     stochastic approximation: the likelihood itself, no approximation
``nuts``     the posterior of everything under priors, by the no-U-turn sampler

What the method cannot vouch for is told by messages, never by a silent NaN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.inference.fitting import versions
from lymphocast.inference.population.conditional import Approximation
from lymphocast.inference.population.descent import (
    Descent,
    DescentStatus,
    descend,
    look,
    width_of,
)
from lymphocast.inference.population.objective import Objective
from lymphocast.inference.population.posterior import PopulationPosterior
from lymphocast.inference.population.posterior_sampling import sample_population
from lymphocast.inference.population.problem import Population
from lymphocast.inference.population.saem import SaemSettings, run_saem
from lymphocast.inference.population.uncertainty import (
    Covariances,
    covariances,
    report,
    shrinkage,
    standard_errors,
)

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]

NO_ERRORS = "The objective does not rise in every direction from the estimates: no standard errors."


@final
class PopulationMethod(StrEnum):
    """How a population is fitted."""

    FOCE = "foce"
    FOCEI = "focei"
    LAPLACE = "laplace"
    SAEM = "saem"
    NUTS = "nuts"


@final
@dataclass(frozen=True)
class Estimate:
    """An estimate with its standard errors, of the model and robust; 0 where it is fixed.

    Of ``nuts`` it is a posterior median, and both are the posterior standard deviation.
    """

    name: str
    value: float
    se: float
    robust_se: float

    @property
    def rse(self) -> float:
        """The robust standard error as per cent of the estimate; NaN of an estimate of 0."""
        return 100.0 * self.robust_se / abs(self.value) if self.value else float("nan")


@final
@dataclass(frozen=True)
class PopulationFit:
    """A population's fit.

    Parameters
    ----------
    method, seed
        How it was made; the seed counts where there is chance.
    ids, effects
        The individuals, and the names of their effects.
    estimates
        Typical values, coefficients, variances.
    vector
        The same on the scale of the search.
    covariance
        Robust covariance of the vector, ``[row, row]``; of ``nuts`` the posterior's.
    objective, log_likelihood
        -2 ln L without the constant of normal errors, and ln L with it.
    log_likelihood_se
        Its Monte Carlo error; 0 where there is none.
    modes, mode_covariance
        Most probable effects of each individual, ``[individual, effect]``, and the covariance of
        what is left unknown of them; of ``nuts`` posterior means and covariances.
    effect_shrinkage, residual_shrinkage
        By effect between individuals, and of residuals.
    messages
        What did not go well, one sentence each.
    versions
        Versions that the result depends on.
    posterior
        The draws of ``nuts``; ``None`` of other methods.
    covariates
        The individuals' own values of the columns that change typical values, ``[individual]``.
    """

    method: PopulationMethod
    seed: int
    ids: tuple[str, ...]
    effects: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    vector: Floats
    covariance: Floats
    objective: float
    log_likelihood: float
    log_likelihood_se: float
    modes: Floats
    mode_covariance: Floats
    effect_shrinkage: Floats
    residual_shrinkage: float
    messages: tuple[str, ...]
    versions: Mapping[str, str]
    posterior: PopulationPosterior | None = None
    covariates: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything went well."""
        return not self.messages

    def estimate(self, name: str) -> Estimate:
        """Return the estimate of this name; KeyError if there is none."""
        for one in self.estimates:
            if one.name == name:
                return one
        raise KeyError(name)


def fit_population(
    population: Population,
    *,
    method: PopulationMethod,
    seed: int = 0,
    saem: SaemSettings | None = None,
    draws: int | None = None,
    progress: Progress | None = None,
) -> PopulationFit:
    """Fit a population.

    Parameters
    ----------
    population
        The individuals and what they share.
    method
        How the likelihood is approximated.
    seed
        Seed of every random number (``saem``, ``nuts``).
    saem
        How long ``saem`` runs.
    draws
        Draws of all chains of ``nuts`` together; its usual number if ``None``.
    progress
        Called with a stage's name and the share that is done.

    Raises
    ------
    UsageError
        If the method cannot handle an endpoint, the objective is not finite to begin with, or a
        prior does not fit.
    """
    if method is PopulationMethod.SAEM:
        return _by_saem(population, seed, saem or SaemSettings(), progress)
    if method is PopulationMethod.NUTS:
        return _by_nuts(population, seed, draws, progress)
    objective = _objective(population, Approximation(method.value))
    found = descend(objective, population.form.start())
    if found.status is DescentStatus.NOT_FINITE:
        msg = f"{method}: {found.status.value} Needed other values, or another method"
        raise UsageError(msg)
    if progress is not None:
        progress("standard errors", 0.8)
    messages = [] if found.status is DescentStatus.SETTLED else [found.status.value]
    spread = covariances(objective, found.place.x)
    return _finished(population, method, seed, found, spread, messages)


def _objective(population: Population, how: Approximation) -> Objective:
    return Objective(population, how, width_of(len(population.form.start())))


def _usual_objective(population: Population) -> Objective:
    """Return the objective with interaction, or Laplace's where an observation has no residual."""
    how = Approximation.FOCEI if population.all_normal else Approximation.LAPLACE
    return _objective(population, how)


def _by_nuts(
    population: Population, seed: int, draws: int | None, progress: Progress | None
) -> PopulationFit:
    """Return the posterior's medians and spreads; its likelihood is approximated at the medians."""
    objective = _usual_objective(population)
    found = sample_population(population, objective, seed, draws, progress)
    told, own = report(population.form, found.middle), found.posterior
    effects = own.effects.reshape(-1, *own.effects.shape[2:])
    modes = effects.mean(axis=0)
    short = shrinkage(population, found.middle, modes)
    value = float(objective.at(found.middle[None]).each.sum())
    errors = [float(own.draws[n].std(ddof=1)) if n in own.draws else 0.0 for n in told.names]
    centred = effects - modes
    flat = found.vectors.reshape(-1, found.vectors.shape[2])
    return PopulationFit(
        method=PopulationMethod.NUTS,
        seed=seed,
        ids=population.ids,
        effects=tuple(name for name, _ in population.joint.effects),
        estimates=tuple(
            Estimate(name, float(np.median(own.draws.get(name, value))), error, error)
            for name, value, error in zip(told.names, told.values, errors, strict=True)
        ),
        vector=found.middle,
        covariance=np.atleast_2d(np.cov(flat, rowvar=False)),
        objective=value,
        log_likelihood=-0.5 * (value + population.normal_constant),
        log_likelihood_se=0.0,
        modes=modes,
        mode_covariance=np.einsum("sik,sil->ikl", centred, centred) / (len(centred) - 1),
        effect_shrinkage=short.effects,
        residual_shrinkage=short.residuals,
        messages=found.messages,
        versions=versions(),
        posterior=own,
        covariates=population.columns,
    )


def _by_saem(
    population: Population, seed: int, settings: SaemSettings, progress: Progress | None
) -> PopulationFit:
    """Return the fit by stochastic approximation; its standard errors are of an approximation."""
    found = run_saem(population, seed, settings, progress)
    objective = _usual_objective(population)
    objective.keep(found.eta)
    place = look(objective, found.x)
    objective.keep(place.eta)
    ended = Descent(place, DescentStatus.SETTLED, settings.burn_in + settings.averaging)
    spread = covariances(objective, found.x)
    log_likelihood, se = found.log_likelihood(population, place.eta, place.covariance, seed)
    made = _finished(population, PopulationMethod.SAEM, seed, ended, spread, list(found.messages))
    constant = population.normal_constant
    return _with_likelihood(made, -2.0 * log_likelihood - constant, log_likelihood, se)


def _with_likelihood(
    made: PopulationFit, objective: float, log_likelihood: float, se: float
) -> PopulationFit:
    return replace(made, objective=objective, log_likelihood=log_likelihood, log_likelihood_se=se)


def _finished(
    population: Population,
    method: PopulationMethod,
    seed: int,
    ended: Descent,
    spread: Covariances,
    messages: list[str],
) -> PopulationFit:
    """Return the fit of where a search ended."""
    place, form = ended.place, population.form
    told = report(form, place.x)
    errors = [standard_errors(form, place.x, c) for c in (spread.model, spread.robust)]
    if not np.isfinite(spread.model).all():
        messages = [*messages, NO_ERRORS]
    short = shrinkage(population, place.x, place.eta)
    return PopulationFit(
        method=method,
        seed=seed,
        ids=population.ids,
        effects=tuple(name for name, _ in population.joint.effects),
        estimates=tuple(
            Estimate(name, float(value), float(own), float(robust))
            for name, value, own, robust in zip(told.names, told.values, *errors, strict=True)
        ),
        vector=place.x,
        covariance=spread.robust,
        objective=place.value,
        log_likelihood=-0.5 * (place.value + population.normal_constant),
        log_likelihood_se=0.0,
        modes=place.eta,
        mode_covariance=place.covariance,
        effect_shrinkage=short.effects,
        residual_shrinkage=short.residuals,
        messages=tuple(messages),
        versions=versions(),
        covariates=population.columns,
    )
