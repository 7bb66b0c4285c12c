"""The crossed hypotheses: IL-2 effect x natural course x faster clearance, as switches.

A hypothesis is data: values of the model's switches. One compiled model serves them all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.models.prior_table import Weights


@final
class Course(StrEnum):
    """Natural course of the count."""

    STABLE = "stable"
    RECOVERY = "recovery"
    INFECTION = "infection"


COURSE_LABELS = {
    Course.STABLE: "stable count",
    Course.RECOVERY: "recovery by itself",
    Course.INFECTION: "infection had lowered the count",
}


@final
@dataclass(frozen=True)
class Hypothesis:
    """One joint hypothesis: H1 (IL-2 adds cells) x natural course x H3 (it hastens clearance)."""

    il2: bool
    course: Course
    clearance: bool

    @property
    def counts_name(self) -> str:
        """Name of the part that concerns counts, such as ``il2+stable``."""
        return f"{'il2' if self.il2 else 'no-il2'}+{self.course}"

    @property
    def name(self) -> str:
        """Name used as a key everywhere, such as ``il2+stable+clearance``."""
        return f"{self.counts_name}+{'clearance' if self.clearance else 'no-clearance'}"

    @property
    def counts_label(self) -> str:
        """What this says of the counts, for people."""
        effect = "IL-2 adds cells" if self.il2 else "IL-2 adds none"
        return f"{effect}; {COURSE_LABELS[self.course]}"

    @property
    def label(self) -> str:
        """What this says, for people."""
        tail = "a higher count hastens clearance" if self.clearance else "clearance unaffected"
        return f"{self.counts_label}; {tail}"

    @property
    def count_changes(self) -> bool:
        """Whether the count ever leaves its baseline; if not, H3 says nothing."""
        return self.il2 or self.course is not Course.STABLE

    @property
    def switches(self) -> dict[str, float]:
        """Values of the model's switches."""
        return {
            "il2": float(self.il2),
            "recovery": float(self.course is Course.RECOVERY),
            "infection": float(self.course is Course.INFECTION),
            "clearance": float(self.clearance),
        }

    def prior(self, weights: Weights) -> float:
        """Return the prior probability under these weights."""
        il2 = weights.il2 if self.il2 else 1.0 - weights.il2
        clearance = weights.clearance if self.clearance else 1.0 - weights.clearance
        course = {
            Course.STABLE: weights.stable,
            Course.RECOVERY: weights.recovery,
            Course.INFECTION: weights.infection,
        }[self.course]
        return il2 * course * clearance


HYPOTHESES = tuple(
    Hypothesis(il2, course, clearance)
    for il2 in (True, False)
    for course in Course
    for clearance in (False, True)
)


def posterior_weights(
    log_evidence: Mapping[str, float], weights: Weights, hypotheses: Sequence[Hypothesis]
) -> dict[str, float]:
    """Return posterior probabilities of the hypotheses, by name; they sum to 1."""
    names = [h.name for h in hypotheses]
    with np.errstate(divide="ignore"):
        log_prior = np.log([h.prior(weights) for h in hypotheses])
    joint = log_prior + np.asarray([log_evidence[n] for n in names])
    shares: NDArray[np.float64] = np.exp(joint - joint.max())
    shares /= shares.sum()
    return dict(zip(names, shares.tolist(), strict=True))
