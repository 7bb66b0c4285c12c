"""The functions that a formula read from a file may call, by name.

Arithmetic, powers, logarithms, trigonometry, comparisons, logic and cases, as MathML has them. Each
looks at its operands as :mod:`lymphocast.models.maths` does: SymPy expressions give an expression,
everything else a JAX array. Forward derivatives hold at the edges where the function has one: a
case that is not taken adds nothing, and x^0 has slope 0.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gamma
from scipy.special import gamma as plain_gamma

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.component import Scalar


def symbolic(operands: Iterable[Scalar]) -> Any:  # noqa: ANN401 (a module, or nothing)
    """Return the module SymPy if an operand is one of its expressions, else None."""
    sympy = sys.modules.get("sympy")
    if sympy is not None and any(isinstance(x, sympy.Basic) for x in operands):
        return sympy
    return None


def _truths(x: Scalar) -> bool:
    return getattr(x, "dtype", None) == np.dtype(bool)


def as_number(x: Scalar) -> Scalar:
    """Return 1 for true and 0 for false; a number as it is."""
    sympy = symbolic([x])
    if sympy:
        boolean = isinstance(x, sympy.logic.boolalg.Boolean) and not x.is_Symbol
        return sympy.Piecewise((1, x), (0, True)) if boolean else x
    if isinstance(x, bool):
        return float(x)
    boolean = _truths(x)
    return jnp.where(x, 1.0, 0.0) if boolean else x


def as_truth(x: Scalar) -> Scalar:
    """Return whether a number is not 0; a truth value as it is."""
    sympy = symbolic([x])
    if sympy:
        boolean = isinstance(x, sympy.logic.boolalg.Boolean) and not x.is_Symbol
        return x if boolean else sympy.Ne(x, 0)
    if isinstance(x, bool | int | float):
        return bool(x != 0)
    return x if _truths(x) else jnp.not_equal(x, 0)


def _plain(*operands: Scalar) -> bool:
    return all(isinstance(x, int | float) for x in operands)


def _in_floats(function: Callable[..., Any], *operands: Scalar) -> float:
    """Compute with plain numbers: infinities and NaN instead of exceptions, no huge integers."""
    with np.errstate(all="ignore"):
        return float(function(*(np.float64(x) for x in operands)))


def _by_type(name: str, array: str = "") -> Callable[..., Scalar]:
    """Return a function of numbers: what SymPy calls it, and NumPy if that is another name."""
    array = array or name

    def function(x: Scalar) -> Scalar:
        x = as_number(x)
        if _plain(x):
            return _in_floats(getattr(np, array), x)
        sympy = symbolic([x])
        return getattr(sympy, name)(x) if sympy else getattr(jnp, array)(x)

    return function


def _extreme(name: str, array: str) -> Callable[..., Scalar]:
    """Return the largest, or the smallest, of some numbers."""

    def function(*operands: Scalar) -> Scalar:
        numbers = [as_number(x) for x in operands]
        sympy = symbolic(numbers)
        if sympy and any(
            x.is_Symbol and type(x) is not sympy.Symbol for x in map(sympy.S, numbers)
        ):
            # Time compares to a number, not to a truth, which Max and Min would take for true.
            relation = sympy.Ge if name == "Max" else sympy.Le
            return reduce(lambda a, b: sympy.Piecewise((a, relation(a, b)), (b, True)), numbers)
        if sympy:
            return getattr(sympy, name)(*numbers)
        return reduce(getattr(np if _plain(*numbers) else jnp, array), numbers)

    return function


def _inverse(function: Callable[[Scalar], Scalar]) -> Callable[[Scalar], Scalar]:
    """Return 1 / f(x): the secant is that of the cosine."""
    return lambda x: divide(1.0, function(x))


def _of_inverse(function: Callable[[Scalar], Scalar]) -> Callable[[Scalar], Scalar]:
    """Return f(1 / x): the arc secant is the arc cosine of the inverse."""
    return lambda x: function(divide(1.0, x))


def plus(*terms: Scalar) -> Scalar:
    """Sum; 0 of nothing."""
    found = [as_number(x) for x in terms]
    return reduce(lambda a, b: a + b, found) if found else 0.0


def minus(*terms: Scalar) -> Scalar:
    """Difference, or the negative of one term."""
    first, *rest = map(as_number, terms)
    return first - rest[0] if rest else -first


def times(*factors: Scalar) -> Scalar:
    """Product; 1 of nothing."""
    found = [as_number(x) for x in factors]
    return reduce(lambda a, b: a * b, found) if found else 1.0


def divide(above: Scalar, below: Scalar) -> Scalar:
    """Quotient."""
    above, below = as_number(above), as_number(below)
    return _in_floats(np.divide, above, below) if _plain(above, below) else above / below


def power(x: Scalar, exponent: Scalar) -> Scalar:
    """X to a power."""
    x, exponent = as_number(x), as_number(exponent)
    if _plain(x, exponent):
        return _in_floats(np.power, x, exponent)
    sympy = symbolic([x, exponent])
    if sympy:
        return sympy.Pow(x, exponent)
    whole = isinstance(exponent, int | float) and float(exponent).is_integer()
    return jnp.power(x, int(exponent)) if whole and abs(exponent) < 2**31 else _power(x, exponent)


def _power(x: Scalar, exponent: Scalar) -> Scalar:
    x, exponent = jnp.broadcast_arrays(jnp.asarray(x, float), jnp.asarray(exponent, float))
    return jnp.power(x, exponent)


def root(degree: Scalar, x: Scalar) -> Scalar:
    """The root of a degree."""
    degree, x = as_number(degree), as_number(x)
    if _plain(degree) and degree == 2 and not _plain(x):
        sympy = symbolic([x])
        return sympy.sqrt(x) if sympy else jnp.sqrt(x)
    return power(x, divide(1.0, degree))


def log(base: Scalar, x: Scalar) -> Scalar:
    """Logarithm to a base."""
    return divide(_ln(x), _ln(base))


def factorial(x: Scalar) -> Scalar:
    """Factorial."""
    x = as_number(x)
    if _plain(x):
        return _in_floats(plain_gamma, x + 1.0)
    sympy = symbolic([x])
    return sympy.gamma(x + 1) if sympy else gamma(jnp.asarray(x, float) + 1.0)


def quotient(x: Scalar, by: Scalar) -> Scalar:
    """The whole part of a quotient, towards zero."""
    ratio = divide(x, by)
    if _plain(ratio):
        return _in_floats(np.trunc, ratio)
    sympy = symbolic([ratio])
    if sympy:
        return sympy.sign(ratio) * sympy.floor(sympy.Abs(ratio))
    return jnp.trunc(jnp.asarray(ratio, float))


def remainder(x: Scalar, by: Scalar) -> Scalar:
    """What a division leaves, with the sign of what is divided."""
    return as_number(x) - as_number(by) * quotient(x, by)


def _relation(name: str, array: str) -> Callable[..., Scalar]:
    """Return a comparison; of more than two operands, of each with its neighbour."""

    def pair(one: Scalar, other: Scalar) -> Scalar:
        if _plain(one, other):
            return bool(getattr(np, array)(one, other))
        sympy = symbolic([one, other])
        return getattr(sympy, name)(one, other) if sympy else getattr(jnp, array)(one, other)

    def holds(*operands: Scalar) -> Scalar:
        numbers = [as_number(x) for x in operands]
        return conjunction(*map(pair, numbers, numbers[1:]))

    return holds


def conjunction(*parts: Scalar) -> Scalar:
    """Whether all are true."""
    return _joined("And", "logical_and", parts, empty=True)


def disjunction(*parts: Scalar) -> Scalar:
    """Whether one is true."""
    return _joined("Or", "logical_or", parts, empty=False)


def exclusive(*parts: Scalar) -> Scalar:
    """Whether an odd number of them is true."""
    return _joined("Xor", "logical_xor", parts, empty=False)


def _joined(name: str, array: str, parts: Iterable[Scalar], *, empty: bool) -> Scalar:
    truths = [as_truth(x) for x in parts]
    sympy = symbolic(truths)
    if sympy:
        return getattr(sympy, name)(*truths)
    if all(isinstance(x, bool) for x in truths):
        return bool(reduce(getattr(np, array), truths)) if truths else empty
    return reduce(getattr(jnp, array), truths)


def negation(x: Scalar) -> Scalar:
    """Whether it is false."""
    truth = as_truth(x)
    if isinstance(truth, bool):
        return not truth
    sympy = symbolic([truth])
    return sympy.Not(truth) if sympy else jnp.logical_not(truth)


def implies(one: Scalar, other: Scalar) -> Scalar:
    """Whether the other is true if the one is."""
    return disjunction(negation(one), other)


def piecewise(*parts: Scalar) -> Scalar:
    """The first value whose condition is true; parts are value, condition, ..., and the rest."""
    values = [as_number(x) for x in parts[::2]]
    conditions = [as_truth(x) for x in parts[1::2]]
    if len(values) == len(conditions):
        values.append(float("nan"))
    sympy = symbolic([*values, *conditions])
    if sympy:
        last = sympy.nan if values[-1] != values[-1] else values[-1]
        return sympy.Piecewise(*zip(values, conditions, strict=False), (last, True))
    found = values.pop()
    for value, condition in zip(reversed(values), reversed(conditions), strict=True):
        if isinstance(condition, bool):
            found = value if condition else found
        else:
            found = jnp.where(condition, value, found)
    return found


_ln = _by_type("log")
_SINES: Mapping[str, Callable[[Scalar], Scalar]] = {
    f"{arc}{name}{h}": _by_type(f"{arc}{name}{h}", f"{'arc' if arc else ''}{name}{h}")
    for arc in ("", "a")
    for name in ("sin", "cos", "tan")
    for h in ("", "h")
}
_RECIPROCAL = {"sec": "cos", "csc": "sin", "cot": "tan", "sech": "cosh", "csch": "sinh"} | {
    "coth": "tanh"
}

FUNCTIONS: Mapping[str, Callable[..., Scalar]] = MappingProxyType(
    {
        "plus": plus,
        "minus": minus,
        "times": times,
        "divide": divide,
        "power": power,
        "root": root,
        "exp": _by_type("exp"),
        "ln": _ln,
        "log": log,
        "abs": _by_type("Abs", "abs"),
        "floor": _by_type("floor"),
        "ceiling": _by_type("ceiling", "ceil"),
        "factorial": factorial,
        "quotient": quotient,
        "rem": remainder,
        "max": _extreme("Max", "maximum"),
        "min": _extreme("Min", "minimum"),
        "eq": _relation("Eq", "equal"),
        "neq": _relation("Ne", "not_equal"),
        "lt": _relation("Lt", "less"),
        "leq": _relation("Le", "less_equal"),
        "gt": _relation("Gt", "greater"),
        "geq": _relation("Ge", "greater_equal"),
        "and": conjunction,
        "or": disjunction,
        "xor": exclusive,
        "not": negation,
        "implies": implies,
        "piecewise": piecewise,
        **_SINES,
        **{name: _inverse(_SINES[other]) for name, other in _RECIPROCAL.items()},
        **{f"a{name}": _of_inverse(_SINES[f"a{o}"]) for name, o in _RECIPROCAL.items()},
    }
)
"""The functions by their names in a formula."""
