"""What is wrong with a model that someone wrote: every fault a sentence that names its equation.

Checks come in an order in which each presumes the ones before: a component offers what one must;
names do not clash; the equations read known quantities and can be traced. Whether a name that no
component offers stands in the event file is not known here, nor is what values will do.
"""

import inspect
import linecache
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from traceback import walk_tb
from types import TracebackType
from typing import Any

import jax
import jax.numpy as jnp
import sympy

from lymphocast.errors import UsageError
from lymphocast.models.component import TIME_AFTER_DOSE, Component, Dosing, Values, Variable
from lymphocast.models.compose import Model
from lymphocast.models.dimensions import dimension_faults
from lymphocast.models.symbolic import trace

EQUATIONS: Mapping[str, tuple[str, ...]] = {
    "initial": ("theta",),
    "dosing": ("theta",),
    "rates": ("t", "state", "inputs", "theta"),
    "observe": ("t", "state", "inputs", "theta"),
}
"""The methods of a component and what they are called with."""

VARIABLES = ("states", "parameters", "outputs")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ONLY_PLAIN = "use arithmetic and the functions of lymphocast.models.maths (exp, log, hill, ...)"
NO_BRANCH = (
    "`if`, `and`, `min`, `max` or a comparison of states or parameters cannot be traced: "
    "use positive, clip, held or hill of lymphocast.models.maths"
)
LONGEST_QUOTE = 80


def model_faults(model: Component) -> tuple[str, ...]:
    """Return what is wrong with a model, a sentence each; nothing if it can be used.

    The faults are those of the first kind that is found: of the class, of the names, of the
    equations.
    """
    for check in CHECKS:
        found = tuple(fault for part in parts_of(model) for fault in check(part))
        if found:
            return found
    for of_whole in WHOLE_CHECKS:
        found = tuple(of_whole(model))
        if found:
            return found
    return ()


def parts_of(model: Component) -> tuple[Component, ...]:
    """Return the components that a model is composed of, or the component itself."""
    if isinstance(model, Model):
        return tuple(part for component in model.components for part in parts_of(component))
    return (model,)


def _class_faults(part: Component) -> Iterator[str]:
    """What a component does not offer, or offers in a form that cannot be used."""
    cls = type(part).__name__
    missing = object()
    name = getattr(part, "name", missing)
    if name is missing or not isinstance(name, str) or not name:
        yield f"class '{cls}' has no name; needed a text, `name`, before its variables"
    for what in VARIABLES:
        yield from _variable_faults(cls, what, getattr(part, what, missing), missing)
    inputs = getattr(part, "inputs", missing)
    if not isinstance(inputs, tuple) or not all(isinstance(i, str) for i in inputs):
        yield f"class '{cls}': found {_kind(inputs, missing)} for `inputs`; needed a tuple of names"
    for what, arguments in EQUATIONS.items():
        yield from _method_faults(cls, what, arguments, getattr(part, what, missing))
    yield from _mutable_faults(cls, part)


def _kind(value: object, missing: object) -> str:
    return "nothing" if value is missing else f"a {type(value).__name__}"


def _variable_faults(cls: str, what: str, value: object, missing: object) -> Iterator[str]:
    if not isinstance(value, tuple):
        kind = _kind(value, missing)
        yield f"class '{cls}': found {kind} for `{what}`; needed a tuple of Variable"
        return
    for item in value:
        if not isinstance(item, Variable):
            found = f"a {type(item).__name__} in `{what}`"
            yield f"class '{cls}': found {found}; needed Variable(name, unit, meaning)"
        elif not NAME.fullmatch(item.name):
            found = f"the name '{item.name}' in `{what}`"
            yield f"class '{cls}': found {found}; needed letters, digits and underscores"


