"""What equations give before any time has passed: numbers that are none, inputs that are modelled.

A solve that meets a number that is not finite ends with a status; ``value_faults`` says which
equation gave it, and of what it was made.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, NamedTuple, final

import numpy as np
import sympy

from lymphocast.models.component import Component, Values
from lymphocast.models.symbolic import Expression, trace

MOST_SHOWN = 8  # quantities named in a sentence


@final
class ModelledInputs(NamedTuple):
    """States into which doses may enter at a rate, or over a duration, that the model sets."""

    rated: frozenset[str]
    timed: frozenset[str]


def modelled_inputs(model: Component) -> ModelledInputs | None:
    """Return what the model sets of its doses' input; ``None`` if that cannot be read off it."""
    try:
        ways = model.dosing(_symbols(model))
    except Exception:  # equations that take numbers only keep their secret
        return None
    return ModelledInputs(
        frozenset(name for name, way in ways.items() if way.rate != 0.0),
        frozenset(name for name, way in ways.items() if way.duration != 0.0),
    )


def value_faults(
    model: Component,
    theta: Mapping[str, float],
    inputs: Mapping[str, float],
    state: Mapping[str, float] | None = None,
    day: float = 0.0,
) -> tuple[str, ...]:
    """Return each initial value or rate that is not a finite number, with what it was made of.

    Parameters
    ----------
    model
        The equations.
    theta, inputs
        Parameters and inputs by name.
    state
        The state at which the rates are taken; the initial one if ``None``.
    day
        Study day on which they are taken.
    """
    theta, inputs = _numbers(theta), _numbers(inputs)
    with np.errstate(all="ignore"):  # numbers that are none are what is looked for
        if state is None:
            state = _numbers(model.initial(theta))
            lost = tuple(_sentences("initial value", state, model, theta))
            if lost:
                return lost
        state = _numbers(state)
        rates = _numbers(model.rates(day, state, inputs, theta))
    return tuple(_sentences("rate", rates, model, {**theta, **inputs, **state}))


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Return values as numbers that can be divided by zero."""
    return {name: np.float64(value) for name, value in values.items()}


def _sentences(
    what: str, values: Mapping[str, float], model: Component, known: Mapping[str, float]
) -> Iterator[str]:
    made: Mapping[str, Expression] = {}
    for name, value in values.items():
        if isfinite(value):
            continue
        made = made or _expressions(what, model)
        read = {str(symbol) for symbol in made[name].free_symbols} & set(known)
        shown = [f"{other} = {known[other]:g}" for other in known if other in read][:MOST_SHOWN]
        at = f" at {', '.join(shown)}" if shown else ""
        yield f"the {what} of '{name}' is {value:g}{at}"


def _expressions(what: str, model: Component) -> Mapping[str, Expression]:
    if what == "rate":
        return trace(model).rates
    return {n: sympy.sympify(v) for n, v in model.initial(_symbols(model)).items()}


def _symbols(model: Component) -> Values:
    return {p.name: sympy.Symbol(p.name, real=True) for p in model.parameters}
