"""UCUM units as SBML unit definitions.

SBML builds units from those of the SI, the litre and ``item``. International units, a product's
arbitrary units and colony-forming units have no value in them: each is written as an item, with a
note that says so. Identifiers follow the code: ``mg_per_L`` for ``mg/L``; its name is the code.
"""

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import libsbml

from lymphocast.errors import UsageError
from lymphocast.models.unit_powers import UnitPowers, atom

DIGITS = 12  # of a multiplier: the table's factors are exact to more

_KINDS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "": (libsbml.UNIT_KIND_DIMENSIONLESS, "1"),
        "time": (libsbml.UNIT_KIND_SECOND, "s"),
        "mass": (libsbml.UNIT_KIND_GRAM, "g"),
        "volume": (libsbml.UNIT_KIND_LITRE, "L"),
        "substance": (libsbml.UNIT_KIND_MOLE, "mol"),
        "length": (libsbml.UNIT_KIND_METRE, "m"),
        "international units": (libsbml.UNIT_KIND_ITEM, "[IU]"),
        "arbitrary units of a product": (libsbml.UNIT_KIND_ITEM, "[arb'U]"),
        "colony-forming units": (libsbml.UNIT_KIND_ITEM, "[CFU]"),
    }
)
"""For each dimension the SBML unit and the UCUM code of the same size."""

_WORDS = {
    "international units": "an international unit",
    "arbitrary units of a product": "an arbitrary unit of the product",
    "colony-forming units": "a colony-forming unit",
}


def unit_sid(unit: UnitPowers) -> str:
    """Return the identifier of a unit's definition."""
    if not unit.powers:
        return "dimensionless"
    text = str(unit).replace("/", "_per_").replace("*", "e").replace("%", "percent")
    sid = re.sub(r"[^A-Za-z0-9_]", "", text.replace(".", "_")).strip("_")
    return sid if sid[0].isalpha() else f"_{sid}"


def define_unit(document: Any, unit: UnitPowers) -> None:  # noqa: ANN401 (libsbml.Model)
    """Add the definition of a unit to a libSBML model.

    Raises
    ------
    UsageError
        If SBML has no unit of that kind, or none of that power.
    """
    definition = document.createUnitDefinition()
    definition.setId(unit_sid(unit))
    definition.setName(str(unit))
    notes = []
    for code, power in unit.powers:
        dimension, size = atom(code).dimension, atom(code).size
        if dimension not in _KINDS:
            msg = f"unit '{unit}' cannot be written as SBML: it has no unit of {dimension}"
            raise UsageError(msg)
        kind, base = _KINDS[dimension]
        _add(definition, kind, power, size / atom(base).size)
        if dimension in _WORDS:
            notes.append(f"{_WORDS[dimension]} is written as an item")
    if notes:
        text = f"{notes[0][0].upper()}{notes[0][1:]}; it has no value in SI units."
        definition.setNotes(f'<p xmlns="http://www.w3.org/1999/xhtml">{text}</p>')


def _add(definition: Any, kind: int, power: Fraction, multiplier: float) -> None:  # noqa: ANN401
    exponent = math.log10(multiplier)
    scale = round(exponent) if math.isclose(exponent, round(exponent), abs_tol=1e-9) else 0
    part = definition.createUnit()
    part.setKind(kind)
    part.setExponent(float(power))
    part.setScale(scale)
    part.setMultiplier(1.0 if scale else float(f"{multiplier:.{DIGITS}g}"))
