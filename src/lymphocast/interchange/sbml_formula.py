"""MathML, as libSBML reads it, as formulas; functions of the document are put in where called.

A function that a formula cannot hold is refused by name: a delay looks into the past, a random
number has no value. A call of a document's function becomes its body, so that functions that call
functions cannot grow without bound: a formula has a largest size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

import libsbml

from lymphocast.errors import ExchangeError
from lymphocast.models.formula import TIME, Call, Formula, Name, Number

Node = Any  # libsbml.ASTNode

LARGEST: Final = 200_000
"""Parts of all formulas of a document; ten times those of the largest kinetic model in use."""

DEEPEST: Final = 150
"""Calls within calls, functions put in."""

RATE = ":rate "
"""What stands before an identifier in the name of its rate of change."""

FUNCTIONS: Mapping[int, str] = {
    getattr(libsbml, f"AST_{kind}"): name
    for kind, name in {
        "PLUS": "plus", "MINUS": "minus", "TIMES": "times", "DIVIDE": "divide", "POWER": "power",
        "FUNCTION_POWER": "power", "FUNCTION_EXP": "exp", "FUNCTION_LN": "ln",
        "FUNCTION_ABS": "abs", "FUNCTION_FLOOR": "floor", "FUNCTION_CEILING": "ceiling",
        "FUNCTION_FACTORIAL": "factorial", "FUNCTION_QUOTIENT": "quotient", "FUNCTION_REM": "rem",
        "FUNCTION_MAX": "max", "FUNCTION_MIN": "min", "FUNCTION_PIECEWISE": "piecewise",
        "RELATIONAL_EQ": "eq", "RELATIONAL_NEQ": "neq", "RELATIONAL_LT": "lt",
        "RELATIONAL_LEQ": "leq", "RELATIONAL_GT": "gt", "RELATIONAL_GEQ": "geq",
        "LOGICAL_AND": "and", "LOGICAL_OR": "or", "LOGICAL_XOR": "xor", "LOGICAL_NOT": "not",
        "LOGICAL_IMPLIES": "implies",
        **{
            f"FUNCTION_{arc}{name.upper()}{h}": f"{'a' if arc else ''}{name}{h.lower()}"
            for arc in ("", "ARC")
            for name in ("sin", "cos", "tan", "sec", "csc", "cot")
            for h in ("", "H")
        },
    }.items()
}  # fmt: skip
"""The functions that a formula has, by libSBML's numbers."""

COUNTS: Mapping[str, tuple[int, int]] = {
    "minus": (1, 2), "divide": (2, 2), "power": (2, 2), "quotient": (2, 2), "rem": (2, 2),
    "implies": (2, 2), "neq": (2, 2),
    **dict.fromkeys(("plus", "times", "and", "or", "xor"), (0, LARGEST)),
    **dict.fromkeys(("max", "min", "piecewise"), (1, LARGEST)),
    **dict.fromkeys(("eq", "lt", "leq", "gt", "geq"), (2, LARGEST)),
}  # fmt: skip
"""Fewest and most arguments; of a function that is not named, one."""

REFUSED: Mapping[int, str] = {
    libsbml.AST_FUNCTION_DELAY: "a delay",
    **{
        number: "a random number"
        for kind in dir(libsbml)
        if kind.startswith("AST_DISTRIB_")
        for number in [getattr(libsbml, kind)]
    },
}
CONSTANTS: Mapping[int, Formula] = {
    libsbml.AST_NAME_TIME: Name(TIME),
    libsbml.AST_CONSTANT_E: Number(2.718281828459045),
    libsbml.AST_CONSTANT_PI: Number(3.141592653589793),
    libsbml.AST_CONSTANT_TRUE: Call("and", ()),
    libsbml.AST_CONSTANT_FALSE: Call("or", ()),
    libsbml.AST_NAME_AVOGADRO: Number(6.02214179e23),
}
"""What has a value by itself; Avogadro's number is the one that SBML Level 3 states."""

NUMBERS = {
    libsbml.AST_INTEGER, libsbml.AST_REAL, libsbml.AST_REAL_E, libsbml.AST_RATIONAL,
}  # fmt: skip


