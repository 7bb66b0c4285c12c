"""Uncertainty quantification: whether what is unknown is said, and covers what was seen."""

import re
from typing import Final

from scipy.stats import binom

from lymphocast.forecast.checks import CONTRACTION_LIMIT
from lymphocast.forecast.prior_lines import meanings, prior_lines
from lymphocast.forecast.results import PriorLine
from lymphocast.forecast.sensitivity import NO_BELOW, YES_ABOVE, answer, verdicts
from lymphocast.models.course import COURSE
from lymphocast.verification.bench import Bench
from lymphocast.verification.check import Check, Found, Heading, at_most

OUTSIDE, CHANCE = 0.1, 0.01  # share outside a 90 % interval, and the chance that is called none
ASSUMED: Final = "assumed"
CITED: Final = re.compile(r"\b(?:19|20)\d\d\b|\bPMID\b|\bPMC\d")


def predictive(bench: Bench) -> Found:
    """Compare every count of the founding case with its own posterior predictive."""
    rows = bench.observed
    outside = [row for row in rows if not row.predictive.p05 <= row.value <= row.predictive.p95]
    chance = float(binom.sf(len(outside) - 1, len(rows), OUTSIDE))
    said = "; ".join(
        f"{row.value:g} in {row.predictive.p05:.0f} to {row.predictive.p95:.0f}" for row in rows
    )
    found = f"{len(outside)} of {len(rows)} outside: {said}"
    return Found(chance >= CHANCE, found, float(len(outside)), bench.seed)


def contraction(bench: Bench) -> Found:
    """Count the parameters that the data hardly narrow, and whether each says so."""
    rows = bench.contraction
    silent = [r.parameter for r in rows if (r.contraction < CONTRACTION_LIMIT) != bool(r.banner)]
    weak = [r for r in rows if r.banner]
    named = ", ".join(f"{r.parameter} {r.contraction:.2f}" for r in weak)
    found = f"{len(weak)} of {len(rows)} parameters carry it: {named or 'none'}"
    if silent:
        found += f"; without it, or with it in vain: {', '.join(silent)}"
    return at_most(len(silent), 0, found, bench.seed)


def sensitivity(bench: Bench) -> Found:
    """Compare every verdict with the range of its probability over the table."""
    table, wrong, said = bench.sensitivity, 0, []
    for verdict in verdicts(table):
        values = [row.probabilities[verdict.id] for row in table]
        wrong += answer(min(values), max(values)) is not verdict.answer
        said.append(
            f"({verdict.id}) {verdict.answer.value}: {values[0]:.2f}, {min(values):.2f} to "
            f"{max(values):.2f}"
        )
    found = f"over {len(table)} analyses, {'; '.join(said)}"
    return at_most(wrong, 0, found, bench.seed)


def sources(bench: Bench) -> Found:
    """Count the priors by grade, and those whose source or reason is missing."""
    lines = founding_priors(bench)
    assumed = [line.parameter for line in lines if line.grade == ASSUMED]
    bare = [line.parameter for line in lines if not _founded(line)]
    found = (
        f"{len(lines) - len(assumed)} of {len(lines)} priors and fixed values cite print; assumed: "
        f"{', '.join(assumed)}"
    )
    if bare:
        found += f"; without source or reason: {', '.join(bare)}"
    return at_most(len(bare), 0, found)


def founding_priors(bench: Bench) -> tuple[PriorLine, ...]:
    """Return the rows of the course model's prior table."""
    return prior_lines(bench.table, meanings(COURSE))


def _founded(line: PriorLine) -> bool:
    if line.grade == ASSUMED:
        return bool(line.rationale)
    return bool(line.doi) or bool(CITED.search(line.rationale))


UNCERTAINTY_CHECKS: Final = (
    Check(
        "uncertainty.predictive",
        Heading.UNCERTAINTY,
        "Do the recorded counts of the founding case lie where the fit would measure them again?",
        f"as few outside their 90 % predictive intervals as chance gives at least {CHANCE:g} of "
        "the time",
        "Binomial. The counts were used in the fit, so this finds gross misfit alone.",
        predictive,
    ),
    Check(
        "uncertainty.contraction",
        Heading.UNCERTAINTY,
        "Is every parameter that the data hardly inform marked by its banner, and no other?",
        f"a banner exactly where 1 - Var(posterior)/Var(prior) is below {CONTRACTION_LIMIT:g}",
        "A reader must know what rests on the prior; the limit is a decision of the design.",
        contraction,
    ),
    Check(
        "uncertainty.sensitivity",
        Heading.UNCERTAINTY,
        "Is no question answered whose answer an assumption would change?",
        f"yes only if its probability stays above {YES_ABOVE:g} in every analysis of the "
        f"sensitivity table, no only if it stays below {NO_BELOW:g}",
        "The rule of the verdicts, applied anew to the table.",
        sensitivity,
    ),
    Check(
        "uncertainty.sources",
        Heading.UNCERTAINTY,
        "Has every prior and fixed value of the course model a source, or a reason where it is "
        "assumed?",
        "none without",
        "Inputs that are assumptions are listed as such in the table below.",
        sources,
    ),
)
