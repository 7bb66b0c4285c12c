"""Arguments from time alone: what the drug could add early, what came before it, what outlasts it.

Cells that two weeks of a starting dose can add depend on the gain, its half-life and the shape of
the dose-response, and on nothing else of the patient; so prior and posterior stand side by side.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.individual import Individual
from lymphocast.engine.course import added_count, with_study_days
from lymphocast.engine.steps import instant
from lymphocast.forecast.attribution import HALF, first_dose, key_days, treatment_stop
from lymphocast.forecast.ensemble import Ensemble, Part
from lymphocast.forecast.results import Interval, Remaining, TimingArguments
from lymphocast.inference.diagnostics import entered_prior
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.kernels import Kernels
from lymphocast.inference.posterior import Fit

Floats = NDArray[np.float64]
EARLY_DAYS = 14.0  # two weeks: about when improvement in the month of the first dose is reported


def timing(ensemble: Ensemble, fit: Fit, kernels: Kernels) -> TimingArguments:
    """Return what the drug could add early, what rose before it, and what is left after it."""
    seen = ensemble.individual
    plan = seen.plan
    start = ensemble.day(plan.stretches(plan.study_drug)[0].start)
    days = key_days(ensemble)
    counts = ensemble.count(np.stack([days[0], start, days[1]]))
    before = np.where(start > days[0], counts[1] - counts[0], 0.0)
    rise = counts[2] - counts[0]
    early = ensemble.added((start + EARLY_DAYS)[None])[0]
    drug = _with_the_drug(ensemble)
    more = (rise > 0.0) & (before > HALF * rise)
    return TimingArguments(
        early_days=EARLY_DAYS,
        early_prior=_early_prior(fit, kernels),
        early_posterior=drug.interval(early),
        early_share=drug.interval(early / ensemble.theta["gain"]),
        before=ensemble.each(lambda part: part.interval(before)),
        p_before_more_than_half=ensemble.whole.probability(more),
        remaining=_remaining(ensemble, drug),
        entered_before=first_dose(seen) > seen.nominal(seen.entry.moment),
    )


def _with_the_drug(ensemble: Ensemble) -> Part:
    """The lanes in which IL-2 adds cells; HYPOTHESES begins with those."""
    lanes = slice(0, ensemble.size * sum(h.il2 for h in ensemble.hypotheses))
    weights = ensemble.weights[lanes]
    return Part(lanes, weights / weights.sum())


def _remaining(ensemble: Ensemble, drug: Part) -> tuple[Remaining, ...]:
    individual = ensemble.individual
    stop = treatment_stop(individual)
    at_stop = ensemble.added(ensemble.day(stop)[None])[0]
    found = []
    for count in individual.counts:
        if individual.nominal(count.at) > individual.nominal(stop):
            left = ensemble.added(ensemble.day(count.at)[None])[0]
            share = np.divide(left, at_stop, out=np.zeros_like(left), where=at_stop > 0.0)
            found.append(Remaining(count.id, drug.interval(share)))
    return tuple(found)


def _early_prior(fit: Fit, kernels: Kernels) -> Interval:
    """Cells added in the first days under the prior, over the hypotheses with a drug effect."""
    prior = entered_prior(kernels, fit.seed)
    with_drug = [h for h in HYPOTHESES if h.il2]
    added = [_early(fit.individual, prior[h.name]) for h in with_drug]
    weights = np.concatenate(
        [
            np.full(len(x), h.prior(fit.weights) / len(x))
            for h, x in zip(with_drug, added, strict=True)
        ]
    )
    return Part(slice(0, len(weights)), weights / weights.sum()).interval(np.concatenate(added))


def _early(individual: Individual, draws: Mapping[str, Floats]) -> Floats:
    theta = with_study_days(individual.plan, {**draws, **HYPOTHESES[0].switches})
    start = instant(individual.plan.stretches(individual.plan.study_drug)[0].start, theta)
    t = (start + EARLY_DAYS + 0.0 * draws["gain"])[None]
    added: Floats = np.asarray(added_count(individual.plan, theta, t))[0]
    return added
