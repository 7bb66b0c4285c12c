"""Checks that cannot be skipped: contraction of each parameter, and the last count left out."""

from dataclasses import dataclass, replace
from math import log, pi, sqrt
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp

from lymphocast.criteria.rcv import LONG_TERM_CV
from lymphocast.dataset.individual import CountObservation, Individual
from lymphocast.forecast.ensemble import Ensemble, Part, ensemble_of
from lymphocast.forecast.results import ByHypothesis, Contraction, Interval, LeaveLastOut
from lymphocast.forecast.scenario import measured, noise
from lymphocast.inference.density import INFECTION_PARAMETERS, date_rule
from lymphocast.inference.diagnostics import entered_prior
from lymphocast.inference.hypotheses import Course, Hypothesis
from lymphocast.inference.kernels import Kernels
from lymphocast.inference.posterior import Fit

Floats = NDArray[np.float64]

CONTRACTION_LIMIT = 0.1  # below it the data say nothing: design decision, an assumption
LOG_ROOT_TAU = log(sqrt(2.0 * pi))
SHIFT_LIMIT = 0.25  # prior SDs; an assumption

# Which hypotheses a parameter exists under; the others exist under all.
_ONLY_IL2 = frozenset({"gain", "gain_half_life", "half_effect_dose"})
_ONLY_RECOVERY = frozenset({"recovery_delay", "recovery_time"})
_ONLY_INFECTION = frozenset({"dip_depth", "dip_time"})
_ONLY_ANTIBIOTIC = frozenset({"kill", "resistance_time"})
_BANNERS = {
    "half_effect_dose": "The data say nothing about the dose-response.",
    "count_sd": "The data say nothing about the measurement error: read the grid of values.",
}


def applies(parameter: str, hypothesis: Hypothesis) -> bool:
    """Whether the data can reach a parameter under a hypothesis."""
    if parameter in _ONLY_IL2:
        return hypothesis.il2
    if parameter in _ONLY_RECOVERY:
        return hypothesis.course is Course.RECOVERY
    if parameter in _ONLY_INFECTION:
        return hypothesis.course is Course.INFECTION
    if parameter == "baseline_count":
        return hypothesis.course is not Course.INFECTION
    if parameter == "normal_count":
        return hypothesis.course is not Course.STABLE
    if parameter == "immune_clearance":
        return hypothesis.clearance
    return True


def is_reached(parameter: str, individual: Individual) -> bool:
    """Whether a fact of the record can speak to a parameter at all."""
    if parameter not in INFECTION_PARAMETERS:
        return True
    treated = individual.plan.antibiotic is not None
    return individual.tells_of_infection and (treated or parameter not in _ONLY_ANTIBIOTIC)


def contractions(fit: Fit, kernels: Kernels, meanings: dict[str, str]) -> tuple[Contraction, ...]:
    """Return how far the data narrowed each parameter, over the hypotheses that have it.

    Variances are taken within each hypothesis and averaged with the posterior weights, so that
    neither a change of weights nor a disagreement between hypotheses is mistaken for learning.
    Parameters of the infection to which no fact of the record can speak are left out.
    """
    prior = entered_prior(kernels, fit.seed)
    weights = fit.posterior_weights
    rows = []
    for row in (r for r in fit.table.rows if is_reached(r.parameter, fit.individual)):
        found = [p for p in fit.posteriors if applies(row.parameter, p.hypothesis)]
        shares = np.array([weights[p.hypothesis.name] for p in found])
        shares /= shares.sum()
        scale = row.family.scale_name
        after = _Spread.of([p.draws[row.parameter] for p in found], shares, scale)
        before = _Spread.of([prior[p.hypothesis.name][row.parameter] for p in found], shares, scale)
        contraction = 1.0 - after.variance / before.variance
        shift = abs(after.middle - before.middle) / np.sqrt(before.variance)
        rows.append(
            Contraction(
                parameter=row.parameter,
                meaning=meanings.get(row.parameter, ""),
                unit=row.unit,
                scale=scale,
                prior=before.interval,
                posterior=after.interval,
                contraction=contraction,
                applies_to=tuple(p.hypothesis.name for p in found),
                banner=banner(row.parameter, contraction, float(shift)),
            )
        )
    return tuple(rows)


