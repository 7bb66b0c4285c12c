"""The march against the adaptive method (diffrax at 1e-10) on the library's models."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lymphocast.dataset.regimen import DoseEvent, Regimen
from lymphocast.engine.settings import Method, SolverSettings, SolveStatus
from lymphocast.engine.simulate import simulate
from lymphocast.models.library import find_model, model_names

AGREES = 1e-6  # issue 3: against independent programs
NEGLIGIBLE = 1e-9  # of a variable's largest value: what is left of a drug is no number to compare
QUICK = ("two-compartment-first-order", "indirect-response-II", "il7-cd4")
TIMES = (0.5, 1.25, 4.0, 9.5)


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in model_names()]
)
def test_a_library_model_has_the_same_course_by_either_method(name: str) -> None:
    entry = find_model(name)
    dosed = entry.model.states[0].name
    doses = [*Regimen(100.0, 1.0, 3, dosed).events(0.1), DoseEvent(2.3, 40.0, dosed, 0.7)]
    theta = entry.example_theta()
    found = simulate(entry.model, theta, doses, TIMES)
    adaptive = SolverSettings(method=Method.EXPLICIT)
    expected = simulate(entry.model, theta, doses, TIMES, solver=adaptive)
    assert found.status is expected.status is SolveStatus.SOLVED
    for name_of, values in {**expected.states, **expected.outputs}.items():
        own = {**found.states, **found.outputs}[name_of]
        floor = NEGLIGIBLE * float(np.max(np.abs(values)))
        assert_allclose(own, values, rtol=AGREES, atol=floor, err_msg=name_of)
