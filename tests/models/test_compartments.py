"""Compartments against the matrix exponential, infusions in closed form, and mass balance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from lymphocast.engine.steps import StepForcing
from lymphocast.errors import UsageError
from lymphocast.models.absorption import FirstOrderAbsorption
from lymphocast.models.compartments import Compartments, Entry
from lymphocast.models.compose import Model
from tests.engine.reference_solver import integrate
from tests.models.courses import assert_close, course_of

TIMES = np.linspace(0.0, 3.0, 13)
THETA = {
    "clearance": 60.0,
    "volume": 20.0,
    "exchange_1": 90.0,
    "peripheral_volume_1": 40.0,
    "exchange_2": 15.0,
    "peripheral_volume_2": 100.0,
    "absorption_rate": 12.0,
    "bioavailability": 1.0,
    "lag": 0.0,
}
K10, K12, K21, K13, K31, KA = 3.0, 4.5, 2.25, 0.75, 0.15, 12.0  # the same, as rate constants
SYSTEM = np.array(
    [
        [-KA, 0.0, 0.0, 0.0],
        [KA, -(K10 + K12 + K13), K21, K31],
        [0.0, K12, -K21, 0.0],
        [0.0, K13, 0.0, -K31],
    ]
)
positive = st.floats(1e-3, 1e3)


def test_one_compartment_decays_exponentially() -> None:
    course = course_of(Compartments(), THETA, TIMES, [(0.0, "central", 100.0)])
    after = np.where(TIMES > 0.0, 5.0 * np.exp(-3.0 * TIMES), 0.0)
    assert_close(course.outputs["concentration"], after)


def test_two_compartments_follow_the_matrix_exponential() -> None:
    start = {"central": 100.0, "peripheral_1": 0.0}
    course = course_of(Compartments(1), THETA, TIMES, start=start)
    small = np.array([[-(K10 + K12), K21], [K12, -K21]])
    expected = np.array([expm(small * t) @ [100.0, 0.0] for t in TIMES]).T
    assert_close(list(course.states.values()), expected)


def test_three_compartments_with_first_order_absorption_follow_the_matrix_exponential() -> None:
    model = Model("oral", (FirstOrderAbsorption(), Compartments(2, feed="absorbed")))
    doses = [(0.0, "absorption.depot", 100.0), (1.0, "absorption.depot", 40.0)]
    course = course_of(model, THETA, TIMES, doses)

    def after(t: float) -> np.ndarray:
        first = expm(SYSTEM * t) @ [100.0, 0.0, 0.0, 0.0] if t > 0.0 else np.zeros(4)
        second = expm(SYSTEM * (t - 1.0)) @ [40.0, 0.0, 0.0, 0.0] if t > 1.0 else np.zeros(4)
        return np.asarray(first + second)

    assert_close(list(course.states.values()), np.array([after(t) for t in TIMES]).T)


def test_an_even_input_rises_and_falls_as_an_infusion() -> None:
    model = Compartments(feed="absorbed")
    forcing = {"absorbed": StepForcing((0.0, 0.5), (200.0, 0.0))}
    found = integrate(model, THETA, forcing, 0.0, TIMES[1:].tolist())
    rising = np.minimum(TIMES[1:], 0.5)
    expected = 200.0 / 3.0 * (1.0 - np.exp(-3.0 * rising)) * np.exp(-3.0 * (TIMES[1:] - rising))
    assert_close(found["central"], expected)


def test_only_zero_order_entry_spreads_a_dose() -> None:
    theta = {**THETA, "absorption_duration": 0.25}
    assert Compartments().dosing(theta) == {}
    spread = Compartments(entry=Entry.ZERO_ORDER)
    assert spread.dosing(theta)["central"].duration == 0.25
    assert "absorption_duration" in {p.name for p in spread.parameters}
    assert "absorption_duration" not in {p.name for p in Compartments().parameters}


@given(a=positive, p1=positive, p2=positive, cl=positive, q=positive, v=positive, fed=positive)
def test_mass_leaves_only_by_clearance(
    a: float, p1: float, p2: float, cl: float, q: float, v: float, fed: float
) -> None:
    state = {"central": a, "peripheral_1": p1, "peripheral_2": p2}
    theta = {**THETA, "clearance": cl, "exchange_1": q, "volume": v}
    rates = Compartments(2, feed="absorbed").rates(0.0, state, {"absorbed": fed}, theta)
    scale = fed + (cl + q + 15.0) * a / v + q * p1 / 40.0 + 0.15 * p2
    assert sum(rates.values()) == pytest.approx(fed - cl * a / v, abs=1e-13 * scale)


@pytest.mark.parametrize("number", [-1, 3])
def test_another_number_of_peripheral_compartments_is_refused(number: int) -> None:
    with pytest.raises(UsageError, match=f"{number} peripheral"):
        Compartments(number)
