"""A patient whose posterior is known exactly: one stable count, a log-normal prior, known error.

With ln T0 ~ Normal(m, s) and ln y ~ Normal(ln T0, sigma), ln y ~ Normal(m, sqrt(s^2 + sigma^2)) and
ln T0 given y is normal with precision 1/s^2 + 1/sigma^2. It holds under the hypothesis of a stable
count that IL-2 does not raise; any sampler must find it.
"""

from dataclasses import dataclass, replace
from math import exp, inf, log, sqrt
from typing import Final, final

from scipy.stats import norm

from lymphocast.dataset.individual import Anchor, CountObservation, Entry, Individual, Moment
from lymphocast.inference.density import CourseDensity
from lymphocast.inference.evidence import HypothesisPosterior
from lymphocast.inference.hypotheses import Course, Hypothesis
from lymphocast.inference.kernels import Kernels
from lymphocast.models.prior_file import with_rows
from lymphocast.models.prior_table import PriorTable

MEDIAN: Final = 120.0  # cells/uL, of the prior; made up, as are the others
SPREAD: Final = 0.7  # SD of ln
SIGMA: Final = 0.16  # SD of ln, of the count's error
COUNT: Final = 172.0  # cells/uL
DAY: Final = -60.0  # before the first dose
POINT: Final = 1e-6  # a prior this narrow is a fixed value


@final
@dataclass(frozen=True)
class Conjugate:
    """The compiled functions of the patient, and what is known exactly.

    ``posterior_median`` is that of the count in cells/uL, ``posterior_sd`` the SD of its logarithm.
    """

    kernels: Kernels
    log_evidence: float
    posterior_median: float
    posterior_sd: float


def conjugate_patient(individual: Individual, table: PriorTable) -> Conjugate:
    """Return the patient, made of an individual's doses and the priors of the course model."""
    day = Moment.fixed(DAY)
    patient = replace(
        individual,
        counts=(CountObservation("only", day, COUNT),),
        cultures=(),
        symptoms=(),
        entry=Entry(day, inf),
        anchors=tuple(Anchor(a.name, a.early, a.late) for a in individual.anchors),
    )
    known = with_rows(
        table,
        baseline_count={"location": MEDIAN, "scale": SPREAD, "upper": inf},
        count_sd={"location": SIGMA, "scale": POINT},
    )
    precision = 1.0 / SPREAD**2 + 1.0 / SIGMA**2
    return Conjugate(
        Kernels(CourseDensity(patient, known)),
        float(norm.logpdf(log(COUNT), log(MEDIAN), sqrt(SPREAD**2 + SIGMA**2))),
        exp((log(MEDIAN) / SPREAD**2 + log(COUNT) / SIGMA**2) / precision),
        1.0 / sqrt(precision),
    )


def stable_of(posteriors: tuple[HypothesisPosterior, ...]) -> HypothesisPosterior:
    """Return the posterior for which the closed form holds."""
    wanted = Hypothesis(il2=False, course=Course.STABLE, clearance=False)
    return next(p for p in posteriors if p.hypothesis == wanted)
