"""Fit: the posterior of one patient under every hypothesis, with all that made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import final

from lymphocast.dataset.individual import Individual
from lymphocast.inference.evidence import HypothesisPosterior
from lymphocast.inference.history import Step
from lymphocast.inference.hypotheses import HYPOTHESES, posterior_weights
from lymphocast.models.prior_table import PriorTable, Weights
from lymphocast.record.patient import PatientRecord

DEFAULT_PRESET = "neutral"
# A fit passes if every hypothesis that matters has this many effective draws, and its evidence
# this standard error at most (ln units). Assumed limits: they bound the error of a probability
# at 0.016 and that of a weight at 3 %.
MIN_ESS = 1000.0
MAX_EVIDENCE_SE = 0.1
MATTERS = 0.01


@final
class FitMethod(StrEnum):
    """How a posterior is computed."""

    IMPORTANCE = "is"
    SMC = "smc"


@final
@dataclass(frozen=True)
class Fit:
    """Everything that a fit found and everything needed to repeat it.

    Parameters
    ----------
    record
        The record that was fitted.
    individual
        What the model saw of the record.
    table
        Priors, constants and weight presets.
    posteriors
        One for each of ``HYPOTHESES``, in that order, with equally many draws.
    method, seed
        How the draws were made.
    versions
        Versions of this package, of JAX and of NumPy.
    preset
        Name of the prior weights of the hypotheses in the base analysis.
    history
        The records that were read one after another, the last being ``record``.
    """

    record: PatientRecord
    individual: Individual
    table: PriorTable
    posteriors: tuple[HypothesisPosterior, ...]
    method: FitMethod
    seed: int
    versions: Mapping[str, str]
    preset: str = DEFAULT_PRESET
    history: tuple[Step, ...] = ()

    @property
    def informed(self) -> bool:
        """Whether the record holds anything that the likelihood reads."""
        return bool(self.individual.counts) or self.individual.tells_of_infection

    @property
    def weights(self) -> Weights:
        """Prior probabilities of the hypotheses in the base analysis."""
        return self.table.presets[self.preset]

    @cached_property
    def posterior_weights(self) -> dict[str, float]:
        """Posterior probability of each hypothesis, by name."""
        evidence = {p.hypothesis.name: p.log_evidence for p in self.posteriors}
        return posterior_weights(evidence, self.weights, HYPOTHESES)

    @property
    def evaluations(self) -> int:
        """Number of likelihood evaluations spent on all hypotheses."""
        return sum(p.evaluations for p in self.posteriors)

    @property
    def ess_min(self) -> float:
        """Smallest effective size among hypotheses that matter (weight above 1 %)."""
        weights = self.posterior_weights
        return min(p.ess for p in self.posteriors if weights[p.hypothesis.name] >= MATTERS)

    @property
    def ess_kept(self) -> float:
        """The same of the draws that are kept: however many they were drawn from."""
        weights = self.posterior_weights
        return min(p.kept for p in self.posteriors if weights[p.hypothesis.name] >= MATTERS)

    @property
    def diagnostics_passed(self) -> bool:
        """Whether effective size and evidence error lie within their limits."""
        weights = self.posterior_weights
        errors = [
            p.log_evidence_se for p in self.posteriors if weights[p.hypothesis.name] >= MATTERS
        ]
        return self.ess_min >= MIN_ESS and max(errors) <= MAX_EVIDENCE_SE
