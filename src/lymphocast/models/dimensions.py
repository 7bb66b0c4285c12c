"""Do the units of the equations fit? Each component's own equations, walked with units.

For every component: a rate must have its state's unit per day, an output and an initial value the
declared unit, a dose's fraction none, its lag and duration days. Terms of a sum, compared values
and the branches of a case must have one unit; the argument of an exponential or logarithm, and an
exponent that is not a number, must have none. A unit is its dimension and its size, so that ``mg``
is not ``ug`` and a conversion factor is a parameter with a unit: a bare number in an equation is a
pure number. Zero has any unit.

The unit of an input that no component offers (a forcing) is not declared. It is found from the
equations, as an unknown is, and must then fit everywhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import final

import sympy

from lymphocast.errors import UnitError
from lymphocast.models.component import TIME_AFTER_DOSE, Component
from lymphocast.models.symbolic import Expression, Part, trace_parts
from lymphocast.models.unit_powers import DAY, ONE, UNKNOWN, UnitPowers, parse_unit

LONGEST_SHOWN = 60  # characters of an expression in a message
FINEST_EXPONENT = 1000  # largest denominator of a number as an exponent

Units = Mapping[Expression, UnitPowers]
"""The unit of each symbol."""


@final
@dataclass(frozen=True)
class ModelUnits:
    """What a check of units found.

    Parameters
    ----------
    faults
        A sentence for each equation whose units do not fit.
    inputs
        The unit of each input that no component offers, as far as the equations tell it.
    """

    faults: tuple[str, ...]
    inputs: Mapping[str, UnitPowers]


def dimension_faults(model: Component) -> tuple[str, ...]:
    """Return a sentence for each equation whose units do not fit; empty if all do.

    Raises
    ------
    UsageError
        If the equations cannot be read as expressions.
    """
    return check_units(model).faults


def check_units(model: Component) -> ModelUnits:
    """Return the faults of a model's units and the units of its forcings.

    Raises
    ------
    UsageError
        If the equations cannot be read as expressions.
    """
    parts = trace_parts(model)
    faults = [*_unknown_units(parts), *_disagreements(parts)]
    if faults:
        return ModelUnits(tuple(faults), MappingProxyType({}))
    walk = _Walk()
    for part in parts:
        walk.units = part_units(part, parts)
        faults += _part_faults(part, walk)
    forcings = {name: walk.resolved(_unknown(name)) for name in model.inputs}
    known = {n: u for n, u in forcings.items() if not u.unknown and TIME_AFTER_DOSE not in n}
    return ModelUnits(tuple(faults), MappingProxyType(known))


def part_units(part: Part, parts: Iterable[Part]) -> dict[Expression, UnitPowers]:
    """Return the unit of each symbol of one component of a model.

    An input is another component's output, a time after a dose, or of a unit not known yet.
    """
    offered = {o.name: o.unit for other in parts for o in other.component.outputs}
    traced, component = part.traced, part.component
    units = {traced.time: DAY}
    units |= {traced.states[s.name]: parse_unit(s.unit) for s in component.states}
    units |= {traced.parameters[p.name]: parse_unit(p.unit) for p in component.parameters}
    for name, symbol in traced.inputs.items():
        if name.startswith(TIME_AFTER_DOSE):
            units[symbol] = DAY
        else:
            units[symbol] = parse_unit(offered[name]) if name in offered else _unknown(name)
    return units


def unit_of(expression: Expression, units: Units) -> UnitPowers | None:
    """Return the unit of an expression whose units fit; ``None`` for zero, which has any."""
    return _Walk(dict(units)).unit(expression)


def _unknown(name: str) -> UnitPowers:
    return UnitPowers(((f"{UNKNOWN}{name}", Fraction(1)),))


def _unknown_units(parts: Iterable[Part]) -> Iterator[str]:
    """Say which declared units the table does not have."""
    for part in parts:
        c = part.component
        for kind, variables in (
            ("state", c.states),
            ("parameter", c.parameters),
            ("output", c.outputs),
        ):
            for variable in variables:
                try:
                    parse_unit(variable.unit)
                except UnitError as error:
                    yield f"component '{c.name}', {kind} '{variable.name}': {error}."


def _disagreements(parts: Iterable[Part]) -> Iterator[str]:
    """Say which parameters two components declare in different units."""
    seen: dict[str, tuple[str, str]] = {}
    for part in parts:
        for parameter in part.component.parameters:
            owner, unit = seen.setdefault(parameter.name, (part.component.name, parameter.unit))
            if unit != parameter.unit:
                yield (
                    f"component '{part.component.name}', parameter '{parameter.name}': found "
                    f"{parameter.unit}; needed {unit}, as component '{owner}' has it."
                )


def _part_faults(part: Part, walk: "_Walk") -> Iterator[str]:
    for where, expression, needed in _equations(part):
        fault = walk.fault(expression, needed)
        if fault:
            yield f"component '{part.component.name}', {where}: {fault}."


def _equations(part: Part) -> Iterator[tuple[str, Expression, UnitPowers]]:
    """Each equation of a component: where it stands, what it says, the unit it needs."""
    states = {s.name: parse_unit(s.unit) for s in part.component.states}
    outputs = {o.name: parse_unit(o.unit) for o in part.component.outputs}
    for name, rate in part.traced.rates.items():
        yield f"rate of '{name}'", rate, states[name] / DAY
    for name, value in part.traced.outputs.items():
        yield f"output '{name}'", value, outputs[name]
    for name, value in part.initial.items():
        yield f"initial value of '{name}'", value, states[name]
    for name, way in part.dosing.items():
        yield f"dosing of '{name}', fraction", way.fraction, ONE
        yield f"dosing of '{name}', lag", way.lag, DAY
        yield f"dosing of '{name}', duration", way.duration, DAY


@final
class _Misfit(Exception):
    """Units that do not fit, in words; caught where the equation it belongs to is known."""


@final
@dataclass
class _Walk:
    """A walk over expressions that gathers what it learns of unknown units."""

    units: dict[Expression, UnitPowers] = field(default_factory=dict)
    solved: dict[str, UnitPowers] = field(default_factory=dict)

    def fault(self, expression: Expression, needed: UnitPowers) -> str:
        """Return what is wrong with an equation, or nothing."""
        try:
            found = self.unit(expression)
        except _Misfit as misfit:
            return str(misfit)
        if found is None or self.agree(found, needed):
            return ""
        return f"found {self.resolved(found)}; needed {needed}{_factor(found, needed)}"

    def resolved(self, unit: UnitPowers) -> UnitPowers:
        """Return a unit with everything put in that is known by now."""
        for code, power in unit.unknown:
            if code in self.solved:
                known = self.resolved(self.solved[code])
                unit = unit / UnitPowers(((code, power),)) * known**power
        return unit

    def agree(self, one: UnitPowers, other: UnitPowers) -> bool:
        """Whether two units are the same; an unknown one is found so that they are."""
        ratio = self.resolved(one / other)
        if not ratio.unknown:
            return ratio.is_same(ONE)
        code, power = ratio.unknown[0]
        rest = ratio / UnitPowers(((code, power),))
        self.solved[code] = rest ** (Fraction(-1) / power)
        return True

    def unit(self, expression: Expression) -> UnitPowers | None:
        """Return the unit of an expression, ``None`` for zero."""
        if expression.is_Symbol:
            return self.units[expression]
        if expression.is_number:
            return None if expression.is_zero else ONE
        if expression.is_Mul:
            return self._product(expression.args)
        if expression.is_Pow:
            return self._power(*expression.args)
        if isinstance(expression, sympy.Piecewise):
            return self._piecewise(expression)
        if isinstance(expression, sympy.Abs):
            return self.unit(expression.args[0])
        if expression.is_Add or isinstance(expression, sympy.Max | sympy.Min):
            return self._common(expression.args, "are added or compared")
        return self._function(expression)

    def _product(self, factors: Iterable[Expression]) -> UnitPowers:
        found = ONE
        for factor in factors:
            found = found * (self.unit(factor) or ONE)
        return found

    def _power(self, base: Expression, exponent: Expression) -> UnitPowers:
        below = self.unit(base) or ONE
        if exponent.is_number:
            return below ** Fraction(float(exponent)).limit_denominator(FINEST_EXPONENT)
        self._pure(exponent, "an exponent")
        self._pure(base, f"the base of a power {_shown(exponent)}")
        return ONE

    def _piecewise(self, expression: Expression) -> UnitPowers | None:
        for _, condition in expression.args:
            self._condition(condition)
        return self._common([value for value, _ in expression.args], "are branches of one case")

    def _condition(self, condition: Expression) -> None:
        if condition.is_Relational:
            self._common(condition.args, "are compared")
        elif condition.is_Boolean and condition.args:
            for part in condition.args:
                self._condition(part)

    def _function(self, expression: Expression) -> UnitPowers:
        for argument in expression.args:
            self._pure(argument, f"the argument of {expression.func.__name__}")
        return ONE

    def _pure(self, expression: Expression, what: str) -> None:
        found = self.unit(expression)
        if found is not None and not self.agree(found, ONE):
            unit = self.resolved(found)
            msg = f"{what}, {_shown(expression)}, is in {unit}; needed a number without unit"
            raise _Misfit(msg)

    def _common(self, expressions: Iterable[Expression], how: str) -> UnitPowers | None:
        first: tuple[Expression, UnitPowers] | None = None
        for expression in expressions:
            found = self.unit(expression)
            if found is None:
                continue
            if first is None:
                first = expression, found
            elif not self.agree(first[1], found):
                one, other = self.resolved(first[1]), self.resolved(found)
                msg = (
                    f"{_shown(first[0])} in {one} and {_shown(expression)} in {other} {how}; "
                    f"needed one unit{_factor(one, other)}"
                )
                raise _Misfit(msg)
        return None if first is None else first[1]


def _factor(found: UnitPowers, needed: UnitPowers) -> str:
    """Say by what two units of one dimension differ."""
    ratio = found / needed
    if ratio.unknown or ratio.dimension:
        return ""
    return f" (a factor of {ratio.size:g}: a conversion needs a parameter with a unit)"


def _shown(expression: Expression) -> str:
    text = str(sympy.nsimplify(expression, rational=True))
    short = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."
    return f"'{short}'"
