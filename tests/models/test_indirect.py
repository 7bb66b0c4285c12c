"""The four indirect responses under a held concentration, in closed form, and their limits."""

import numpy as np
import pytest

from lymphocast.models.indirect import Action, IndirectResponse
from tests.models.courses import assert_close, course_of

THETA = {
    "baseline_response": 8.0,
    "loss_rate": 1.5,
    "largest_effect": 0.9,
    "half_effect_concentration": 2.0,
    "steepness": 2.0,
}
TIMES = np.linspace(0.0, 4.0, 9)
C = 4.0
EFFECT = 0.9 * 16.0 / 20.0  # C^2 / (2^2 + C^2) = 16 / 20
STEADY = {
    Action.INHIBIT_INPUT: (8.0 * (1.0 - EFFECT), 1.5),
    Action.INHIBIT_LOSS: (8.0 / (1.0 - EFFECT), 1.5 * (1.0 - EFFECT)),
    Action.STIMULATE_INPUT: (8.0 * (1.0 + EFFECT), 1.5),
    Action.STIMULATE_LOSS: (8.0 / (1.0 + EFFECT), 1.5 * (1.0 + EFFECT)),
}


@pytest.mark.parametrize("action", Action)
def test_the_response_approaches_its_new_level_exponentially(action: Action) -> None:
    course = course_of(IndirectResponse(action), THETA, TIMES, inputs={"concentration": C})
    level, rate = STEADY[action]
    assert_close(course.outputs["effect"], level + (8.0 - level) * np.exp(-rate * TIMES))


@pytest.mark.parametrize("action", Action)
def test_without_drug_the_response_rests(action: Action) -> None:
    model = IndirectResponse(action)
    rates = model.rates(0.0, model.initial(THETA), {"concentration": 0.0}, THETA)
    assert float(rates["response"]) == 0.0


@pytest.mark.parametrize("action", Action)
def test_a_large_concentration_has_the_largest_effect(action: Action) -> None:
    state, seen = {"response": 8.0}, {"concentration": 1e12}
    slope = float(IndirectResponse(action).rates(0.0, state, seen, THETA)["response"])
    direction = 1.0 if action in {Action.INHIBIT_LOSS, Action.STIMULATE_INPUT} else -1.0
    assert slope == pytest.approx(direction * 1.5 * 8.0 * 0.9, rel=1e-12)
