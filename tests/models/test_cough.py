"""Cough: the delay in closed form, and probabilities of ordered grades."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.models.cough import OrdinalCough
from tests.models.courses import assert_close, course_of

MODEL = OrdinalCough()
THETA = {
    "initial_burden": 6.0,
    "severity_delay": 30.0,
    "some_threshold": 0.15,
    "marked_threshold": 0.7,
    "grade_scale": 0.05,
}
GRADES = ("no_cough", "some_cough", "marked_cough")


@pytest.mark.parametrize(("burden", "level"), [(3.0, 0.5), (-4.0, 0.0), (9.0, 1.0)])
def test_severity_approaches_the_level_of_a_held_burden(burden: float, level: float) -> None:
    times = np.linspace(0.0, 120.0, 9)
    course = course_of(MODEL, THETA, times, inputs={"log_burden": burden})
    expected = level + (1.0 - level) * np.exp(-times / 30.0)
    assert_close(course.outputs["cough_severity"], expected)


@given(st.floats(0.0, 1.0))
def test_the_grades_are_a_distribution(severity: float) -> None:
    seen = MODEL.observe(0.0, {"severity": severity}, {}, THETA)
    chances = [float(seen[name]) for name in GRADES]
    assert sum(chances) == pytest.approx(1.0, abs=1e-15)
    assert min(chances) >= 0.0


@pytest.mark.parametrize(
    ("severity", "grade"), [(0.0, "no_cough"), (0.4, "some_cough"), (1.0, "marked_cough")]
)
def test_a_clear_severity_has_one_likely_grade(severity: float, grade: str) -> None:
    assert float(MODEL.observe(0.0, {"severity": severity}, {}, THETA)[grade]) > 0.95


def test_at_a_threshold_both_neighbours_are_as_likely() -> None:
    seen = MODEL.observe(0.0, {"severity": 0.15}, {}, THETA)
    assert float(seen["no_cough"]) == pytest.approx(0.5, abs=1e-15)
    seen = MODEL.observe(0.0, {"severity": 0.7}, {}, THETA)
    assert float(seen["marked_cough"]) == pytest.approx(0.5, abs=1e-15)
