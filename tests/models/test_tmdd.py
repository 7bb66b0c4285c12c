"""Target-mediated disposition: an independent integration, drug balance, and the fast limit."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from lymphocast.models.tmdd import QuasiSteadyStateDisposition, TargetMediatedDisposition
from tests.models.courses import SOLVER, assert_close, course_of

FULL, QSS = TargetMediatedDisposition(), QuasiSteadyStateDisposition()
SHARED = {
    "clearance": 0.3,
    "volume": 3.0,
    "exchange": 0.6,
    "peripheral_volume": 4.0,
    "baseline_target": 8.0,
    "target_loss": 0.4,
    "internalisation": 1.2,
}
TIMES = np.linspace(0.0, 20.0, 11)
START = {"central": 60.0}
positive = st.floats(1e-3, 1e3)


def binding(speed: float) -> dict[str, float]:
    """The same Kss of 2 nmol/L however fast binding is: (koff + 1.2) / kon."""
    return {**SHARED, "binding_rate": speed, "unbinding_rate": 2.0 * speed - 1.2}


def mager_jusko(t: float, y: Sequence[float]) -> list[float]:
    """Concentrations of free ligand, tissue amount, free receptor, complex; kon 3, koff 4.8."""
    ligand, tissue, receptor, complexed = y
    on, off = 3.0 * ligand * receptor, 4.8 * complexed
    return [
        -(0.1 + 0.2) * ligand + 0.15 * tissue / 3.0 - on + off,
        0.6 * ligand - 0.15 * tissue,
        0.4 * 8.0 - 0.4 * receptor - on + off,
        on - (4.8 + 1.2) * complexed,
    ]


def test_the_full_model_against_an_independent_integration() -> None:
    course = course_of(FULL, binding(3.0), TIMES, start=START, method="LSODA")
    other = solve_ivp(
        mager_jusko, (0.0, 20.0), [20.0, 0.0, 8.0, 0.0], "LSODA", TIMES, rtol=1e-11, atol=1e-13
    ).y
    assert_close(course.outputs["concentration"], other[0], SOLVER)
    assert_close(course.states["peripheral"], other[1], SOLVER)
    assert_close(course.states["target"], other[2], SOLVER)
    assert_close(course.states["bound"], other[3], SOLVER)


@given(a=positive, p=positive, r=positive, b=positive)
def test_drug_leaves_only_by_clearance_and_internalisation(
    a: float, p: float, r: float, b: float
) -> None:
    theta = binding(3.0)
    rates = FULL.rates(0.0, {"central": a, "peripheral": p, "target": r, "bound": b}, {}, theta)
    change = rates["central"] + rates["peripheral"] + 3.0 * rates["bound"]
    scale = (0.3 + 0.6) * a / 3.0 + 0.15 * p + 3.0 * (a * r + 7.2 * b)
    assert change == pytest.approx(-0.3 * a / 3.0 - 3.0 * 1.2 * b, abs=1e-13 * scale)


@given(a=positive, r=positive, kss=positive)
def test_the_complex_is_in_equilibrium_with_what_is_free(a: float, r: float, kss: float) -> None:
    theta = {**SHARED, "steady_state_constant": kss}
    b = float(QSS.bound({"central": a, "peripheral": 0.0, "target": r}, theta))
    c = a / 3.0
    assert 0.0 < b < min(c, r)
    scale = (c + r + kss) ** 2  # the products below may cancel
    assert (c - b) * (r - b) == pytest.approx(kss * b, abs=1e-14 * scale)


def test_the_quasi_steady_state_is_the_limit_of_fast_binding() -> None:
    theta = {**SHARED, "steady_state_constant": 2.0}
    limit = course_of(QSS, theta, TIMES, start=START).outputs

    def gap(speed: float, output: str) -> float:
        full = course_of(FULL, binding(speed), TIMES, start=START, method="LSODA").outputs
        return float(np.abs(full[output][1:] - limit[output][1:]).max())

    for output in ("concentration", "occupancy"):
        slow, fast, faster = (gap(speed, output) for speed in (30.0, 300.0, 3000.0))
        assert faster < 1e-3 * limit[output].max()
        assert slow / fast == pytest.approx(10.0, rel=0.15)  # the error is of first order in 1/kon
        assert fast / faster == pytest.approx(10.0, rel=0.05)


def test_without_drug_the_target_rests() -> None:
    full = FULL.rates(0.0, FULL.initial(binding(3.0)), {}, binding(3.0))
    theta = {**SHARED, "steady_state_constant": 2.0}
    quasi = QSS.rates(0.0, QSS.initial(theta), {}, theta)
    assert {float(v) for v in (*full.values(), *quasi.values())} == {0.0}


def test_a_total_that_is_lost_alike_free_or_bound_stays() -> None:
    theta = {**SHARED, "internalisation": 0.4, "steady_state_constant": 2.0}
    course = course_of(QSS, theta, TIMES, start=START)
    assert_close(course.states["target"], 8.0 + 0.0 * TIMES)
