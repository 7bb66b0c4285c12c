"""The founding case under all twelve hypotheses: the course model's full likelihood over draws.

One draw is one value of every latent under one hypothesis: counts with uncertain dates, the entry
rule, the burden under the antibiotic, cultures and symptoms. The draws come from a mixture of the
prior and of what a pilot found (made beforehand, not timed), so that the likelihoods that are timed
give the evidence of each hypothesis, which must agree with an independent program
(tests/reference/course_oracle.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from scipy.special import logsumexp

from benchmarks.programs import ROOT
from benchmarks.task import PER_DRAW, Floats, Task
from lymphocast.dataset.project import project
from lymphocast.inference.hypotheses import HYPOTHESES, Course, Hypothesis
from lymphocast.inference.kernels import Kernels, Target, kernels_of
from lymphocast.inference.proposal import Mixture
from lymphocast.models.prior_file import model_priors
from lymphocast.record.casefile import find_case, read_case

ORACLE: Final = ROOT / "tests" / "reference" / "course_oracle.json"
ORACLE_COURSES: Final = {"S": Course.STABLE, "R": Course.RECOVERY, "I": Course.INFECTION}
LIMIT: Final = 0.15  # in log evidence: Monte Carlo error of both programs
SEED: Final = 20040501
PILOT, DRAWS = 100_000, 10_240  # for each hypothesis
PRIOR_SHARE: Final = 0.2  # of the mixture; bounds every weight


@final
@dataclass(frozen=True, eq=False)
class Prepared:
    """Draws of one hypothesis.

    Parameters
    ----------
    counts, infection
        Standard normals of the latents, ``[latent, draw]``.
    log_ratio
        ln of the prior's density over that of the mixture, ``[draw]``, less ln P(entry).
    """

    counts: Floats
    infection: Floats
    log_ratio: Floats


def task() -> Task:
    """Return the likelihood of all draws of all hypotheses as a task."""
    case = project(read_case(find_case("trojan-2009")))
    kernels = kernels_of(case, model_priors("course"))
    target = kernels.everything()
    rng = np.random.default_rng(SEED)
    prepared = {h: _prepared(kernels, target, h, rng) for h in HYPOTHESES}

    def run() -> dict[Hypothesis, Floats]:
        return {
            h: kernels.counts(draws.counts, target, h)
            + kernels.infection(draws.counts, target, h, draws.infection)
            for h, draws in prepared.items()
        }

    def errors(log_likelihood: Mapping[Hypothesis, Floats]) -> dict[str, float]:
        expected = oracle()
        off = [
            logsumexp(found + prepared[h].log_ratio) - np.log(DRAWS) - expected[h]
            for h, found in log_likelihood.items()
        ]
        return {"log_evidence_error": float(np.max(np.abs(off)))}

    return Task(run, errors, {"log_evidence_error": LIMIT}, len(prepared) * DRAWS, PER_DRAW)


def oracle() -> dict[Hypothesis, float]:
    """Return the log evidence of each hypothesis as the independent program found it."""
    rows = json.loads(ORACLE.read_text(encoding="utf-8"))["hypotheses"]
    found = {}
    for row in rows:
        il2, natural, clearance = row["name"].split()
        hypothesis = Hypothesis(il2 == "H1", ORACLE_COURSES[natural], clearance == "H3")
        found[hypothesis] = float(row["log_evidence"])
    return found


def _prepared(
    kernels: Kernels, target: Target, hypothesis: Hypothesis, rng: np.random.Generator
) -> Prepared:
    size = kernels.count_size
    pilot = rng.standard_normal((size, PILOT))
    entered = float(np.mean(kernels.entered(pilot, target, hypothesis)))
    mixture = Mixture.fitted(pilot, kernels.counts(pilot, target, hypothesis), rng)
    counts = np.where(
        rng.random(DRAWS) < PRIOR_SHARE,
        rng.standard_normal((size, DRAWS)),
        mixture.draw(DRAWS, rng),
    )
    log_prior = -0.5 * (counts * counts).sum(axis=0) - 0.5 * size * np.log(2.0 * np.pi)
    log_proposal = np.logaddexp(
        np.log(PRIOR_SHARE) + log_prior, np.log1p(-PRIOR_SHARE) + mixture.log_density(counts)
    )
    infection = rng.standard_normal((kernels.infection_size, DRAWS))
    return Prepared(counts, infection, log_prior - log_proposal - np.log(entered))
