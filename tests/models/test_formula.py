"""Formulas as data: alike with numbers, arrays and expressions, and safe to differentiate."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from numpy.testing import assert_allclose

from lymphocast.errors import UsageError
from lymphocast.interchange.sbml_import import read_sbml
from lymphocast.models.formula import Call, Formula, Name, Number, call, evaluate, ordered
from lymphocast.models.functions import FUNCTIONS
from lymphocast.models.symbolic import trace
from tests.interchange.sbml_models import TIME, apply, assign, cn, document, listed, parameter
from tests.tolerances import CLOSED_FORM

X, Y = Name("x"), Name("y")
UNARY = sorted(
    name for name in FUNCTIONS
    if name.removeprefix("a")[:3] in {"sin", "cos", "tan", "sec", "csc", "cot"}
)  # fmt: skip
OTHERS: list[Formula] = [
    call("root", Number(3.0), X),
    call("log", Number(10.0), X),
    call("quotient", Y, X),
    call("rem", Y, X),
    call("piecewise", X, call("lt", X, Number(0.5)), Y, call("lt", X, Number(2.0)), Number(7.0)),
    call("plus", call("and", call("gt", X, Number(0.0)), call("neq", X, Y)), Number(1.0)),
    call("times", call("xor", call("geq", X, Y), call("leq", X, Y)), X),
    call("max", X, Y, Number(1.0)),
    call("factorial", Number(5.0)),
    call("implies", X, call("eq", X, Y)),
    call("power", X, Y),
]


@pytest.mark.parametrize(
    "formula", [*(call(name, X) for name in UNARY), *OTHERS], ids=lambda f: f.function
)
@pytest.mark.parametrize("x", [0.3, 1.7])
def test_numbers_arrays_and_expressions_agree(formula: Call, x: float) -> None:
    values = {"x": x, "y": 2.5}
    plain = evaluate(formula, values)
    arrays = evaluate(formula, {n: jnp.asarray(v) for n, v in values.items()})
    assert_allclose(np.asarray(arrays, float), float(plain), rtol=CLOSED_FORM)
    symbols = {n: sympy.Symbol(n, real=True) for n in values}
    expression = sympy.sympify(evaluate(formula, symbols))
    if not math.isnan(float(plain)):
        found = expression.subs({symbols[n]: v for n, v in values.items()})
        number = float(found) if found.is_number else float(bool(found))
        assert_allclose(number, float(plain), rtol=1e-9)


@pytest.mark.parametrize(
    ("formula", "x", "slope"),
    [
        (call("power", X, Number(2.0)), 0.0, 0.0),
        (call("power", X, Number(0.0)), 0.0, 0.0),
        (call("piecewise", Number(1.0), call("leq", X, Number(0.0)), call("ln", X)), 0.0, 0.0),
        (call("floor", X), 0.4, 0.0),
        (call("abs", X), -2.0, -1.0),
    ],
)
def test_derivatives_hold_at_the_edges(formula: Formula, x: float, slope: float) -> None:
    found = jax.jacfwd(lambda v: jnp.asarray(evaluate(formula, {"x": v}), float))(x)
    assert_allclose(found, slope)


def test_nothing_computed_from_numbers_alone_is_traced() -> None:
    # Expressions are made while JAX traces; a traced number among them could not be read.
    formula = call("times", call("exp", call("plus", Number(1.0), Number(2.0))), X)
    found = []

    def within(v: jax.Array) -> jax.Array:
        found.append(evaluate(formula, {"x": sympy.Symbol("x")}))
        return v

    jax.jit(within)(1.0)
    assert_allclose(float(found[0].subs({sympy.Symbol("x"): 1.0})), math.exp(3.0))


def test_a_tower_of_powers_of_numbers_is_infinite_at_once() -> None:
    tower: Formula = Number(9.0)
    for _ in range(5):
        tower = call("power", Number(9.0), tower)
    assert evaluate(tower, {"x": sympy.Symbol("x")}) == math.inf


def test_the_smallest_of_numbers_and_time_is_read_as_that() -> None:
    # Time compares to a number, which SymPy's Min took for true: it once kept the first operand.
    body = apply("min", cn(5.0), TIME, cn(7.0))
    content = document(
        listed("Parameters", parameter("p", constant=False)), listed("Rules", assign("p", body))
    )
    traced = trace(read_sbml(content, "small.xml").model)
    for day, least in ((0.0, 0.0), (6.0, 5.0)):
        assert float(traced.outputs["p"].subs({traced.time: day})) == least


def test_definitions_are_put_in_an_order_in_which_they_can_be_computed() -> None:
    known = {"a": call("plus", Name("b"), Name("c")), "b": call("times", Name("c"), X), "c": X}
    for wanted in itertools.permutations(known):
        names = [name for name, _ in ordered(known, wanted)]
        assert names.index("c") < names.index("b") < names.index("a")
    with pytest.raises(UsageError, match="defined by itself"):
        ordered({"a": Name("b"), "b": Name("a")}, ["a"])
    chain: dict[str, Formula] = {f"n{i}": Name(f"n{i + 1}") for i in range(20_000)}
    assert len(ordered(chain, ["n0"])) == 20_000
