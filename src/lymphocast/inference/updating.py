"""Sequential updating: new counts reweigh the draws of a fit.

    p(theta | old, new) ~ p(theta | old) p(new | theta)
    Z(old, new) = Z(old) E[p(new | theta)]            over the posterior given the old facts

Draws that stand for the posterior given the old facts are weighed by the likelihood of the new
counts and resampled. Each step multiplies the effective size by the share that the weights keep,
so that draws which many updates have thinned are known to be few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import jax
import numpy as np
from scipy.special import logsumexp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.individual import CountObservation, Individual
from lymphocast.engine.blocks import in_blocks
from lymphocast.inference.density import CourseDensity, blank
from lymphocast.inference.evidence import (
    Floats,
    HypothesisPosterior,
    effective_size,
    systematic,
)
from lymphocast.inference.posterior import Fit
from lymphocast.models.component import Scalar
from lymphocast.models.prior_table import Numbers


@final
@dataclass(frozen=True)
class Difference:
    """What one record has that another lacks.

    ``added`` are new counts; ``reason`` says what else differs, and is empty if nothing does.
    """

    added: tuple[CountObservation, ...]
    reason: str


def difference(old: Individual, new: Individual) -> Difference:
    """Return which counts are new, and whether anything else that the model reads differs."""
    known = {c.id: c for c in old.counts}
    found = {c.id: c for c in new.counts}
    changed = [name for name, count in known.items() if found.get(name) != count]
    added = tuple(c for c in new.counts if c.id not in known)
    reasons = [f"count '{name}' is not what it was" for name in changed]
    for field, words in (
        ("day_zero", "the first day of treatment"),
        ("plan", "the treatment"),
        ("anchors", "the uncertain times"),
        ("cultures", "the cultures"),
        ("symptoms", "the symptoms"),
        ("susceptibilities", "the susceptibility of isolates"),
        ("entry", "the entry rule"),
    ):
        if getattr(old, field) != getattr(new, field):
            reasons.append(f"{words} differ")
    return Difference(added, "; ".join(reasons))


def reweighed(
    fit: Fit, added: Sequence[CountObservation], seed: int
) -> tuple[HypothesisPosterior, ...] | None:
    """Return the posteriors given new counts as well, or ``None`` where no draw allows them.

    Parameters
    ----------
    fit
        The fit before the counts, whose individual shares plan and anchors with them.
    added
        The new counts.
    seed
        Seed of the resampling.
    """
    density = CourseDensity(replace(fit.individual, counts=tuple(added)), fit.table)
    shape, given = replace(density, individual=blank(density.individual)), density.numbers()
    found = []
    for i, posterior in enumerate(fit.posteriors):
        log_weights = _log_weights(shape, posterior, given)
        if not np.isfinite(log_weights).all():
            return None
        rng = np.random.default_rng([seed, 11, len(fit.individual.counts), i])
        found.append(_resampled(posterior, log_weights, rng))
    return tuple(found)


def _resampled(
    posterior: HypothesisPosterior, log_weights: Floats, rng: np.random.Generator
) -> HypothesisPosterior:
    number = len(log_weights)
    share = effective_size(log_weights) / number
    # However many draws the weights were worth, no more were kept.
    before = min(posterior.ess, float(number))
    chosen = systematic(log_weights, number, rng)
    return replace(
        posterior,
        draws={name: values[chosen] for name, values in posterior.draws.items()},
        log_evidence=posterior.log_evidence + float(logsumexp(log_weights)) - np.log(number),
        log_evidence_se=float(np.sqrt(posterior.log_evidence_se**2 + (1.0 / share - 1.0) / before)),
        ess=before * share,
        evaluations=posterior.evaluations + number,
    )


def _log_weights(shape: CourseDensity, posterior: HypothesisPosterior, given: Numbers) -> Floats:
    size = len(next(iter(posterior.draws.values())))
    switches = {name: np.full(size, v) for name, v in posterior.hypothesis.switches.items()}
    lanes = {**posterior.draws, **switches}
    total: Floats = in_blocks(lambda block: _likelihood(shape, block, given), lanes)
    return total


@partial(jax.jit, static_argnames=("shape",))
def _likelihood(shape: CourseDensity, lanes: Mapping[str, Scalar], given: Numbers) -> Scalar:
    return shape.count_log_likelihood(shape.theta(lanes), given).sum(axis=0)
