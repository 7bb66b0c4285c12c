"""Provenance: who stated a fact, where, and by what method it got into the record."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final


@final
class Method(StrEnum):
    """How a fact got into the record."""

    STATED = "stated"
    READ_OFF_FIGURE = "read-off-figure"
    DERIVED = "derived"
    ASSUMED = "assumed"
    PROPOSED = "proposed"


@final
@dataclass(frozen=True)
class Provenance:
    """Where a fact stands.

    Parameters
    ----------
    source
        Identifier of one of the record's sources.
    locator
        Place in that source, such as ``abstract`` or ``Fig. 1 legend``.
    method
        How the fact was obtained there.
    note
        The derivation, or the reason of an assumption; empty for a plainly stated fact.
    """

    source: str
    locator: str
    method: Method
    note: str = ""


@final
@dataclass(frozen=True)
class Source:
    """A publication or document that facts point to."""

    id: str
    citation: str
    doi: str | None = None
    pmid: str | None = None
    note: str = ""
