"""IL-7: linear cell kinetics against the matrix exponential, and the Bateman function."""

import numpy as np
import pytest
from scipy.linalg import expm

from lymphocast.models.il7 import InterleukinSevenCD4, SubcutaneousIL7
from tests.models.courses import assert_close, course_of

CELLS = InterleukinSevenCD4()
THETA = {
    "cell_source": 1.0,
    "entry_rate": 0.002,
    "division_rate": 1.0,
    "resting_loss": 0.005,
    "dividing_loss": 0.1,
    "entry_gain": 5.0,
    "survival_gain": 0.5,
    "half_effect_concentration": 2.0,
}
TIMES = np.linspace(0.0, 60.0, 13)


def test_under_a_held_concentration_the_cells_follow_the_matrix_exponential() -> None:
    course = course_of(CELLS, THETA, TIMES, inputs={"il7_concentration": 6.0})
    entry, loss = 0.002 * (1.0 + 5.0 * 0.75), 0.005 * (1.0 - 0.5 * 0.75)  # 6 / (2 + 6) = 0.75
    system = np.array([[-entry - loss, 2.0, 1.0], [entry, -1.1, 0.0], [0.0, 0.0, 0.0]])
    resting = 1.0 / (0.002 + 0.005 - 2.0 * 0.002 / 1.1)
    start = [resting, 0.002 / 1.1 * resting, 1.0]  # the last is the source
    expected = np.array([expm(system * t) @ start for t in TIMES])[:, :2].T
    assert_close(list(course.states.values()), expected)
    assert course.outputs["cd4_count"][-1] > 1.2 * course.outputs["cd4_count"][0]


def test_without_il7_the_count_rests() -> None:
    rates = CELLS.rates(0.0, CELLS.initial(THETA), {"il7_concentration": 0.0}, THETA)
    assert [float(v) for v in rates.values()] == pytest.approx([0.0, 0.0], abs=1e-14)


def test_one_dose_follows_the_bateman_function() -> None:
    theta = {"absorption_rate": 2.0, "clearance": 150.0, "volume": 30.0}
    course = course_of(SubcutaneousIL7(), theta, TIMES[:6] / 10.0, start={"depot": 700.0})
    t, ka, k = course.times, 2.0, 5.0
    expected = 700.0 / 30.0 * ka / (ka - k) * (np.exp(-k * t) - np.exp(-ka * t))
    assert_close(course.outputs["il7_concentration"], expected)