@final
@dataclass
class FormulaReader:
    """Reads the formulas of one document.

    Parameters
    ----------
    file
        Name of the file, for messages.
    functions
        The document's own functions, by identifier: lambda nodes.
    largest
        Parts of all its formulas that are read at most.
    """

    file: str
    functions: Mapping[str, Node] = field(default_factory=dict)
    largest: int = LARGEST
    size: int = 0
    extents: dict[int, tuple[int, int, Formula]] = field(default_factory=dict)

    def read(self, node: Node, where: str, local: Mapping[str, Formula] | None = None) -> Formula:
        """Return a formula.

        Parameters
        ----------
        where
            The element that it stands in, for messages.
        local
            What names mean here and nowhere else.

        Raises
        ------
        ExchangeError
            If it calls what a formula cannot hold.
        """
        return self._read(node, where, local or {}, ())

    def _read(
        self, node: Node, where: str, local: Mapping[str, Formula], within: tuple[str, ...]
    ) -> Formula:
        kind = node.getType()
        put_in = local.get(node.getName()) if kind == libsbml.AST_NAME else None
        self._grow(*(self._extent(put_in) if put_in else (1, 0)), len(within), where)
        if kind in NUMBERS:
            return Number(float(node.getValue()))
        if kind in CONSTANTS:
            return CONSTANTS[kind]
        if kind == libsbml.AST_NAME:
            return put_in or Name(node.getName())
        arguments = [node.getChild(i) for i in range(node.getNumChildren())]
        if kind == libsbml.AST_FUNCTION_RATE_OF:
            return self._rate_of(arguments, where, local)
        if kind in REFUSED:
            raise ExchangeError(self.file, where, REFUSED[kind], "a formula of present values")
        found = [self._read(a, where, local, (*within, "")) for a in arguments]
        if kind == libsbml.AST_FUNCTION:
            return self._own(node.getName(), found, where, within)
        return self._function(node, found, where)

    def _grow(self, size: int, depth: int, within: int, where: str) -> None:
        """Count what a formula takes in."""
        self.size += size
        if self.size > self.largest or within + depth > DEEPEST:
            raise ExchangeError(self.file, where, "formulas too large to hold", "smaller ones")

    def _extent(self, formula: Formula) -> tuple[int, int]:
        """How many parts a formula has, and how deep they stand; each formula is counted once."""
        known = self.extents.get(id(formula))
        if known is None:
            parts = formula.arguments if isinstance(formula, Call) else ()
            each = [self._extent(part) for part in parts]
            size, depth = 1 + sum(n for n, _ in each), 1 + max((d for _, d in each), default=0)
            known = self.extents[id(formula)] = size, depth, formula  # kept: its id stays its own
        return known[:2]

    def _function(self, node: Node, arguments: list[Formula], where: str) -> Formula:
        kind, number = node.getType(), len(arguments)
        if kind == libsbml.AST_FUNCTION_ROOT and number in {1, 2}:
            return Call("root", (*([Number(2.0)] if number == 1 else []), *arguments))
        if kind == libsbml.AST_FUNCTION_LOG and number in {1, 2}:
            return Call("log", (*([Number(10.0)] if number == 1 else []), *arguments))
        name = FUNCTIONS.get(kind)
        if name is None:
            found = f"a function '{node.getName() or 'without a name'}'"
            raise ExchangeError(self.file, where, found, "a function that SBML defines")
        least, most = COUNTS.get(name, (1, 1))
        if not least <= number <= most:
            found = f"{number} arguments of '{name}'"
            needed = f"{least}" if least == most else f"at least {least}"
            raise ExchangeError(self.file, where, found, needed)
        return Call(name, tuple(arguments))

    def _rate_of(
        self, arguments: Sequence[Node], where: str, local: Mapping[str, Formula]
    ) -> Formula:
        only = arguments[0] if len(arguments) == 1 else None
        if only is not None and only.getType() == libsbml.AST_NAME:
            name = local.get(only.getName(), Name(only.getName()))
            if isinstance(name, Name):
                return Name(f"{RATE}{name.name}")
        raise ExchangeError(self.file, where, "the rate of an expression", "that of a variable")

    def _own(
        self, name: str, arguments: list[Formula], where: str, within: tuple[str, ...]
    ) -> Formula:
        """The body of a function of the document, with the arguments put in."""
        body = self.functions.get(name)
        if body is None:
            found = f"a function '{name}'"
            raise ExchangeError(self.file, where, found, "one that SBML or the document defines")
        if name in within:
            raise ExchangeError(self.file, where, f"'{name}' calls itself", "a formula")
        number = body.getNumChildren() - 1
        if number != len(arguments):
            found = f"{len(arguments)} arguments of '{name}'"
            raise ExchangeError(self.file, where, found, f"{number}")
        names = [body.getChild(i).getName() for i in range(number)]
        local = dict(zip(names, arguments, strict=True))
        return self._read(body.getChild(number), where, local, (*within, name))
