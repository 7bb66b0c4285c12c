"""How far two computations of the same posterior lie apart: log evidence and medians."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from lymphocast.inference.evidence import Floats, HypothesisPosterior
from lymphocast.models.prior_table import PriorTable

LOWEST: Final = -12.0  # log evidence below which a hypothesis moves nothing that is said
SHARP: Final = 0.005
"""Monte Carlo error of ln(median) above which a difference of 2 % says nothing."""
AROUND_ZERO: Final = "growth"  # its median lies near zero: no ratio


@final
@dataclass(frozen=True)
class Disagreement:
    """The largest difference in log evidence, and that of a median as a share, with its place."""

    log_evidence: float
    median: float
    where: str
    compared: int


def median_error(draws: Floats) -> float:
    """Return the standard error of ln(median) of independent draws, for a log-normal shape."""
    return float(np.sqrt(0.5 * np.pi / len(draws)) * np.std(np.log(draws)))


def disagreement(
    ones: Sequence[HypothesisPosterior], others: Sequence[HypothesisPosterior], table: PriorTable
) -> Disagreement:
    """Compare two fits, hypothesis by hypothesis in the order of ``HYPOTHESES``.

    Hypotheses that weigh nothing are left out, and medians that Monte Carlo error leaves open.
    """
    evidence, median, where, compared = 0.0, 0.0, "", 0
    for one, other in zip(ones, others, strict=True):
        if one.log_evidence < LOWEST:
            continue
        evidence = max(evidence, abs(one.log_evidence - other.log_evidence))
        for name in (row.parameter for row in table.rows):
            ours, theirs = one.draws[name], other.draws[name]
            if name == AROUND_ZERO or median_error(theirs) > SHARP:
                continue
            apart = abs(float(np.median(theirs) / np.median(ours)) - 1.0)
            compared += 1
            if apart > median:
                median, where = apart, f"{name} under {one.hypothesis.name}"
    return Disagreement(evidence, median, where, compared)
