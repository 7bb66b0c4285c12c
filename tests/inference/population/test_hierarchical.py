"""The posterior of a population: its density and its draws against closed forms."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.stats import halfnorm, norm

from lymphocast.errors import UsageError
from lymphocast.inference.population.conditional import Approximation
from lymphocast.inference.population.descent import width_of
from lymphocast.inference.population.fit import PopulationMethod, fit_population
from lymphocast.inference.population.hierarchical import density_around
from lymphocast.inference.population.hierarchical_form import HierarchicalForm
from lymphocast.inference.population.objective import Objective
from lymphocast.inference.population.problem import Population, make_population
from lymphocast.inference.population.shared_priors import SharedFamily, SharedPrior
from lymphocast.inference.population.vector import VectorForm
from lymphocast.verification.standard_data import HOURS, theophylline
from tests.inference.population.linear import StraightLine, design, draw, log_likelihood, tables

TIMES = (0.0, 1.0, 2.5, 4.0)
MEAN = np.array([10.0, -1.5])
COVARIANCE = np.array([[2.0, 0.3], [0.3, 0.25]])
SD = 0.7
EXACT = 1e-6
"""Absolute, of a log density of some hundreds, as in ``test_closed_form``."""


@cache
def lines(scatters: bool) -> Population:
    """Return lines whose slope scatters, or is one free number for all."""
    y = draw(TIMES, 30, MEAN, COVARIANCE, SD, 3)
    omega = COVARIANCE if scatters else COVARIANCE[:1, :1]
    shared = design(10.0, -1.5, SD, omega, slope_scatters=scatters)
    free = tuple(replace(t, fixed=False) for t in shared.typical)
    return make_population(StraightLine(), tables(TIMES, y), replace(shared, typical=free))


@pytest.mark.parametrize("scatters", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_effects_of_a_linear_model_are_standard_normal_and_apart_from_what_is_shared(
    scatters: bool,
) -> None:
    population = lines(scatters)
    y = draw(TIMES, 30, MEAN, COVARIANCE, SD, 3)
    form = HierarchicalForm(population.design)
    centre = form.coordinates(population.form.start())
    objective = Objective(population, Approximation.FOCE, width_of(len(centre)))
    density = density_around(objective, form, centre)
    rng = np.random.default_rng(2)
    # The error's SD stays: the curvature that the coordinates are made with depends on it.
    away = 0.4 * rng.standard_normal((len(centre), 4))
    away[[r.name for r in form.rows].index("line.sd")] = 0.0
    u = centre[:, None] + away
    v = rng.standard_normal((density.size - len(centre), 4))
    found = density.log_likelihood(np.concatenate([u, v]))
    # What the density holds beside the posterior: half the squares of u, as the sampler wants it.
    found = found - 0.5 * (u**2).sum(axis=0) - np.asarray(form.log_prior(u))
    values = population.form.values(form.vectors(u.T))
    means = np.stack([values.typical["level"], values.typical["slope"]], axis=1)
    covariances = np.zeros((4, 2, 2))
    effects = values.covariance.shape[1]
    covariances[:, :effects, :effects] = values.covariance
    exact = [
        log_likelihood(TIMES, y, mean, covariance, SD)
        for mean, covariance in zip(means, covariances, strict=True)
    ]
    # Marginal likelihood x standard normal effects: what is over is 0.
    assert found == pytest.approx(exact, abs=EXACT)


def test_coordinates_and_vectors_are_one_to_one() -> None:
    omega = np.array([[0.5, 0.2, 0.0], [0.2, 0.4, -0.1], [0.0, -0.1, 0.3]])
    base = theophylline().design
    whole = replace(base, covariance=tuple(map(tuple, omega.tolist())))
    form, vectors = HierarchicalForm(whole), VectorForm(whole)
    x = vectors.start()
    u = form.coordinates(x)
    assert len(u) == 3 + 1 + 6
    assert form.vectors(u[None])[0] == pytest.approx(x, abs=1e-12)  # some roundings
    by_name = dict(zip([r.name for r in form.rows], u, strict=True))
    assert by_name["sd of volume"] == pytest.approx(0.5 * np.log(0.3))
    first = np.tanh(by_name["partial correlation of absorption_rate, clearance"])
    assert first == pytest.approx(0.2 / np.sqrt(0.5 * 0.4))


def test_correlations_are_lkj() -> None:
    # The density of a correlation matrix is det^(shape - 1): two shapes differ by its power alone,
    # once the Jacobian from matrices to coordinates is the same.
    omega = 0.3 * (np.eye(3) + 0.2 * (1.0 - np.eye(3)))
    base = replace(theophylline().design, covariance=tuple(map(tuple, omega.tolist())))
    forms = [
        HierarchicalForm(
            replace(base, priors=(SharedPrior("correlations", SharedFamily.LKJ, 0.0, shape),))
        )
        for shape in (1.5, 3.0)
    ]
    u = np.repeat(forms[0].coordinates(VectorForm(base).start())[:, None], 5, axis=1)
    moved = [i for i, row in enumerate(forms[0].rows) if "correlation" in row.name]
    u[moved] += np.random.default_rng(6).standard_normal((3, 5))
    covariance = VectorForm(base).values(forms[0].vectors(u.T)).covariance
    size = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    log_det = np.linalg.slogdet(covariance / size[:, :, None] / size[:, None, :])[1]
    gained = np.asarray(forms[1].log_prior(u)) - np.asarray(forms[0].log_prior(u))
    assert np.ptp(gained) > 0.1
    assert np.ptp(gained - (3.0 - 1.5) * log_det) < 1e-10  # some hundred roundings


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (SharedPrior("clearing", SharedFamily.LOGNORMAL, 1.0, 1.0), "'clearing', which is not"),
        (SharedPrior("clearance", SharedFamily.NORMAL, 1.0, 1.0), "needed lognormal or halfnormal"),
        (SharedPrior("bioavailability", SharedFamily.LOGNORMAL, 1.0, 1.0), "is not searched"),
    ],
)
def test_a_prior_that_does_not_fit_is_refused(prior: SharedPrior, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        HierarchicalForm(replace(theophylline().design, priors=(prior,)))


@pytest.mark.slow
def test_draws_of_a_linear_model_have_the_posterior_in_closed_form() -> None:
    y = draw(TIMES, 30, MEAN, COVARIANCE, SD, 3)
    tight = 1e-3  # of ln: variances are as good as known
    variances = np.diag(COVARIANCE)
    known = tuple(
        SharedPrior(name, SharedFamily.LOGNORMAL, float(value), tight)
        for name, value in (
            ("sd of level", np.sqrt(variances[0])),
            ("sd of slope", np.sqrt(variances[1])),
            ("line.sd", SD),
        )
    )
    means = (
        SharedPrior("level", SharedFamily.NORMAL, 9.0, 0.5),
        SharedPrior("slope", SharedFamily.NORMAL, -1.0, 0.3),
    )
    shared = replace(design(10.0, -1.5, SD, np.diag(variances)), priors=(*known, *means))
    population = make_population(StraightLine(), tables(TIMES, y), shared)
    found = fit_population(population, method=PopulationMethod.NUTS, seed=4)
    assert found.passed
    basis = np.stack([np.ones(len(TIMES)), np.asarray(TIMES)])
    inside = np.linalg.inv(basis.T @ np.diag(variances) @ basis + SD**2 * np.eye(len(TIMES)))
    prior = np.diag([0.5**-2, 0.3**-2])
    covariance = np.linalg.inv(len(y) * basis @ inside @ basis.T + prior)
    mean = covariance @ (basis @ inside @ y.sum(axis=0) + prior @ np.array([9.0, -1.0]))
    assert found.posterior is not None
    for i, name in enumerate(("level", "slope")):
        sd, own = float(np.sqrt(covariance[i, i])), found.posterior.draws[name]
        error = sd / np.sqrt(found.posterior.ess(name))
        assert own.mean() == pytest.approx(mean[i], abs=4.0 * error)
        # The relative error of an SD is 1 / sqrt(2 n).
        assert own.std() == pytest.approx(sd, abs=4.0 * error / np.sqrt(2.0))
    # An individual's effects, what is shared unknown: those of the joint normal distribution.
    gain = np.diag(variances) @ basis @ inside
    expected = (y - mean @ basis) @ gain.T
    assert found.modes == pytest.approx(expected, abs=0.1)  # 6 errors of 4000 draws of SD 1


@pytest.mark.slow
def test_draws_of_a_balanced_layout_agree_with_quadrature() -> None:
    number, each, slope = 40, len(TIMES), -1.5
    y = draw(TIMES, number, MEAN, np.diag([2.0, 0.0]), SD, 7)
    shared = design(8.0, slope, 1.0, np.array([[1.0]]), slope_scatters=False)
    population = make_population(StraightLine(), tables(TIMES, y), shared)
    found = fit_population(population, method=PopulationMethod.NUTS, seed=5)
    assert found.passed
    assert found.posterior is not None
    rest = y - slope * np.array(TIMES)
    middle = rest.mean(axis=1)
    within = float(((rest - middle[:, None]) ** 2).sum())
    # The likelihood of a one-way layout under the priors that a file without any has: SDs of 1 of
    # ln and of the size of what is negative, a half-normal one of twice the file's SD.
    grid = (np.linspace(8.5, 11.5, 121), np.linspace(-0.8, 0.1, 121), np.linspace(-0.8, 1.2, 121))
    level, ln_sd, ln_omega = np.meshgrid(*grid, indexing="ij")
    sd, omega = np.exp(ln_sd), np.exp(ln_omega)
    scatter = sd**2 + each * omega**2
    away = number * middle.var() + number * (middle.mean() - level) ** 2
    log_density = -number * (each - 1) * ln_sd - within / (2.0 * sd**2)
    log_density += -0.5 * number * np.log(scatter) - 0.5 * each * away / scatter
    log_density += norm.logpdf(level, 8.0, 8.0) + norm.logpdf(ln_sd, 0.0, 1.0)
    log_density += halfnorm.logpdf(omega, scale=2.0) + ln_omega
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    for name, value in (("level", level), ("line.sd", sd), ("variance of level", omega**2)):
        own = found.posterior.draws[name]
        mean = float((weight * value).sum())
        spread = float(np.sqrt((weight * (value - mean) ** 2).sum()))
        error = spread / np.sqrt(found.posterior.ess(name))
        assert own.mean() == pytest.approx(mean, abs=4.0 * error)
        # Of what is skew the error of an SD is some larger than that of a normal's.
        assert own.std() == pytest.approx(spread, abs=6.0 * error / np.sqrt(2.0))


@pytest.mark.slow
def test_theophylline_by_nuts() -> None:
    found = fit_population(theophylline(), method=PopulationMethod.NUTS, seed=7)
    assert found.passed
    posterior = found.posterior
    assert posterior is not None
    expected = {"absorption_rate": 0.464, "clearance": 1.012, "volume": 3.460}  # FOCE's
    for name, value in expected.items():
        logs = np.log(posterior.draws[name] / (1.0 if name == "volume" else HOURS))
        assert np.median(logs) == pytest.approx(value, abs=logs.std())
