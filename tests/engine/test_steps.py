"""Step forcings and the exact step response, against hand arithmetic and superposition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lymphocast.engine.steps import StepForcing, dose_forcing, step_response
from lymphocast.models.course import LN2, CytokineGain
from tests.founding import individual, prior_draws
from tests.tolerances import CLOSED_FORM

GAIN = CytokineGain()
THETA = {"il2": 1.0, "gain": 300.0, "gain_half_life": 100.0, "half_effect_dose": 0.5}
INPUTS = {"natural_count": 0.0}


def added(forcing: StepForcing, t: np.ndarray) -> np.ndarray:
    return np.asarray(step_response(GAIN, forcing, "relative_dose", INPUTS, THETA, t))


def test_a_forcing_holds_its_level_from_each_edge_on() -> None:
    forcing = StepForcing((0.0, 10.0, 20.0), (0.4, 1.0, 0.0))
    t = np.array([-1.0, 0.0, 9.9, 10.0, 19.9, 20.0, 99.0])
    assert_allclose(forcing.at(t), [0.0, 0.4, 0.4, 1.0, 1.0, 0.0, 0.0], atol=1e-15)


def test_after_one_half_life_at_maintenance_half_of_the_plateau_is_reached() -> None:
    t = np.array([0.0, 100.0, 200.0, 1e5])
    found = added(StepForcing((0.0,), (1.0,)), t)
    assert_allclose(found, [0.0, 150.0, 225.0, 300.0], rtol=CLOSED_FORM)


def test_after_stopping_the_gain_halves_every_half_life() -> None:
    forcing = StepForcing((0.0, 1e5), (1.0, 0.0))
    found = added(forcing, 1e5 + np.array([0.0, 100.0, 300.0]))
    assert_allclose(found, [300.0, 150.0, 37.5], rtol=CLOSED_FORM)


@given(length=st.floats(1.0, 500.0), level=st.floats(0.01, 3.0), after=st.floats(0.0, 2000.0))
def test_one_stretch_follows_its_closed_form(length: float, level: float, after: float) -> None:
    found = added(StepForcing((0.0, length), (level, 0.0)), np.array([length + after]))
    k = LN2 / 100.0
    plateau = 300.0 * level * 1.5 / (level + 0.5)
    expected = plateau * -np.expm1(-k * length) * np.exp(-k * after)
    assert_allclose(found, [expected], rtol=1e-9, atol=1e-9 * plateau)


def test_the_founding_doses_start_at_their_share_of_maintenance_and_end_at_zero() -> None:
    plan = individual().plan
    theta = {name: float(value[0]) for name, value in prior_draws(1, seed=1).items()}
    forcing = dose_forcing(plan, plan.study_drug, theta)
    first = 600_000 * 7 / 11_000_000
    rungs = [first + j / 6 * (1.0 - first) for j in range(6)]
    assert_allclose(forcing.levels, [*rungs, 1.0, 0.0], rtol=CLOSED_FORM)
    start, stop = theta["when.il2-start"], theta["when.il2-maintenance"]
    assert_allclose(forcing.edges[:7], np.linspace(start, stop, 7), rtol=CLOSED_FORM)
    assert forcing.edges[7] == pytest.approx(theta["when.il2-stop"])
