"""Structure of a model: which states can be solved together, in which order, and how.

The rates are read as expressions. States that depend on each other form a block; blocks stand in
cascade order, so that each reads only earlier ones. A block is

- *linear*: its rates are affine in every state they read, with coefficients that only parameters
  and forcings set, and it reads only linear blocks; linear blocks that read each other merge;
- *logistic*: one state with the rate  r + c exp(y)  or  r y - s y^2,  where r, c and s are free
  of y but may follow time and earlier states, and s may be 0;
- *smooth*: everything else.

Nothing is declared by the model's author, and the worst that an unrecognised form costs is time:
a smooth block solves linear and logistic equations too.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, final

import numpy as np
import sympy
from scipy.sparse.csgraph import connected_components

from lymphocast.errors import UsageError
from lymphocast.models.component import TIME_AFTER_DOSE, Component
from lymphocast.models.symbolic import Expression, TracedModel, trace

STIFF_EXPONENT = 30.0
"""Largest |rate x piece| that the integrating factor of a smooth block is trusted with."""

LONGEST_PIECE = 2.0
"""Days: the plan cuts no piece longer than this."""

EXACT = "solved exactly at any rate, unless an infusion runs into it"
SERIES_LIMIT = 250.0
"""Per day: faster linear blocks need more steps of the exponential's series than are made."""

WORTH_EXPANDING = 60
"""Operations in an expression that is expanded to see whether a symbol cancels."""

TWO_PLACES, ALIKE = (0.1, 0.17), 1e-6
"""Where slopes are compared, and the share by which rounding may make them differ."""

WORTH_PRINTING = 8
"""Operations in an expression that a person reads at a glance."""

CORNERS = (
    sympy.Piecewise, sympy.Max, sympy.Min, sympy.Abs, sympy.sign, sympy.floor, sympy.ceiling,
)  # fmt: skip


class BlockKind(Enum):
    """How a block is solved."""

    LINEAR = "linear"
    LOGISTIC = "logistic"
    SMOOTH = "smooth"


@final
@dataclass(frozen=True)
class Block:
    """States that are solved together.

    Parameters
    ----------
    kind
        How they are solved.
    states
        Names, in the order of the cascade within the block.
    reads
        Names of states of earlier blocks that the rates read.
    short
        For a linear block: no state feeds a state that feeds another, none feeds back, and no
        rate has a constant term, so that its answer is a closed form of two exponentials.
    constant
        For a linear block: a rate has a constant term.
    logarithmic
        For a logistic block: the state is the logarithm, its rate r + c exp(y).
    couplings
        For a linear block: pairs of a state and another that its rate reads.
    """

    kind: BlockKind
    states: tuple[str, ...]
    reads: tuple[str, ...]
    short: bool = False
    constant: bool = False
    logarithmic: bool = False
    couplings: tuple[tuple[str, str], ...] = ()

    def feeders(self, name: str) -> tuple[str, ...]:
        """Return the other states of a linear block that the rate of ``name`` reads."""
        return tuple(feeder for fed, feeder in self.couplings if fed == name)


def structure(model: Component) -> tuple[Block, ...]:
    """Return the blocks of ``model`` in cascade order, linear ones first.

    Raises
    ------
    UsageError
        If the model cannot be hashed, or its equations cannot be read as expressions.
    """
    if not isinstance(model, Hashable):
        raise _unhashable(model)
    return _found(model)


def unstructured(model: Component) -> tuple[Block, ...]:
    """Return all states as one smooth block: what is left of a model without structure."""
    states = tuple(s.name for s in model.states)
    return (Block(BlockKind.SMOOTH, states, ()),)


def read_by(blocks: Sequence[Block], states: Iterable[str]) -> tuple[Block, ...]:
    """Return the blocks of these states, and those that they read, directly or through others."""
    needed = set(states)
    found: list[Block] = []
    for block in reversed(blocks):
        if needed & set(block.states):
            needed.update(block.reads)
            found.append(block)
    return tuple(reversed(found))


@lru_cache(maxsize=64)
def _found(model: Component) -> tuple[Block, ...]:
    traced = trace(model)
    groups = _cascade(traced)
    linear: list[tuple[str, ...]] = []
    others: list[Block] = []
    straight: set[str] = set()
    for group in groups:
        if _is_linear(traced, group, straight):
            linear.append(group)
            straight.update(group)
        else:
            others.append(_curved_block(traced, group))
    return (*(_linear_block(traced, m) for m in _merged(traced, linear)), *others)


