"""The equations of a component as SymPy expressions, from the text that is also evaluated.

``trace`` calls a component's own ``rates`` and ``observe`` with one symbol per state, parameter
and input, and with ``t`` for time. What comes back is what the equations say: no second copy of
an equation exists for structure, typesetting or export to be read from. ``trace_parts`` does so for
each component of a model by itself, with symbols for what it reads from others, and adds the
initial state and how doses enter.

A component that compares time with a parameter (``t < theta["day"]``) gives a number, 1 or 0, as it
does in arrays; other comparisons belong into the functions of :mod:`lymphocast.models.maths`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import sympy

from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Dosing, Values
from lymphocast.models.compose import Model

Expression = Any  # sympy.Expr; SymPy carries no types


@final
@dataclass(frozen=True)
class TracedModel:
    """A component's equations as expressions, by name.

    Parameters
    ----------
    name
        The component's name.
    time
        Symbol of study time in days.
    states, parameters, inputs
        The symbol of each name, in the component's order.
    rates
        d(state)/dt of each state.
    outputs
        The expression of each output.
    """

    name: str
    time: Expression
    states: Mapping[str, Expression]
    parameters: Mapping[str, Expression]
    inputs: Mapping[str, Expression]
    rates: Mapping[str, Expression]
    outputs: Mapping[str, Expression]


@final
@dataclass(frozen=True)
class Part:
    """One component of a model: its equations by its own names, and its start.

    Parameters
    ----------
    component
        The component.
    prefix
        What stands before its states in the model's names: ``drug.``, or nothing.
    traced
        Rates and outputs; an output of another component is the symbol of an input.
    initial
        Expression of each state at the start.
    dosing
        How doses enter, with expressions.
    """

    component: Component
    prefix: str
    traced: TracedModel
    initial: Mapping[str, Expression]
    dosing: Mapping[str, Dosing]


class _Time(sympy.Symbol):  # type: ignore[misc]  # SymPy carries no types
    """The symbol of time, whose comparisons are 1 or 0 and can be multiplied."""

    __slots__ = ()

    def __lt__(self, other: Expression) -> Expression:
        return _indicator(sympy.Lt(self, other))

    def __le__(self, other: Expression) -> Expression:
        return _indicator(sympy.Le(self, other))

    def __gt__(self, other: Expression) -> Expression:
        return _indicator(sympy.Gt(self, other))

    def __ge__(self, other: Expression) -> Expression:
        return _indicator(sympy.Ge(self, other))


def trace(model: Component) -> TracedModel:
    """Return the equations of ``model`` as SymPy expressions.

    Raises
    ------
    UsageError
        If an equation cannot be evaluated with expressions, names an unknown quantity, if a state
        has no rate or an output no value, or a state, parameter and input share a name; the
        message names the model and the equation.
    """
    _check_names(model)
    time = _Time("t", real=True)
    states = _symbols(s.name for s in model.states)
    parameters = _symbols(p.name for p in model.parameters)
    inputs = _symbols(model.inputs)
    rates = _evaluated(model, "rates", model.rates, time, states, inputs, parameters)
    outputs = _evaluated(model, "observe", model.observe, time, states, inputs, parameters)
    return TracedModel(
        model.name,
        time,
        states,
        parameters,
        inputs,
        _in_order(model, "rate", states, rates),
        _in_order(model, "output", [o.name for o in model.outputs], outputs),
    )


def trace_parts(model: Component) -> tuple[Part, ...]:
    """Return the equations of each component of ``model``; of itself if it is not composed.

    Raises
    ------
    UsageError
        As ``trace`` does; the message names the component.
    """
    if isinstance(model, Model):
        return tuple(_part(component, f"{component.name}.") for component in model.components)
    return (_part(model, ""),)


def _part(component: Component, prefix: str) -> Part:
    traced = trace(component)
    theta = traced.parameters
    initial = _evaluated(component, "initial", component.initial, theta)
    return Part(
        component,
        prefix,
        traced,
        _in_order(component, "initial value", traced.states, initial),
        _dosing(component, _evaluated(component, "dosing", component.dosing, theta)),
    )


def _dosing(component: Component, found: Mapping[str, Dosing]) -> dict[str, Dosing]:
    """Return how doses enter, as expressions; only states may be dosed."""
    names = [state.name for state in component.states]
    for name in found:
        if name not in names:
            msg = f"model '{component.name}': dosing names '{name}', which is no state"
            raise UsageError(msg)
    return {
        name: Dosing(*(sympy.sympify(x) for x in (way.fraction, way.lag, way.duration)))
        for name, way in found.items()
    }


def _symbols(names: Any) -> dict[str, Expression]:  # noqa: ANN401 (any iterable of names)
    return {name: sympy.Symbol(name, real=True) for name in names}


def _check_names(model: Component) -> None:
    """Refuse a name of two things: as symbols they would be one."""
    named = [v.name for v in (*model.states, *model.parameters)] + list(model.inputs)
    for name in named:
        if named.count(name) > 1:
            msg = f"model '{model.name}': two of its states, parameters and inputs are '{name}'"
            raise UsageError(msg)


def _indicator(condition: Expression) -> Expression:
    return sympy.Piecewise((1, condition), (0, True))


def _evaluated(
    model: Component,
    what: str,
    equations: Callable[..., Mapping[str, Any]],
    *quantities: Expression,
) -> Mapping[str, Any]:
    """Call the equations with symbols, or say which cannot be called and why."""
    try:
        return equations(*quantities)
    except KeyError as error:
        msg = f"model '{model.name}': {what} read {error}, which is no state, input or parameter"
        raise UsageError(msg) from error
    except (TypeError, ValueError) as error:
        msg = (
            f"model '{model.name}': {what} cannot be read as an expression ({error}); "
            "use arithmetic and the functions of lymphocast.models.maths"
        )
        raise UsageError(msg) from error


def _in_order(model: Component, what: str, names: Any, found: Values) -> dict[str, Expression]:  # noqa: ANN401
    """Return the expressions in the declared order; every declared name must be there."""
    missing = [name for name in names if name not in found]
    surplus = sorted(set(found) - set(names))
    if missing:
        msg = f"model '{model.name}': '{missing[0]}' has no {what}"
        raise UsageError(msg)
    if surplus:
        msg = f"model '{model.name}': a {what} is given for '{surplus[0]}', which is not declared"
        raise UsageError(msg)
    return {name: sympy.sympify(found[name]) for name in names}
