"""SAEM: the most likely parameters without approximating the likelihood.

Stochastic approximation of expectation-maximisation (Kuhn and Lavielle 2005,
doi:10.1016/j.csda.2004.07.002). Each round

1. moves every individual's effects by Metropolis steps at the present parameters: proposals from
   the population, of one effect at a time, and of all together, whose size adapts;
2. mixes the complete data's sufficient statistics into what is known of them, with a weight of 1
   while burning in and 1/k afterwards: the mean of phi_i = g(theta_i) + eta_i, and of phi_i phi_i';
3. takes the parameters that are most likely under them: typical values and coefficients by least
   squares in Omega's metric, Omega by its residual covariance.

Parameters without an effect (standard deviations, thresholds, a lag) have no such statistic: they
follow the slope of the complete data's likelihood, in the metric of its scores and with the same
weights (Robbins and Monro 1951, doi:10.1214/aoms/1177729586).

While burning in, variances may fall by a tenth in a round at most, so that effects have time to
find their places (simulated annealing; the tenth is our choice). The likelihood is computed
afterwards, by importance sampling around each individual's mode with a t distribution.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import gammaln, logsumexp

from lymphocast.inference.population.joint import log_likelihood
from lymphocast.inference.population.problem import Population, Spread
from lymphocast.inference.population.vector import Values, to_scale
from lymphocast.models.random_effects import EffectTransform

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]

SLOWEST_FALL = 0.9  # of a variance in one round of the burn-in
ACCEPTED = 0.4  # share of steps that the adaptation aims at: near the best in one dimension
STEP = 1e-3  # of a row without an effect, for its slope
LARGEST_MOVE = 0.3
FREEDOM = 5.0  # degrees of the t distribution that importance draws come from
DRAWS = 2_000  # importance draws of each individual


@final
@dataclass(frozen=True)
class SaemSettings:
    """How long SAEM runs.

    Parameters
    ----------
    burn_in, averaging
        Rounds with a weight of 1, and with weights 1/k.
    chains
        Copies of each individual's effects; ``None`` for so many that there are fifty at least.
    sweeps
        Metropolis sweeps in a round.
    """

    burn_in: int = 200
    averaging: int = 200
    chains: int | None = None
    sweeps: int = 2


@final
@dataclass(frozen=True)
class SaemEnd:
    """Where SAEM ended: the vector, the mean effects, and what did not go well."""

    x: Floats
    eta: Floats
    messages: tuple[str, ...]

    def log_likelihood(
        self, population: Population, modes: Floats, covariance: Floats, seed: int
    ) -> tuple[float, float]:
        """Return ln L by importance sampling around the modes, and its standard error."""
        return importance_likelihood(population, self.x, modes, covariance, seed)


@final
class _Statistics(NamedTuple):
    """Means over the effects: of phi ``[individual, effect]``, and of phi phi'."""

    mean: Floats
    square: Floats

    def mixed(self, new: "_Statistics", weight: float) -> "_Statistics":
        return _Statistics(*(a + weight * (b - a) for a, b in zip(self, new, strict=True)))


