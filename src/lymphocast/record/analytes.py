"""Analytes: what laboratories measure, in which units, with which LOINC codes.

A measurement of a known analyte must be in a unit that converts to the analyte's own. Some
analytes are printed as a mass or as an amount of substance; the molar mass stands here, the
arithmetic in ``units``. A LOINC code that is not certain is left out (the percentages of
CD4 cells among them: the code in common use does not say of which cells).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from lymphocast.record.names import Name, NameTable
from lymphocast.units import Quantity, commensurable, molar, per_enzyme_unit


@final
@dataclass(frozen=True)
class Analyte:
    """One thing that is measured.

    Parameters
    ----------
    name
        Canonical name, its synonyms and codes.
    unit
        UCUM unit that its values convert to.
    molar_mass
        g/mol, where laboratories also print an amount of substance.
    enzyme
        Whether ``IU/L`` is printed for its enzyme unit ``U/L``.
    """

    name: Name
    unit: str
    molar_mass: float | None = None
    enzyme: bool = False


def _row(
    canonical: str,
    unit: str,
    synonyms: tuple[str, ...] = (),
    loinc: str = "",
    *,
    molar_mass: float | None = None,
    enzyme: bool = False,
) -> Analyte:
    """Return one row of the table."""
    codes = (f"LOINC:{loinc}",) if loinc else ()
    return Analyte(Name(canonical, synonyms, (), codes), unit, molar_mass, enzyme)


_COUNT, _SHARE = "/uL", "%"
_ROWS = (
    _row("CD4", _COUNT, ("cd4 count", "cd4+", "cd4+ t cells", "cd4(+)", "cd4 cells"), "24467-3"),
    _row("CD4 of T cells", _SHARE, ("cd4% of t cells",)),
    _row("CD4 of lymphocytes", _SHARE, ("cd4% of lymphocytes", "cd4%")),
    _row("CD8", _COUNT, ("cd8 count", "cd8+", "cd8+ t cells", "cd8 cells"), "14135-8"),
    _row("CD8 of lymphocytes", _SHARE, ("cd8% of lymphocytes", "cd8%")),
    _row("CD4/CD8 ratio", "1", ("cd4:cd8 ratio", "cd4/cd8"), "54218-3"),
    _row("CD3", _COUNT, ("cd3 count", "cd3+", "t cells", "t cell count"), "8122-4"),
    _row("NK cells", _COUNT, ("nk", "nk cell count", "natural killer cells", "cd16+cd56+")),
    _row("B cells", _COUNT, ("b cell count", "cd19", "cd19+"), "8116-6"),
    _row(
        "lymphocytes", _COUNT, ("absolute lymphocyte count", "alc", "lymphocyte count"), "26474-7"
    ),
    _row("leukocytes", _COUNT, ("white blood cells", "wbc", "leucocytes"), "26464-8"),
    _row(
        "neutrophils", _COUNT, ("absolute neutrophil count", "anc", "neutrophil count"), "26499-4"
    ),
    _row("eosinophils", _COUNT, ("eosinophil count",), "26449-9"),
    _row("platelets", _COUNT, ("platelet count", "thrombocytes"), "26515-7"),
    # 1 mmol/L of haemoglobin is counted per haem: a quarter of the tetramer of 64 458 g/mol
    # (Zander 1984, ICSH recommendation).
    _row("haemoglobin", "g/dL", ("hemoglobin", "hb", "hgb"), "718-7", molar_mass=16114.5),
    _row("creatinine", "mg/dL", ("serum creatinine",), "2160-0", molar_mass=113.12),
    _row("bilirubin", "mg/dL", ("total bilirubin",), "1975-2", molar_mass=584.66),
    _row("ALT", "U/L", ("alanine aminotransferase", "sgpt", "gpt"), "1742-6", enzyme=True),
    _row("AST", "U/L", ("aspartate aminotransferase", "sgot", "got"), "1920-8", enzyme=True),
    _row("GGT", "U/L", ("gamma-glutamyltransferase", "gamma-gt", "ggt"), "2324-2", enzyme=True),
    _row("CRP", "mg/L", ("c-reactive protein",), "1988-5"),
    _row("TSH", "m[IU]/L", ("thyrotropin", "thyroid stimulating hormone"), "3016-3"),
    _row("free T4", "ng/dL", ("free thyroxine", "ft4"), "3024-7", molar_mass=776.87),
    _row("QTc", "ms", ("corrected qt interval", "qtc interval")),
    _row("temperature", "Cel", ("body temperature",), "8310-5"),
    _row("body weight", "kg", ("weight",), "29463-7"),
    _row("body height", "cm", ("height",), "8302-2"),
    _row("heart rate", "/min", ("pulse",), "8867-4"),
    _row("systolic blood pressure", "mm[Hg]", ("systolic bp",), "8480-6"),
    _row("oxygen saturation", _SHARE, ("spo2",), "59408-5"),
    _row("oxygen flow", "L/min", ("supplemental oxygen",)),
    _row("urine output", "mL/h", ("diuresis",)),
    _row("serum IL-2", "[IU]/mL", ("il-2 concentration",)),
    _row("soluble IL-2 receptor", "pmol/L", ("sil-2r", "scd25")),
    _row("clarithromycin concentration", "mg/L", ("serum clarithromycin",)),
)

KNOWN: Mapping[str, Analyte] = MappingProxyType({row.name.canonical: row for row in _ROWS})
"""The known analytes by canonical name."""
ANALYTES = NameTable(tuple(row.name for row in _ROWS))
ANALYTE_UNITS: Mapping[str, str] = MappingProxyType({k: row.unit for k, row in KNOWN.items()})
"""The unit that a measurement of each known analyte must convert to."""


def suits(analyte: str, unit: str, like: str) -> bool:
    """Return whether a unit can state a value of this analyte.

    Of an unknown analyte, any unit does that converts to ``like``, the unit of its value.
    """
    row = KNOWN.get(analyte)
    if row is None:
        return commensurable(unit, like)
    if commensurable(unit, row.unit):
        return True
    if row.enzyme and commensurable(unit, "[IU]/L"):
        return True
    return row.molar_mass is not None and commensurable(unit, "mmol/L")


def in_own_unit(analyte: str, value: Quantity) -> Quantity:
    """Return a value in its analyte's unit; one of an unknown analyte stays as it is.

    Raises
    ------
    UnitError
        If the unit does not suit the analyte.
    """
    row = KNOWN.get(analyte)
    if row is None:
        return value
    if row.molar_mass is not None and commensurable(value.unit, "mmol/L"):
        value = molar(value, row.molar_mass)
    elif row.enzyme and commensurable(value.unit, "[IU]/L"):
        value = per_enzyme_unit(value)
    return value.to(row.unit)
