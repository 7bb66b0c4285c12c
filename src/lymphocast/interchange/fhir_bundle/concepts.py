"""Codeable concepts and quantities of FHIR, and the names, codes and units of a case file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, final

from lymphocast.errors import UnitError
from lymphocast.interchange.fhir_bundle.codes import (
    COMPARATORS,
    NEGATIVE,
    POSITIVE,
    PREFIXES,
    SYSTEMS,
    UCUM,
)
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.record.names import NameTable
from lymphocast.units import Quantity, number_text, unit_named

Json = dict[str, object]
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_ANNOTATION = re.compile(r"\{[^}]*\}")
DIGITS: Final = 12
"""Significant digits kept of a product of two numbers of the file."""


@final
@dataclass(frozen=True)
class Concept:
    """A codeable concept: its words, its codes as a case file writes them, and all its codes."""

    text: str | None = None
    codes: tuple[str, ...] = ()
    every: tuple[tuple[str, str], ...] = ()

    def named(self, table: NameTable, codes: Mapping[str, str]) -> str | None:
        """Return the canonical name that the codes or the words mean, or the words."""
        for code in self.codes:
            if code in codes:
                return codes[code]
        known = table.find(self.text) if self.text is not None else None
        return known.canonical if known is not None else self.text

    def code_in(self, system: str) -> str | None:
        """Return the code of one system."""
        return next((code for s, code in self.every if s == system), None)

    @property
    def sign(self) -> str | None:
        """``positive`` or ``negative``, if that is what this says."""
        found = {*self.codes, *(code for _, code in self.every)}
        words = (self.text or "").casefold()
        if found & NEGATIVE or words.startswith(("negative", "not detected", "no growth")):
            return "negative"
        if found & POSITIVE or words in {"positive", "detected"}:
            return "positive"
        return None


NOTHING: Final = Concept()


def concept_of(element: Element | None) -> Concept:
    """Return what a codeable concept says; codings of unknown systems stay unused."""
    if element is None:
        return NOTHING
    words, codes, every = element.words("text"), [], []
    for coding in element.children("coding"):
        system, code, display = (coding.text(key) for key in ("system", "code", "display"))
        coding.use("version")
        coding.truth("userSelected")
        words = words or display
        every.append((system or "", code or ""))
        prefix = PREFIXES.get(system or "")
        bare = (code or "").removeprefix("HP:") if prefix == "HP" else code or ""
        if prefix is not None and _CODE.fullmatch(bare):
            codes.append(f"{prefix}:{bare}")
        elif not (system or "").startswith(OWN_OR_STANDARD):
            coding.spare("system", "code")
    words = words or next((code for _, code in every if code), None)
    return Concept(words, tuple(dict.fromkeys(codes)), tuple(every))


OWN_OR_STANDARD: Final = ("https://lymphocast.org/fhir/", "http://terminology.hl7.org/")


def coding_of(code: str) -> Json | None:
    """Return the coding of a case file's code; ``None`` for a system that FHIR does not name."""
    prefix, _, bare = code.partition(":")
    system = SYSTEMS.get(prefix)
    if system is None:
        return None
    return {"system": system, "code": code if prefix == "HP" else bare}


def concept(text: str, codes: Iterable[str] = (), stated: Iterable[str] = ()) -> Json:
    """Return a codeable concept; codes that a source states are marked as chosen by a person."""
    codings = []
    given = tuple(stated)
    for code in dict.fromkeys((*given, *codes)):
        coding = coding_of(code)
        if coding is not None:
            codings.append({**coding, "userSelected": True} if code in given else coding)
    return {"coding": codings, "text": text} if codings else {"text": text}


def own_concept(system: str, code: str, text: str) -> Json:
    """Return a concept of one of this project's code systems."""
    return {"coding": [{"system": system, "code": code}], "text": text}


def quantity_of(element: Element) -> tuple[Quantity, str | None]:
    """Return a quantity with its comparator.

    Raises
    ------
    NotHeldError
        If it has no value or no unit that a case file knows.
    """
    value = element.number("value")
    comparator = element.code("comparator", COMPARATORS)
    code, unit = element.text("code"), element.text("unit")
    system = element.text("system")
    if value is None:
        message = f"no value in {element.path.lstrip('.')}"
        raise NotHeldError(message)
    printed = code if code is not None and system in {UCUM, None} else unit or code
    return Quantity(value, unit_code(printed, unit)), comparator


def unit_code(printed: str | None, other: str | None = None) -> str:
    """Return the UCUM code of a printed unit; annotations in braces say nothing of its size."""
    if printed is None:
        message = "a quantity without a unit"
        raise NotHeldError(message)
    for text in (printed, other):
        if text is not None:
            try:
                return unit_named(_ANNOTATION.sub("", text).strip() or "1").code
            except UnitError:
                continue
    message = f"the unit '{printed}' is not one that a case file knows"
    raise NotHeldError(message)


def quantity(value: Quantity, comparator: str | None = None) -> Json:
    """Return a quantity of FHIR; a unit that is not strictly UCUM is given as words only."""
    found: Json = {"value": plain_number(value.value)}
    if comparator is not None:
        found["comparator"] = comparator
    found["unit"] = value.unit
    if not value.unit.startswith(("k[arb", "M[arb")):
        found |= {"system": UCUM, "code": value.unit}
    return found


def plain_number(value: float) -> float | int:
    """Return a whole number without a decimal point, as it was probably written."""
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def rounded(value: float) -> float:
    """Return a product of two numbers without the noise of its last digits."""
    return float(f"{value:.{DIGITS}g}")


def as_text(value: Quantity) -> str:
    """Return a quantity as a case file writes it."""
    return f"{number_text(value.value)} {value.unit}"
