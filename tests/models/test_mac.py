"""M. avium complex: logistic growth in closed form, burdens on the natural scale, selection."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lymphocast.models.library import typical_values
from lymphocast.models.mac import TwoStrainMac
from tests.models.courses import SOLVER, assert_close, course_of

MODEL = TwoStrainMac()
THETA = {
    "initial_burden": 6.0,
    "resistant_fraction_log": -5.0,
    "growth_rate": 0.05,
    "burden_headroom": 2.0,
    "drug_kill": 0.3,
    "kill_steepness": 1.5,
    "susceptible_mic": 2.0,
    "resistant_mic": 64.0,
    "site_ratio": 5.0,
    "immune_kill": 0.04,
    "half_kill_count": 200.0,
}
ALONE = {"clarithromycin_concentration": 0.0, "cd4_count": 0.0}
TIMES = np.linspace(0.0, 300.0, 16)


def test_alone_the_burden_grows_logistically_and_the_shares_stay() -> None:
    course = course_of(MODEL, THETA, TIMES, inputs=ALONE)
    capacity, first = np.exp(8.0), np.exp(6.0)
    expected = capacity / (1.0 + (capacity / first - 1.0) * np.exp(-0.05 * TIMES))
    assert_close(course.outputs["log_burden"], np.log(expected))
    assert_close(course.outputs["resistant_share"], np.exp(-5.0) + 0.0 * TIMES)


def test_treatment_against_an_integration_of_the_burdens_themselves() -> None:
    def burdens(t: float, y: Sequence[float]) -> list[float]:
        room = 0.05 * (1.0 - (y[0] + y[1]) / np.exp(8.0))
        host = 0.04 * 300.0 / 500.0
        site = 5.0 * 2.0
        kills = [0.3 * site**1.5 / (mic**1.5 + site**1.5) for mic in (2.0, 64.0)]
        return [y[0] * (room - host - kills[0]), y[1] * (room - host - kills[1])]

    seen = {"clarithromycin_concentration": 2.0, "cd4_count": 300.0}
    course = course_of(MODEL, THETA, TIMES, inputs=seen)
    start = [np.exp(6.0) - np.exp(1.0), np.exp(1.0)]
    other = solve_ivp(burdens, (0.0, 300.0), start, "LSODA", TIMES, rtol=1e-11, atol=1e-40).y
    assert_close(course.states["susceptible"], np.log(other[0]), SOLVER)
    assert_close(course.states["resistant"], np.log(other[1]), SOLVER)
    assert_close(course.outputs["log_burden"], np.log(other.sum(axis=0)), SOLVER)


def test_the_drug_selects_the_resistant_strain() -> None:
    seen = {"clarithromycin_concentration": 2.0, "cd4_count": 0.0}
    share = course_of(MODEL, THETA, TIMES, inputs=seen).outputs["resistant_share"]
    assert share[0] < 0.01
    assert (np.diff(share) >= 0.0).all()
    assert share[-1] > 0.999


def test_where_nothing_is_scarce_the_logarithm_falls_evenly() -> None:
    state = {"susceptible": -400.0, "resistant": -500.0}
    seen = {"clarithromycin_concentration": 1e9, "cd4_count": 1e12}
    rates = MODEL.rates(0.0, state, seen, THETA)
    assert [float(v) for v in rates.values()] == pytest.approx(2 * [0.05 - 0.04 - 0.3], rel=1e-9)
    assert np.isfinite(float(MODEL.observe(0.0, state, seen, THETA)["log_burden"]))


def test_without_an_immune_effect_the_count_does_not_matter() -> None:
    theta, state = {**THETA, "immune_kill": 0.0}, MODEL.initial(THETA)
    low = MODEL.rates(0.0, state, {**ALONE, "cd4_count": 50.0}, theta)
    high = MODEL.rates(0.0, state, {**ALONE, "cd4_count": 900.0}, theta)
    assert [float(v) for v in low.values()] == [float(v) for v in high.values()]


def test_both_strains_together_are_the_burden_before_treatment() -> None:
    first = MODEL.observe(0.0, MODEL.initial(THETA), ALONE, THETA)
    assert float(first["log_burden"]) == pytest.approx(6.0, rel=1e-14)
    assert float(first["resistant_share"]) == pytest.approx(np.exp(-5.0), rel=1e-12)
    typical = MODEL.initial(typical_values("mac"))
    fraction = np.exp(float(typical["resistant"]) - float(typical["susceptible"]))
    assert 1e-9 < fraction < 1e-8  # Heifets 1996
