"""Formulas of PEtab tables, as text: the infix notation of SBML, with ``log`` the natural one."""

import re
from typing import Final

import libsbml

from lymphocast.errors import ExchangeError
from lymphocast.interchange.sbml_formula import FormulaReader
from lymphocast.models.formula import Formula, Name, Number

LONGEST: Final = 20_000
"""Characters; observables of the benchmark collection have fewer than 2 000."""

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_MINUS = re.compile(r"[−–]")
_OWN = {"log2": "lambda(x, ln(x) / ln(2))"}


def read_formula(text: str, file: str, where: str) -> Formula:
    """Return a formula.

    Raises
    ------
    ExchangeError
        If the text is no formula, or calls a function that SBML does not have.
    """
    nested = max(_depths(text), default=0)
    if len(text) > LONGEST or nested > 100:
        raise ExchangeError(file, where, "a formula too large to read", "a smaller one")
    settings = libsbml.L3ParserSettings()
    settings.setParseLog(libsbml.L3P_PARSE_LOG_AS_LN)
    settings.setComparisonCaseSensitivity(libsbml.L3P_COMPARE_BUILTINS_CASE_SENSITIVE)
    written = _NOT_MINUS.sub("-", text).replace("**", "^")
    node = libsbml.parseL3FormulaWithSettings(written, settings)
    if node is None:
        raise ExchangeError(file, where, f"'{text[:60]}'", "a formula such as scale * A + 1")
    functions = {name: libsbml.parseL3Formula(body) for name, body in _OWN.items()}
    return FormulaReader(file, functions).read(node, where)


def read_value(text: str, file: str, where: str) -> Formula:
    """Return a number or the identifier of a parameter.

    Raises
    ------
    ExchangeError
        If the text is neither.
    """
    try:
        return Number(float(text))
    except ValueError:
        pass
    if IDENTIFIER.fullmatch(text):
        return Name(text)
    raise ExchangeError(file, where, f"'{text[:60]}'", "a number or the identifier of a parameter")


def _depths(text: str) -> list[int]:
    depth, found = 0, []
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        found.append(depth)
    return found
