"""Simulate from one explanation, fit them all, and count how often the analysis is sure of IL-2.

Patients are drawn from the prior of each explanation under the entry rule, and counted on the
record's own days with its own errors. Each is then weighed by all explanations with a second set
of prior draws, so that nothing is tuned to any patient. Cultures and symptoms are left out: they
do not speak to whether IL-2 adds cells unless a higher count hastens clearance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import nan
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp

from lymphocast.engine.course import with_study_days
from lymphocast.forecast.attribution import il2_more_than_half, key_days
from lymphocast.forecast.controlled import CrossedRate
from lymphocast.forecast.ensemble import Conditions, Ensemble
from lymphocast.forecast.prior_trials.comparison import binomial_interval
from lymphocast.forecast.sensitivity import YES_ABOVE
from lymphocast.inference.evidence import effective_size
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.kernels import Kernels
from lymphocast.models.prior_table import Weights

Floats = NDArray[np.float64]
EXPLANATIONS = tuple(h for h in HYPOTHESES if not h.clearance)
SURE = 0.95  # P(H1) above which the analysis would be sure of IL-2
FEWEST = 20.0  # effective draws below which a patient's weights are not read
Report = Callable[[float], None]


@final
@dataclass(frozen=True)
class PriorPatients:
    """Prior draws of each explanation as lanes, with their counts at the record's own times."""

    ensemble: Ensemble
    log_latent: Floats

    @classmethod
    def drawn(
        cls, kernels: Kernels, weights: Weights, size: int, rng: np.random.Generator
    ) -> "PriorPatients":
        """Draw ``size`` patients of each explanation under the entry rule."""
        individual, target = kernels.density.individual, kernels.everything()
        parts = []
        for hypothesis in EXPLANATIONS:
            z = kernels.draw_entered(target, hypothesis, size, rng)
            nothing = np.zeros((kernels.infection_size, size))
            values = kernels.values(z, target, hypothesis, nothing)
            switches = {n: np.full(size, v) for n, v in hypothesis.switches.items()}
            parts.append(with_study_days(individual.plan, {**values, **switches}))
        lanes = size * len(parts)
        theta = {
            name: np.concatenate([np.broadcast_to(np.asarray(p[name]), size) for p in parts])
            for name in parts[0]
        }
        shares = np.array([h.prior(weights) for h in EXPLANATIONS])
        ensemble = Ensemble(individual, theta, size, EXPLANATIONS, shares / shares.sum())
        days = np.stack(
            [
                ensemble.day(c.at)
                - c.at.offset
                + c.at.early
                + (c.at.late - c.at.early) * rng.random(lanes)
                for c in individual.counts
            ]
        )
        return cls(ensemble, np.log(ensemble.count(days)))

    @cached_property
    def sd(self) -> Floats:
        """Standard deviation of each ln(count), ``[count, lane]``."""
        own = np.array([[c.own_error] for c in self.ensemble.individual.counts])
        return np.asarray(np.sqrt(self.ensemble.theta["count_sd"] ** 2 + own**2))

    @cached_property
    def log_limits(self) -> Floats:
        """Logarithm of the limit below which each count would get no number, ``[count, 1]``."""
        with np.errstate(divide="ignore"):
            return np.log([[c.lloq] for c in self.ensemble.individual.counts])

    @cached_property
    def caused(self) -> Conditions:
        """Where IL-2 made more than half of the rise, ``[lane]``."""
        days = key_days(self.ensemble)
        counts, added = self.ensemble.count(days), self.ensemble.added(days)[1]
        return il2_more_than_half(counts[1] - counts[0], added)

    def counted(self, rng: np.random.Generator) -> Floats:
        """Return what would be reported of each patient, as ln(count) ``[count, lane]``."""
        measured = self.log_latent + self.sd * rng.standard_normal(self.log_latent.shape)
        return np.maximum(measured, self.log_limits)

    def weigh(self, seen: Floats) -> tuple[float, float, float]:
        """Return P(IL-2 adds cells), P(it made more than half), and the effective draws.

        ``seen`` holds one patient's ln(counts).
        """
        misfit = (seen[:, None] - self.log_latent) / self.sd
        with np.errstate(divide="ignore"):
            log_prior = np.log(self.ensemble.weights)
        below = seen <= self.log_limits[:, 0]
        log_joint = log_prior - (0.5 * misfit**2 + np.log(self.sd))[~below].sum(axis=0)
        log_joint += log_ndtr(misfit[below]).sum(axis=0)
        share = np.exp(log_joint - logsumexp(log_joint))
        drug = self.ensemble.size * sum(h.il2 for h in EXPLANATIONS)
        return float(share[:drug].sum()), float(share[self.caused].sum()), effective_size(log_joint)


def crossed_rates(
    kernels: Kernels, weights: Weights, patients: int, draws: int, seed: int, report: Report
) -> tuple[CrossedRate, ...]:
    """Return how often the analysis is sure of IL-2, by the explanation that made the patient.

    Parameters
    ----------
    kernels
        The compiled functions of the record.
    weights
        Prior weights of the hypotheses.
    patients
        Patients drawn from each explanation.
    draws
        Prior draws of each explanation by which a patient is weighed.
    seed
        Seed of both.
    report
        Called with the fraction that is done.
    """
    rng = np.random.default_rng([seed, 14])
    judges = PriorPatients.drawn(kernels, weights, draws, rng)
    judged = PriorPatients.drawn(kernels, weights, patients, rng)
    seen = judged.counted(rng)
    rows = []
    for i, hypothesis in enumerate(EXPLANATIONS):
        lanes = range(i * patients, (i + 1) * patients)
        found = np.array([judges.weigh(seen[:, lane]) for lane in lanes])
        read = found[found[:, 2] >= FEWEST]
        sure, above = read[:, 0] > SURE, read[:, 1] > YES_ABOVE
        rows.append(
            CrossedRate(
                name=hypothesis.counts_name,
                label=hypothesis.counts_label,
                prior=float(judges.ensemble.shares[i]),
                patients=len(read),
                unread=patients - len(read),
                mean_p_il2=_mean(read[:, 0]),
                p_sure_of_il2=_mean(sure),
                sure_interval=binomial_interval(float(sure.sum()), float(len(read))),
                p_above_yes=_mean(above),
                yes_interval=binomial_interval(float(above.sum()), float(len(read))),
            )
        )
        report((i + 1) / len(EXPLANATIONS))
    return tuple(rows)


def _mean(values: Floats | Conditions) -> float:
    return float(np.mean(values)) if len(values) else nan
