"""A patient whose posterior is known exactly: one stable count, a log-normal prior, known error.

With ln T0 ~ Normal(m, s) and ln y ~ Normal(ln T0, sigma), ln y ~ Normal(m, sqrt(s^2 + sigma^2)) and
ln T0 given y is normal with precision 1/s^2 + 1/sigma^2.
"""

from dataclasses import replace
from math import exp, inf, log, sqrt

from scipy.stats import norm

from lymphocast.dataset.individual import Anchor, CountObservation, Entry, Individual, Moment
from lymphocast.inference.density import CourseDensity
from lymphocast.inference.kernels import Kernels
from lymphocast.models.prior_file import model_priors, with_rows
from tests.founding import individual

MEDIAN, SPREAD, SIGMA, COUNT = 120.0, 0.7, 0.16, 172.0
POINT = 1e-6


def patient() -> Individual:
    day = Moment.fixed(-60.0)
    found = individual()
    return replace(
        found,
        counts=(CountObservation("only", day, COUNT),),
        cultures=(),
        symptoms=(),
        entry=Entry(day, inf),
        anchors=tuple(Anchor(a.name, a.early, a.late) for a in found.anchors),
    )


def kernels() -> Kernels:
    table = with_rows(
        model_priors("course"),
        baseline_count={"upper": inf},
        count_sd={"location": SIGMA, "scale": POINT},
    )
    return Kernels(CourseDensity(patient(), table))


LOG_EVIDENCE = float(norm.logpdf(log(COUNT), log(MEDIAN), sqrt(SPREAD**2 + SIGMA**2)))
_PRECISION = 1.0 / SPREAD**2 + 1.0 / SIGMA**2
POSTERIOR_SD = 1.0 / sqrt(_PRECISION)
POSTERIOR_MEDIAN = exp((log(MEDIAN) / SPREAD**2 + log(COUNT) / SIGMA**2) / _PRECISION)
