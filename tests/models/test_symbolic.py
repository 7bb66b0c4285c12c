"""The traced equations say what the evaluated ones compute; the functions do so for both."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import jax
import numpy as np
import pytest
import sympy
from benchmarks.founding import problem
from benchmarks.founding.components import founding
from numpy.testing import assert_allclose

from lymphocast.errors import UsageError
from lymphocast.models import maths
from lymphocast.models.component import Component, Dosing, Scalar, Values, Variable
from lymphocast.models.course import COURSE
from lymphocast.models.library import find_model
from lymphocast.models.symbolic import TracedModel, trace, trace_parts
from tests.tolerances import CLOSED_FORM


def substituted(traced: TracedModel, values: Mapping[str, float], t: float) -> dict[str, float]:
    """Return rates and outputs with numbers for every symbol."""
    symbols = {**traced.states, **traced.parameters, **traced.inputs}
    numbers = {symbols[n]: values[n] for n in symbols} | {traced.time: t}
    return {
        name: float(expression.subs(numbers))
        for name, expression in {**traced.rates, **traced.outputs}.items()
    }


def evaluated(model: Component, values: Mapping[str, float], t: float) -> dict[str, float]:
    found = {
        **model.rates(t, values, values, values),
        **model.observe(t, values, values, values),
    }
    return {name: float(value) for name, value in found.items()}


@pytest.mark.parametrize("model", [founding(False), founding(True)])
def test_expressions_and_numbers_agree_on_the_founding_problem(model: Component) -> None:
    theta = {n: float(v[1]) for n, v in problem.population(True, 2).items()}
    states = {s.name: 1.0 + i for i, s in enumerate(model.states)}
    traced = trace(model)
    values = {**theta, **states}
    expected = evaluated(model, values, 3.0)
    found = substituted(traced, values, 3.0)
    assert list(traced.rates) == [s.name for s in model.states]
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert_allclose(found[name], value, rtol=CLOSED_FORM, err_msg=name)


@pytest.mark.parametrize("t", [10.0, 900.0])
def test_walls_switches_and_comparisons_of_time_are_traced(t: float) -> None:
    names = [v.name for v in (*COURSE.states, *COURSE.parameters)]
    values = {name: 0.5 + 0.25 * i for i, name in enumerate(names)}
    values |= {"antibiotic": 1.0, "relative_dose": 0.7, "resistance_day": 500.0}
    values |= dict.fromkeys(("il2", "recovery", "clearance"), 1.0) | {"infection": 0.0}
    values |= {"infection.log_burden": 2.0, "initial_burden": 6.0, "burden_floor": -5.0}
    expected = evaluated(COURSE, values, t)
    found = substituted(trace(COURSE), values, t)
    for name, value in expected.items():
        assert_allclose(found[name], value, rtol=CLOSED_FORM, err_msg=name)


X, Y = sympy.symbols("x y", real=True)
CALLS: tuple[tuple[Callable[..., Scalar], tuple[float, ...]], ...] = (
    (maths.exp, (0.3,)),
    (maths.log, (0.3,)),
    (maths.power, (0.3, 1.7)),
    (maths.positive, (-2.0,)),
    (maths.positive, (2.0,)),
    (maths.clip, (2.0, 0.0, 1.0)),
    (maths.held, (-1.0, -5.0, -5.0, 7.0)),
    (maths.held, (1.0, 7.5, -5.0, 7.0)),
    (maths.held, (1.0, 3.0, -5.0, 7.0)),
    (maths.decay, (3.0, 2.0)),
    (maths.decay, (-3.0, 2.0)),
    (maths.hill, (2.0, 1.5, 1.7)),
)


@pytest.mark.parametrize(("function", "arguments"), CALLS)
def test_each_function_means_the_same_for_expressions_and_numbers(
    function: Callable[..., Scalar], arguments: tuple[float, ...]
) -> None:
    symbols = sympy.symbols(f"x:{len(arguments)}", real=True)
    expression = function(*symbols)
    assert isinstance(expression, sympy.Basic)
    value = expression.subs(dict(zip(symbols, arguments, strict=True)))
    assert_allclose(float(value), float(function(*arguments)), rtol=CLOSED_FORM)


@pytest.mark.parametrize(("h", "slope"), [(1.0, 1.0 / 1.5), (1.7, 0.0), (3.0, 0.0)])
def test_the_slope_of_hill_at_zero_is_its_limit(h: float, slope: float) -> None:
    assert float(maths.hill(0.0, 1.5, h)) == 0.0
    assert_allclose(jax.grad(maths.hill)(0.0, 1.5, h), slope, rtol=CLOSED_FORM)
    assert jax.grad(maths.hill, 1)(0.0, 1.5, h) == 0.0
    assert jax.grad(maths.hill, 2)(0.0, 1.5, h) == 0.0


@pytest.mark.parametrize("argument", [0, 1, 2])
def test_the_slopes_of_hill_are_those_of_its_expression(argument: int) -> None:
    values = (2.0, 1.5, 1.7)
    symbols = sympy.symbols("c c50 h", positive=True)
    expected = maths.hill(*symbols).diff(symbols[argument])
    number = float(expected.subs(dict(zip(symbols, values, strict=True))))
    assert_allclose(jax.grad(maths.hill, argument)(*values), number, rtol=CLOSED_FORM)


def test_hill_takes_any_concentration() -> None:
    found = maths.hill(np.array([-1.0, 0.0, 1e-300, 1.5, 1e300]), 1.5, 2.0)
    assert_allclose(found, [0.0, 0.0, 0.0, 0.5, 1.0], atol=1e-15)


def test_the_equations_do_not_import_sympy_by_themselves() -> None:
    code = (
        "import sys; from lymphocast.models.maths import hill; hill(1.0, 2.0, 1.0); "
        "assert 'sympy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@final
@dataclass(frozen=True)
class Faulty:
    """A component whose one rate is what a test makes of it."""

    rate: Callable[[Values, Values], Values]
    name: str = "faulty"
    states: tuple[Variable, ...] = (Variable("a", "1", "a state"),)
    parameters: tuple[Variable, ...] = ()
    dosed: str = "a"
    inputs: tuple[str, ...] = ()
    outputs: tuple[Variable, ...] = ()

    def initial(self, theta: Values) -> Values:
        return {"a": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {self.dosed: Dosing()}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return self.rate(state, theta)

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (lambda y, p: {"a": -p["k"]}, "rates read 'k', which is no state, input or parameter"),
        (lambda y, p: {}, "'a' has no rate"),
        (lambda y, p: {"a": 0.0, "b": 0.0}, "a rate is given for 'b', which is not declared"),
        (lambda y, p: {"a": float(y["a"])}, "rates cannot be read as an expression"),
    ],
)
def test_faulty_equations_are_named(rate: Callable[..., Values], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        trace(Faulty(rate))


def test_a_name_of_two_things_is_refused() -> None:
    twice = Faulty(lambda y, p: {"a": 0.0}, parameters=(Variable("a", "1", "a parameter"),))
    with pytest.raises(UsageError, match="two of its states, parameters and inputs are 'a'"):
        trace(twice)


def test_only_states_are_dosed() -> None:
    with pytest.raises(UsageError, match="dosing names 'b', which is no state"):
        trace_parts(Faulty(lambda y, p: {"a": 0.0}, dosed="b"))


def test_parts_read_the_outputs_of_others_by_name() -> None:
    parts = {part.component.name: part for part in trace_parts(COURSE)}
    gain = parts["gain"]
    assert gain.prefix == "gain."
    named = {symbol.name for symbol in gain.traced.outputs["count"].free_symbols}
    assert named == {"natural_count", "cells"}
    assert float(parts["infection"].initial["severity"]) == 1.0
    (absorption, _) = trace_parts(find_model("one-compartment-first-order").model)
    way = absorption.dosing["depot"]
    assert (str(way.fraction), str(way.lag), float(way.duration)) == ("bioavailability", "lag", 0.0)
