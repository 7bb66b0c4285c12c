"""Numbers that are none: which equation gave them, and of what they were made."""

from lymphocast.models.library import find_model
from lymphocast.models.value_check import ModelledInputs, modelled_inputs, value_faults
from tests.engine.small_models import Oral, Reservoir

ORAL = {
    "absorption_rate": 5.0,
    "clearance": 30.0,
    "volume": 20.0,
    "fraction": 1.0,
    "lag": 0.0,
    "duration": 0.0,
}


def test_a_division_by_zero_names_the_rate_and_what_it_was_made_of() -> None:
    full = {"depot": 1.0, "central": 2.0}
    assert value_faults(Oral(), ORAL, {}, full) == ()
    (said,) = value_faults(Oral(), {**ORAL, "volume": 0.0}, {}, full)
    assert said.startswith("the rate of 'central' is -inf at absorption_rate = 5, clearance = 30, ")
    assert "volume = 0" in said
    assert "fraction" not in said


def test_an_initial_value_comes_before_the_rates() -> None:
    infinite = float("inf")
    (said,) = value_faults(Reservoir(), {"filled": infinite, "drain": 1.0}, {"rain": 0.0})
    assert said == "the initial value of 'water' is inf at filled = inf"
    (said,) = value_faults(Reservoir(), {"filled": 1.0, "drain": 1.0}, {"rain": infinite})
    assert said.startswith("the rate of 'water' is inf at drain = 1, rain = inf")


def test_what_a_model_sets_of_its_doses_is_read_off_it() -> None:
    both = frozenset({"depot", "central"})
    assert modelled_inputs(Oral()) == ModelledInputs(frozenset(), both)
    zero_order = find_model("one-compartment-zero-order").model
    assert modelled_inputs(zero_order) == ModelledInputs(frozenset(), frozenset({"drug.central"}))
    nothing = ModelledInputs(frozenset(), frozenset())
    assert modelled_inputs(find_model("one-compartment-iv").model) == nothing
