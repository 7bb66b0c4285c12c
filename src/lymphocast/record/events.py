"""Events: what was given, measured, cultured, felt; each with its time and its source.

The words follow FHIR and Phenopackets where they have one (style guide, glossary). Text that a
source leaves open stays open: an optional field that is ``None`` means *not stated*.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

from lymphocast.record.provenance import Provenance
from lymphocast.record.when import When
from lymphocast.units import Quantity


@final
@dataclass(frozen=True)
class Event:
    """A dated happening that other facts may hang on: worsening of symptoms, a dose change.

    ``same_as`` names the event that this one dates a second time, when two places of a source
    date the same happening differently; rules compare both dates.
    """

    id: str
    what: str
    at: When
    provenance: tuple[Provenance, ...]
    same_as: str | None = None


@final
@dataclass(frozen=True)
class Administration:
    """One stretch of treatment at one dose, or titrated towards the next stretch.

    Parameters
    ----------
    drug
        Canonical drug name, such as ``interleukin-2`` or ``clarithromycin``.
    product
        What the source says of the product (``pegylated``); ``None`` if nothing.
    amount, per
        Total amount given in each period of ``per`` days (11 MU per 7 days).
    divided
        Number of equal doses in one period.
    start, stop
        When this stretch began and ended.
    titrated_to
        Identifier of the administration that this one was raised to, step by step, over its
        own length; ``None`` for a constant dose.
    titration_steps
        Number of equal steps assumed between the two; an assumption, never a stated fact.
    product_provenance
        Where the product is stated; empty if the stretch's own provenance states it too.
    printed
        The drug's name as sources print it, where that differs from ``drug``.
    """

    id: str
    drug: str
    product: str | None
    amount: Quantity
    per: float
    divided: int
    route: str | None
    start: When
    stop: When
    provenance: tuple[Provenance, ...]
    titrated_to: str | None = None
    titration_steps: int = 0
    titration_note: str = ""
    product_provenance: tuple[Provenance, ...] = ()
    printed: tuple[str, ...] = ()


@final
@dataclass(frozen=True)
class MissedDoses:
    """Doses that a source says were missed; ``dates_known`` is false when it gives no dates."""

    id: str
    drug: str
    dates_known: bool
    provenance: tuple[Provenance, ...]


@final
@dataclass(frozen=True)
class Measurement:
    """A laboratory value with its unit and, when read off a figure, its reading error (SD)."""

    id: str
    analyte: str
    value: Quantity
    at: When
    provenance: tuple[Provenance, ...]
    reading_error: float | None = None


@final
class CultureResult(StrEnum):
    """Result of one culture, or of several reported together."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


@final
@dataclass(frozen=True)
class Culture:
    """Cultures reported together.

    ``number`` is what the analysis counts; ``number_note`` says where it comes from when the
    source gives only a plural. ``printed`` holds the organism's name as sources print it, where
    that differs from ``organism``.
    """

    id: str
    specimen: str
    organism: str
    result: CultureResult
    number: int
    at: When
    provenance: tuple[Provenance, ...]
    number_note: str = ""
    printed: tuple[str, ...] = ()


@final
class SymptomGrade(StrEnum):
    """How a source describes the symptoms of the infection, on a scale the model can read."""

    PRESENT = "present"
    WORSE = "worse"
    MINIMAL_IMPROVEMENT = "minimal-improvement"
    IMPROVING = "improving"
    RESOLVED = "resolved"
    ASYMPTOMATIC = "asymptomatic"


@final
@dataclass(frozen=True)
class Symptom:
    """State of the symptoms at one time, in the source's words and on our scale."""

    id: str
    what: str
    grade: SymptomGrade
    at: When
    provenance: tuple[Provenance, ...]


@final
@dataclass(frozen=True)
class StatedDuration:
    """A length of time that a source states between two events of the record.

    ``start`` and ``stop`` are identifiers of dated facts; ``length`` has a time unit (``mo``)
    and ``resolution`` (same unit) is half of the last digit given: "4 months" is 3.5 to 4.5.
    """

    id: str
    start: str
    stop: str
    length: Quantity
    resolution: float
    provenance: tuple[Provenance, ...]


@final
@dataclass(frozen=True)
class UnreadData:
    """Data that a source shows but that this record does not hold: points drawn in a figure."""

    id: str
    what: str
    provenance: tuple[Provenance, ...]


@final
@dataclass(frozen=True)
class Finding:
    """Anything else stated: a diagnosis, tolerance, an outcome."""

    id: str
    what: str
    provenance: tuple[Provenance, ...]
    at: When | None = None


@final
@dataclass(frozen=True)
class Question:
    """Something ambiguous in a source, to be answered before it can be a fact."""

    id: str
    what: str
    provenance: tuple[Provenance, ...]


@final
class WorkupStatus(StrEnum):
    """Whether the record states an item of the work-up that a diagnosis presumes."""

    NEGATIVE = "negative"
    POSITIVE = "positive"
    NOT_STATED = "not-stated"


@final
@dataclass(frozen=True)
class WorkupItem:
    """One exclusion that a diagnosis presumes, such as an HIV test."""

    id: str
    what: str
    status: WorkupStatus
    provenance: tuple[Provenance, ...]
