"""The likelihood of counts against quadrature and the multivariate normal; the entry rule."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal, norm

from lymphocast.engine.course import latent_count
from lymphocast.inference.density import CourseDensity
from lymphocast.inference.error_model import culture_log_probability, symptom_log_probability
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.models.component import Scalar
from lymphocast.models.prior_file import model_priors
from lymphocast.record.events import CultureResult, SymptomGrade
from tests.founding import density, individual

LANES = 40
SWITCHES = HYPOTHESES[0].switches


def theta_of(found: CourseDensity, seed: int = 1) -> dict[str, Scalar]:
    z = np.random.default_rng(seed).standard_normal((len(found.count_latents), LANES))
    return found.theta(found.count_values(z, found.numbers(), SWITCHES))


def test_a_count_on_a_known_day_has_the_log_normal_density() -> None:
    found = density()
    theta = theta_of(found)
    each = np.asarray(found.count_log_likelihood(theta))
    first = np.asarray(latent_count(individual().plan, theta, theta["when.cd4-presenting"]))
    expected = norm.logpdf(log(172.0), np.log(first), np.asarray(theta["count_sd"]))
    assert_allclose(each[0], expected, rtol=1e-10)


def test_an_uncertain_date_is_integrated_over_its_interval() -> None:
    found = density()
    theta = theta_of(found)
    each = np.asarray(found.count_log_likelihood(theta))
    last = individual().counts[-1]
    shift = np.linspace(last.at.early, last.at.late, 4001)
    days = shift[:, None] + np.asarray(theta["when.il2-stop"])
    latent = np.asarray(latent_count(individual().plan, theta, days))
    density_at = norm.pdf(log(last.value), np.log(latent), np.asarray(theta["count_sd"]))
    # Trapezoid with 4000 steps against eight Gauss points: both far below 1e-6 on 30 smooth days.
    expected = np.log(np.trapezoid(density_at, shift, axis=0) / (last.at.late - last.at.early))
    assert_allclose(each[-1], expected, rtol=1e-6, atol=1e-6)


def test_slow_drift_makes_counts_covary_as_an_ornstein_uhlenbeck_process() -> None:
    exact = tuple(
        replace(c, at=replace(c.at, early=c.at.offset, late=c.at.offset))
        for c in individual().counts
    )
    found = CourseDensity(replace(individual(), counts=exact), model_priors("course"), drift=True)
    rng = np.random.default_rng(3)
    draws = 400_000
    base = rng.standard_normal((len(found.count_latents), 1))
    z = np.repeat(base, draws, axis=1)
    drift_rows = [i for i, x in enumerate(found.count_latents) if x.name.startswith("drift.")]
    z[drift_rows] = rng.standard_normal((len(drift_rows), draws))
    # Centre every count near the course, so that the average over drifts converges.
    theta = found.theta(found.count_values(z, found.numbers(), SWITCHES))
    days = np.array([individual().nominal(c.at) for c in exact])
    values = np.array([log(c.value) for c in exact])
    latents = np.concatenate(
        [
            np.log(
                np.asarray(
                    latent_count(
                        individual().plan,
                        {n: np.asarray(v).reshape(-1)[:1] for n, v in theta.items()},
                        np.asarray(theta.get(f"when.{c.at.anchor}", np.zeros(1)))[:1] + c.at.offset,
                    )
                )
            )
            for c in exact
        ]
    )
    theta = {**theta, "count_sd": np.full(draws, 0.6)}
    simulated = np.exp(np.asarray(found.count_log_likelihood(theta)).sum(axis=0)).mean()
    gaps = np.abs(days[:, None] - days[None, :])
    covariance = 0.15**2 * np.exp(-gaps / 365.25) + 0.6**2 * np.eye(len(days))
    expected = multivariate_normal.pdf(values, latents, covariance)
    assert simulated == pytest.approx(expected, rel=0.02)  # 4e5 draws: about 0.3 % each way


def test_the_entry_rule_holds_where_the_latent_count_is_below_the_limit() -> None:
    found = density()
    for hypothesis in HYPOTHESES:
        z = np.random.default_rng(5).standard_normal((len(found.count_latents), 500))
        theta = found.theta(found.count_values(z, found.numbers(), hypothesis.switches))
        at_entry = np.asarray(
            latent_count(individual().plan, theta, np.asarray(theta["when.cd4-presenting"]))
        )
        assert (np.asarray(found.entered(theta)) == (at_entry < 350.0)).all()


def test_two_negative_cultures_weigh_as_much_as_one_twice() -> None:
    b = np.array([-3.0, 0.0, 2.0])
    one = culture_log_probability(b, CultureResult.NEGATIVE, 1, 0.7)
    two = culture_log_probability(b, CultureResult.NEGATIVE, 2, 0.7)
    assert_allclose(two, 2 * np.asarray(one))
    assert_allclose(np.exp(one), 1.0 / (1.0 + np.exp(b / 0.7)))
    positive = culture_log_probability(b, CultureResult.POSITIVE, 1, 0.7)
    assert_allclose(np.exp(one) + np.exp(positive), 1.0)


def test_grades_are_even_odds_at_their_level() -> None:
    table = model_priors("course")
    for grade, level in (
        (SymptomGrade.MINIMAL_IMPROVEMENT, 0.7),
        (SymptomGrade.RESOLVED, 0.15),
        (SymptomGrade.ASYMPTOMATIC, 0.2),
    ):
        found = symptom_log_probability(np.array([level]), grade, table)
        assert_allclose(np.exp(found), 0.5)
    severe = symptom_log_probability(np.array([0.9]), SymptomGrade.MINIMAL_IMPROVEMENT, table)
    mild = symptom_log_probability(np.array([0.9]), SymptomGrade.RESOLVED, table)
    assert float(severe[0]) > log(0.85)
    assert float(mild[0]) < log(1e-5)
