"""Quantity: a value with its UCUM unit, and the only conversion factors of this package.

One table holds the UCUM codes in use, each with its dimension and its factor to that dimension's
base unit; what laboratories print (``cells/mm3``, ``10^9/L``, ``MU``) is read as one of them.

Two points of UCUM matter here. A month ``mo`` is the Julian month ``mo_j`` = 30.4375 d and a year
``a`` is 365.25 d. Arbitrary units ``[arb'U]`` belong to one product's own assay: they are never
converted to international units ``[IU]``, because the factor depends on the product and on the
unit system of the manufacturer. ``M[arb'U]`` is written like ``M[IU]``, although UCUM does not
strictly let a prefix stand before ``[arb'U]``.
"""

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from lymphocast.errors import UnitError
from lymphocast.printed_units import ALIASES, plain_signs

DAYS_PER_WEEK = 7.0
DAYS_PER_MONTH = 30.4375
"""Days in the Julian month of UCUM, ``mo``."""

DAYS_PER_YEAR = 365.25
"""Days in the Julian year of UCUM, ``a``."""


@final
@dataclass(frozen=True)
class Unit:
    """A UCUM code with its dimension: base value = (value + zero) * factor."""

    code: str
    dimension: str
    factor: float
    zero: float = 0.0


_SUBSTANCE = (("mol", 1e3), ("mmol", 1.0), ("umol", 1e-3), ("nmol", 1e-6), ("pmol", 1e-9))

_CODES: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = (
    ("fraction", (("1", 1.0), ("%", 0.01))),
    (
        "number per volume",
        (
            ("/uL", 1.0),
            ("10*3/uL", 1e3),
            ("10*6/uL", 1e6),
            ("/mL", 1e-3),
            ("10*3/mL", 1.0),
            ("10*6/mL", 1e3),
            ("/L", 1e-6),
            ("10*3/L", 1e-3),
            ("10*6/L", 1.0),
            ("10*9/L", 1e3),
            ("10*12/L", 1e6),
        ),
    ),
    (
        "time",
        (
            ("ms", 1e-3 / 86400.0),
            ("s", 1.0 / 86400.0),
            ("min", 1.0 / 1440.0),
            ("h", 1.0 / 24.0),
            ("d", 1.0),
            ("wk", DAYS_PER_WEEK),
            ("mo", DAYS_PER_MONTH),
            ("mo_j", DAYS_PER_MONTH),
            ("a", DAYS_PER_YEAR),
        ),
    ),
    (
        "number per time",
        (
            ("/min", 1440.0),
            ("/h", 24.0),
            ("/d", 1.0),
            ("/wk", 1.0 / DAYS_PER_WEEK),
            ("/mo", 1.0 / DAYS_PER_MONTH),
            ("/a", 1.0 / DAYS_PER_YEAR),
        ),
    ),
    (
        "mass",
        (
            ("kg", 1e6),
            ("[lb_av]", 453592.37),
            ("g", 1e3),
            ("mg", 1.0),
            ("ug", 1e-3),
            ("ng", 1e-6),
            ("pg", 1e-9),
        ),
    ),
    ("volume", (("L", 1.0), ("dL", 0.1), ("mL", 1e-3), ("uL", 1e-6))),
    (
        "volume per time",
        (
            ("L/d", 1.0),
            ("L/h", 24.0),
            ("L/min", 1440.0),
            ("mL/min", 1.44),
            ("mL/h", 0.024),
            ("mL/d", 1e-3),
        ),
    ),
    (
        "mass per volume",
        (
            ("g/L", 1e3),
            ("g/dL", 1e4),
            ("mg/dL", 10.0),
            ("mg/L", 1.0),
            ("ug/mL", 1.0),
            ("mg/mL", 1e3),
            ("ug/L", 1e-3),
            ("ng/mL", 1e-3),
            ("ng/dL", 1e-5),
            ("ng/L", 1e-6),
            ("pg/mL", 1e-6),
        ),
    ),
    ("substance", _SUBSTANCE),
    ("substance per volume", tuple((f"{code}/L", size) for code, size in _SUBSTANCE[1:])),
    ("catalytic activity per volume", (("U/L", 1.0), ("ukat/L", 60.0), ("nkat/L", 0.06))),
    ("length", (("m", 1.0), ("cm", 0.01), ("mm", 1e-3), ("[in_i]", 0.0254))),
    ("area", (("m2", 1.0),)),
    ("mass per area", (("kg/m2", 1e6), ("mg/m2", 1.0))),
    ("mass per mass", (("mg/kg", 1.0), ("ug/kg", 1e-3))),
    ("pressure", (("mm[Hg]", 1.0),)),
    ("colony-forming units per volume", (("[CFU]/mL", 1.0),)),
    ("international units", (("[IU]", 1e-6), ("k[IU]", 1e-3), ("M[IU]", 1.0))),
    (
        "international units per volume",
        (
            ("[IU]/L", 1e-6),
            ("m[IU]/L", 1e-9),
            ("u[IU]/mL", 1e-9),
            ("[IU]/mL", 1e-3),
            ("k[IU]/L", 1e-3),
            ("M[IU]/L", 1.0),
        ),
    ),
    (
        "international units per area",
        (("[IU]/m2", 1e-6), ("k[IU]/m2", 1e-3), ("M[IU]/m2", 1.0)),
    ),
    ("international units per mass", (("[IU]/kg", 1e-6), ("k[IU]/kg", 1e-3))),
    (
        "arbitrary units of a product",
        (("[arb'U]", 1e-6), ("k[arb'U]", 1e-3), ("M[arb'U]", 1.0)),
    ),
    (
        "arbitrary units of a product per area",
        (("[arb'U]/m2", 1e-6), ("M[arb'U]/m2", 1.0)),
    ),
)

