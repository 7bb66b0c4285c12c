"""Error models against SciPy's distributions, and the method M3 against its closed form."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import logit

from lymphocast.inference.error_model import (
    AdditiveError,
    CombinedError,
    CultureError,
    ErrorModel,
    GradeError,
    LogNormalError,
    Observed,
    ProportionalError,
    ShareError,
)
from tests.tolerances import CLOSED_FORM

PREDICTED = np.array([[0.5, 2.0, 30.0], [1.0, 4.0, 10.0]])  # [lane, reading]
VALUE = np.array([0.7, 1.5, 25.0])
THETA = {"a": np.array([0.4, 0.8]), "b": 0.2, "r": 900.0}
A = np.array([[0.4], [0.8]])
NEAR_ZERO = 1e-15  # what is left of the logarithm of a probability that rounds to 1
Frozen = Any  # a distribution of SciPy

CONTINUOUS: dict[str, tuple[ErrorModel, Callable[[], Frozen], Callable[[np.ndarray], Any]]] = {
    "additive": (AdditiveError("a"), lambda: stats.norm(PREDICTED, A), lambda y: y),
    "proportional": (
        ProportionalError("b"),
        lambda: stats.norm(PREDICTED, 0.2 * PREDICTED),
        lambda y: y,
    ),
    "combined": (
        CombinedError("a", "b"),
        lambda: stats.norm(PREDICTED, np.hypot(A, 0.2 * PREDICTED)),
        lambda y: y,
    ),
    "log-normal": (LogNormalError("a"), lambda: stats.norm(np.log(PREDICTED), A), np.log),
    "share": (
        ShareError("r", "a"),
        lambda: stats.norm(logit(PREDICTED / (PREDICTED + 900.0)), A),
        lambda y: logit(y / 100.0),
    ),
}


def found(error: ErrorModel, value: np.ndarray, censoring: float) -> np.ndarray:
    observed = Observed(value, np.full(len(value), censoring))
    return np.asarray(error.log_prob(PREDICTED, observed, THETA))


@pytest.mark.parametrize("kind", list(CONTINUOUS))
def test_a_measured_value_has_the_density_of_its_distribution(kind: str) -> None:
    error, distribution, scale = CONTINUOUS[kind]
    assert_allclose(found(error, VALUE, 0.0), distribution().logpdf(scale(VALUE)), rtol=CLOSED_FORM)


@pytest.mark.parametrize("kind", list(CONTINUOUS))
def test_m3_gives_a_censored_value_the_probability_beyond_its_limit(kind: str) -> None:
    error, distribution, scale = CONTINUOUS[kind]
    below, above = found(error, VALUE, 1.0), found(error, VALUE, -1.0)
    assert_allclose(below, distribution().logcdf(scale(VALUE)), rtol=1e-8, atol=NEAR_ZERO)
    assert_allclose(above, distribution().logsf(scale(VALUE)), rtol=1e-8, atol=NEAR_ZERO)
    assert_allclose(np.exp(below) + np.exp(above), 1.0, rtol=CLOSED_FORM)


def test_m3_keeps_its_digits_and_its_slope_far_below_the_limit() -> None:
    """Forty standard deviations away a probability is 0 in 64 bits; its logarithm is -804."""

    def log_prob(predicted: float) -> jax.Array:
        observed = Observed(np.array([1.0]), np.array([1.0]))
        return jnp.asarray(AdditiveError("a").log_prob(predicted, observed, {"a": 1.0})[0])

    assert float(log_prob(41.0)) == pytest.approx(stats.norm.logcdf(-40.0), rel=1e-8)
    slope = float(jax.jvp(log_prob, (41.0,), (1.0,))[1])
    assert slope == pytest.approx(
        -np.exp(stats.norm.logpdf(40.0) - stats.norm.logcdf(-40.0)), rel=1e-6
    )


def test_nothing_predicted_is_below_every_limit_for_certain() -> None:
    nothing = np.zeros((1, 2))
    observed = Observed(np.array([0.1, 0.1]), np.array([1.0, 0.0]))
    for error, theta in ((LogNormalError("s"), {"s": 0.2}), (ProportionalError("s"), {"s": 0.2})):
        assert np.asarray(error.log_prob(nothing, observed, theta)).tolist() == [[0.0, -np.inf]]


def test_cultures_follow_a_logistic_curve_around_the_detection_limit() -> None:
    burden = np.array([[-3.0, 0.0, 5.0]])
    theta = {"c": 0.5, "w": 0.7}
    parts = [
        np.asarray(
            CultureError("c", "w").log_prob(
                burden, Observed(np.full(3, result), np.zeros(3)), theta
            )
        )
        for result in (0.0, 1.0)
    ]
    assert_allclose(parts[1], stats.logistic(0.5, 0.7).logcdf(burden), rtol=CLOSED_FORM)
    assert_allclose(np.exp(parts[0]) + np.exp(parts[1]), 1.0, rtol=CLOSED_FORM)


def test_grades_are_steps_of_a_logistic_curve_and_sum_to_one() -> None:
    severity = np.array([[-4.0, 0.1, 0.5, 6.0]])
    theta = {"c1": 0.15, "c2": 0.7, "c3": 0.9, "w": 0.05}
    error = GradeError(("c1", "c2", "c3"), "w")
    at_least = [
        1.0,
        *(stats.logistic(severity - theta[c], theta["w"]).sf(0.0) for c in ("c1", "c2", "c3")),
        0.0,
    ]
    total = np.zeros((1, 4))
    for grade in range(4):
        own = error.log_prob(severity, Observed(np.full(4, float(grade)), np.zeros(4)), theta)
        expected = np.asarray(at_least[grade]) - np.asarray(at_least[grade + 1])
        assert_allclose(np.exp(np.asarray(own)), np.broadcast_to(expected, (1, 4)), atol=1e-12)
        total += np.exp(np.asarray(own))
    assert_allclose(total, 1.0, rtol=CLOSED_FORM)


def test_thresholds_out_of_order_have_no_probability_and_no_nan() -> None:
    theta = {"c1": 0.9, "c2": 0.1, "w": 0.05}
    observed = Observed(np.array([1.0]), np.array([0.0]))
    own = GradeError(("c1", "c2"), "w").log_prob(np.array([[0.5]]), observed, theta)
    assert np.asarray(own).tolist() == [[-np.inf]]
