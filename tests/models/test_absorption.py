"""Absorption: the Bateman function, the gamma densities of a chain, and mass balance."""

from math import factorial

import numpy as np
import pytest
from scipy.special import gammainc

from lymphocast.errors import UsageError
from lymphocast.models.absorption import FirstOrderAbsorption, TransitAbsorption
from lymphocast.models.compartments import Compartments
from lymphocast.models.compose import Model
from tests.models.courses import assert_close, course_of

TIMES = np.linspace(0.0, 2.0, 17)
THETA = {
    "absorption_rate": 10.0,
    "bioavailability": 0.4,
    "lag": 0.05,
    "transit_time": 0.3,
    "clearance": 60.0,
    "volume": 20.0,
}


def test_one_dose_follows_the_bateman_function() -> None:
    model = Model("oral", (FirstOrderAbsorption(), Compartments(feed="absorbed")))
    course = course_of(model, THETA, TIMES, [(0.0, "absorption.depot", 80.0)])
    ka, k = 10.0, 3.0  # Gibaldi & Perrier 1982, chapter 1
    expected = 80.0 / 20.0 * ka / (ka - k) * (np.exp(-k * TIMES) - np.exp(-ka * TIMES))
    assert_close(course.outputs["concentration"], expected)


def test_a_chain_holds_gamma_densities_and_delivers_the_gamma_distribution() -> None:
    start = {"stage_0": 50.0}
    course = course_of(TransitAbsorption(3), {**THETA, "absorption_rate": 0.0}, TIMES, start=start)
    kt = 4.0 / 0.3 * TIMES
    for i in range(4):
        assert_close(course.states[f"stage_{i}"], 50.0 * kt**i * np.exp(-kt) / factorial(i))
    assert_close(course.states["depot"], 50.0 * gammainc(4, kt))  # nothing leaves the depot


def test_everything_that_leaves_the_chain_and_the_depot_is_absorbed() -> None:
    chain = TransitAbsorption(5)
    rng = np.random.default_rng(3)
    state = {s.name: float(rng.uniform(0.1, 10.0)) for s in chain.states}
    lost = -sum(chain.rates(0.0, state, {}, THETA).values())
    assert lost == pytest.approx(chain.observe(0.0, state, {}, THETA)["absorbed"], rel=1e-12)


def test_fraction_and_lag_belong_to_the_place_of_the_dose() -> None:
    depot = FirstOrderAbsorption().dosing(THETA)["depot"]
    assert (depot.fraction, depot.lag, depot.duration) == (0.4, 0.05, 0.0)
    assert TransitAbsorption().dosing(THETA)["stage_0"].fraction == 0.4


def test_a_chain_without_stages_is_refused() -> None:
    with pytest.raises(UsageError, match="0 stages"):
        TransitAbsorption(0)
