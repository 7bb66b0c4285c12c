"""Formula: an expression that is data, read from a file, not text of a program.

A formula is a tree of numbers, names and calls. It is evaluated like an equation of a component:
with numbers, whole arrays, traced values or SymPy expressions. What a function is called stands
in :data:`lymphocast.models.functions.FUNCTIONS`; nothing else can be called, so a formula from a
stranger's file runs none of the stranger's code.

Truth values and numbers stand for each other, as in SBML Level 3 Version 2: true is 1, false is 0,
and every number but 0 is true.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import final

from lymphocast.errors import UsageError
from lymphocast.models.component import Scalar, Values
from lymphocast.models.functions import FUNCTIONS, symbolic

TIME = ":time"
"""The name of study time in a formula; no identifier has a colon."""

LARGEST_EXACT = 1_000_000
"""Whole numbers up to this stay whole in expressions, so that x^2 is no x^2.0."""


@final
@dataclass(frozen=True)
class Number:
    """A number, or infinity, or not a number."""

    value: float


@final
@dataclass(frozen=True)
class Name:
    """What a name stands for is known when the formula is evaluated."""

    name: str


@final
@dataclass(frozen=True)
class Call:
    """A function of :data:`~lymphocast.models.functions.FUNCTIONS` and its arguments."""

    function: str
    arguments: tuple["Formula", ...]


Formula = Number | Name | Call
Definitions = tuple[tuple[str, Formula], ...]
"""Names and what each is, in an order in which each reads only earlier ones and what is given."""


def call(function: str, *arguments: Formula) -> Call:
    """Return a function of its arguments."""
    return Call(function, arguments)


def total(terms: Iterable[Formula]) -> Formula:
    """Return the sum of some terms."""
    kept = tuple(t for t in terms if t != Number(0.0))
    if len(kept) == 1:
        return kept[0]
    return Call("plus", kept) if kept else Number(0.0)


def product(*factors: Formula) -> Formula:
    """Return the product of some factors."""
    kept = tuple(f for f in factors if f != Number(1.0))
    if len(kept) == 1:
        return kept[0]
    return Call("times", kept) if kept else Number(1.0)


def evaluate(formula: Formula, values: Values) -> Scalar:
    """Return the value of a formula.

    Parameters
    ----------
    values
        What each name stands for: numbers, arrays, or expressions.

    Raises
    ------
    KeyError
        If a name stands for nothing.
    """
    return _value(formula, values, exact=symbolic(values.values()))


def define(definitions: Definitions, values: Values) -> dict[str, Scalar]:
    """Return ``values`` and what the definitions make of them."""
    known = dict(values)
    exact = symbolic(values.values())
    for name, formula in definitions:
        known[name] = _value(formula, known, exact=exact)
    return known


def _value(formula: Formula, values: Values, *, exact: bool) -> Scalar:
    if isinstance(formula, Number):
        value = formula.value
        whole = exact and abs(value) <= LARGEST_EXACT and value.is_integer()
        return int(value) if whole else value
    if isinstance(formula, Name):
        return values[formula.name]
    arguments = [_value(part, values, exact=exact) for part in formula.arguments]
    return FUNCTIONS[formula.function](*arguments)


def names_read(formula: Formula) -> set[str]:
    """Return the names in a formula."""
    return {part.name for part in walk(formula) if isinstance(part, Name)}


def walk(formula: Formula) -> Iterator[Formula]:
    """Yield a formula and all its parts."""
    waiting = [formula]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, Call):
            waiting.extend(part.arguments)


def replaced(formula: Formula, change: Callable[[Name], Formula]) -> Formula:
    """Return a formula with every name changed into what ``change`` makes of it."""
    if isinstance(formula, Name):
        return change(formula)
    if isinstance(formula, Call):
        return Call(formula.function, tuple(replaced(a, change) for a in formula.arguments))
    return formula


def ordered(known: Mapping[str, Formula], wanted: Iterable[str]) -> Definitions:
    """Return the definitions that ``wanted`` names need, each after those that it reads.

    A name without a definition is taken as given.

    Raises
    ------
    UsageError
        If definitions read each other in a circle; the message names one of them.
    """
    found: dict[str, Formula] = {}
    open_names: set[str] = set()
    for name in wanted:
        _put_in_order(name, known, found, open_names)
    return tuple(found.items())


def _put_in_order(
    wanted: str, known: Mapping[str, Formula], found: dict[str, Formula], open_names: set[str]
) -> None:
    # By a stack of its own: a chain of ten thousand rules is long, not wrong.
    stack = [(wanted, False)]
    while stack:
        name, read = stack.pop()
        if name in found or name not in known:
            continue
        if read:
            found[name] = known[name]
            open_names.discard(name)
            continue
        if name in open_names:
            msg = f"'{name}' is defined by itself, through other definitions"
            raise UsageError(msg)
        open_names.add(name)
        stack.append((name, True))
        stack.extend((n, False) for n in sorted(names_read(known[name])) if n not in found)