_TEMPERATURES = (
    Unit("K", "temperature", 1.0),
    Unit("Cel", "temperature", 1.0, 273.15),
    Unit("[degF]", "temperature", 5.0 / 9.0, 459.67),
)

UNITS: Mapping[str, Unit] = MappingProxyType(
    {code: Unit(code, name, factor) for name, codes in _CODES for code, factor in codes}
    | {unit.code: unit for unit in _TEMPERATURES}
)
"""Every UCUM code in use."""


_KNOWN = {**UNITS, **{printed: UNITS[code] for printed, code in ALIASES.items()}}

_QUANTITY = re.compile(
    r"([+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?:\s+(\S.*)|([^\s0-9.,].*))", re.ASCII
)


@final
@dataclass(frozen=True)
class Quantity:
    """A value with its UCUM unit, such as ``553 /uL`` or ``11 M[arb'U]``."""

    value: float
    unit: str

    def to(self, unit: str) -> "Quantity":
        """Return the same quantity in another unit.

        Raises
        ------
        UnitError
            If a unit is unknown or the two measure different things.
        """
        source, target = unit_named(self.unit), unit_named(unit)
        if source.dimension != target.dimension:
            message = (
                f"{self}: unit '{source.code}' cannot become '{target.code}'. "
                f"{_why_not(source, target)}"
            )
            raise UnitError(message)
        if source.code == target.code:
            return Quantity(self.value, target.code)
        base = (self.value + source.zero) * source.factor
        return Quantity(base / target.factor - target.zero, target.code)

    def __str__(self) -> str:
        """Return the number and the unit as a case file writes them."""
        return f"{number_text(self.value)} {self.unit}"


def number_text(value: float) -> str:
    """Return the shortest text that reads back as the same number, without a bare ``.0``."""
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def unit_named(text: str) -> Unit:
    """Return the unit that a UCUM code, or one of its printed forms, names.

    Raises
    ------
    UnitError
        If neither table knows the text; the message names the nearest code.
    """
    unit = _KNOWN.get(text)
    if unit is not None:
        return unit
    code = plain_signs(text)
    if code in _KNOWN:
        return _KNOWN[code]
    near = difflib.get_close_matches(code, (*UNITS, *ALIASES), n=1)
    hint = f"; the nearest known unit is '{near[0]}'" if near else ""
    message = f"unit '{text}' is not known{hint}"
    raise UnitError(message)


def commensurable(unit: str, other: str) -> bool:
    """Return whether two known units measure the same thing."""
    return unit_named(unit).dimension == unit_named(other).dimension


def parse_quantity(text: str) -> Quantity:
    """Read ``172 cells/mm3`` as a number and a UCUM unit.

    Raises
    ------
    UnitError
        If the text is not a finite number followed by a known unit.
    """
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        message = f"'{text}' is not a number with a unit"
        raise UnitError(message)
    value = float(match[1])
    if not math.isfinite(value):
        message = f"'{text}' is not a finite number"
        raise UnitError(message)
    return Quantity(value, unit_named(match[2] or match[3]).code)


def molar(value: Quantity, molar_mass: float) -> Quantity:
    """Return the mass concentration of an amount-of-substance concentration.

    Parameters
    ----------
    value
        Amount of substance per volume.
    molar_mass
        g/mol, so that 1 mmol/L is ``molar_mass`` mg/L.

    Raises
    ------
    UnitError
        If the value is no amount of substance per volume.
    """
    return Quantity(value.to("mmol/L").value * molar_mass, "mg/L")


def per_enzyme_unit(value: Quantity) -> Quantity:
    """Return an enzyme activity printed in IU/L in U/L: one international unit is one unit.

    Raises
    ------
    UnitError
        If the value is not in international units per volume.
    """
    return Quantity(value.to("[IU]/L").value, "U/L")


def _why_not(source: Unit, target: Unit) -> str:
    """Say what separates two units."""
    kinds = {source.dimension.partition(" per ")[0], target.dimension.partition(" per ")[0]}
    if kinds == {"arbitrary units of a product", "international units"}:
        return (
            "Arbitrary units of a product are not international units; a stated assumption "
            "about the product's unit system is needed first."
        )
    return (
        f"'{source.code}' measures {source.dimension}, '{target.code}' measures {target.dimension}."
    )
