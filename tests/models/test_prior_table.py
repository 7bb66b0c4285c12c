"""Priors as monotone maps of a standard normal, against the distributions of SciPy."""

from dataclasses import replace
from math import inf, log

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from lymphocast.models.prior_file import model_priors
from lymphocast.models.prior_table import Family, Grade, Prior, numbers, transform, transform_far

Z = np.linspace(-5.0, 5.0, 101)
SHARES = stats.norm.cdf(Z)
TAIL = 1e-9  # relative; in the far tails a probability near 1 leaves nine digits of its distance


def prior(family: Family, location: float, scale: float = 0.0, **bounds: float) -> Prior:
    row = Prior("x", family, location, scale, -inf, inf, "d", Grade.ASSUMED, "", "Made for a test.")
    return replace(row, **bounds)


def values(row: Prior) -> np.ndarray:
    truncated = bool(np.isfinite([row.lower, row.upper]).any())
    return np.asarray(transform(row.family, truncated, Z, numbers((row,))[row.parameter]))


def truncated(distribution: "stats.rv_frozen", lower: float, upper: float) -> np.ndarray:
    below, above = distribution.cdf(lower), distribution.cdf(upper)
    return np.asarray(distribution.ppf(below + (above - below) * SHARES))


NORMAL, LOGNORMAL = stats.norm(6.0, 1.5), stats.lognorm(s=0.7, scale=120.0)
EXPONENTIAL = stats.expon(scale=1461.0)
BETA = stats.beta(2.5, 35.0 / 6.0)  # mean 0.3, SD 0.15


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (prior(Family.NORMAL, 6.0, 1.5), NORMAL.ppf(SHARES)),
        (prior(Family.LOGNORMAL, 120.0, 0.7), LOGNORMAL.ppf(SHARES)),
        (prior(Family.EXPONENTIAL, 1461.0), EXPONENTIAL.ppf(SHARES)),
        (
            prior(Family.UNIFORM, 0.0, lower=-2.0, upper=5.0),
            stats.uniform(-2.0, 7.0).ppf(SHARES),
        ),
        (prior(Family.NORMAL, 6.0, 1.5, lower=1.0), truncated(NORMAL, 1.0, inf)),
        (prior(Family.NORMAL, 6.0, 1.5, upper=5.0), truncated(NORMAL, -inf, 5.0)),
        (prior(Family.LOGNORMAL, 120.0, 0.7, upper=350.0), truncated(LOGNORMAL, 0.0, 350.0)),
        (
            prior(Family.LOGNORMAL, 120.0, 0.7, lower=60.0, upper=350.0),
            truncated(LOGNORMAL, 60.0, 350.0),
        ),
        (
            prior(Family.EXPONENTIAL, 1461.0, lower=200.0, upper=3000.0),
            truncated(EXPONENTIAL, 200.0, 3000.0),
        ),
        (prior(Family.EXPONENTIAL, 1461.0, lower=-5.0, upper=90.0), truncated(EXPONENTIAL, 0, 90)),
        (
            prior(Family.LOGUNIFORM, 1.0, lower=0.01, upper=5.0),
            stats.loguniform(0.01, 5.0).ppf(SHARES),
        ),
        (prior(Family.HALFNORMAL, 0.0, 0.3, lower=0.0), stats.halfnorm(scale=0.3).ppf(SHARES)),
        (prior(Family.BETA, 0.3, 0.15, lower=0.0, upper=1.0), BETA.ppf(SHARES)),
        (prior(Family.BETA, 0.3, 0.15, lower=0.1, upper=0.6), truncated(BETA, 0.1, 0.6)),
    ],
    ids=lambda value: value.describe() if isinstance(value, Prior) else "",
)
def test_a_prior_has_the_quantiles_of_its_distribution(row: Prior, expected: np.ndarray) -> None:
    found = values(row)
    central = slice(10, -10)  # from -4 to 4
    assert_allclose(found[central], expected[central], rtol=TAIL, atol=TAIL)
    assert (np.diff(found) > 0.0).all(), "importance sampling needs a monotone map"
    assert (found >= row.lower).all()
    assert (found <= row.upper).all()


