"""Michaelis-Menten elimination against Lambert's W, and its linear limit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import lambertw

from lymphocast.models.compartments import Compartments
from lymphocast.models.elimination import LINEAR, MICHAELIS_MENTEN
from tests.models.courses import assert_close, course_of

THETA = {"largest_rate": 300.0, "half_rate_concentration": 2.0, "volume": 25.0}
TIMES = np.linspace(0.0, 3.0, 13)
positive = st.floats(1e-3, 1e3)


def test_a_bolus_follows_lamberts_w() -> None:
    model = Compartments(elimination=MICHAELIS_MENTEN)
    course = course_of(model, THETA, TIMES, start={"central": 500.0})
    c0, km = 20.0, 2.0  # Schnell & Mendoza 1997, doi:10.1006/jtbi.1997.0425
    expected = km * lambertw(c0 / km * np.exp((c0 - 300.0 / 25.0 * TIMES) / km)).real
    assert_close(course.outputs["concentration"], expected)


@given(vmax=positive, km=positive)
def test_far_below_km_it_is_linear_and_far_above_it_is_constant(vmax: float, km: float) -> None:
    theta = {"largest_rate": vmax, "half_rate_concentration": km, "clearance": vmax / km}
    low, high = 1e-9 * km, 1e9 * km
    assert MICHAELIS_MENTEN.rate(low, theta) == pytest.approx(LINEAR.rate(low, theta), rel=2e-9)
    assert MICHAELIS_MENTEN.rate(high, theta) == pytest.approx(vmax, rel=2e-9)
    assert MICHAELIS_MENTEN.rate(km, theta) == pytest.approx(0.5 * vmax, rel=1e-12)
