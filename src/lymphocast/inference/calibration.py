"""Simulation-based calibration of the course model: whether posteriors are right on average.

Patients are drawn from the prior under the entry rule: a hypothesis by its weight, its parameters
and dates, then counts at dates drawn within their intervals, cultures and symptoms. The posterior
of each is computed from one bank of prior draws, weighed by the likelihood that every fit uses.
Ranks of all parameters, of the dates, of latent counts and of the hypothesis must be uniform
(:mod:`lymphocast.inference.ranks`).

Several cultures that stand as one fact have no opposite, so each culture is a fact of its own here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.individual import Individual
from lymphocast.engine.blocks import in_blocks
from lymphocast.engine.course import infection_outcomes
from lymphocast.inference.density import CourseDensity, date_rule
from lymphocast.inference.diagnostics import measured_counts
from lymphocast.inference.evidence import HypothesisPosterior, effective_size
from lymphocast.inference.hypotheses import HYPOTHESES, Hypothesis, posterior_weights
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import Kernels, kernels_of
from lymphocast.inference.ranks import Ranks, rank_of
from lymphocast.inference.smc import sample_smc
from lymphocast.inference.tempering import SmcSettings
from lymphocast.models.component import Scalar
from lymphocast.models.prior_table import PriorTable, Weights

Floats = NDArray[np.float64]
Values = Mapping[str, Floats]
Progress = Callable[[str, float], None]
Sampling = ImportanceSettings | SmcSettings

HYPOTHESIS = "hypothesis"
ROUND = 4_096  # prior draws at a time, until enough satisfy the entry rule


@final
@dataclass(frozen=True)
class CalibrationSettings:
    """How many patients, how they are fitted, and among how many draws ranks are taken.

    Parameters
    ----------
    replicates
        Simulated patients.
    draws
        Posterior draws of each patient.
    bank
        Prior draws of each hypothesis, weighed again for each patient.
    sampling
        Instead of the bank, fit each patient by importance sampling, for many counts, where next
        to no draw of the prior is near the posterior; or by SMC, to calibrate that sampler.
    """

    replicates: int = 2_000
    draws: int = 99
    bank: int = 100_000
    sampling: Sampling | None = None


@final
@dataclass(frozen=True)
class Calibration:
    """Ranks by quantity, ``[replicate]``, and the effective size behind each posterior."""

    ranks: Mapping[str, Ranks]
    draws: int
    ess: Floats
    seed: int


Posterior = tuple[dict[str, Floats], float]
"""Posterior draws of each quantity, ``[draw]``, and the effective size behind them."""


@final
@dataclass(frozen=True)
class Patients:
    """Prior draws under the entry rule, with all that the likelihood reads, lanes last.

    ``theta`` holds every parameter and switch; ``hypothesis`` the place in ``HYPOTHESES``.
    """

    hypothesis: NDArray[np.int64]
    theta: dict[str, Floats]
    log_latent: Floats
    burden: Floats
    severity: Floats


jax.tree_util.register_dataclass(Patients)


def calibrate(
    individual: Individual,
    table: PriorTable,
    weights: Weights,
    seed: int,
    settings: CalibrationSettings,
    progress: Progress | None = None,
) -> Calibration:
    """Simulate patients like ``individual``, fit each, and rank what is true of them.

    Parameters
    ----------
    individual
        Doses, dates and kinds of observations; the observed values are not used.
    table, weights
        Priors, and prior probabilities of the hypotheses.
    seed
        Of every random number.
    """
    kernels = kernels_of(_apart(individual), table)
    rng = np.random.default_rng([seed, 21])
    prior = np.array([h.prior(weights) for h in HYPOTHESES])
    truths = draw_patients(kernels, rng.multinomial(settings.replicates, prior).tolist(), rng)
    counts, told = observe(kernels.density, truths, rng)
    fit: Callable[[Floats, Floats, int], Posterior]
    if settings.sampling is None:
        own = np.random.default_rng([seed, 22])
        bank = Bank.of(kernels, [settings.bank] * len(HYPOTHESES), prior, own)
        quantities = _quantities(kernels.density, bank.draws)
        fit = partial(_from_bank, bank, quantities, settings.draws)
    else:
        fit = partial(_from_samples, kernels, weights, settings)
    draws, ess = [], []
    for i in range(settings.replicates):
        found, size = fit(counts[:, i], told[:, i], seed + i)
        draws.append(found)
        ess.append(size)
        if progress is not None:
            progress("ranking true values", (i + 1) / settings.replicates)
    known = _quantities(kernels.density, truths)
    ranks = {n: rank_of(np.stack([d[n] for d in draws]), known[n], rng) for n in draws[0]}
    return Calibration(ranks, settings.draws, np.array(ess), seed)


@final
@dataclass(frozen=True)
class Bank:
    """Prior draws of hypotheses, and the weight of each for any patient.

    Parameters
    ----------
    draws
        The draws.
    log_prior
        Log prior probability of each draw's hypothesis.
    weigh
        The compiled likelihood.
    """

    draws: Patients
    log_prior: Floats
    weigh: Callable[..., Scalar]

    @classmethod
    def of(
        cls, kernels: Kernels, numbers: Sequence[int], prior: Floats, rng: np.random.Generator
    ) -> "Bank":
        """Draw so many patients of each hypothesis, whose prior probabilities are ``prior``."""
        drawn = draw_patients(kernels, numbers, rng)
        weigh = jax.jit(partial(_log_likelihood, kernels.density))
        return cls(drawn, np.log(prior)[drawn.hypothesis], weigh)

    def log_weights(self, log_counts: Floats, told: Floats) -> Floats:
        """Return the log posterior weight of every draw for one patient, not normalised."""
        own = self.draws
        read = own.theta["count_sd"], own.theta["resistance_day"]
        given = own.log_latent, *read, own.burden, own.severity
        likelihood: Floats = in_blocks(lambda *x: self.weigh(*x, log_counts, told), *given)
        return self.log_prior + likelihood


def _from_bank(
    bank: Bank,
    quantities: Values,
    number: int,
    log_counts: Floats,
    told: Floats,
    seed: int,
) -> Posterior:
    """Return the posterior of one patient from a bank."""
    log_weights = bank.log_weights(log_counts, told)
    rng = np.random.default_rng([seed, 23])
    weights = np.cumsum(np.exp(log_weights - log_weights.max()))
    # Independent draws: ranks are uniform only among these.
    chosen = np.searchsorted(weights / weights[-1], rng.random(number))
    return {n: v[chosen] for n, v in quantities.items()}, effective_size(log_weights)


@final
class Sampled(NamedTuple):
    """Posteriors of one patient under every hypothesis, their shares, and the effective size."""

    parts: tuple[HypothesisPosterior, ...]
    shares: tuple[float, ...]
    ess: float


def sample_patient(
    kernels: Kernels,
    weights: Weights,
    sampling: Sampling,
    log_counts: Floats,
    told: Floats,
    seed: int,
) -> Sampled:
    """Return the posteriors of one simulated patient by one of the samplers."""
    whole = kernels.everything()
    numbers = kernels.density.with_counts(whole.numbers, log_counts.tolist())
    target = replace(whole, numbers=numbers, told=tuple(told.tolist()))
    if isinstance(sampling, SmcSettings):
        parts = sample_smc(kernels, target, seed, sampling)
    else:
        parts = sample_importance(kernels, target, seed, sampling)
    log_evidence = {p.hypothesis.name: p.log_evidence for p in parts}
    by_name = posterior_weights(log_evidence, weights, HYPOTHESES)
    shares = tuple(by_name[p.hypothesis.name] for p in parts)
    return Sampled(parts, shares, sum(s * p.ess for s, p in zip(shares, parts, strict=True)))


def _from_samples(
    kernels: Kernels,
    weights: Weights,
    settings: CalibrationSettings,
    log_counts: Floats,
    told: Floats,
    seed: int,
) -> Posterior:
    """Return the posterior of one patient by a sampler."""
    assert settings.sampling is not None  # noqa: S101  (chosen by the caller)
    parts, shares, ess = sample_patient(kernels, weights, settings.sampling, log_counts, told, seed)
    rng = np.random.default_rng([seed, 23])
    which = rng.choice(len(parts), settings.draws, p=shares)
    place = rng.integers(0, len(next(iter(parts[0].draws.values()))), settings.draws)
    found = {
        n: np.array([parts[h].draws[n][i] for h, i in zip(which, place, strict=True)])
        for n in parts[0].draws
    }
    found[HYPOTHESIS] = which.astype(float)
    return found, ess


def _apart(individual: Individual) -> Individual:
    """Return the individual with each of several cultures as a fact of its own."""
    cultures = tuple(
        replace(c, id=f"{c.id}-{k}", number=1) for c in individual.cultures for k in range(c.number)
    )
    return replace(individual, cultures=cultures)


def draw_patients(kernels: Kernels, numbers: Sequence[int], rng: np.random.Generator) -> Patients:
    """Return so many patients of each hypothesis, in the order of ``HYPOTHESES``."""
    parts = [
        _entered(kernels, h, int(n), rng) for h, n in zip(HYPOTHESES, numbers, strict=True) if n
    ]
    joined: Patients = jax.tree.map(lambda *x: np.concatenate(x, axis=-1), *parts)
    return joined


def _entered(
    kernels: Kernels, hypothesis: Hypothesis, number: int, rng: np.random.Generator
) -> Patients:
    """Return prior draws of one hypothesis that satisfy the entry rule."""
    target, kept, found = kernels.everything(), [], 0
    while found < number:
        z = rng.standard_normal((kernels.count_size, ROUND))
        kept.append(z[:, kernels.entered(z, target, hypothesis)])
        found += kept[-1].shape[1]
    z = np.concatenate(kept, axis=1)[:, :number]
    z_infection = rng.standard_normal((kernels.infection_size, number))
    theta = kernels.theta(z, target, hypothesis, z_infection)
    individual = kernels.density.individual
    latent = _log_latent_of(kernels)
    log_latent = in_blocks(lambda x: latent(x, target.numbers), theta)
    burden = severity = np.zeros((0, number))
    if individual.infection_days:
        burden, severity = infection_outcomes(individual.plan, theta, individual.infection_days)
    place = np.full(number, HYPOTHESES.index(hypothesis))
    return Patients(place, theta, log_latent, burden, severity)


@lru_cache(maxsize=2)
def _log_latent_of(kernels: Kernels) -> Callable[..., Scalar]:
    return jax.jit(kernels.density.log_latent)


def observe(
    density: CourseDensity, truths: Patients, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return ln of the counts and what is told of the infection, each ``[fact, replicate]``."""
    seed = int(rng.integers(2**31))
    counts = np.log(measured_counts(density.individual, truths.theta, seed))
    facts, resistance = density.individual.infection_facts, truths.theta["resistance_day"]
    as_recorded = np.exp(
        density.infection_terms(truths.burden, truths.severity, resistance, [1.0] * facts)
        if facts
        else np.zeros((0, counts.shape[1]))
    )
    return counts, np.where(rng.random(as_recorded.shape) < as_recorded, 1.0, -1.0)


def _log_likelihood(
    density: CourseDensity,
    log_latent: Scalar,
    sd: Scalar,
    resistance: Scalar,
    burden: Scalar,
    severity: Scalar,
    log_counts: Scalar,
    told: Scalar,
) -> Scalar:
    """Return the log likelihood of one patient's observations, by lane."""
    given = density.with_counts(density.numbers(), list(log_counts))
    total = jnp.sum(density.count_terms(log_latent, sd, given), axis=0)
    if told.shape[0]:
        terms = density.infection_terms(burden, severity, resistance, list(told))
        total += jnp.sum(terms, axis=0)
    return jnp.where(jnp.isnan(total), -jnp.inf, total)


def _quantities(density: CourseDensity, drawn: Patients) -> dict[str, Floats]:
    """Return what is ranked: parameters, dates, the hypothesis, and latent counts."""
    names = [latent.name for latent in (*density.count_latents, *density.infection_latents)]
    found = {n: drawn.theta[n] for n in names}
    found[HYPOTHESIS] = drawn.hypothesis.astype(float)
    begin = 0
    for count in density.individual.counts:
        found[f"latent.{count.id}"] = drawn.log_latent[begin]
        begin += len(date_rule(count)[0])
    return found
