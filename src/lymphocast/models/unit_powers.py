"""Units as products of powers: what multiplying and dividing quantities does to their units.

A unit keeps the atoms it was written with (``mg``, ``L``, ``d``), so that a message can print it;
two units are the same if they have the same dimension and the same size, so that ``mg`` is not
``ug``. All sizes come from :mod:`lymphocast.units`. The codes are UCUM's: ``mg/L``, ``/uL/d``,
``10*9/L``, ``L/(nmol.d)``; an annotation such as ``{cells}`` counts as nothing.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import final

from lymphocast.errors import UnitError
from lymphocast.printed_units import ALIASES
from lymphocast.units import UNITS

UNKNOWN = "?"
"""An atom that begins with this stands for a unit that is not known yet."""

SIZE_AGREES = 1e-9
"""Relative: two units of the same size; room for rounding in products of table factors."""

_ATOMIC = frozenset(
    {
        "time",
        "mass",
        "volume",
        "substance",
        "length",
        "pressure",
        "temperature",
        "international units",
        "arbitrary units of a product",
    }
)
_COLONIES = "[CFU]"
_TOKEN = re.compile(
    r"(?P<number>10[*^][+-]?\d+|\d+)|(?P<atom>(?:[A-Za-z%_]|\[[^\]\s]*\])+)(?P<power>[+-]?\d+)?"
    r"|(?P<note>\{[^{}]*\})|(?P<sign>[/.()])"
)
_MISPLACED = re.compile(r"[/.][/.)]|[/.]$|^\.|\([/.)]|\)[^/.)]|[^/.(]\(")
"""Operators and brackets that join nothing."""


@final
@dataclass(frozen=True)
class Atom:
    """The smallest part of a unit: what it measures, and its size in that dimension's base."""

    dimension: str
    size: float


_ATOMS: Mapping[str, Atom] = MappingProxyType(
    {code: Atom(u.dimension, u.factor) for code, u in UNITS.items() if u.dimension in _ATOMIC}
    | {"%": Atom("", UNITS["%"].factor), _COLONIES: Atom("colony-forming units", 1.0)}
)


def atom(code: str) -> Atom:
    """Return what an atom measures and its size; numbers measure nothing."""
    if code.startswith(UNKNOWN):
        return Atom(code, 1.0)
    if code[0].isdigit():
        base, sign, exponent = code.replace("^", "*").partition("*")
        return Atom("", float(base) ** int(exponent) if sign else float(base))
    return _ATOMS[code]


@final
@dataclass(frozen=True)
class UnitPowers:
    """A product of atoms, each to a power that is not 0, in the order of their first writing."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    def __mul__(self, other: "UnitPowers") -> "UnitPowers":
        """Multiply."""
        found = dict(self.powers)
        for code, power in other.powers:
            found[code] = found.get(code, Fraction(0)) + power
        return UnitPowers(tuple((c, p) for c, p in found.items() if p))

    def __truediv__(self, other: "UnitPowers") -> "UnitPowers":
        """Divide."""
        return self * other ** Fraction(-1)

    def __pow__(self, exponent: Fraction) -> "UnitPowers":
        """Raise to a power."""
        return UnitPowers(tuple((c, p * exponent) for c, p in self.powers if exponent))

    def __str__(self) -> str:
        """Return the unit as UCUM writes it."""
        above = ".".join(_raised(c, p) for c, p in self.powers if p > 0)
        below = "".join(f"/{_raised(c, -p)}" for c, p in self.powers if p < 0)
        return (above + below) or "1"

    @property
    def dimension(self) -> Mapping[str, Fraction]:
        """What it measures: powers of dimensions, none of them 0."""
        found: dict[str, Fraction] = {}
        for code, power in self.powers:
            name = atom(code).dimension
            if name:
                found[name] = found.get(name, Fraction(0)) + power
        return {name: power for name, power in found.items() if power}

    @property
    def size(self) -> float:
        """How large one of it is in the base units of its dimensions."""
        return math.prod(math.pow(atom(code).size, power) for code, power in self.powers)

    @property
    def unknown(self) -> tuple[tuple[str, Fraction], ...]:
        """The atoms that stand for units not known yet."""
        return tuple((c, p) for c, p in self.powers if c.startswith(UNKNOWN))

    def is_same(self, other: "UnitPowers") -> bool:
        """Whether both measure the same and are of the same size."""
        ratio = self / other
        return not ratio.dimension and math.isclose(ratio.size, 1.0, rel_tol=SIZE_AGREES)


ONE = UnitPowers()
"""A pure number."""

DAY = UnitPowers((("d", Fraction(1)),))


def parse_unit(text: str) -> UnitPowers:
    """Return the unit that a UCUM code names.

    Raises
    ------
    UnitError
        If the text is no UCUM code, or names an atom that the table does not have.
    """
    code = ALIASES.get(text, text)
    tokens = list(_TOKEN.finditer(code))
    whole = bool(code) and "".join(t.group() for t in tokens) == code
    if not whole or _MISPLACED.search(code) or code.count("(") != code.count(")"):
        msg = f"unit '{text}' is not a UCUM code such as 'mg/L' or '/d'"
        raise UnitError(msg)
    strange = [t["atom"] for t in tokens if t["atom"] and t["atom"] not in _ATOMS]
    if strange:
        msg = f"unit '{text}' is not known: the table has no '{strange[0]}'"
        raise UnitError(msg)
    found, rest = _product(tokens)
    if rest:
        msg = f"unit '{text}' closes a bracket that it did not open"
        raise UnitError(msg)
    return found


def _product(tokens: list[re.Match[str]]) -> tuple[UnitPowers, list[re.Match[str]]]:
    """Return the product up to a closing bracket, and what follows it."""
    found, exponent = ONE, Fraction(1)
    while tokens:
        token, *tokens = tokens
        sign = token["sign"]
        if sign == ")":
            return found, tokens
        if sign == "(":
            inner, tokens = _product(tokens)
            found = found * inner**exponent
        elif sign is not None:
            exponent = Fraction(-1 if sign == "/" else 1)
        else:
            found = found * _single(token) ** exponent
    return found, tokens


def _single(token: re.Match[str]) -> UnitPowers:
    if token["note"] is not None or token["number"] == "1":
        return ONE
    return UnitPowers(((token["number"] or token["atom"], Fraction(token["power"] or 1)),))


def _raised(code: str, power: Fraction) -> str:
    if power == 1:
        return code
    return f"{code}{power}" if power.denominator == 1 else f"{code}^({power})"
