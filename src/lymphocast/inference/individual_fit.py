"""Fit one individual under any model: one call, four methods.

``is``    importance sampling around the Laplace approximation, for models that are quick to solve
``smc``   adaptive tempered sequential Monte Carlo, which needs no mode
``nuts``  the no-U-turn sampler, begun at the mode
``map``   the mode and the normal distribution around it

All draws are equally weighted: importance samples are resampled by their weights. What the method
cannot vouch for is told by a status and by ``passed``, never by a silent NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from math import nan
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.events import EventTable
from lymphocast.errors import UsageError
from lymphocast.inference.chain_diagnostics import chain_doubts, chain_stats, size_doubt, worth
from lymphocast.inference.evidence import systematic
from lymphocast.inference.fitting import versions
from lymphocast.inference.individual_density import Endpoint, individual_density
from lymphocast.inference.lane_density import LaneDensity
from lymphocast.inference.mode import Mode, ModeStatus, find_mode
from lymphocast.inference.nuts import NutsSettings, sample_nuts
from lymphocast.inference.parameters import ParameterSpace
from lymphocast.inference.proposal import Mixture
from lymphocast.inference.tempering import SmcSettings, pooled, temper
from lymphocast.inference.weighing import BlockSettings, weighed
from lymphocast.models.component import Component

Floats = NDArray[np.float64]

LARGEST_SE = 0.1  # of a log evidence: a weight is then right within 10 %
BLOCK = 4_000  # importance draws between looks at the effective size
MOST_BLOCKS = 10
PRIOR_TRIES = 100  # batches of prior draws in which particles with a finite likelihood are sought
DRAWS: Mapping[str, int] = {"is": 4_000, "smc": 2_000, "nuts": 2_000, "map": 4_000}
"""Draws of all chains together, unless others are asked for."""


@final
class SamplingMethod(StrEnum):
    """How the posterior of one individual is computed."""

    IS = "is"
    SMC = "smc"
    NUTS = "nuts"
    MAP = "map"


@final
class FitStatus(Enum):
    """What became of a fit."""

    DONE = "The posterior was computed, and its diagnostics passed."
    DOUBTFUL = "The posterior was computed, but its diagnostics failed."
    NO_DATA = "There is no observation: the draws are the prior's."


@final
@dataclass(frozen=True)
class Diagnostics:
    """How far the draws can be trusted.

    Parameters
    ----------
    ess
        Smallest effective number of draws: of bulk and tails over all parameters (``nuts``), of the
        weights (``is``), of independent particles (``smc``).
    r_hat
        Largest over all parameters; NaN where there are no chains.
    divergences, leapfrogs_per_draw
        Of ``nuts``; 0 and NaN elsewhere.
    evaluations
        Lanes in which the likelihood was evaluated; of ``nuts``, leapfrog steps.
    messages
        What did not pass, one sentence each.
    """

    ess: float = nan
    r_hat: float = nan
    divergences: int = 0
    leapfrogs_per_draw: float = nan
    evaluations: int = 0
    messages: tuple[str, ...] = ()


@final
@dataclass(frozen=True)
class Sampled:
    """Draws of standard normals ``[chain, draw, row]`` with what is known of them.

    ``stats`` are by draw, ``[chain, draw]``, under the names that ArviZ gives them.
    """

    z: Floats
    diagnostics: Diagnostics
    log_evidence: float = nan
    log_evidence_se: float = nan
    mode: Mode | None = None
    stats: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class IndividualFit:
    """One individual's posterior.

    Parameters
    ----------
    id
        The individual.
    method, seed
        How the draws were made.
    draws
        Equally weighted draws of every free parameter, ``[chain, draw]``.
    mode
        The posterior mode by parameter; empty where the method seeks none.
    log_evidence, log_evidence_se
        ln of the probability of the observations, and its standard error; NaN where the method
        gives none.
    stats, diagnostics, status
        What the sampler did, how far it can be trusted, what became of the fit.
    versions
        Versions that the result depends on.
    """

    id: str
    method: SamplingMethod
    seed: int
    draws: Mapping[str, Floats]
    mode: Mapping[str, float]
    log_evidence: float
    log_evidence_se: float
    stats: Mapping[str, NDArray[np.float64]]
    diagnostics: Diagnostics
    status: FitStatus
    versions: Mapping[str, str]


def fit_individual(
    model: Component,
    individual: EventTable,
    priors: ParameterSpace,
    endpoints: Sequence[Endpoint],
    *,
    method: SamplingMethod,
    seed: int,
    draws: int | None = None,
) -> IndividualFit:
    """Fit a model to one individual's records.

    Parameters
    ----------
    model
        The equations.
    individual
        Doses, covariates and observations.
    priors
        Priors and values of the parameters of the model and of the error models.
    endpoints
        What may be observed, each with its error model.
    method
        How the posterior is computed.
    seed
        Seed of every random number.
    draws
        Draws of all chains together; the method's usual number if ``None``.

    Raises
    ------
    UsageError
        If an observation cannot be what it is, a parameter has no prior, or the model cannot be
        solved anywhere in the prior; the message says which.
    """
    number = draws or DRAWS[method.value]
    density = individual_density(model, individual, endpoints, priors)
    if density is None:
        density = LaneDensity(_nothing, (), ParameterSpace(()), priors)
        sampled = Sampled(np.zeros((1, number, 0)), Diagnostics(), 0.0, 0.0)
        return _named(individual.id, density, sampled, method, seed, FitStatus.NO_DATA)
    return fit_density(individual.id, density, method=method, seed=seed, draws=number)


def fit_density(
    name: str, density: LaneDensity, *, method: SamplingMethod, seed: int, draws: int
) -> IndividualFit:
    """Sample any density and return the fit under a name and those of its parameters.

    Raises
    ------
    UsageError
        If the likelihood is nothing wherever it was looked for.
    """
    sampled = sample_density(density, method=method, seed=seed, draws=draws)
    status = FitStatus.DOUBTFUL if sampled.diagnostics.messages else FitStatus.DONE
    return _named(name, density, sampled, method, seed, status)


def sample_density(
    density: LaneDensity, *, method: SamplingMethod, seed: int, draws: int
) -> Sampled:
    """Sample any density: of a library model, or given elsewhere.

    Raises
    ------
    UsageError
        If the likelihood is nothing wherever it was looked for.
    """
    if density.size == 0:
        return _constant(density, draws)
    if method is SamplingMethod.SMC:
        return _smc(density, seed, draws)
    mode = find_mode(density, seed)
    if mode.status is ModeStatus.NOT_FOUND:
        msg = f"no draw of the prior has a likelihood above 0: {mode.status.value}"
        raise UsageError(msg)
    if method is SamplingMethod.MAP:
        return _laplace(mode, seed, draws)
    if method is SamplingMethod.IS:
        return _importance(density, mode, seed, draws)
    return _nuts(density, mode, seed, draws)


def _nothing(arrays: tuple[()], z: Floats) -> Floats:
    return np.zeros(z.shape[1])


def _constant(density: LaneDensity, draws: int) -> Sampled:
    """Return the draws where nothing that is read is free: the evidence is the likelihood."""
    found = float(density.log_likelihood(np.zeros((0, 1)))[0])
    return Sampled(np.zeros((1, draws, 0)), Diagnostics(ess=float(draws)), found, 0.0)


def _laplace(mode: Mode, seed: int, draws: int) -> Sampled:
    z = mode.draw(draws, np.random.default_rng([seed, 13]))
    messages = () if mode.status is ModeStatus.FOUND else (mode.status.value,)
    diagnostics = Diagnostics(ess=float(draws), evaluations=mode.evaluations, messages=messages)
    return Sampled(z.T[None], diagnostics, mode.log_evidence, nan, mode)


def _importance(density: LaneDensity, mode: Mode, seed: int, draws: int) -> Sampled:
    rng = np.random.default_rng([seed, 14])
    proposal = Mixture(np.ones(1), mode.z[None], mode.root[None])
    settings = BlockSettings(BLOCK, MOST_BLOCKS, float(draws))
    found = weighed(density.log_likelihood, density.size, proposal, rng, settings)
    if not found.ess:
        msg = "no importance draw has a likelihood above 0; needed another prior or method"
        raise UsageError(msg)
    z = found.z[:, systematic(found.log_weights, draws, rng)]
    se = float(np.sqrt(max(found.relative_variance, 0.0)))
    diagnostics = Diagnostics(
        ess=found.ess,
        evaluations=found.evaluations + mode.evaluations,
        messages=_doubts(found.ess, se),
    )
    return Sampled(z.T[None], diagnostics, found.log_evidence, se, mode)


def _smc(density: LaneDensity, seed: int, draws: int) -> Sampled:
    settings = SmcSettings(particles=max(1, draws // SmcSettings().islands))
    islands, missed = [], []
    for j in range(settings.islands):
        rng = np.random.default_rng([seed, 15, j])
        z, share = _possible(density, settings.particles, rng)
        islands.append(temper(density.log_likelihood, z, rng, settings))
        missed.append(share)
    found = pooled(islands, np.random.default_rng([seed, 16]))
    share = float(np.mean(missed))
    seen = settings.islands * settings.particles / share
    se = float(np.hypot(found.log_evidence_se, np.sqrt((1.0 - share) / seen / share)))
    diagnostics = Diagnostics(
        ess=found.ess,
        evaluations=found.evaluations,
        messages=_doubts(found.ess, se),
    )
    return Sampled(found.z.T[None], diagnostics, found.log_evidence + np.log(share), se)


def _possible(density: LaneDensity, number: int, rng: np.random.Generator) -> tuple[Floats, float]:
    """Return prior draws whose likelihood is above 0, and the share of such draws."""
    kept: list[Floats] = []
    tried = found = 0
    while found < number and tried < PRIOR_TRIES * number:
        z = rng.standard_normal((density.size, number))
        finite = np.isfinite(density.log_likelihood(z))
        kept.append(z[:, finite])
        tried, found = tried + number, found + int(finite.sum())
    if found < number:
        msg = f"{found} of {tried} draws of the prior have a likelihood above 0; needed {number}"
        raise UsageError(msg)
    return np.concatenate(kept, axis=1)[:, :number], found / tried


def _doubts(ess: float, se: float = 0.0) -> tuple[str, ...]:
    messages = [*size_doubt(ess)]
    if not se <= LARGEST_SE:
        messages.append(f"The log evidence has a standard error of {se:.2g}, above {LARGEST_SE:g}.")
    return tuple(messages)


def _nuts(density: LaneDensity, mode: Mode, seed: int, draws: int) -> Sampled:
    settings = NutsSettings()
    settings = NutsSettings(draws=max(1, -(-draws // settings.chains)))
    found = sample_nuts(density, mode, seed, settings)
    own = worth(found.z)
    diagnostics = Diagnostics(
        own.ess,
        own.r_hat,
        int(found.divergent.sum()),
        float(found.leapfrogs.mean()),
        int(found.leapfrogs.sum()) + mode.evaluations,
        chain_doubts(own, found.divergent),
    )
    return Sampled(found.z, diagnostics, mode=mode, stats=chain_stats(found))


def _named(
    name: str,
    density: LaneDensity,
    sampled: Sampled,
    method: SamplingMethod,
    seed: int,
    status: FitStatus,
) -> IndividualFit:
    """Return a fit by the names of its parameters."""
    chains, number, size = sampled.z.shape
    rng = np.random.default_rng([seed, 17])
    values = density.values(sampled.z.reshape(chains * number, size).T, rng)
    mode = {}
    if sampled.mode is not None:
        middle = np.zeros((density.idle.form.size, 1))
        at = {**density.space.theta(sampled.mode.z[:, None]), **density.idle.theta(middle)}
        mode = {n: float(at[n][0]) for n in values}
    return IndividualFit(
        id=name,
        method=method,
        seed=seed,
        draws={n: v.reshape(chains, number) for n, v in values.items()},
        mode=mode,
        log_evidence=sampled.log_evidence,
        log_evidence_se=sampled.log_evidence_se,
        stats=sampled.stats,
        diagnostics=sampled.diagnostics,
        status=status,
        versions=versions(),
    )