def run_saem(
    population: Population, seed: int, settings: SaemSettings, progress: Progress | None = None
) -> SaemEnd:
    """Return the most likely parameters of a population by SAEM."""
    rng = np.random.default_rng([seed, 21])
    number = settings.chains or max(1, -(-50 // len(population.ids)))
    state = _State(population, number, rng)
    rounds = settings.burn_in + settings.averaging
    for k in range(rounds):
        burning = k < settings.burn_in
        weight = 1.0 if burning else 1.0 / (k - settings.burn_in + 1.0)
        state.move(settings.sweeps)
        state.learn(weight, burning=burning)
        if progress is not None:
            progress("saem", (k + 1) / rounds)
    mean = state.eta.mean(axis=0)
    return SaemEnd(state.x, mean, ())


class _State:
    """The parameters, the chains of effects, and the statistics."""

    def __init__(self, population: Population, chains: int, rng: np.random.Generator) -> None:
        self.population, self.chains, self.rng = population, chains, rng
        self.x = population.form.start()
        self.size = population.effects
        self.scale = np.full((len(population.ids), self.size + 1), 0.5)
        self.known: _Statistics | None = None
        spread = self._spread(self.x)
        self.eta = self._normal() @ np.linalg.cholesky(spread.covariance[0]).T * 0.3
        self.rows = _rows_without_effect(population)
        self.score: Floats | None = None

    def _normal(self) -> Floats:
        return self.rng.standard_normal((self.chains, len(self.population.ids), self.size))

    def _spread(self, x: Floats) -> Spread:
        return self.population.spread(self.population.form.values(x[None]))

    def _likelihood(self, spread: Spread, eta: Floats) -> Floats:
        places = len(eta)
        typical = {n: np.repeat(v, places // len(v), axis=0) for n, v in spread.typical.items()}
        population = self.population
        return np.asarray(log_likelihood(population.joint, population.data, typical, eta))

    def move(self, sweeps: int) -> None:
        """Move the effects by Metropolis steps."""
        spread = self._spread(self.x)
        covariance = spread.covariance[0]
        root, precision = np.linalg.cholesky(covariance), np.linalg.inv(covariance)
        self.here = self._likelihood(spread, self.eta)
        self._step(spread, self._normal() @ root.T, None)
        for _ in range(sweeps):
            for i in range(self.size):
                moved = self.eta.copy()
                jump = self.rng.standard_normal(moved.shape[:2]) * np.sqrt(covariance[i, i])
                moved[..., i] += jump * self.scale[:, i]
                self._step(spread, moved, precision, i)
            if self.size > 1:
                jump = self._normal() @ root.T * self.scale[:, -1:]
                self._step(spread, self.eta + jump, precision, self.size)

    def _step(
        self, spread: Spread, moved: Floats, precision: Floats | None, kernel: int | None = None
    ) -> None:
        """Take or leave a proposal; without a precision it came from the population."""
        there = self._likelihood(spread, moved)
        gain = there - np.where(np.isfinite(self.here), self.here, -1e300)
        if precision is not None:
            own, new = (np.einsum("cni,ij,cnj->cn", e, precision, e) for e in (self.eta, moved))
            gain = gain - 0.5 * (new - own)
        taken = np.log(self.rng.uniform(size=gain.shape)) < gain
        self.eta = np.where(taken[..., None], moved, self.eta)
        self.here = np.where(taken, there, self.here)
        if kernel is not None:
            share = taken.mean(axis=0) - ACCEPTED
            self.scale[:, kernel] = np.clip(self.scale[:, kernel] * np.exp(0.3 * share), 1e-3, 5.0)

    def learn(self, weight: float, *, burning: bool) -> None:
        """Mix in the statistics of the effects, and take the most likely parameters."""
        form = self.population.form
        values = form.values(self.x[None])
        centre = self._centre(values)
        phi = centre + self.eta
        new = _Statistics(phi.mean(axis=0), np.einsum("cni,cnj->nij", phi, phi) / self.chains)
        self.known = new if self.known is None else self.known.mixed(new, weight)
        x = self._without_effect(weight)
        x = self._located(x, values)
        self.x = self._scattered(x, values, burning=burning)
        # The chains' phi stay where they are; their effects are what the new centre leaves.
        self.eta = phi - self._centre(form.values(self.x[None]))

    def _centre(self, values: Values) -> Floats:
        """Return where each individual's phi scatters around, ``[individual, effect]``."""
        spread = self.population.spread(values)
        return np.stack(
            [
                np.zeros(len(self.population.ids))
                if way is EffectTransform.ADDITIVE and name not in values.typical
                else to_scale(way, spread.typical[name][0])
                for name, way in self.population.joint.effects
            ],
            axis=-1,
        )

    def _located(self, x: Floats, values: Values) -> Floats:
        """Return the vector with typical values and coefficients by least squares."""
        rows = [i for i in range(self._located_rows()) if i not in self.rows]
        if not rows or self.known is None:
            return x
        covariance = self.population.spread(values).covariance[0]
        root, mean = np.linalg.inv(np.linalg.cholesky(covariance)), self.known.mean
        form = self.population.form

        def away(own: Floats) -> Floats:
            there = x.copy()
            there[rows] = own
            return np.ravel((mean - self._centre(form.values(there[None]))) @ root.T)

        found = x.copy()
        found[rows] = least_squares(away, x[rows], method="trf", x_scale=1.0).x
        return found

    def _located_rows(self) -> int:
        """Return how many rows of the vector are typical values or coefficients."""
        design = self.population.design
        moving = len(self.population.form.moving)
        return moving + sum(not c.fixed for c in design.covariates)

    def _scattered(self, x: Floats, before: Values, *, burning: bool) -> Floats:
        """Return the vector with the covariance of what the centre leaves."""
        if self.known is None:
            return x
        form, design = self.population.form, self.population.design
        values = form.values(x[None])
        centre, mean = self._centre(values), self.known.mean
        crossed = np.einsum("ni,nj->nij", mean, centre)
        rest = self.known.square - crossed - crossed.swapaxes(1, 2)
        rest = (rest + np.einsum("ni,nj->nij", centre, centre)).mean(axis=0)
        base = len(design.effects)
        covariance = np.zeros((base, base))
        for block in design.blocks:
            covariance[np.ix_(block, block)] = rest[np.ix_(block, block)]
        if burning:
            covariance = _held(covariance, before.covariance[0])
        between = {}
        for i, (name, _) in enumerate(design.between):
            begin = base + i * self.population.occasions
            own = np.diag(rest)[begin : begin + self.population.occasions].mean()
            least = SLOWEST_FALL * before.between[name][0] if burning else 0.0
            between[name] = np.array([max(own, least, 1e-12)])
        return form.put(values._replace(covariance=covariance[None], between=between))

    def _without_effect(self, weight: float) -> Floats:
        """Return the vector after a step of the rows that no effect belongs to."""
        if not self.rows:
            return self.x
        unit = np.zeros((len(self.rows), len(self.x)))
        unit[np.arange(len(self.rows)), self.rows] = STEP
        places = np.concatenate([self.x + unit, self.x - unit])
        spread = self.population.spread(self.population.form.values(places))
        wide = np.tile(self.eta, (len(places), 1, 1))
        typical = {n: np.repeat(v, self.chains, axis=0) for n, v in spread.typical.items()}
        found = self._likelihood(spread._replace(typical=typical), wide)
        found = found.reshape(2, len(self.rows), self.chains, -1)
        slope = (found[0] - found[1]).mean(axis=1) / (2.0 * STEP)
        slope = np.where(np.isfinite(slope), slope, 0.0)
        score = slope @ slope.T + 1e-6 * np.eye(len(self.rows))
        mixing = max(weight, 0.05)
        self.score = score if self.score is None else self.score + mixing * (score - self.score)
        step = np.linalg.solve(self.score, slope.sum(axis=1))
        x = self.x.copy()
        x[self.rows] += weight * np.clip(step, -LARGEST_MOVE, LARGEST_MOVE)
        return x


def _held(covariance: Floats, before: Floats) -> Floats:
    """Return a covariance whose variances fall by a tenth at most."""
    least = SLOWEST_FALL * np.diag(before)
    lift = np.sqrt(np.maximum(1.0, least / np.maximum(np.diag(covariance), 1e-300)))
    return np.asarray(covariance * lift[:, None] * lift)


def _rows_without_effect(population: Population) -> list[int]:
    """Return the rows of typical values and coefficients that no effect belongs to."""
    design, form = population.design, population.form
    scattering = set(design.effects)
    rows = [i for i, t in enumerate(form.moving) if t.name not in scattering]
    free = [c for c in design.covariates if not c.fixed]
    begin = len(form.moving)
    return rows + [begin + i for i, c in enumerate(free) if c.parameter not in scattering]


def importance_likelihood(
    population: Population, x: Floats, modes: Floats, covariance: Floats, seed: int
) -> tuple[float, float]:
    """Return ln L by importance sampling around the modes, and its standard error."""
    rng = np.random.default_rng([seed, 22])
    spread = population.spread(population.form.values(x[None]))
    number, size = modes.shape
    root = np.asarray(np.linalg.cholesky(covariance), float)
    prior = np.asarray(np.linalg.cholesky(spread.covariance[0]), float)
    weights, width = [], 100
    for _ in range(0, DRAWS, width):
        normal = rng.standard_normal((width, number, size))
        chi = rng.chisquare(FREEDOM, (width, number, 1)) / FREEDOM
        scaled = normal / np.sqrt(chi)
        eta = modes + np.einsum("nij,cnj->cni", root, scaled)
        typical = {n: np.repeat(v, width, axis=0) for n, v in spread.typical.items()}
        found = np.asarray(log_likelihood(population.joint, population.data, typical, eta))
        weights.append(found + _log_normal(eta, prior) - _log_t(scaled, root))
    each = np.concatenate(weights)
    total = logsumexp(each, axis=0) - np.log(len(each))
    variance = (np.exp(each - total).var(axis=0, ddof=1) / len(each)).sum()
    return float(total.sum()), float(np.sqrt(variance))


def _log_normal(eta: Floats, root: Floats) -> Floats:
    scaled = np.linalg.solve(root, eta[..., None])[..., 0]
    size = eta.shape[-1]
    log_root = np.log(np.diag(root)).sum()
    return np.asarray(-0.5 * (scaled**2).sum(-1) - log_root - 0.5 * size * np.log(2.0 * np.pi))


def _log_t(scaled: Floats, root: Floats) -> Floats:
    size = scaled.shape[-1]
    head = gammaln(0.5 * (FREEDOM + size)) - gammaln(0.5 * FREEDOM)
    log_root = np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(axis=-1)
    tail = 0.5 * (FREEDOM + size) * np.log1p((scaled**2).sum(-1) / FREEDOM)
    return np.asarray(head - 0.5 * size * np.log(FREEDOM * np.pi) - log_root - tail)
