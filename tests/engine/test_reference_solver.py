"""The reference solver itself against closed forms."""

import numpy as np
from numpy.testing import assert_allclose

from lymphocast.engine.steps import StepForcing
from lymphocast.models.course import CytokineGain
from tests.engine.reference_solver import integrate


def test_it_solves_a_linear_state_to_its_closed_form() -> None:
    theta = {"il2": 1.0, "gain": 300.0, "gain_half_life": 100.0, "half_effect_dose": 0.5}
    forcings = {
        "relative_dose": StepForcing((0.0, 200.0), (1.0, 0.0)),
        "natural_count": StepForcing((), ()),
    }
    found = integrate(CytokineGain(), theta, forcings, 0.0, [100.0, 200.0, 300.0])
    assert_allclose(found["cells"], [150.0, 225.0, 112.5], rtol=1e-9)


def test_times_and_states_stand_in_the_order_asked_for() -> None:
    theta = {"il2": 0.0, "gain": 300.0, "gain_half_life": 100.0, "half_effect_dose": 0.5}
    forcings = {name: StepForcing((), ()) for name in ("relative_dose", "natural_count")}
    found = integrate(CytokineGain(), theta, forcings, 0.0, [1.0, 2.0])
    assert list(found) == ["cells"]
    assert_allclose(found["cells"], np.zeros(2), atol=1e-15)