def states_read(model: Component, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the states among ``names``, and those that the outputs among them read."""
    if not isinstance(model, Hashable):
        raise _unhashable(model)
    return _states_read(model, names)


@lru_cache(maxsize=256)
def _states_read(model: Component, names: tuple[str, ...]) -> tuple[str, ...]:
    traced = trace(model)
    outputs = [traced.outputs[n] for n in names if n in traced.outputs]
    free = {symbol for output in outputs for symbol in output.free_symbols}
    return tuple(n for n, symbol in traced.states.items() if n in names or symbol in free)


def _unhashable(model: Component) -> UsageError:
    msg = f"model '{model.name}' cannot be hashed; make its class a frozen dataclass"
    return UsageError(msg)


def structure_lines(model: Component) -> tuple[str, ...]:
    """Return the structure as text: for each block its kind, states, reason and stiffness."""
    lines: list[str] = []
    for number, block in enumerate(structure(model), start=1):
        lines.append(f"{number}. {block.kind.value}: {', '.join(block.states)}")
        lines.append(f"   reads: {', '.join(block.reads) or 'no earlier state'}")
        reason, stiffness = description(model, block)
        lines.append(f"   reason: {reason}")
        lines.append(f"   stiffness: {stiffness}")
    return tuple(lines)


def description(model: Component, block: Block) -> tuple[str, str]:
    """Return why a block is of its kind, and where it is hard to solve, in words."""
    traced = trace(model)
    if block.kind is BlockKind.LINEAR:
        reason = f"the rates of {_listed(block.states)} are affine with constant coefficients"
        limit = f"stiff where a rate exceeds about {SERIES_LIMIT:g} /d"
        return reason, f"none: {EXACT}" if block.short else limit
    if block.kind is BlockKind.SMOOTH:
        return _why_smooth(traced, block.states), _where_stiff(traced, block.states)
    (name,) = block.states
    form = f"r + c exp({name})" if block.logarithmic else f"r {name} - s {name}^2"
    moving = _names(
        traced, traced.rates[name].free_symbols & _moving(traced) - {traced.states[name]}
    )
    follows = f" and following {_listed(moving)}" if moving else ""
    reason = f"one state whose rate is {form}, the coefficients free of it{follows}"
    return reason, "none: solved by two integrals of earlier states"


def _reads(traced: TracedModel, name: str) -> tuple[str, ...]:
    """Return the states that the rate of ``name`` reads, in the model's order."""
    free = traced.rates[name].free_symbols
    return tuple(n for n, symbol in traced.states.items() if symbol in free)


def _cascade(traced: TracedModel) -> list[tuple[str, ...]]:
    """Return the strongly connected groups of states, each after those that it reads."""
    names = list(traced.states)
    if not names:
        return []
    reads = {name: set(_reads(traced, name)) for name in names}
    graph = np.array([[other in reads[name] for other in names] for name in names], dtype=float)
    count, label = connected_components(graph, directed=True, connection="strong")
    waiting = [
        tuple(name for name, own in zip(names, label, strict=True) if own == group)
        for group in range(count)
    ]
    waiting.sort(key=lambda group: names.index(group[0]))
    ordered: list[tuple[str, ...]] = []
    known: set[str] = set()
    while waiting:
        ready = next(g for g in waiting if set().union(*(reads[n] for n in g)) <= known | set(g))
        waiting.remove(ready)
        ordered.append(ready)
        known.update(ready)
    return ordered


def _moving(traced: TracedModel) -> set[Expression]:
    """Return what changes within a piece: the states, time, and the time since a dose."""
    clocks = {symbol for name, symbol in traced.inputs.items() if name.startswith(TIME_AFTER_DOSE)}
    return {traced.time, *traced.states.values(), *clocks}


def _slopes(traced: TracedModel, name: str) -> dict[str, Expression]:
    """Return the derivative of a rate by each state it reads."""
    rate, moving = traced.rates[name], _moving(traced)
    slopes = {n: rate.diff(traced.states[n]) for n in _reads(traced, name)}
    return {n: _cancelled(slope, moving) for n, slope in slopes.items()}


def _cancelled(expression: Expression, moving: set[Expression]) -> Expression:
    """Expand a short expression that still names a moving quantity: it may cancel."""
    short = expression.count_ops() <= WORTH_EXPANDING
    return sympy.expand(expression) if short and expression.free_symbols & moving else expression


def _constant_term(traced: TracedModel, name: str) -> Expression:
    """Return a rate with every state at 0; for a rate that is affine in the states."""
    return traced.rates[name].subs(dict.fromkeys(traced.states.values(), 0))


def _is_linear(traced: TracedModel, group: Sequence[str], straight: set[str]) -> bool:
    moving = _moving(traced)
    for name in group:
        if _corners(traced, name):  # a case that a state decides has no slope in that state
            return False
        if not set(_reads(traced, name)) <= straight | set(group):
            return False
        if _bends(traced, name):
            return False
        slopes = _slopes(traced, name)
        parts = (*slopes.values(), _constant_term(traced, name))
        if any(part.free_symbols & moving for part in parts):
            return False
    return True


def _bends(traced: TracedModel, name: str) -> bool:
    """Return whether a slope of a rate is seen to differ between two points.

    Much quicker than an expansion, which is left for slopes that agree there.
    """
    rate, moving = traced.rates[name], _moving(traced)
    points = [
        {s: sympy.Float(at * (i + 2) if s in moving else i + 2) for i, s in enumerate(symbols)}
        for symbols in [sorted(rate.free_symbols, key=str)]
        for at in TWO_PLACES
    ]
    slopes = [rate.diff(traced.states[n]) for n in _reads(traced, name)]
    for slope in slopes:
        one, two = (slope.xreplace(point) for point in points)
        if one.is_Float and two.is_Float and abs(one - two) > ALIKE * (abs(one) + abs(two)):
            return True
    return False


def _merged(traced: TracedModel, groups: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Join linear groups that read each other, directly or through others."""
    joined: list[tuple[str, ...]] = []
    for group in groups:
        read = {n for name in group for n in _reads(traced, name)}
        near = [block for block in joined if read & set(block)]
        joined = [block for block in joined if block not in near]
        joined.append((*(name for block in near for name in block), *group))
    return joined


def _linear_block(traced: TracedModel, states: tuple[str, ...]) -> Block:
    couplings = tuple((n, m) for n in states for m in _reads(traced, n) if m != n)
    fed = {n for n, _ in couplings}
    constant = any(_constant_term(traced, n) != 0 for n in states)
    short = not constant and not any(feeder in fed for _, feeder in couplings)
    return Block(
        BlockKind.LINEAR,
        states,
        (),
        short=short,
        constant=constant,
        couplings=couplings,
    )


def _curved_block(traced: TracedModel, group: tuple[str, ...]) -> Block:
    """Return a block that is logistic or smooth."""
    outside = {n for name in group for n in _reads(traced, name)} - set(group)
    reads = tuple(n for n in traced.states if n in outside)
    logarithmic = _logistic_form(traced, group[0]) if len(group) == 1 else None
    if logarithmic is None:
        return Block(BlockKind.SMOOTH, group, reads)
    return Block(BlockKind.LOGISTIC, group, reads, logarithmic=logarithmic)


def _logistic_form(traced: TracedModel, name: str) -> bool | None:
    """Return True for r + c exp(y), False for r y - s y^2 (s may be 0), None for neither."""
    rate, y = traced.rates[name], traced.states[name]
    if any(y in part.free_symbols for part in rate.atoms(*CORNERS)):
        return None
    slope = rate.diff(y)
    if y in slope.free_symbols and _vanishes(slope.diff(y) - slope):
        return True
    quadratic = y in rate.free_symbols and _vanishes(slope.diff(y, 2))
    return False if quadratic and rate.subs(y, 0) == 0 else None


def _vanishes(expression: Expression) -> bool:
    """Return whether a short expression is 0 once it is expanded."""
    if expression.count_ops() > WORTH_EXPANDING:
        return bool(expression == 0)
    return bool(sympy.expand(expression) == 0)


def _corners(traced: TracedModel, name: str) -> bool:
    """Return whether a rate has a corner or jump in a state or in time."""
    moving = _moving(traced)
    return any(part.free_symbols & moving for part in traced.rates[name].atoms(*CORNERS))


def _why_smooth(traced: TracedModel, group: Sequence[str]) -> str:
    """Say what keeps a block from being linear or logistic."""
    own = {traced.states[n] for n in group}
    reasons = [f"the rate of {n} has corners" for n in group if _corners(traced, n)]
    for name in (n for n in group if not _corners(traced, n)):
        slopes = _slopes(traced, name)
        inner = set().union(*(s.free_symbols for n, s in slopes.items() if n in group), set())
        if inner & own:
            reasons.append(f"the rate of {name} is not affine in {_listed(group)}")
        elif inner & _moving(traced):
            causes = _names(traced, inner & _moving(traced))
            reasons.append(f"a coefficient of {name} changes with {_listed(causes)}")
    return "; ".join(reasons) or f"{_listed(group)} follows earlier states that are not linear"


def _where_stiff(traced: TracedModel, group: Sequence[str]) -> str:
    """Name the rate constants that decide how hard a smooth block is."""
    limit = STIFF_EXPONENT / LONGEST_PIECE
    own = [_rate_constant(traced, name) for name in group]
    named = " or ".join(text for text in own if text)
    return f"stiff where {named} exceeds {limit:g} /d over a whole piece" if named else "none"


def _rate_constant(traced: TracedModel, name: str) -> str:
    """Return -d(rate)/d(state) as text: the expression if it is short; nothing if it is 0."""
    slope = _slopes(traced, name).get(name, sympy.Integer(0))
    if slope == 0:
        return ""
    if slope.count_ops() > WORTH_PRINTING:
        return f"|d(rate)/d(state)| of {name}"
    return f"|{sympy.nsimplify(-slope, rational=True)}|"


def _names(traced: TracedModel, symbols: Iterable[Any]) -> list[str]:
    """Return the names of states, and of time, in the model's order."""
    known: Mapping[str, Expression] = {**traced.states, "time": traced.time, **traced.inputs}
    wanted = set(symbols)
    return [name for name, symbol in known.items() if symbol in wanted]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
