"""Myelosuppression against an independent integration, at rest, and its nadir."""

from collections.abc import Sequence

import numpy as np
from scipy.integrate import solve_ivp

from lymphocast.models.compartments import Compartments
from lymphocast.models.compose import Model
from lymphocast.models.myelosuppression import Myelosuppression
from tests.models.courses import SOLVER, assert_close, course_of

THETA = {
    "clearance": 600.0,
    "volume": 200.0,
    "baseline_cells": 5.0,
    "maturation_time": 4.0,
    "feedback": 0.17,
    "drug_slope": 2.0,
}
TIMES = np.linspace(0.0, 28.0, 15)
MODEL = Model("marrow", (Compartments(), Myelosuppression()))


def friberg(t: float, y: Sequence[float]) -> list[float]:
    """The five stages and the drug, written from the paper's figure."""
    amount, prol, t1, t2, t3, circ = y
    ktr = 4.0 / 4.0
    drug = 2.0 * amount / 200.0
    birth = ktr * prol * (1.0 - drug) * (5.0 / circ) ** 0.17
    return [
        -3.0 * amount,
        birth - ktr * prol,
        ktr * prol - ktr * t1,
        ktr * t1 - ktr * t2,
        ktr * t2 - ktr * t3,
        ktr * t3 - ktr * circ,
    ]


def test_a_dose_against_an_independent_integration() -> None:
    course = course_of(MODEL, THETA, TIMES, start={"drug.central": 100.0})
    other = solve_ivp(
        friberg, (0.0, 28.0), [100.0] + 5 * [5.0], "LSODA", TIMES, rtol=1e-11, atol=1e-12
    )
    for name, expected in zip(course.states, other.y, strict=True):
        assert_close(course.states[name], expected, SOLVER)


def test_the_count_falls_and_comes_back() -> None:
    count = course_of(MODEL, THETA, TIMES, start={"drug.central": 100.0}).outputs["cell_count"]
    nadir = int(np.argmin(count))
    assert 2.0 < TIMES[nadir] < 12.0
    assert count[nadir] < 0.9 * 5.0
    assert abs(count[-1] / 5.0 - 1.0) < abs(count[nadir] / 5.0 - 1.0)


def test_without_drug_it_rests() -> None:
    marrow = Myelosuppression()
    rates = marrow.rates(0.0, marrow.initial(THETA), {"concentration": 0.0}, THETA)
    assert {float(v) for v in rates.values()} == {0.0}
