"""Units of an SBML document as UCUM codes.

A unit that the table of :mod:`lymphocast.units` cannot name keeps the document's identifier, as an
annotation in braces: it is shown and never computed with.
"""

import math
from typing import Any

import libsbml

from lymphocast.errors import UnitError
from lymphocast.models.unit_powers import parse_unit

NO_UNIT = "1"

_ATOMS: dict[str, dict[int, str]] = {
    "gram": {0: "g", -3: "mg", -6: "ug", -9: "ng", -12: "pg", 3: "kg"},
    "kilogram": {0: "kg", -3: "g", -6: "mg", -9: "ug"},
    "litre": {0: "L", -1: "dL", -3: "mL", -6: "uL"},
    "mole": {0: "mol", -3: "mmol", -6: "umol", -9: "nmol", -12: "pmol"},
    "metre": {0: "m", -2: "cm", -3: "mm"},
}
"""UCUM codes by kind and power of ten."""

_TIMES = {1.0: "s", 60.0: "min", 3600.0: "h", 86400.0: "d", 604800.0: "wk"}
_BUILT_IN = {"substance": "mol", "volume": "L", "time": "s", "length": "m", "area": "m2"}
"""What SBML Level 2 means by these, unless a document says otherwise."""

SAME = 1e-9  # relative: one unit, written by another program


def unit_text(model: Any, unit: str) -> str:  # noqa: ANN401 (libsbml.Model)
    """Return the UCUM code of a unit of a document, or its identifier in braces."""
    if unit in {"", "dimensionless"}:
        return NO_UNIT
    definition = model.getUnitDefinition(unit)
    if definition is None:
        found = _BUILT_IN.get(unit) or _code(unit, 1.0)
        return found if found and _known(found) else f"{{{unit}}}"
    if definition.getName() and _known(definition.getName()):
        return str(definition.getName())
    built = _built(definition)
    return built if built and _known(built) else f"{{{unit}}}"


def _known(code: str) -> bool:
    try:
        parse_unit(code)
    except UnitError:
        return False
    return True


def _built(definition: Any) -> str:  # noqa: ANN401 (libsbml.UnitDefinition)
    """Return a product of powers, or nothing if a part has no code."""
    text = ""
    for part in definition.getListOfUnits():
        power = part.getExponentAsDouble()
        size = part.getMultiplier() * 10.0 ** part.getScale()
        code = _code(libsbml.UnitKind_toString(part.getKind()), size)
        if not code or not math.isfinite(power) or not float(power).is_integer() or power == 0:
            return ""
        digits = "" if abs(power) == 1 else str(abs(int(power)))
        if code != NO_UNIT:
            text += f"{'/' if power < 0 else '.' if text else ''}{code}{digits}"
    return text or NO_UNIT


def _code(kind: str, size: float) -> str:
    """Return the code of a kind at a size, or nothing."""
    if kind in {"second", "time"}:
        return next((c for s, c in _TIMES.items() if math.isclose(s, size, rel_tol=SAME)), "")
    if kind == "dimensionless":
        return NO_UNIT if size == 1.0 else ""
    if kind == "item":
        return NO_UNIT if size == 1.0 else ""
    powers = _ATOMS.get({"liter": "litre", "meter": "metre"}.get(kind, kind), {})
    return next((c for p, c in powers.items() if math.isclose(10.0**p, size, rel_tol=SAME)), "")