@final
@dataclass(frozen=True)
class _Spread:
    """Interval of a mixture, mean variance within its parts, and its median, on one scale."""

    interval: Interval
    variance: float
    middle: float

    @classmethod
    def of(cls, parts: list[Floats], shares: Floats, scale: str) -> "_Spread":
        weights = np.concatenate(
            [np.full(len(x), w / len(x)) for x, w in zip(parts, shares, strict=True)]
        )
        whole = Part(slice(0, len(weights)), weights).interval(np.concatenate(parts))
        on_scale = np.log if scale == "ln" else np.asarray
        variance = sum(w * np.var(on_scale(x)) for x, w in zip(parts, shares, strict=True))
        return cls(whole, float(variance), float(on_scale(whole.p50)))


def banner(parameter: str, contraction: float, shift: float) -> str:
    """Return what a reader must know of a parameter that the data hardly narrowed, or nothing.

    ``shift`` is the distance between prior and posterior median in prior standard deviations.
    """
    if contraction >= CONTRACTION_LIMIT:
        return ""
    if shift >= SHIFT_LIMIT:
        return "The data move this parameter but do not narrow it."
    return _BANNERS.get(parameter, "The data say almost nothing about this parameter.")


def leave_last_out(fit: Fit, others: Fit) -> ByHypothesis[LeaveLastOut]:
    """Return the last count as predicted by ``others``, the fit without it."""
    ensemble = ensemble_of(others)
    last, before = fit.individual.counts[-1], fit.individual.counts[-2]
    log_density, latent = predictive(ensemble, last, fit.seed)
    seen = measured(latent, ensemble, noise(ensemble, fit.seed, 200), last.own_error)
    walk = random_walk(before, last)

    def summarise(part: Part) -> LeaveLastOut:
        score = logsumexp(log_density[part.lanes], b=part.weights)
        return LeaveLastOut(
            predicted=part.interval(seen),
            observed=last.value,
            log_score=float(score),
            random_walk_log_score=walk,
            tail=part.probability(seen <= last.value),
            ess=others.ess_kept,
            below=last.below,
        )

    found, own = ensemble.each(summarise), {p.hypothesis.name: p.kept for p in others.posteriors}
    each = {name: replace(left, ess=own[name]) for name, left in found.by_hypothesis.items()}
    return replace(found, by_hypothesis=each)


def random_walk(before: CountObservation, last: CountObservation) -> float | None:
    """Return the log score of the last count for a random walk from the count before it.

    ``None`` where the count before is known only to lie below a limit: a walk needs a beginning.
    """
    if before.below:
        return None
    own = np.hypot(last.own_error, before.own_error)
    apart = np.hypot(np.sqrt(2.0) * LONG_TERM_CV, own)
    return float(_log_score(last, log(last.value / before.value), apart))


def _log_score(count: CountObservation, distance: Floats | float, sd: Floats | float) -> Floats:
    """Normal log density of a distance in ln(count), or the log probability of a count below it.

    Written out because scipy.stats alone would take longer to load than an update takes.
    """
    z = np.asarray(distance / sd)
    return np.asarray(log_ndtr(z) if count.below else -(z**2) / 2.0 - LOG_ROOT_TAU - np.log(sd))


def predictive(ensemble: Ensemble, count: CountObservation, seed: int) -> tuple[Floats, Floats]:
    """Return the log density of ln(count) by lane, and the latent count at a random date.

    Of a count reported as below a limit, the log probability of that.
    """
    width = count.at.late - count.at.early
    anchor = ensemble.day(count.at) - count.at.offset
    shifts, w = date_rule(count)
    log_latent = np.log(ensemble.count(anchor + shifts[:, None]))
    sd = np.hypot(ensemble.theta["count_sd"], count.own_error)
    each = _log_score(count, log(count.value) - log_latent, sd)
    uniform = np.random.default_rng([seed, 8]).random(ensemble.lanes)
    latent = ensemble.count((anchor + count.at.early + width * uniform)[None])[0]
    return np.asarray(logsumexp(each, axis=0, b=w[:, None])), latent
