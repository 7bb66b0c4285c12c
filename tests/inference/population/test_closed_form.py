"""Linear mixed models, whose likelihood, estimates and standard errors have closed forms."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from lymphocast.inference.population.conditional import Approximation
from lymphocast.inference.population.fit import PopulationMethod, fit_population
from lymphocast.inference.population.objective import Objective
from lymphocast.inference.population.prediction_errors import npde
from lymphocast.inference.population.problem import Population, make_population
from lymphocast.inference.population.replicates import replicate
from lymphocast.inference.population.saem import SaemSettings, importance_likelihood
from tests.inference.population.linear import StraightLine, design, draw, log_likelihood, tables

TIMES = (0.0, 1.0, 2.5, 4.0)
MEAN = np.array([10.0, -1.5])
COVARIANCE = np.array([[2.0, 0.3], [0.3, 0.25]])
SD = 0.7
EXACT = 1e-6
"""Absolute, of a log likelihood of some hundreds: first-order methods are exact for a linear model,
what is left is the march's rounding and, of Laplace's method, differences of slopes."""


@cache
def lines() -> Population:
    y = draw(TIMES, 30, MEAN, COVARIANCE, SD, 3)
    return make_population(StraightLine(), tables(TIMES, y), design(10.0, -1.5, SD, COVARIANCE))


def difference(how: Approximation) -> float:
    """Return by how much an approximation misses the log likelihood of ``lines``."""
    y = draw(TIMES, 30, MEAN, COVARIANCE, SD, 3)
    population = lines()
    found = Objective(population, how, 1).at(population.form.start()[None]).each.sum()
    exact = log_likelihood(TIMES, y, MEAN, COVARIANCE, SD)
    return float(-0.5 * (found + population.normal_constant) - exact)


@pytest.mark.parametrize("how", [Approximation.FOCEI, Approximation.LAPLACE])
def test_approximations_are_exact_for_a_linear_model(how: Approximation) -> None:
    assert difference(how) == pytest.approx(0.0, abs=EXACT)


@pytest.mark.slow
def test_foce_is_exact_for_a_linear_model() -> None:
    assert difference(Approximation.FOCE) == pytest.approx(0.0, abs=EXACT)


@pytest.mark.slow
def test_importance_sampling_agrees_within_its_own_error() -> None:
    y = draw(TIMES, 30, MEAN, COVARIANCE, SD, 3)
    population = lines()
    x = population.form.start()
    at = Objective(population, Approximation.FOCE, 1).at(x[None])
    found, se = importance_likelihood(population, x, at.eta[0], at.covariance[0], 5)
    assert 0.0 < se < 0.2
    assert found == pytest.approx(log_likelihood(TIMES, y, MEAN, COVARIANCE, SD), abs=4.0 * se)


@cache
def balanced() -> tuple[Population, dict[str, float]]:
    """Return a balanced one-way layout, and its most likely values in closed form."""
    number, each, slope = 40, len(TIMES), -1.5
    y = draw(TIMES, number, MEAN, np.diag([2.0, 0.0]), SD, 7)
    rest = y - slope * np.array(TIMES)
    within = ((rest - rest.mean(axis=1, keepdims=True)) ** 2).sum() / (number * (each - 1))
    between = each * ((rest.mean(axis=1) - rest.mean()) ** 2).sum() / number
    exact = {
        "level": float(rest.mean()),
        "line.sd": float(np.sqrt(within)),
        "variance of level": float((between - within) / each),
    }
    shared = design(8.0, slope, 1.0, np.array([[1.0]]), slope_scatters=False)
    return make_population(StraightLine(), tables(TIMES, y), shared), exact


@pytest.mark.parametrize(
    "method",
    [PopulationMethod.FOCE, pytest.param(PopulationMethod.LAPLACE, marks=pytest.mark.slow)],
)
def test_a_balanced_layout_has_its_most_likely_values(method: PopulationMethod) -> None:
    population, exact = balanced()
    columns = {"WT": np.arange(40.0)}
    found = fit_population(replace(population, columns=columns), method=method)
    assert found.passed
    assert found.covariates == columns
    for name, value in exact.items():
        # The descent ends when a fall of 1e-6 is promised: 1e-3 standard errors.
        assert found.estimate(name).value == pytest.approx(value, rel=1e-3)
    variance = exact["variance of level"] + exact["line.sd"] ** 2 / len(TIMES)
    # Differences of slopes over 1e-2: their square is what is left.
    assert found.estimate("level").se == pytest.approx(np.sqrt(variance / 40), rel=1e-3)


def test_shrinkage_is_what_is_left_unknown_of_the_effects() -> None:
    population, exact = balanced()
    found = fit_population(population, method=PopulationMethod.FOCE)
    share = exact["variance of level"] / (
        exact["variance of level"] + exact["line.sd"] ** 2 / len(TIMES)
    )
    # At the most likely values the modes' variance is share x omega^2, with n below the sum.
    expected = 1.0 - np.sqrt(share * 40.0 / 39.0)
    assert found.effect_shrinkage[0] == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
def test_saem_finds_the_most_likely_values() -> None:
    population, exact = balanced()
    settings = SaemSettings(burn_in=60, averaging=120)
    found = fit_population(population, method=PopulationMethod.SAEM, seed=2, saem=settings)
    for name, value in exact.items():
        # Monte Carlo error after 120 averaged rounds: a fifth of a standard error.
        assert found.estimate(name).value == pytest.approx(value, abs=0.2 * found.estimate(name).se)
    best = fit_population(population, method=PopulationMethod.FOCE)
    assert found.log_likelihood == pytest.approx(best.log_likelihood, abs=0.2)


def test_prediction_errors_of_a_right_model_are_standard_normal() -> None:
    population = lines()
    found = npde(population, replicate(population, population.form.start(), 1000, 11))
    assert found is not None
    assert len(found.values) == 30 * len(TIMES)
    assert found.p > 0.05


def test_prediction_errors_tell_a_wrong_mean() -> None:
    population = lines()
    x = population.form.start()
    x[0] += 2.0  # of the level, whose SD between individuals is 1.4
    found = npde(population, replicate(population, x, 1000, 11))
    assert found is not None
    # Later errors are what is left once the earlier ones are known.
    assert found.values[found.times == 0.0].mean() < -0.5
    assert found.p < 0.05
