"""What is written as SBML and read back computes the same, for every model of the library."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lymphocast.dataset.events import EventRecord, EventTable
from lymphocast.engine.simulate import Events, simulate
from lymphocast.interchange.sbml import sbml_text
from lymphocast.interchange.sbml_import import ImportedModel, read_sbml
from lymphocast.models.component import TIME_AFTER_DOSE, Component, Values
from lymphocast.models.library import find_model, model_names
from tests.interchange.sbml_reading import natural_doses
from tests.tolerances import CLOSED_FORM

SOLVED_ALIKE = 1e-6
"""Relative: two solves of the same equations, whose structure may be read differently."""

POINTS = 7
FLOOR = 1e-12
"""Of the largest value: what cancels to nothing in one order of terms need not in another."""


def back(model: Component, theta: Values, events: Events = ()) -> ImportedModel:
    return read_sbml(sbml_text(model, theta, events).encode(), f"{model.name}.xml")


def given(model: Component, theta: Values) -> EventTable | tuple[()]:
    """The forcings that no component offers, at 0; nothing if there are none."""
    inputs = tuple(n for n in model.inputs if not n.startswith(TIME_AFTER_DOSE))
    return (
        EventTable("1", (EventRecord(0.0, covariates=(0.5,) * len(inputs)),), inputs)
        if inputs
        else ()
    )


@pytest.mark.parametrize("name", model_names())
def test_a_library_model_comes_back_with_the_same_equations(name: str) -> None:
    found = find_model(name)
    model, theta = found.model, found.example_theta()
    imported = back(model, theta, given(model, theta))
    rng = np.random.default_rng(20260101)
    state = {s.name: rng.uniform(0.1, 2.0, POINTS) for s in model.states}
    inputs = dict.fromkeys(model.inputs, 0.5)
    day = 3.0
    ours = {**model.rates(day, state, inputs, theta)}
    seen = model.observe(day, state, inputs, theta)
    named = dict(zip(state, (s.name for s in imported.model.states), strict=True))
    read = dict(zip(seen, (o.name for o in imported.model.outputs), strict=False))
    theirs = {named[n]: v for n, v in state.items()}
    clocks = {n for n in imported.theta if n.startswith("last_dose_")}
    values = {**imported.theta, **dict.fromkeys(clocks, day - 0.5)}
    rates = imported.model.rates(day, theirs, {}, values)
    outputs = imported.model.observe(day, theirs, {}, values)
    for name, rate in ours.items():
        scale = FLOOR * np.max(np.abs(rate))
        assert_allclose(rates[named[name]], rate, rtol=CLOSED_FORM, atol=scale, err_msg=name)
    for name, value in seen.items():
        scale = FLOOR * np.max(np.abs(value))
        assert_allclose(outputs[read[name]], value, rtol=CLOSED_FORM, atol=scale, err_msg=name)
    start = imported.model.initial(imported.theta)
    for name, value in model.initial(theta).items():
        assert_allclose(start[named[name]], value, rtol=CLOSED_FORM, err_msg=name)


TIMES = np.array([0.05, 0.6, 0.95, 1.1, 1.9, 2.1, 2.5, 4.9])
"""Study days, none of them a dose's."""


@pytest.mark.parametrize("name", ["two-compartment-first-order", "il2-induced"])
def test_doses_and_infusions_come_back_as_events(name: str) -> None:
    found = find_model(name)
    model, theta = found.model, found.example_theta()
    doses = natural_doses(model, theta)
    ours = simulate(model, theta, doses, TIMES)
    imported = back(model, theta, doses)
    assert imported.events is not None
    theirs = simulate(imported.model, imported.theta, imported.events, TIMES)
    named = zip(model.states, imported.model.states, strict=True)
    for one, other in named:
        expected = np.asarray(ours.states[one.name])
        scale = SOLVED_ALIKE * np.max(np.abs(expected))
        assert_allclose(theirs.states[other.name], expected, rtol=SOLVED_ALIKE, atol=scale)
