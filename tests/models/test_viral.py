"""Viral dynamics: the set point, the decay under full block, and an independent integration."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lymphocast.models.viral import TargetCellLimitedVirus
from tests.models.courses import SOLVER, assert_close, course_of

MODEL = TargetCellLimitedVirus()
THETA = {
    "cell_source": 1e4,
    "uninfected_loss": 0.02,
    "infection_rate": 8e-8,
    "infected_loss": 0.8,
    "virion_production": 2e3,
    "virion_clearance": 15.0,
    "inoculum": 10.0,
    "infection_block": 0.0,
    "production_block": 0.0,
}
R0 = 1e4 * 8e-8 * 2e3 / (0.02 * 0.8 * 15.0)
SET_POINT = {
    "uninfected": 5e5 / R0,
    "infected": 1e4 * (1.0 - 1.0 / R0) / 0.8,
    "free_virus": 2e3 * 1e4 * (1.0 - 1.0 / R0) / (0.8 * 15.0),
}


def test_an_infection_against_an_independent_integration() -> None:
    def basic(t: float, y: Sequence[float]) -> list[float]:
        new = 8e-8 * y[0] * y[2]
        return [1e4 - 0.02 * y[0] - new, new - 0.8 * y[1], 2e3 * y[1] - 15.0 * y[2]]

    times = np.linspace(0.0, 60.0, 21)
    start = [5e5, 0.0, 10.0]
    other = solve_ivp(basic, (0.0, 60.0), start, "LSODA", times, rtol=1e-11, atol=1e-9)
    course = course_of(MODEL, THETA, times)
    for name, expected in zip(course.states, other.y, strict=True):
        assert_close(course.states[name], expected, SOLVER)


def test_the_infection_settles_at_its_set_point() -> None:
    assert R0 > 1.0
    rates = MODEL.rates(0.0, SET_POINT, {}, THETA)
    for name, flow in (("uninfected", 1e4), ("infected", 1e4), ("free_virus", 2e3 * 1e4)):
        assert float(rates[name]) == pytest.approx(0.0, abs=1e-12 * flow)
    course = course_of(MODEL, THETA, np.array([0.0, 2000.0]))
    for name, level in SET_POINT.items():
        assert course.states[name][-1] == pytest.approx(level, rel=1e-7)


def test_a_full_block_of_infection_lets_virus_decay_in_two_phases() -> None:
    times = np.linspace(0.0, 10.0, 21)
    course = course_of(MODEL, {**THETA, "infection_block": 1.0}, times, start=SET_POINT)
    v, delta, c = SET_POINT["free_virus"], 0.8, 15.0  # Perelson 2002: I decays, V follows
    expected = v / (c - delta) * (c * np.exp(-delta * times) - delta * np.exp(-c * times))
    assert_close(course.outputs["viral_load"], expected)


def test_a_full_block_of_production_lets_virus_decay_at_once() -> None:
    times = np.linspace(0.0, 1.0, 11)
    course = course_of(MODEL, {**THETA, "production_block": 1.0}, times, start=SET_POINT)
    assert_close(course.outputs["viral_load"], SET_POINT["free_virus"] * np.exp(-15.0 * times))
