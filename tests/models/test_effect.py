"""The effect compartment: a lagging concentration in closed form, and its sigmoid effect."""

import numpy as np
import pytest

from lymphocast.models.compartments import Compartments
from lymphocast.models.compose import Model
from lymphocast.models.effect import EffectCompartment
from tests.models.courses import assert_close, course_of

THETA = {
    "clearance": 60.0,
    "volume": 20.0,
    "equilibration_rate": 8.0,
    "baseline_effect": 10.0,
    "largest_effect": 40.0,
    "half_effect_concentration": 1.5,
    "steepness": 3.0,
}
TIMES = np.linspace(0.0, 2.0, 17)


def test_the_site_lags_behind_a_bolus() -> None:
    model = Model("pkpd", (Compartments(), EffectCompartment()))
    course = course_of(model, THETA, TIMES, [(0.0, "drug.central", 100.0)])
    k, ke0 = 3.0, 8.0  # Sheiner 1979, for one compartment
    site = 5.0 * ke0 / (ke0 - k) * (np.exp(-k * TIMES) - np.exp(-ke0 * TIMES))
    assert_close(course.states["effect_site.site_concentration"], site)
    expected = 10.0 + 40.0 * site**3 / (1.5**3 + site**3)
    assert_close(course.outputs["effect"], expected)


def test_at_equilibrium_the_site_has_the_concentration_of_the_blood() -> None:
    state, seen = {"site_concentration": 2.5}, {"concentration": 2.5}
    rates = EffectCompartment().rates(0.0, state, seen, THETA)
    assert rates["site_concentration"] == 0.0


@pytest.mark.parametrize(("ce", "effect"), [(0.0, 10.0), (1.5, 30.0), (1e9, 50.0)])
def test_the_effect_runs_from_none_by_half_to_the_largest(ce: float, effect: float) -> None:
    seen = EffectCompartment().observe(0.0, {"site_concentration": ce}, {}, THETA)
    assert float(seen["effect"]) == pytest.approx(effect, rel=1e-12)
