"""IL-2 against its closed form, its mass balance, and what was reported in man."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from lymphocast.models.il2 import InducedClearanceIL2, SubcutaneousIL2
from lymphocast.models.library import typical_values
from tests.models.courses import SOLVER, Floats, assert_close, course_of

MODEL, INDUCED = SubcutaneousIL2(), InducedClearanceIL2()
THETA = {"absorption_rate": 5.0, "clearance": 120.0, "volume": 20.0, "lag": 0.02}
RECEPTOR = {
    "receptor_turnover": 1.0,
    "receptor_gain": 4.0,
    "receptor_half_effect": 0.05,
    "receptor_steepness": 3.0,
}
TIMES = np.linspace(0.0, 3.0, 61)
positive = st.floats(1e-3, 1e3)
HOUR = 1.0 / 24.0
IU_PER_ML = 1e3  # in one M[IU]/L


def bateman(t: Floats, dose: float, ka: float, cl: float, v: float) -> Floats:
    """Concentration after one first-order-absorbed dose (Gibaldi & Perrier 1982, chapter 1)."""
    k = cl / v
    return dose / v * ka / (ka - k) * (np.exp(-k * t) - np.exp(-ka * t))


def auc_per_hour(theta: dict[str, float], per_day: int, day: int) -> float:
    """AUC over one day, [IU] h/mL, under 34.6 M[IU] a day (20 M[IU]/m2) in equal doses."""
    grid = np.arange(0.0, day + 1.0 + 1e-9, 1.0 / 96.0)
    dose = 20.0 * 1.73 / per_day
    doses = [(i / per_day, "depot", dose) for i in range(per_day * (day + 1))]
    seen = course_of(INDUCED, theta, grid, doses).outputs["concentration"]
    return float(np.trapezoid(seen[-97:], dx=0.25)) * IU_PER_ML


def test_one_dose_follows_the_bateman_function() -> None:
    course = course_of(MODEL, THETA, TIMES, [(0.0, "depot", 4.5)])
    assert_close(course.outputs["concentration"], bateman(TIMES, 4.5, 5.0, 120.0, 20.0))


def test_doses_superpose() -> None:
    both = course_of(MODEL, THETA, TIMES, [(0.0, "depot", 4.5), (1.0, "depot", 1.5)])
    first = bateman(TIMES, 4.5, 5.0, 120.0, 20.0)
    second = bateman(np.maximum(TIMES - 1.0, 0.0), 1.5, 5.0, 120.0, 20.0)
    assert_close(both.outputs["concentration"], first + second)


@given(depot=positive, serum=positive, ka=positive, cl=positive, v=positive)
def test_mass_leaves_only_by_clearance(
    depot: float, serum: float, ka: float, cl: float, v: float
) -> None:
    state = {"depot": depot, "serum": serum}
    theta = {"absorption_rate": ka, "clearance": cl, "volume": v, "lag": 0.0}
    lost = -sum(MODEL.rates(0.0, state, {}, theta).values())
    scale = ka * depot + cl / v * serum
    seen = MODEL.observe(0.0, state, {}, theta)["concentration"]
    assert lost == pytest.approx(cl * seen, abs=1e-12 * scale)


def test_the_lag_belongs_to_the_depot() -> None:
    assert MODEL.dosing(THETA)["depot"].lag == 0.02
    assert INDUCED.dosing(THETA)["depot"].lag == 0.02


@pytest.mark.parametrize("dose", [12.0, 18.0])
def test_typical_aldesleukin_is_within_what_was_seen_under_the_skin(dose: float) -> None:
    """Piscitelli 1996: peak 21.9 to 112.9 IU/mL at 4.4 (SD 1.8) h, half-life 3.3 (SD 0.9) h."""
    theta = typical_values("il2")
    fine = np.linspace(0.0, 2.0, 2881)
    seen = course_of(MODEL, theta, fine, [(0.0, "depot", dose)]).outputs["concentration"]
    assert 21.9 < IU_PER_ML * seen.max() < 112.9
    peak = (fine[np.argmax(seen)] + MODEL.dosing(theta)["depot"].lag) / HOUR
    assert abs(peak - 4.4) < 1.8
    half_life = np.log(2.0) * 480 / 1440 / np.log(seen[960] / seen[1440]) / HOUR
    assert abs(half_life - 3.3) < 0.9


def test_pegylated_il2_stays_10_to_20_times_as_long() -> None:
    plain, peg = typical_values("il2"), typical_values("il2-peg")
    ratio = (plain["clearance"] / plain["volume"]) / (peg["clearance"] / peg["volume"])
    assert 10.0 < ratio < 20.0


def test_without_gain_induction_changes_nothing() -> None:
    theta = {**THETA, **RECEPTOR, "receptor_gain": 0.0}
    course = course_of(INDUCED, theta, TIMES, [(0.0, "depot", 4.5)])
    assert_close(course.outputs["concentration"], bateman(TIMES, 4.5, 5.0, 120.0, 20.0))


def test_induced_clearance_against_an_independent_integration() -> None:
    def written_out(t: float, y: Sequence[float]) -> list[float]:
        c = y[1] / 20.0
        level = 1.0 + 4.0 / (1.0 + (0.05 / c) ** 3) if c > 0.0 else 1.0
        return [-5.0 * y[0], 5.0 * y[0] - 6.0 * y[2] * y[1], level - y[2]]

    course = course_of(INDUCED, {**THETA, **RECEPTOR}, TIMES, [(0.0, "depot", 4.5)])
    start = [4.5, 0.0, 1.0]
    other = solve_ivp(written_out, (0.0, 3.0), start, "LSODA", TIMES, rtol=1e-11, atol=1e-13).y
    assert_close(course.outputs["concentration"], other[1] / 20.0, SOLVER)
    assert_close(course.states["receptor"], other[2], SOLVER)


def test_only_induced_clearance_makes_exposure_depend_on_the_schedule() -> None:
    """Kirchner 1998: AUC 627 on one dose a day, 1130 on two half doses; linear kinetics: equal."""
    theta = typical_values("il2-induced")
    linear = {**theta, "receptor_gain": 0.0}
    assert auc_per_hour(linear, 2, 9) / auc_per_hour(linear, 1, 9) == pytest.approx(1.0, abs=2e-3)
    assert auc_per_hour(theta, 2, 9) / auc_per_hour(theta, 1, 9) > 1.02
