"""What every library model must offer: units that fit, values for all, equations that trace."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import pytest
from ucumvert import PintUcumRegistry

from lymphocast.errors import UsageError
from lymphocast.models.cd4 import HomeostaticCD4
from lymphocast.models.clarithromycin import OralClarithromycin
from lymphocast.models.component import Component, Dosing, Scalar, Values, Variable
from lymphocast.models.cough import OrdinalCough
from lymphocast.models.il2 import InducedClearanceIL2, SubcutaneousIL2
from lymphocast.models.library import find_model, model_names, typical_values
from lymphocast.models.mac import TwoStrainMac
from lymphocast.models.prior_file import model_priors
from lymphocast.models.symbolic import trace
from lymphocast.units import UNITS

NAMES = model_names()
TABLES: dict[str, Component] = {
    "il2": SubcutaneousIL2(),
    "il2-peg": SubcutaneousIL2(),
    "il2-induced": InducedClearanceIL2(),
    "cd4": HomeostaticCD4(),
    "mac": TwoStrainMac(),
    "clarithromycin": OralClarithromycin(),
    "cough": OrdinalCough(),
}
FORCING_UNITS = {"time_after_dose.gut": "d"}
SCALES = {"d": 1.7, "mg": 0.6, "ug": 2.3, "L": 3.1, "mL": 0.4, "uL": 0.7, "nmol": 1.3}
SCALES |= {"M[IU]": 0.9, "10*9": 1.9, "1": 1.0, "": 1.0}
ROUNDING = 1e-9
"""Relative: the same arithmetic on other numbers; sums may cancel a few digits."""


def scale(unit: str) -> float:
    """Return by what a number in this unit grows if every base unit is measured otherwise."""
    above, *below = unit.split("/")
    top = np.prod([SCALES[atom] for atom in above.split(".")])
    return float(top / np.prod([SCALES[atom] for atom in below]))


def in_other_units(variables: tuple[Variable, ...], values: Values) -> dict[str, float]:
    return {v.name: float(values[v.name]) * scale(v.unit) for v in variables}


def misfits(model: Component, theta: Mapping[str, float]) -> list[str]:
    """Return the equations whose value depends on the units in which numbers are written."""
    rng = np.random.default_rng(8)
    rest = {name: float(value) for name, value in model.initial(theta).items()}
    state = {n: v + float(rng.uniform(0.2, 2.0)) * (abs(v) or 1.0) for n, v in rest.items()}
    forced = dict.fromkeys(model.inputs, 0.13)
    rates = model.rates(0.4, state, forced, theta)
    seen = model.observe(0.4, state, forced, theta)
    other = {
        "t": 0.4 * scale("d"),
        "state": in_other_units(model.states, state),
        "inputs": {name: 0.13 * scale(FORCING_UNITS[name]) for name in forced},
        "theta": in_other_units(model.parameters, theta),
    }
    rates_then, seen_then = model.rates(**other), model.observe(**other)
    wanted = {s.name: rates[s.name] * scale(s.unit) / scale("d") for s in model.states}
    wrong = [n for n, v in wanted.items() if not np.isclose(rates_then[n], v, rtol=ROUNDING)]
    return wrong + [
        o.name
        for o in model.outputs
        if not np.isclose(seen_then[o.name], seen[o.name] * scale(o.unit), rtol=ROUNDING)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_no_equation_depends_on_the_units_of_its_numbers(name: str) -> None:
    entry = find_model(name)
    assert misfits(entry.model, entry.example_theta()) == []


def test_a_planted_dimension_error_is_found() -> None:
    @final
    @dataclass(frozen=True)
    class Forgetful:
        """A compartment that forgot to divide by its volume."""

        name: ClassVar = "forgetful"
        states: ClassVar = (Variable("central", "mg", "amount"),)
        parameters: ClassVar = (Variable("clearance", "L/d", "clearance"),)
        inputs: ClassVar[tuple[str, ...]] = ()
        outputs: ClassVar[tuple[Variable, ...]] = ()

        def initial(self, theta: Values) -> Values:
            return {"central": 0.0}

        def dosing(self, theta: Values) -> Mapping[str, Dosing]:
            return {}

        def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
            return {"central": -theta["clearance"] * state["central"]}

        def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
            return {}

    assert misfits(Forgetful(), {"clearance": 2.0}) == ["central"]


def test_every_unit_is_ucum_and_has_a_meaning_beside_it() -> None:
    ucum = PintUcumRegistry()
    models = [find_model(name).model for name in NAMES]
    variables = {v for m in models for v in (*m.states, *m.parameters, *m.outputs)}
    assert all(v.meaning for v in variables)
    for unit in {v.unit for v in variables}:
        assert unit in UNITS or ucum.from_ucum(unit) is not None, unit


@pytest.mark.parametrize("name", NAMES)
def test_a_shared_parameter_has_one_unit(name: str) -> None:
    found: dict[str, set[str]] = {}
    for component in find_model(name).model.components:
        for parameter in component.parameters:
            found.setdefault(parameter.name, set()).add(parameter.unit)
    assert {len(units) for units in found.values()} == {1}


@pytest.mark.parametrize("name", NAMES)
def test_every_model_says_what_its_equations_give(name: str) -> None:
    entry = find_model(name)
    model, theta = entry.model, entry.example_theta()
    assert entry.name == name
    assert entry.summary
    assert set(theta) == {p.name for p in model.parameters}
    state, forced = model.initial(theta), dict.fromkeys(model.inputs, 0.1)
    rates = model.rates(0.0, state, forced, theta)
    assert set(state) == set(rates) == {s.name for s in model.states}
    assert set(model.observe(0.0, state, forced, theta)) == {o.name for o in model.outputs}
    assert np.isfinite([float(v) for v in rates.values()]).all()
    assert set(model.dosing(theta)) <= set(state)


@pytest.mark.parametrize("name", NAMES)
def test_equations_take_lanes(name: str) -> None:
    entry = find_model(name)
    theta = {n: np.full(3, v) for n, v in entry.example_theta().items()}
    state = {n: np.asarray(v) + 1.0 for n, v in entry.model.initial(theta).items()}
    forced = dict.fromkeys(entry.model.inputs, 0.1)
    assert all(v.shape == (3,) for v in state.values())
    rates = entry.model.rates(0.0, state, forced, theta)
    assert {np.shape(v) for v in rates.values()} == {(3,)}


@pytest.mark.parametrize("name", ["tmdd-full", "tmdd-qss", "michaelis-menten-iv", "mechanism"])
def test_equations_trace_to_expressions_of_their_own_names(name: str) -> None:
    traced = trace(find_model(name).model)
    known = {traced.time, *traced.states.values(), *traced.parameters.values()}
    known |= set(traced.inputs.values())
    for expression in traced.rates.values():
        assert expression.free_symbols <= known


@pytest.mark.parametrize("table", TABLES)
def test_every_parameter_has_a_prior_row_in_its_unit(table: str) -> None:
    rows = {row.parameter: row.unit for row in model_priors(table).rows}
    assert rows == {p.name: p.unit for p in TABLES[table].parameters}
    assert set(typical_values(table)) == set(rows)


def test_tables_that_share_a_parameter_agree_on_it() -> None:
    mac = {row.parameter: row for row in model_priors("mac").rows}
    cough = {row.parameter: row for row in model_priors("cough").rows}
    course = {row.parameter: row for row in model_priors("course").rows}
    cd4 = {row.parameter: row for row in model_priors("cd4").rows}
    for rows, parameter in ((cough, "initial_burden"), (course, "initial_burden")):
        one, other = mac[parameter], rows[parameter]
        assert (one.location, one.scale, one.lower) == (other.location, other.scale, other.lower)
    one, other = cd4["baseline_count"], course["baseline_count"]
    assert (one.location, one.scale, one.upper) == (other.location, other.scale, other.upper)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'clarithromycin'"):
        find_model("claritromycin")
    with pytest.raises(UsageError, match="known: one-compartment-iv"):
        find_model("zzzz")
