"""What the fit of one patient says to a series: evidence, draws, and the entry rule.

All of it is under the wide priors of that fit. A series needs the entry to lie before the first
dose: then the probability of entry depends on the recovery rate, and not on the effect.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.individual import Individual, Moment
from lymphocast.errors import RecordError, record_name
from lymphocast.inference.hypotheses import Course, Hypothesis
from lymphocast.inference.kernels import Kernels, kernels_of
from lymphocast.inference.posterior import Fit
from lymphocast.models.prior_table import transform

Floats = NDArray[np.float64]

ENTRY_DRAWS = 50_000  # of the prior; the error of a probability of entry is below 0.3 %


@final
@dataclass(frozen=True)
class Strand:
    """What one hypothesis says of a patient: evidence and equally weighted draws, both wide."""

    hypothesis: Hypothesis
    log_evidence: float
    gain: Floats
    delay: Floats


@final
@dataclass(frozen=True)
class Member:
    """One patient of a series.

    Parameters
    ----------
    strands
        One for each hypothesis.
    horizon
        Days from the recovery clock to the last observation.
    missed
        Under recovery: delays of those prior draws that break the entry rule.
    tried
        Number of prior draws behind ``missed``.
    """

    id: str
    strands: tuple[Strand, ...]
    horizon: float
    missed: Floats
    tried: int


def member_of(fit: Fit, seed: int) -> Member:
    """Return what a fit says of its patient, with the entry rule under other recovery rates."""
    individual = fit.individual
    refuse_member(individual)
    strands = tuple(
        Strand(p.hypothesis, p.log_evidence, p.draws["gain"], p.draws["recovery_delay"])
        for p in fit.posteriors
    )
    moments = [_late(individual, c.at) for c in individual.counts]
    last = max([*moments, *individual.infection_days])
    missed = _missed(kernels_of(individual, fit.table), seed)
    horizon = last - individual.plan.recovery_clock
    return Member(fit.record.id, strands, horizon, missed, ENTRY_DRAWS)


def refuse_member(individual: Individual) -> None:
    """Refuse a patient whom a series cannot take.

    Raises
    ------
    RecordError
        If nothing was observed, or the entry may lie after the first dose.
    """
    plan = individual.plan
    starts = [_early(individual, d.start) for d in plan.stretches(plan.study_drug)]
    where = record_name(individual.id)
    if not individual.counts and not individual.infection_days:
        found = "no count, culture or symptom that the model reads"
        raise RecordError(where, None, found, "one in each patient of a series")
    if _late(individual, individual.entry.moment) > min(starts):
        found, needed = "an entry that may lie after the first dose", "one before it in a series"
        raise RecordError(where, None, found, needed, ("modelling", "entry_measurement"))


def _late(individual: Individual, moment: Moment) -> float:
    day, name = moment.late, moment.anchor
    while name is not None:
        anchor = individual.anchor(name)
        day, name = day + anchor.late, anchor.relative_to
    return day


def _early(individual: Individual, moment: Moment) -> float:
    day, name = moment.early, moment.anchor
    while name is not None:
        anchor = individual.anchor(name)
        day, name = day + anchor.early, anchor.relative_to
    return day


def _missed(kernels: Kernels, seed: int) -> Floats:
    """Delays of prior draws under recovery for which the entry rule fails."""
    rng = np.random.default_rng([seed, 5])
    z = rng.standard_normal((kernels.count_size, ENTRY_DRAWS))
    recovering = Hypothesis(il2=False, course=Course.RECOVERY, clearance=False)
    target = kernels.everything()
    broken = ~kernels.entered(z, target, recovering)
    latents = [latent.name for latent in kernels.density.count_latents]
    place = latents.index("recovery_delay")
    latent = kernels.density.count_latents[place]
    number = target.numbers["recovery_delay"]
    delays = transform(latent.family, latent.truncated, z[place, broken], number)
    return np.asarray(delays, dtype=np.float64)
