"""A series against closed forms: normal effects, exponential onsets, censoring and the entry rule.

In each test the fits of single patients are made by hand, so that the answer is known exactly.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import exp, inf, log, sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import expon, halfnorm, norm

from lymphocast.errors import UsageError
from lymphocast.inference.hypotheses import HYPOTHESES, Course, Hypothesis
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit
from lymphocast.inference.series import fit_series, log_likelihood, series_posterior
from lymphocast.inference.series_grid import SPREADS, Grid, SharedNumber, Wide
from lymphocast.inference.series_member import Member, Strand, member_of
from lymphocast.models.prior_table import Weights
from tests.founding import quick_fit
from tests.tolerances import PROBABILITY_AGREES

Floats = NDArray[np.float64]

WIDE = Wide(gain=150.0, gain_sd=1.0, delay=1461.0)
EFFECT = Hypothesis(il2=True, course=Course.STABLE, clearance=False)
NOTHING = Hypothesis(il2=False, course=Course.STABLE, clearance=False)
RECOVERING = Hypothesis(il2=False, course=Course.RECOVERY, clearance=False)
STABLE_ONLY = Weights(il2=0.5, stable=1.0, recovery=0.0, infection=0.0, clearance=0.0)
RECOVERY_ONLY = replace(STABLE_ONLY, il2=0.0, stable=0.0, recovery=1.0)
NO_DRAW = np.array([1.0])
NONE_MISSED: Floats = np.array([])
DRAWS = 4_001
FINE = np.linspace(-6.0, 6.0, 2_001)  # of the oracle's grids, in SD
# Quantiles are read between points 9 % apart (effect) and 15 % apart (recovery); the sums
# themselves are exact to rounding, because the posterior is wider than the spacing.
GRID_QUANTILE = 0.02
# The spread is not fixed at 0.5: over its prior the variance of one gain is 0.95 of the wide one,
# which moves a log evidence by at most half of ln(0.95) and a little for the shape.
SERIES_OF_ONE = 0.05
# Two Monte Carlo answers: 2000 reweighted draws and a quick fit, each right to about 0.05.
SERIES_EVIDENCE_AGREES = 0.15


FEW = ImportanceSettings(pilot=20_000, block=20_000, max_blocks=2, pairs=4_096, draws=1_000)


def unused(hypothesis: Hypothesis, log_evidence: float) -> Strand:
    return Strand(hypothesis, log_evidence, NO_DRAW, NO_DRAW)


def measured(number: int, log_gain: float, sd: float) -> Member:
    """A patient whose ln(gain) was measured with a normal error; the other side is hopeless."""
    precision = 1.0 + 1.0 / sd**2
    centre = (log(150.0) + log_gain / sd**2) / precision
    z = ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
    gains = np.exp(centre + z / sqrt(precision))
    evidence = float(norm.logpdf(log_gain, log(150.0), sqrt(1.0 + sd**2)))
    strand = Strand(EFFECT, evidence, gains, np.ones(DRAWS))
    rest = tuple(unused(h, -inf) for h in HYPOTHESES if h not in {EFFECT, NOTHING})
    return Member(
        f"patient-{number}", (strand, unused(NOTHING, -50.0), *rest), 1000.0, NONE_MISSED, 1
    )


def exact_normal(data: Sequence[float], sd: float) -> tuple[Floats, Floats]:
    """Points of the effect and its posterior, and with it nothing of the code under test."""
    m = log(150.0) + sqrt(0.75) * FINE
    w = np.linspace(0.1, 0.8, 8)
    total = norm.logpdf(FINE)[:, None] + halfnorm.logpdf(w, scale=0.5)[None, :]
    for y in data:
        total = total + norm.logpdf(y, m[:, None], np.sqrt(w**2 + sd**2)[None, :])
    mass = np.exp(total - total.max()).sum(axis=1)
    return np.exp(m), mass / mass.sum()


def quantiles(shared: SharedNumber) -> list[float]:
    return [shared.quantile(q) for q in (0.05, 0.5, 0.95)]


LOG_GAINS = [log(g) for g in (90.0, 210.0, 260.0, 330.0, 180.0, 240.0)]


def test_normal_effects_have_their_exact_posterior() -> None:
    members = [measured(i, y, 0.3) for i, y in enumerate(LOG_GAINS)]
    found = series_posterior(members, WIDE, STABLE_ONLY)
    exact = SharedNumber(*exact_normal(LOG_GAINS, 0.3))
    assert_allclose(quantiles(found.effect), quantiles(exact), rtol=GRID_QUANTILE)
    assert found.il2 > 1.0 - 1e-6  # the evidence without an effect was made hopeless


def test_a_patient_of_a_series_is_drawn_towards_the_others() -> None:
    members = [measured(i, y, 0.3) for i, y in enumerate(LOG_GAINS)]
    found = series_posterior(members, WIDE, STABLE_ONLY)
    lowest = found.patients[0]
    assert 90.0 < lowest.q50 < found.effect.quantile(0.5)
    assert lowest.q95 / lowest.q05 < exp(2.0 * 1.645 * 0.3)  # narrower than the measurement


def test_one_patient_alone_keeps_the_evidence_of_the_single_fit() -> None:
    one = measured(0, log(240.0), 0.3)
    found = series_posterior([one], WIDE, STABLE_ONLY)
    assert abs(found.log_evidence[0] - one.strands[0].log_evidence) < SERIES_OF_ONE
    assert abs(found.log_evidence[1] - one.strands[1].log_evidence) < 1e-9


def test_the_order_of_the_patients_does_not_matter() -> None:
    members = [measured(i, y, 0.3) for i, y in enumerate(LOG_GAINS)]
    forward = series_posterior(members, WIDE, STABLE_ONLY)
    backward = series_posterior(members[::-1], WIDE, STABLE_ONLY)
    assert_allclose(forward.effect.weights, backward.effect.weights, rtol=1e-9)
    one, other = forward.patients[0], backward.patients[-1]
    assert replace(one, weights=other.weights) == other
    assert one.weights == pytest.approx(other.weights, abs=1e-12)  # sums in another order


def recovering(number: int, delay: float, horizon: float, missed: Floats, tried: int) -> Member:
    """A patient whose recovery began after ``delay`` days, or not before ``horizon``."""
    if delay < horizon:
        delays, evidence = np.array([delay]), float(expon.logpdf(delay, scale=WIDE.delay))
    else:
        tail = (np.arange(DRAWS) + 0.5) / DRAWS
        delays, evidence = horizon + expon.ppf(tail, scale=WIDE.delay), -horizon / WIDE.delay
    evidence -= log(1.0 - len(missed) / tried)  # given entry
    strand = Strand(RECOVERING, evidence, np.ones(len(delays)), delays)
    rest = tuple(unused(h, -100.0) for h in HYPOTHESES if h != RECOVERING)
    return Member(f"patient-{number}", (strand, *rest), horizon, missed, tried)


def exact_recovery(events: int, days: float) -> SharedNumber:
    """Posterior of the mean time to recovery after so many onsets in so many days."""
    mean = 1461.0 * np.exp(0.7 * FINE)
    total = norm.logpdf(FINE) - events * np.log(mean) - days / mean
    mass = np.exp(total - total.max())
    return SharedNumber(mean, mass / mass.sum())


DELAYS, HORIZON = (200.0, 650.0, 420.0, 5000.0, 5000.0), 1500.0


def test_onsets_and_patients_who_had_none_give_the_rate() -> None:
    members = [recovering(i, d, HORIZON, NONE_MISSED, 1) for i, d in enumerate(DELAYS)]
    found = series_posterior(members, WIDE, RECOVERY_ONLY)
    exact = exact_recovery(3, 200.0 + 650.0 + 420.0 + 2 * HORIZON)
    assert_allclose(quantiles(found.recovery_mean), quantiles(exact), rtol=GRID_QUANTILE)


def test_patients_found_only_if_still_low_do_not_slow_the_rate() -> None:
    # Whoever recovers within 100 days is never found. The exponential has no memory, so the
    # posterior is that of the same delays counted from day 100.
    tried = 40_000
    prior = expon.ppf((np.arange(tried) + 0.5) / tried, scale=WIDE.delay)
    missed = prior[prior < 100.0]
    members = [recovering(i, d, HORIZON, missed, tried) for i, d in enumerate(DELAYS)]
    found = series_posterior(members, WIDE, RECOVERY_ONLY)
    exact = exact_recovery(3, 100.0 + 550.0 + 320.0 + 2 * (HORIZON - 100.0))
    assert_allclose(quantiles(found.recovery_mean), quantiles(exact), rtol=GRID_QUANTILE)


def test_the_founding_case_as_a_series_of_one() -> None:
    fit = quick_fit()
    found = fit_series([fit], seed=1)
    alone = sum(w for name, w in fit.posterior_weights.items() if name.startswith("il2"))
    assert abs(found.il2 - alone) < PROBABILITY_AGREES
    assert found.patients[0].id == "trojan-2009"
    assert found.patients[0].q05 < found.patients[0].q50 < found.patients[0].q95
    own = found.patients[0].weights
    assert sum(own.values()) == pytest.approx(1.0)
    assert sum(own[h.name] for h in HYPOTHESES if h.il2) == pytest.approx(found.il2)
    for name, weight in fit.posterior_weights.items():
        assert own[name] == pytest.approx(weight, abs=PROBABILITY_AGREES)


@pytest.mark.parametrize("il2", [True, False])
def test_a_fit_under_the_priors_of_a_cell_has_the_evidence_that_the_series_reckons(
    il2: bool,
) -> None:
    fit, grid = quick_fit(), Grid(WIDE)
    effect, spread, rate = 34, 3, 12  # 178 /uL, 0.4 and 961 d: a plausible cell of the grid
    kernels = kernels_of(fit.individual, fit.table)
    numbers = {name: dict(number) for name, number in kernels.everything().numbers.items()}
    numbers["gain"] |= {"location": exp(grid.effect[effect]), "scale": grid.spread[spread]}
    numbers["recovery_delay"] |= {"location": grid.recovery[rate]}
    target = replace(kernels.everything(), numbers=numbers)
    pair = [h for h in HYPOTHESES if h.il2 is il2 and h.course is Course.RECOVERY]
    again = sample_importance(kernels, target, 7, FEW, only=pair)
    refitted = next(p.log_evidence for p in again if not p.hypothesis.clearance)
    weights = replace(RECOVERY_ONLY, il2=float(il2))
    reckoned = log_likelihood(member_of(fit, 1), grid, weights, il2=il2)
    cell = effect * len(SPREADS) + spread
    assert abs(reckoned[cell, rate] - refitted) < SERIES_EVIDENCE_AGREES


def altered(name: str) -> Fit:
    fit = quick_fit()
    if name == "priors":
        other = replace(fit.record, id="other")
        own = replace(fit.individual, id="other")
        return replace(fit, record=other, individual=own, table=replace(fit.table, sha256="other"))
    return fit


@pytest.mark.parametrize(
    ("second", "message"),
    [("twin", "the patient 'trojan-2009' twice"), ("priors", "other priors in the fit of 'other'")],
)
def test_fits_that_cannot_be_joined_are_refused(second: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        fit_series([quick_fit(), altered(second)], seed=1)


def test_no_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="found no fit"):
        fit_series([], seed=1)