def _method_faults(
    cls: str, what: str, arguments: tuple[str, ...], method: object
) -> Iterator[str]:
    needed = f"a method {what}({', '.join(('self', *arguments))})"
    if not callable(method):
        hint = ", which returns {} where no dose enters" if what == "dosing" else ""
        yield f"class '{cls}' has no `{what}`; needed {needed}{hint}"
        return
    try:
        signature = inspect.signature(method)
        signature.bind(*arguments)
    except TypeError:
        yield f"class '{cls}': found {what}{signature}; needed {needed}"
    except ValueError:  # a built-in without signature: calling it will tell
        return


def _mutable_faults(cls: str, part: Component) -> Iterator[str]:
    """Compiled equations are kept by the component's value: it must have one, for good."""
    needed = f"needed @dataclass(frozen=True) on class '{cls}'"
    try:
        hash(part)
    except TypeError as error:
        yield f"class '{cls}' cannot be hashed ({error}); {needed} and tuples for its fields"
        return
    params = getattr(type(part), "__dataclass_params__", None)
    frozen = params is not None and params.frozen
    own = set(vars(part)) if hasattr(part, "__dict__") else set()
    declared = {f.name for f in fields(part)} if is_dataclass(part) else own
    if own and not (frozen and own <= declared):
        yield f"class '{cls}' can change ({', '.join(sorted(own))}); {needed}"


def _name_faults(part: Component) -> Iterator[str]:
    """Names that stand for two things, and clocks of states that are not there."""
    where = f"component '{part.name}'"
    kinds = {what: [v.name for v in getattr(part, what)] for what in VARIABLES}
    kinds["inputs"] = list(part.inputs)
    for what, names in kinds.items():
        for name in _twice(names):
            yield f"{where}: found two {what} named '{name}'; needed one"
    for name in kinds["parameters"]:
        for what in ("states", "inputs"):
            if name in kinds[what]:
                article = "an input" if what == "inputs" else "a state"
                yield f"{where}: '{name}' is a parameter and {article}; needed two names"
    for name in part.inputs:
        wanted = name.removeprefix(TIME_AFTER_DOSE)
        # Without a dot it is this component's own state; with one, of another in the model.
        if wanted != name and "." not in wanted and wanted not in kinds["states"]:
            hint = _hint(wanted, kinds["states"])
            yield f"{where}: the input '{name}' is the clock of no state; needed {hint}"


