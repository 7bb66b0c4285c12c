"""The likelihood of a PEtab problem against closed forms, and its derivative."""

import math
from dataclasses import replace

import jax
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from lymphocast.engine.settings import SolverSettings
from lymphocast.inference.petab_likelihood import (
    PetabLikelihood,
    petab_log_likelihood,
    petab_log_prior,
    unscaled,
)
from lymphocast.interchange.petab import read_petab
from lymphocast.interchange.petab_problem import (
    PetabParameter,
    PetabPrior,
    PetabPriorFamily,
    PetabProblem,
    PetabScale,
)
from tests.interchange.test_petab import tables
from tests.tolerances import CLOSED_FORM, REFERENCE_SOLVER


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> PetabProblem:
    return read_petab(tables(tmp_path_factory.mktemp("petab")))


THETA = {"k_low": 0.5, "k_high": 0.25, "scale": 1.5, "sd": 0.8, "offset": 0.5}


def expected(theta: dict[str, float]) -> float:
    """By SciPy, from the exponential decay: the conditions set concentrations of 3 and of 5."""
    later = 5.0 * math.exp(-theta["k_high"])
    amount = 2.0 * later + theta["offset"]
    return float(
        stats.norm.logpdf(5.0, theta["scale"] * 3.0, theta["sd"])
        + stats.norm.logpdf(4.0, 2.0 * 5.0 * math.exp(-2.0 * theta["k_high"]), 0.5)
        + stats.laplace.logpdf(math.log10(6.0), math.log10(amount), 0.1 * amount)
        - math.log(6.0 * math.log(10.0))
    )


@pytest.fixture(scope="module")
def ready(problem: PetabProblem) -> PetabLikelihood:
    return PetabLikelihood(problem, solver=SolverSettings())


def test_the_likelihood_is_that_of_the_closed_form(ready: PetabLikelihood) -> None:
    assert_allclose(ready.log_likelihood({}), expected(THETA), rtol=REFERENCE_SOLVER)
    other = {**THETA, "k_high": 0.4, "sd": 0.3}
    found = ready.log_likelihood({"k_high": 0.4, "sd": 0.3})
    assert_allclose(found, expected(other), rtol=REFERENCE_SOLVER)


@pytest.mark.slow
def test_its_derivative_is_that_of_the_closed_form(ready: PetabLikelihood) -> None:
    slopes = jax.jacfwd(ready.log_likelihood)(THETA)
    for name, value in THETA.items():
        step = 1e-5 * value
        ends = [expected({**THETA, name: value + s}) for s in (-step, step)]
        slope = (ends[1] - ends[0]) / (2.0 * step)
        assert_allclose(slopes[name], slope, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.slow
def test_an_implicit_method_gives_the_same_and_its_derivative(problem: PetabProblem) -> None:
    implicit = PetabLikelihood(problem)
    found, slopes = jax.value_and_grad(implicit.log_likelihood)(THETA)
    assert_allclose(found, expected(THETA), rtol=REFERENCE_SOLVER)
    ends = [expected({**THETA, "k_high": 0.25 + step}) for step in (-1e-6, 1e-6)]
    assert_allclose(slopes["k_high"], (ends[1] - ends[0]) / 2e-6, rtol=1e-5)


def test_predictions_stand_in_the_order_of_the_table(ready: PetabLikelihood) -> None:
    found = ready.predictions({})
    later = [2.0 * 5.0 * math.exp(-0.5), 2.0 * 5.0 * math.exp(-0.25) + 0.5]
    assert_allclose(found, [4.5, *later], rtol=REFERENCE_SOLVER)


def test_no_noise_above_zero_has_no_likelihood(problem: PetabProblem) -> None:
    assert petab_log_likelihood(problem, {"sd": 0.0}, solver=SolverSettings()) == -math.inf


@pytest.mark.parametrize(
    ("family", "scale", "density"),
    [
        (PetabPriorFamily.NORMAL, PetabScale.LOG, stats.norm(2.0, 0.5)),
        (PetabPriorFamily.LAPLACE, PetabScale.LIN, stats.laplace(2.0, 0.5)),
        (PetabPriorFamily.LOG_NORMAL, PetabScale.LOG10, stats.lognorm(0.5, scale=math.exp(2.0))),
    ],
)
def test_a_prior_of_the_value_becomes_one_of_the_scaled_value(
    problem: PetabProblem, family: PetabPriorFamily, scale: PetabScale, density: stats.rv_continuous
) -> None:
    parameter = PetabParameter("p", scale, 1e-3, 1e3, 1.0, True, PetabPrior(family, 2.0, 0.5))
    own = replace(problem, parameters={"p": parameter})
    scaled, step = scale.of(2.5), 1e-6
    value = float(unscaled(parameter, scaled))
    slope = (
        float(unscaled(parameter, scaled + step) - unscaled(parameter, scaled - step)) / 2 / step
    )
    wanted = density.logpdf(value) + math.log(slope)
    assert_allclose(petab_log_prior(own, {"p": scaled}), wanted, rtol=1e-8)
    assert petab_log_prior(own, {"p": scale.of(2e3)}) == -math.inf


def test_without_a_prior_a_parameter_is_uniform_on_its_scale(problem: PetabProblem) -> None:
    scaled = {p.name: p.scale.of(p.nominal or 0.0) for p in problem.estimated}
    widths = [3.0, 10.0 - 0.01, 10.0, math.log(100.0)]
    assert_allclose(petab_log_prior(problem, scaled), -sum(map(math.log, widths)), rtol=CLOSED_FORM)