def test_an_exponential_keeps_its_digits_in_the_upper_tail() -> None:
    row = numbers((prior(Family.EXPONENTIAL, 1.0),))["x"]
    found = float(transform(Family.EXPONENTIAL, False, np.float64(8.0), row))
    assert found == pytest.approx(-stats.norm.logsf(8.0), rel=1e-12)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_truncated_prior_stays_finite_where_a_share_rounds_to_one(side: float) -> None:
    far = side * np.array([3.0, 8.0, 12.0, 30.0])
    row = prior(Family.NORMAL, 0.0, 1.0, lower=-1.0)
    found = np.asarray(transform_far(Family.NORMAL, True, far, numbers((row,))["x"]))
    above = stats.norm.sf(-1.0) * stats.norm.sf(far)  # of the untruncated normal
    assert_allclose(found, stats.norm.isf(above), rtol=TAIL, atol=TAIL)


def test_the_slope_of_a_beta_quantile_is_that_of_its_differences() -> None:
    row = numbers((prior(Family.BETA, 0.3, 0.15, lower=0.0, upper=1.0),))["x"]

    def value(z: float) -> jax.Array:
        return jnp.asarray(transform_far(Family.BETA, True, z, row))

    step = 1e-5
    for z in (-3.0, 0.2, 4.0):
        difference = (value(z + step) - value(z - step)) / (2.0 * step)
        assert float(jax.jvp(value, (z,), (1.0,))[1]) == pytest.approx(float(difference), rel=1e-6)


def test_a_wide_truncation_is_no_truncation() -> None:
    free = prior(Family.LOGNORMAL, 120.0, 0.7)
    assert_allclose(values(replace(free, upper=1e12))[20:-20], values(free)[20:-20], rtol=TAIL)


def test_the_unit_of_a_parameter_scales_its_values() -> None:
    for family in (Family.LOGNORMAL, Family.EXPONENTIAL):
        days = prior(family, 180.0, 0.7, upper=900.0)
        weeks = replace(days, location=180.0 / 7.0, upper=900.0 / 7.0)
        assert_allclose(values(weeks)[10:-10] * 7.0, values(days)[10:-10], rtol=TAIL)


@pytest.mark.parametrize("row", model_priors("course").rows, ids=lambda row: row.parameter)
def test_a_shipped_prior_is_monotone_within_its_bounds(row: Prior) -> None:
    found = values(row)
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0.0).all()
    assert (found >= row.lower).all()
    assert (found <= row.upper).all()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (prior(Family.NORMAL, 6.0, 1.5, lower=1.0), "normal, mean 6, SD 1.5, at least 1"),
        (
            prior(Family.LOGNORMAL, 120.0, 0.7, upper=350.0),
            "log-normal, median 120, SD of ln 0.7, below 350",
        ),
        (prior(Family.EXPONENTIAL, 689.6551724), "exponential, mean 689.655"),
        (prior(Family.UNIFORM, 0.0, lower=-1.0, upper=2.5), "uniform -1 to 2.5"),
    ],
)
def test_a_prior_describes_itself(row: Prior, words: str) -> None:
    assert row.describe() == words


def test_spread_is_compared_on_the_scale_of_the_family() -> None:
    assert {family: family.scale_name for family in Family} == {
        Family.NORMAL: "natural",
        Family.UNIFORM: "natural",
        Family.LOGNORMAL: "ln",
        Family.EXPONENTIAL: "ln",
        Family.LOGUNIFORM: "ln",
        Family.HALFNORMAL: "natural",
        Family.BETA: "natural",
    }


def test_a_table_is_read_by_name() -> None:
    table = model_priors("course")
    assert table.row("gain").location == 150.0
    assert table.constant("culture_slope") == 0.7
    with pytest.raises(KeyError, match="nonsense"):
        table.row("nonsense")
    with pytest.raises(KeyError, match="nonsense"):
        table.constant("nonsense")


def test_the_median_of_a_lognormal_is_its_location() -> None:
    assert float(transform(Family.LOGNORMAL, False, 0.0, numbers((LOGN,))["x"])) == 120.0
    low = numbers((replace(LOGN, lower=60.0),))["x"]["low"]
    assert low == pytest.approx(log(0.5) / 0.7)


LOGN = prior(Family.LOGNORMAL, 120.0, 0.7)
