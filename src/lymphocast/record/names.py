"""Names of drugs, organisms and analytes: one canonical name for every way of printing it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final


@final
@dataclass(frozen=True)
class Name:
    """A canonical name, its accepted synonyms, and misspellings that occur in print."""

    canonical: str
    synonyms: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()


DRUGS = (
    Name("interleukin-2", ("il-2", "il2", "interleukin 2"), ("interleukine-2", "interlukin-2")),
    Name("clarithromycin", (), ("clathromycin", "clarithromicin", "claritromycin")),
    Name("azithromycin", (), ("azithromicin", "azitromycin")),
    Name("ethambutol", (), ("ethambutal",)),
    Name("rifampicin", ("rifampin",), ("rifampacin",)),
)

ORGANISMS = (
    Name(
        "Mycobacterium avium-intracellulare",
        ("m. avium-intracellulare", "mycobacterium avium intracellulare", "mai"),
        ("myobacterium avium-intracellulare", "mycobacteria avium-intracellulare"),
    ),
    Name(
        "Mycobacterium avium complex",
        ("m. avium complex", "mac"),
        ("myobacterium avium complex",),
    ),
)

ANALYTES = (
    Name("CD4", ("cd4 count", "cd4+", "cd4+ t cells", "cd4(+)")),
    Name("CD4 of T cells", ("cd4% of t cells",)),
    Name("CD4 of lymphocytes", ("cd4% of lymphocytes",)),
    Name("CD8", ("cd8 count", "cd8+")),
    Name("lymphocytes", ("absolute lymphocyte count", "alc")),
)

ANALYTE_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "CD4": "/uL",
        "CD4 of T cells": "%",
        "CD4 of lymphocytes": "%",
        "CD8": "/uL",
        "lymphocytes": "/uL",
    }
)
"""The unit that a measurement of each known analyte must convert to."""


def canonical(printed: str, table: tuple[Name, ...]) -> str:
    """Return the canonical name of a printed one; a name that no table knows stays as it is."""
    folded = printed.casefold()
    for name in table:
        known = (name.canonical.casefold(), *name.synonyms, *name.misspellings)
        if folded in known:
            return name.canonical
    return printed


def misspelt(printed: str, table: tuple[Name, ...]) -> bool:
    """Return whether a printed name is a known misspelling."""
    folded = printed.casefold()
    return any(folded in name.misspellings for name in table)
