"""Virtual cohorts under priors so narrow that the outcome of every patient is known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from lymphocast.forecast.prior_trials.cohort import Cohort, draw_cohort
from lymphocast.forecast.prior_trials.comparison import compare, predicted_mean
from lymphocast.forecast.prior_trials.trials import Natural, TrialFile, published_trials
from lymphocast.models.prior_file import model_priors, with_rows
from lymphocast.models.prior_table import PriorTable
from lymphocast.units import DAYS_PER_MONTH
from tests.tolerances import CLOSED_FORM

PUBLISHED = published_trials()
TABLE = model_priors("course")
SIZE = 2048  # one block of lanes
NARROW = 1e-9  # scale of a prior that is a number
KNOWN = 1e-6  # relative: what such a scale leaves open, times the lengths of the courses
STANDARD_ERRORS = 4.0  # of a Monte Carlo mean; passed by chance once in 16,000


def narrow(**locations: float) -> PriorTable:
    return with_rows(TABLE, **{n: {"location": v, "scale": NARROW} for n, v in locations.items()})


def cohort(trial: str, table: PriorTable = TABLE, size: int = SIZE) -> Cohort:
    return draw_cohort(table, PUBLISHED.trial(trial), size, seed=3)


def logistic(burden: float) -> float:
    return float(1.0 / (1.0 + np.exp(burden / 0.7)))


def test_an_infection_that_always_fades_ends_at_the_floor() -> None:
    negative = cohort("watchful-waiting", narrow(growth=-0.05)).negative(48.1)
    assert_allclose(negative, logistic(-5.0), rtol=KNOWN)


def test_an_infection_that_always_grows_ends_at_its_headroom() -> None:
    table = narrow(growth=0.05, initial_burden=4.0)
    assert_allclose(cohort("watchful-waiting", table).negative(48.1), logistic(5.0), rtol=KNOWN)


def test_under_the_antibiotic_the_burden_falls_until_resistance_and_grows_from_then_on() -> None:
    table = narrow(growth=0.01, initial_burden=4.0, kill=0.05)
    found = cohort("wallace-1994", table)
    day, end = found.theta["resistance_day"], 4.0 * DAYS_PER_MONTH
    until = np.minimum(day, end)
    fallen = np.maximum(4.0 - 0.04 * until, -5.0)
    burden = np.minimum(fallen + 0.01 * (end - until), 5.0)
    assert_allclose(found.negative(4.0), 1.0 / (1.0 + np.exp(burden / 0.7)), rtol=1e-5)
    assert_allclose(found.resistant(4.0), day <= end)


def test_the_untreated_share_is_the_integral_over_the_priors() -> None:
    growth, first = TABLE.row("growth"), TABLE.row("initial_burden")
    days = 48.1 * DAYS_PER_MONTH
    burdens = stats.truncnorm((1.0 - first.location) / first.scale, np.inf)

    # Midpoints in one direction, the trapezoidal rule in the other: smooth but for the walls.
    g = np.linspace(-6.0, 6.0, 1201)
    b0 = first.location + first.scale * burdens.ppf((np.arange(200) + 0.5) / 200.0)[:, None]
    burden = np.clip(b0 + (growth.location + growth.scale * g) * days, -5.0, b0 + 1.0)
    each = integrate.trapezoid(stats.norm.pdf(g) / (1.0 + np.exp(burden / 0.7)), g)
    share, error = predicted_mean(cohort("watchful-waiting", size=4 * SIZE).negative(48.1))
    assert abs(share - each.mean()) < STANDARD_ERRORS * error


def test_resistance_comes_at_a_constant_hazard() -> None:
    share, error = predicted_mean(cohort("wallace-1994").resistant(4.0).astype(float))
    expected = -np.expm1(-4.0 * DAYS_PER_MONTH / TABLE.row("resistance_time").location)
    assert abs(share - expected) < STANDARD_ERRORS * error


def sudden() -> PriorTable:
    """Recovery to 1000 within seconds of its onset."""
    return narrow(recovery_time=1e-4, normal_count=1000.0)


@pytest.mark.parametrize(("natural", "weight"), [(Natural.ICL, 1 / 3), (Natural.RECOVERY, 1.0)])
def test_who_recovers_at_once_is_told_by_the_onset(natural: Natural, weight: float) -> None:
    trial = replace(PUBLISHED.trial("zonios-2008"), natural=natural)
    found = draw_cohort(sudden(), trial, 4 * SIZE, seed=4)
    last, mean = 49.5 * DAYS_PER_MONTH, TABLE.row("recovery_delay").location
    above, day = found.passed(300.0, np.full(found.size, last))
    share, error = predicted_mean(above.astype(float))
    assert abs(share + weight * np.expm1(-last / mean)) < STANDARD_ERRORS * error
    months, spread = predicted_mean(day[above])
    assert abs(months - (mean - last / np.expm1(last / mean))) < STANDARD_ERRORS * spread
    onset = found.theta["recovery_onset"][above]
    assert np.abs(day[above] - onset).max() < 0.01, "days; halving stops below a quarter hour"


def test_a_follow_up_that_varies_races_with_the_onset() -> None:
    trial = replace(PUBLISHED.trial("zonios-2008"), natural=Natural.RECOVERY)
    target = PUBLISHED.target("zonios-2008", "recovered-spread")
    only = TrialFile(PUBLISHED.transport, (replace(trial, targets=(target,)),))
    (found,) = compare(sudden(), only, seed=4, draws=4 * SIZE)
    mean, follow_up = TABLE.row("recovery_delay").location, 49.5 * DAYS_PER_MONTH / np.log(2.0)
    assert abs(found.predicted - follow_up / (follow_up + mean)) < STANDARD_ERRORS * found.error


def test_everybody_was_found_by_the_entry_rule() -> None:
    found = cohort("zonios-2008", with_rows(TABLE, baseline_count={"location": 280.0}))
    first = found.count(np.zeros(found.size))
    assert 0 < found.size < SIZE
    assert (first < 300.0).all()
    assert_allclose(first, found.theta["baseline_count"], rtol=CLOSED_FORM)


def test_the_same_seed_moves_each_patient_with_the_number_that_is_searched_for() -> None:
    slower = with_rows(TABLE, kill={"location": 0.03})
    before, after = cohort("wallace-1994"), cohort("wallace-1994", slower)
    assert_allclose(before.theta["kill"], 2.0 * after.theta["kill"], rtol=CLOSED_FORM)
    assert (before.theta["growth"] == after.theta["growth"]).all()
