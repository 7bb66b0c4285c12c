"""Clarithromycin against an independent integration in hours, and the exposures it must give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, final

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lymphocast.models.clarithromycin import OralClarithromycin
from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.compose import Model
from tests.models.courses import SOLVER, Course, Floats, assert_close, course_of

HOUR = 1.0 / 24.0
THETA = {
    "weibull_rate": 0.56 / HOUR,
    "weibull_shape": 2.23,
    "parent_volume": 172.0,
    "parent_clearance": 60.0 / HOUR,
    "fixed_fraction": 0.10,
    "inhibition_rate": 2.01 / HOUR,
    "half_inhibition": 0.77,
    "metabolite_clearance": 50.2 / HOUR,
    "metabolite_volume": 34.0,
}
HOURS = np.arange(0.0, 240.0 + 1e-9, 0.1)
PARENT, METABOLITE = "clarithromycin_concentration", "hydroxyclarithromycin_concentration"
LAST = 20  # the doses by which nothing changes in the fourth digit

TARGETS = {  # dose: peak, hour of the peak, 12 h, AUC; metabolite: peak, 12 h, AUC
    1: (2.208, 3.03, 0.605, 15.762, 0.895, 0.456, 7.579),
    2: (2.674, 2.99, 0.843, 20.490, 0.981, 0.549, 9.081),
    7: (3.035, 2.96, 1.043, 24.185, 1.040, 0.614, 9.940),
    LAST: (3.044, 2.96, 1.048, 24.279, 1.042, 0.615, 9.960),
}


@final
@dataclass(frozen=True)
class Exposure:
    """The running area under both concentrations."""

    name: ClassVar = "exposure"
    states: ClassVar = (
        Variable("parent", "mg.d/L", "area under the parent"),
        Variable("metabolite", "mg.d/L", "area under the metabolite"),
    )
    parameters: ClassVar[tuple[Variable, ...]] = ()
    inputs: ClassVar = (PARENT, METABOLITE)
    outputs: ClassVar[tuple[Variable, ...]] = ()

    def initial(self, theta: Values) -> Values:
        return {"parent": 0.0, "metabolite": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"parent": inputs[PARENT], "metabolite": inputs[METABOLITE]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


@cache
def regular() -> Course:
    """500 mg every 12 h for ten days."""
    model = Model("exposed", (OralClarithromycin(), Exposure()))
    doses = [(12.0 * i * HOUR, "clarithromycin.gut", 500.0) for i in range(LAST)]
    return course_of(model, THETA, HOURS * HOUR, doses)


def abduljalil(tad: float, y: Sequence[float]) -> list[float]:
    """The published equations, per hour, with the Weibull rate uncapped."""
    depot, parent, met, effect = y
    cp, cm = parent / 172.0, met / 34.0
    kabs = 2.23 * 0.56 * (0.56 * tad) ** 1.23
    inh = 0.10 + (1.0 - 0.10) / (1.0 + effect / 0.77)
    met_formed = 60.0 * inh * cp
    return [
        -kabs * depot,
        kabs * depot - met_formed,
        met_formed - 50.2 * cm,
        2.01 * (cp - effect),
    ]


def peak(hours: Floats, values: Floats) -> tuple[float, float]:
    """Time and height of the vertex of the parabola through the three highest points."""
    i = int(np.argmax(values))
    a, b, c = np.polyfit(hours[i - 1 : i + 2] - hours[i], values[i - 1 : i + 2], 2)
    return float(hours[i] - b / (2.0 * a)), float(c - b * b / (4.0 * a))


def test_seven_doses_against_an_independent_integration_of_the_published_equations() -> None:
    y = np.zeros(4)
    seen = []
    for _ in range(7):
        y[0] += 500.0
        grid = HOURS[1:121]
        found = solve_ivp(
            abduljalil, (0.0, 12.0), y, "LSODA", grid, rtol=1e-11, atol=1e-13, max_step=0.1
        )
        seen.append(found.y)
        y = found.y[:, -1].copy()
    other = np.concatenate(seen, axis=1)
    columns = slice(1, 7 * 120 + 1)
    assert_close(regular().outputs[PARENT][columns], other[1] / 172.0, SOLVER)
    assert_close(regular().outputs[METABOLITE][columns], other[2] / 34.0, SOLVER)
    assert_close(regular().states["clarithromycin.inhibitor"][columns], other[3], SOLVER)


@pytest.mark.parametrize("dose", TARGETS)
def test_exposures_of_the_typical_adult(dose: int) -> None:
    """500 mg every 12 h at 70 kg; the numbers are rounded to the digits shown."""
    c_max, t_max, c_12, auc, met_max, met_12, met_auc = TARGETS[dose]
    inside = slice((dose - 1) * 120, dose * 120 + 1)
    hours = HOURS[inside] - HOURS[inside][0]
    course = regular()
    parent, metabolite = course.outputs[PARENT][inside], course.outputs[METABOLITE][inside]
    when, height = peak(hours, parent)
    assert height == pytest.approx(c_max, abs=6e-4)
    assert when == pytest.approx(t_max, abs=6e-3)
    assert parent[-1] == pytest.approx(c_12, abs=6e-4)
    assert peak(hours, metabolite)[1] == pytest.approx(met_max, abs=6e-4)
    assert metabolite[-1] == pytest.approx(met_12, abs=6e-4)
    for name, expected in (("parent", auc), ("metabolite", met_auc)):
        area = course.states[f"exposure.{name}"][inside]
        assert (area[-1] - area[0]) / HOUR == pytest.approx(expected, abs=6e-4)


def test_the_typical_peak_is_within_what_was_measured_in_man() -> None:
    """1.89 mg/L at 4 h (lung resection) to 4.0 mg/L at 4.25 h (Honeybourne 1994)."""
    assert 1.9 < regular().outputs[PARENT][-121:].max() < 4.0


def test_without_inhibition_the_area_is_dose_over_clearance() -> None:
    theta = {**THETA, "fixed_fraction": 1.0}
    model = Model("exposed", (OralClarithromycin(), Exposure()))
    course = course_of(model, theta, [0.0, 30.0], [(0.0, "clarithromycin.gut", 500.0)])
    area = {name: float(course.states[f"exposure.{name}"][-1]) for name in ("parent", "metabolite")}
    assert area["parent"] == pytest.approx(500.0 / 1440.0, rel=1e-8)
    assert area["metabolite"] == pytest.approx(500.0 / 1204.8, rel=1e-8)


def test_mass_leaves_only_as_metabolite() -> None:
    state = {"gut": 300.0, "parent": 200.0, "metabolite": 20.0, "inhibitor": 1.5}
    rates = OralClarithromycin().rates(0.0, state, {"time_after_dose.gut": 0.1}, THETA)
    total = sum(float(rates[name]) for name in ("gut", "parent", "metabolite"))
    assert total == pytest.approx(-50.2 / HOUR * 20.0 / 34.0, rel=1e-12)


def test_months_after_a_dose_the_rate_of_absorption_has_stopped_growing() -> None:
    state = {"gut": 1.0, "parent": 0.0, "metabolite": 0.0, "inhibitor": 0.0}
    rates = [
        float(OralClarithromycin().rates(0.0, state, {"time_after_dose.gut": t}, THETA)["gut"])
        for t in (1.0, 100.0)
    ]
    assert rates[0] == rates[1]
    assert 0.0 < -rates[0] < 250.0  # a time constant of six minutes is not stiff beside the others