def _twice(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _hint(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"'{near[0]}'?" if near else f"one of {', '.join(known) or 'none'}"


def _shared_faults(model: Component) -> Iterator[str]:
    """Clashes between the components of one model."""
    units: dict[str, tuple[str, str]] = {}
    for part in parts_of(model):
        for parameter in part.parameters:
            first, unit = units.setdefault(parameter.name, (part.name, parameter.unit))
            if unit != parameter.unit:
                yield (
                    f"model '{model.name}': parameter '{parameter.name}' has the unit '{unit}' in "
                    f"component '{first}' and '{parameter.unit}' in '{part.name}'; needed one, as "
                    "components share parameters by name"
                )
    for name in sorted(set(units) & set(model.inputs)):
        yield (
            f"model '{model.name}': '{name}' is a parameter of component '{units[name][0]}' and an "
            "input of another that none offers; needed two names"
        )


def _equation_faults(part: Component) -> Iterator[str]:
    """Equations that read what is not there, leave something out, or cannot be traced."""
    theta = {p.name: sympy.Symbol(p.name, real=True) for p in part.parameters}
    for what, complete in (("initial", True), ("dosing", False)):
        yield from _start_faults(part, what, theta, complete)
    try:
        trace(part)
    except Exception as error:
        yield _sentence(part, error)
        return
    yield from _array_faults(part)


def _start_faults(part: Component, what: str, theta: Values, complete: bool) -> Iterator[str]:
    """Faults of what is read before any time has passed: the initial state and the doses."""
    try:
        found: Any = getattr(part, what)(theta)
    except Exception as error:
        yield _sentence(part, error, what)
        return
    where = f"component '{part.name}': {what}"
    if not isinstance(found, Mapping):
        yield f"{where} returns {_kind(found, None)}; needed values by state"
        return
    states = [s.name for s in part.states]
    for name in found:
        if name not in states:
            yield f"{where} names '{name}', which is no state; needed {_hint(str(name), states)}"
        elif what == "dosing" and not isinstance(found[name], Dosing):
            yield f"{where} gives a {type(found[name]).__name__} for '{name}'; needed a Dosing"
    for name in states if complete else ():
        if name not in found:
            yield f"{where} gives no value for '{name}'; needed one for each state"


def _array_faults(part: Component) -> Iterator[str]:
    """What expressions let pass and arrays do not, such as a comparison that decides a branch."""
    scalar = jax.ShapeDtypeStruct((), jnp.float64)
    state, theta = ({v.name: scalar for v in group} for group in (part.states, part.parameters))
    inputs = dict.fromkeys(part.inputs, scalar)
    for what in ("rates", "observe"):
        try:
            found = jax.eval_shape(getattr(part, what), scalar, state, inputs, theta)
        except Exception as error:
            yield _sentence(part, error, what)
            return
        for name, value in found.items():
            if getattr(value, "shape", None) != ():
                yield f"component '{part.name}': {what} gives no single number for '{name}'"


def _sentence(part: Component, error: Exception, what: str = "") -> str:
    """Say what an equation stumbled on, and where."""
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    equation, place = _place(part, cause.__traceback__)
    where = f"component '{part.name}': {what or equation}"
    if isinstance(cause, KeyError) and cause.args and isinstance(cause.args[0], str):
        return f"{where} reads '{cause.args[0]}', {_misread(part, cause.args[0])}{place}"
    if isinstance(error, UsageError) and not place:  # it names what is missing
        return str(error)
    if not place:
        return f"component '{part.name}': rates or observe gives no values by name ({error})"
    text = str(cause).splitlines()[0] if str(cause) else ""
    if "truth value" in text or "boolean" in text.lower():
        return f"{where}: {NO_BRANCH}{place}"
    if isinstance(cause, TypeError | ValueError):
        return f"{where}: {text}; {ONLY_PLAIN}{place}"
    return f"{where}: {type(cause).__name__}: {text}{place}"


def _misread(part: Component, name: str) -> str:
    kinds = {
        ("a state", "state"): [s.name for s in part.states],
        ("an input", "inputs"): list(part.inputs),
        ("a parameter", "theta"): [p.name for p in part.parameters],
    }
    for (kind, mapping), names in kinds.items():
        if name in names:
            return f"which is {kind}; needed {mapping}['{name}']"
    every = [name for names in kinds.values() for name in names]
    return f"which is no state, input or parameter; needed {_hint(name, every)}"


def _place(part: Component, traceback: TracebackType | None) -> tuple[str, str]:
    """Which equation failed, and the line in it, quoted."""
    codes = {
        getattr(getattr(part, what), "__code__", None): what
        for what in EQUATIONS
        if hasattr(part, what)
    }
    files = {code.co_filename for code in codes if code is not None}
    equation, place = "", ""
    for frame, number in walk_tb(traceback):
        code = frame.f_code
        equation = codes.get(code, equation)
        if equation and code.co_filename in files:
            line = linecache.getline(code.co_filename, number).strip()
            short = line if len(line) <= LONGEST_QUOTE else f"{line[: LONGEST_QUOTE - 3]}..."
            place = f" (line {number}: {short})" if short else f" (line {number})"
    return equation, place


CHECKS: tuple[Callable[[Component], Iterator[str]], ...] = (
    _class_faults,
    _name_faults,
    _equation_faults,
)
"""The checks of one component, in order."""

WHOLE_CHECKS: tuple[Callable[[Component], Iterable[str]], ...] = (
    _shared_faults,
    dimension_faults,
)
"""The checks of a whole model, in order, once each component passes its own."""
