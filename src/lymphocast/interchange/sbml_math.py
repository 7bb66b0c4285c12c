"""Expressions as SBML mathematics: every number with its unit, so that units can be checked.

A number in an equation is a pure number; zero takes the unit of what it stands beside. Numbers
that do have a unit (the amount and the time of a dose) are symbols that stand for them.

A power whose exponent is no whole number has a base of at least 0, which a solver's rounding may
miss by a hair where a concentration has fallen to nothing; the base is written as max(base, 0).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, final

import libsbml
import sympy

from lymphocast.errors import UsageError
from lymphocast.models.dimensions import Units, unit_of
from lymphocast.models.symbolic import Expression
from lymphocast.models.unit_powers import DAY, ONE, UnitPowers

Node = Any  # libsbml.ASTNode

_FUNCTIONS: Mapping[type[Any], int] = {
    sympy.exp: libsbml.AST_FUNCTION_EXP,
    sympy.log: libsbml.AST_FUNCTION_LN,
    sympy.Abs: libsbml.AST_FUNCTION_ABS,
    sympy.Max: libsbml.AST_FUNCTION_MAX,
    sympy.Min: libsbml.AST_FUNCTION_MIN,
    sympy.floor: libsbml.AST_FUNCTION_FLOOR,
    sympy.Lt: libsbml.AST_RELATIONAL_LT,
    sympy.Le: libsbml.AST_RELATIONAL_LEQ,
    sympy.Gt: libsbml.AST_RELATIONAL_GT,
    sympy.Ge: libsbml.AST_RELATIONAL_GEQ,
    sympy.Eq: libsbml.AST_RELATIONAL_EQ,
    sympy.Ne: libsbml.AST_RELATIONAL_NEQ,
    sympy.And: libsbml.AST_LOGICAL_AND,
    sympy.Or: libsbml.AST_LOGICAL_OR,
    sympy.Not: libsbml.AST_LOGICAL_NOT,
    sympy.logic.boolalg.BooleanTrue: libsbml.AST_CONSTANT_TRUE,
    sympy.logic.boolalg.BooleanFalse: libsbml.AST_CONSTANT_FALSE,
}
_ALIKE = (sympy.Max, sympy.Min, sympy.core.relational.Relational)


@final
@dataclass(frozen=True)
class Notation:
    """How symbols are written; one that is neither an element nor a number is time.

    Parameters
    ----------
    ids
        The document's identifier of each symbol that stands for an element.
    units
        The unit of each symbol but time.
    numbers
        The value of each symbol that stands for a number with a unit.
    unit_id
        Gives the document's identifier of a unit.
    """

    ids: Mapping[Expression, str]
    units: Units
    numbers: Mapping[Expression, float]
    unit_id: Callable[[UnitPowers], str]


def math_node(expression: Expression, unit: UnitPowers, notation: Notation) -> Node:
    """Return an expression as a tree that libSBML writes; ``unit`` is that of a bare zero.

    Raises
    ------
    UsageError
        If SBML has no such function.
    """
    return _Writer(notation).node(expression, unit)


@final
@dataclass(frozen=True)
class _Writer:
    notation: Notation

    def node(self, expression: Expression, unit: UnitPowers = ONE) -> Node:
        """Return any expression."""
        if expression.is_Symbol:
            return self._symbol(expression)
        if expression.is_number:
            value = float(expression)
            return self._number(value, unit if value == 0.0 else ONE)
        if expression.is_Add:
            return self._sum(expression, unit)
        if expression.is_Mul:
            return self._product(expression)
        if expression.is_Pow:
            return self._power(*expression.args)
        return self._function(expression, unit)

    def _symbol(self, symbol: Expression) -> Node:
        notation = self.notation
        if symbol in notation.numbers:
            return self._number(notation.numbers[symbol], notation.units[symbol])
        named = symbol in notation.ids
        node = libsbml.ASTNode(libsbml.AST_NAME if named else libsbml.AST_NAME_TIME)
        node.setName(notation.ids[symbol] if named else "time")
        return node

    def _number(self, value: float, unit: UnitPowers) -> Node:
        node = libsbml.ASTNode()
        if value.is_integer() and abs(value) < 2**31:
            node.setValue(int(value))
        else:
            node.setValue(value)
        node.setUnits(self.notation.unit_id(unit))
        return node

    def _sum(self, expression: Expression, unit: UnitPowers) -> Node:
        """Terms with a plus, less the terms with a minus."""
        positive = [t for t in expression.args if not _negative(t)]
        negative = [-t for t in expression.args if _negative(t)]
        below = self._joined(libsbml.AST_PLUS, negative, unit)
        if not positive:
            return _tree(libsbml.AST_MINUS, [below])
        above = self._joined(libsbml.AST_PLUS, positive, unit)
        return _tree(libsbml.AST_MINUS, [above, below]) if negative else above

    def _product(self, expression: Expression) -> Node:
        """A fraction, after its sign."""
        if _negative(expression):
            return _tree(libsbml.AST_MINUS, [self.node(-expression)])
        above: list[Expression] = []
        below: list[Expression] = []
        for factor in expression.args:
            inverse = factor.is_Pow and factor.exp.is_number and factor.exp.is_negative
            (below if inverse else above).append(1 / factor if inverse else factor)
        top = self._joined(libsbml.AST_TIMES, above or [sympy.Integer(1)])
        if not below:
            return top
        return _tree(libsbml.AST_DIVIDE, [top, self._joined(libsbml.AST_TIMES, below)])

    def _power(self, base: Expression, exponent: Expression) -> Node:
        if exponent.is_number and exponent.is_negative:
            one = self.node(sympy.Integer(1))
            return _tree(libsbml.AST_DIVIDE, [one, self.node(base**-exponent)])
        whole = exponent.is_number and float(exponent).is_integer()
        held = base if whole or base.is_nonnegative else sympy.Max(base, 0, evaluate=False)
        return _tree(libsbml.AST_FUNCTION_POWER, [self.node(held), self.node(exponent)])

    def _piecewise(self, expression: Expression, unit: UnitPowers) -> Node:
        shared = self._shared([value for value, _ in expression.args], unit)
        children = []
        for value, condition in expression.args:
            children.append(self.node(value, shared))
            if condition != sympy.true:
                children.append(self.node(condition))
        return _tree(libsbml.AST_FUNCTION_PIECEWISE, children)

    def _function(self, expression: Expression, unit: UnitPowers) -> Node:
        if isinstance(expression, sympy.Piecewise):
            return self._piecewise(expression, unit)
        if isinstance(expression, sympy.ITE):
            condition, one, other = expression.args
            return self.node(sympy.Or(condition & one, sympy.Not(condition) & other))
        kind = next((k for c, k in _FUNCTIONS.items() if isinstance(expression, c)), None)
        if kind is None:
            msg = f"'{expression.func.__name__}' cannot be written as SBML"
            raise UsageError(msg)
        alike = isinstance(expression, _ALIKE)
        shared = self._shared(expression.args, unit) if alike else ONE
        return _tree(kind, [self.node(part, shared) for part in expression.args])

    def _joined(self, kind: int, parts: Iterable[Expression], unit: UnitPowers = ONE) -> Node:
        nodes = [self.node(part, unit) for part in parts]
        return nodes[0] if len(nodes) == 1 else _tree(kind, nodes)

    def _shared(self, parts: Iterable[Expression], unit: UnitPowers) -> UnitPowers:
        """The unit of the first part that has one, for the zeros beside it."""
        parts = list(parts)
        symbols = {symbol for part in parts for symbol in part.free_symbols}
        known = {**dict.fromkeys(symbols, DAY), **self.notation.units}
        units = (unit_of(part, known) for part in parts)
        return next((found for found in units if found is not None), unit)


def _negative(expression: Expression) -> bool:
    return bool(expression.as_coeff_Mul()[0].is_negative)


def _tree(kind: int, children: Iterable[Node]) -> Node:
    node = libsbml.ASTNode(kind)
    for child in children:
        node.addChild(child)
    return node
