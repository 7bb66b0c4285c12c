"""Values below a limit, and cultures: Laplace's method against quadrature, and their checks."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from lymphocast.dataset.events import Censoring, EventRecord, EventTable
from lymphocast.errors import UsageError
from lymphocast.inference.error_model import AdditiveError, CultureError
from lymphocast.inference.individual_density import Endpoint
from lymphocast.inference.population.conditional import Approximation
from lymphocast.inference.population.design import PopulationDesign, Typical
from lymphocast.inference.population.objective import Objective
from lymphocast.inference.population.prediction_errors import npde
from lymphocast.inference.population.problem import Population, make_population
from lymphocast.inference.population.replicates import replicate
from lymphocast.inference.population.saem import importance_likelihood
from lymphocast.inference.population.visual_checks import visual_checks
from lymphocast.models.random_effects import EffectTransform
from lymphocast.population_fits import npde_line
from tests.inference.population.linear import StraightLine

LEVEL, OMEGA, SD, LIMIT = 1.0, 1.2, 0.8, 0.5
TIMES = (0.0, 1.0, 2.0, 3.0)
FLAT = 0.1  # slope of every line
DETECTED, WIDTH = 1.0, 0.5


def shared() -> PopulationDesign:
    typical = (
        Typical("level", LEVEL, transform=EffectTransform.ADDITIVE, positive=False),
        Typical("slope", FLAT, fixed=True, positive=False),
        Typical("value.sd", SD),
        Typical("culture.limit", DETECTED, fixed=True),
        Typical("culture.slope", WIDTH, fixed=True),
    )
    endpoints = (
        Endpoint("value", "amount", AdditiveError("value.sd"), LIMIT),
        Endpoint("culture", "amount", CultureError("culture.limit", "culture.slope")),
    )
    return PopulationDesign(typical, ((OMEGA**2,),), endpoints)


@cache
def observations() -> tuple[np.ndarray, np.ndarray]:
    """Return values and cultures ``[individual, time]`` of forty lines."""
    rng = np.random.default_rng(8)
    lines = LEVEL + OMEGA * rng.standard_normal((40, 1)) + FLAT * np.array(TIMES)
    values = lines + SD * rng.standard_normal(lines.shape)
    cultures = rng.random(lines.shape) < expit((lines - DETECTED) / WIDTH)
    return values, cultures.astype(float)


@cache
def population() -> Population:
    values, cultures = observations()
    tables = []
    for i, (own, grown) in enumerate(zip(values, cultures, strict=True)):
        records = []
        for t, y, c in zip(TIMES, own, grown, strict=True):
            records.append(EventRecord(t, compartment="value", value=float(y)))
            records.append(EventRecord(t, compartment="culture", value=float(c)))
        tables.append(EventTable(str(i), tuple(records)))
    return make_population(StraightLine(), tables, shared())


def exact() -> float:
    """Return the log likelihood by quadrature over each individual's effect."""
    values, cultures = observations()
    total = 0.0
    for own, grown in zip(values, cultures, strict=True):

        def density(eta: float, own: np.ndarray = own, grown: np.ndarray = grown) -> float:
            line = LEVEL + eta + FLAT * np.array(TIMES)
            seen = np.where(own < LIMIT, norm.cdf(LIMIT, line, SD), norm.pdf(own, line, SD))
            found = expit((line - DETECTED) / WIDTH)
            return float(
                np.prod(seen) * np.prod(np.where(grown > 0.5, found, 1.0 - found))
                * norm.pdf(eta, 0.0, OMEGA)
            )  # fmt: skip

        total += np.log(quad(density, -8.0, 8.0, points=(0.0,), epsabs=0.0, epsrel=1e-8)[0])
    return float(total)


def test_laplace_and_importance_sampling_against_quadrature() -> None:
    own = population()
    assert Censoring.BELOW in set(np.asarray(own.data.censoring).ravel().astype(int).tolist())
    x = own.form.start()
    at = Objective(own, Approximation.LAPLACE, 1).at(x[None])
    found = -0.5 * (at.each.sum() + own.normal_constant)
    truth = exact()
    # Laplace's error is of order 1/n, n observations of an individual, here eight.
    assert found == pytest.approx(truth, abs=0.02 * len(own.ids))
    sampled, se = importance_likelihood(own, x, at.eta[0], at.covariance[0], 3)
    assert sampled == pytest.approx(truth, abs=4.0 * se)
    assert se < 0.1


def test_first_order_methods_refuse_what_has_no_residual() -> None:
    with pytest.raises(UsageError, match="needed laplace or saem"):
        Objective(population(), Approximation.FOCEI, 1)


def test_visual_checks_of_a_right_model_hold_most_points() -> None:
    own = population()
    found = visual_checks(own, replicate(own, own.form.start(), 400, 4), corrected=False)
    assert [(v.endpoint, v.kind) for v in found] == [
        ("value", "percentiles"),
        ("value", "below"),
        ("culture", "categories"),
    ]
    for check in found:
        assert check.numbers.tolist() == [40] * len(TIMES)
        # Percentiles in the tail of values below the limit are known to lie below it only.
        known = np.isfinite(check.observed)
        low, high = check.simulated[..., 0], check.simulated[..., 2]
        inside = ((check.observed >= low) & (check.observed <= high))[known]
        assert inside.mean() >= 0.75
    values, cultures = observations()
    assert found[1].observed[0] == pytest.approx((values < LIMIT).mean(axis=0))
    assert found[2].observed[1] == pytest.approx(cultures.mean(axis=0))


def test_prediction_correction_of_equal_predictions_changes_nothing() -> None:
    own = population()
    replicates = replicate(own, own.form.start(), 200, 4)
    plain, corrected = (visual_checks(own, replicates, corrected=c)[0] for c in (False, True))
    assert corrected.observed == pytest.approx(plain.observed)


def test_prediction_errors_are_those_of_measured_values_and_say_what_is_left_out() -> None:
    """One value below the limit, or a culture, must not take the whole check away."""
    own = population()
    values, cultures = observations()
    found = npde(own, replicate(own, own.form.start(), 400, 4))
    assert found is not None
    assert len(found.values) == int((values >= LIMIT).sum())
    assert found.left_out == int((values < LIMIT).sum()) + np.size(cultures)
    assert np.isfinite([*found.values, found.p]).all()
    assert f"; {found.left_out} of {2 * values.size} observations left out" in npde_line(found)


def test_without_measured_values_the_check_says_that_there_is_none() -> None:
    own = population()
    none = replace(own, data=own.data._replace(censoring=np.ones_like(own.data.censoring)))
    found = npde(none, replicate(own, own.form.start(), 10, 4))
    assert found is None
    assert "none, since fewer than three" in npde_line(found)
