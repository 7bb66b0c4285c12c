"""Events: what was given, measured, cultured, felt; each with its time and its source.

The words follow FHIR and Phenopackets where they have one (style guide, glossary). Text that a
source leaves open stays open: an optional field that is ``None`` means *not stated*. Every fact
keeps the corrections made to it and what other sources say of the same fact.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

from lymphocast.record.context import Context, Correction, Disagreement, Limit, NormalRange
from lymphocast.record.dosing import Cycle
from lymphocast.record.figure import ReadOff
from lymphocast.record.provenance import Provenance
from lymphocast.record.when import When
from lymphocast.units import DAYS_PER_WEEK, Quantity


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
    corrections: tuple[Correction, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


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
    dosing
        The dose in the words of a source, which ``amount``, ``per``, ``divided`` and ``cycle``
        restate; empty if the file gives the numbers only.
    cycle
        Days of doses in each cycle; ``None`` for doses throughout.
    codes
        Codes that the source gives, ``SYSTEM:code``.
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
    dosing: str = ""
    cycle: Cycle | None = None
    codes: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def one_dose(self) -> Quantity:
        """Amount of one dose."""
        return Quantity(self.amount.value / self.divided, self.amount.unit)

    def weekly(self, unit: str) -> float:
        """Return the weekly amount in a unit; of cyclic doses the mean over whole cycles."""
        week = self.amount.to(unit).value * DAYS_PER_WEEK / self.per
        return week if self.cycle is None else week * self.cycle.days / self.cycle.every


@final
class MissedKind(StrEnum):
    """Why doses were not given."""

    MISSED = "missed"
    SKIPPED = "skipped"
    HELD = "held"


@final
@dataclass(frozen=True)
class MissedDoses:
    """Doses that a source says were not given.

    Parameters
    ----------
    dates_known
        False when the source gives no dates: nothing may then invent them.
    kind
        Missed by the patient, skipped by plan, or held by the physician.
    number
        How many doses, if stated.
    dates
        When single doses were missed.
    start, stop
        A stretch without doses.
    why
        The reason, in the source's words.
    """

    id: str
    drug: str
    dates_known: bool
    provenance: tuple[Provenance, ...]
    kind: MissedKind | None = None
    number: int | None = None
    dates: tuple[When, ...] = ()
    start: When | None = None
    stop: When | None = None
    why: str = ""
    corrections: tuple[Correction, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


@final
@dataclass(frozen=True)
class Measurement:
    """A laboratory value with its unit and, when read off a figure, its reading error (SD).

    Parameters
    ----------
    limit
        ``below`` for ``<10 /uL``, ``above`` for ``>2000 /uL``; ``None`` for a plain value.
    context
        What surrounds the value: laboratory, time of day, last dose, fever, steroids.
    normal
        Limits of normal that the laboratory prints.
    specimen
        What was measured in, if not the usual one.
    read_off
        The pixels of the point, if it was read off a calibrated figure.
    codes
        Codes that the source gives, ``SYSTEM:code``.
    """

    id: str
    analyte: str
    value: Quantity
    at: When
    provenance: tuple[Provenance, ...]
    reading_error: float | None = None
    limit: Limit | None = None
    context: Context | None = None
    normal: NormalRange | None = None
    specimen: str | None = None
    read_off: ReadOff | None = None
    codes: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


@final
class CultureResult(StrEnum):
    """Result of one culture, or of several reported together."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    CONTAMINATED = "contaminated"


@final
class Susceptibility(StrEnum):
    """Interpretation of a minimum inhibitory concentration, as the laboratory reports it."""

    SUSCEPTIBLE = "susceptible"
    INTERMEDIATE = "intermediate"
    RESISTANT = "resistant"


@final
@dataclass(frozen=True)
class Mic:
    """Minimum inhibitory concentration of one drug; ``limit`` as for a measurement."""

    drug: str
    value: Quantity
    limit: Limit | None = None
    interpretation: Susceptibility | None = None


@final
@dataclass(frozen=True)
class Culture:
    """Cultures reported together.

    ``number`` is what the analysis counts; ``number_note`` says where it comes from when the
    source gives only a plural. ``printed`` holds the organism's name as sources print it, where
    that differs from ``organism``.

    Parameters
    ----------
    medium
        Liquid or solid medium, by its name.
    species
        Species that was identified, if the organism sought is a group.
    mics
        Susceptibility of the isolate.
    smear
        Result of the smear, in the laboratory's words.
    score
        Semi-quantitative score, 0 (none) to 6 (4+ on solid medium).
    time_to_positivity
        Days of incubation until growth was found.
    genotype
        Type of the isolate: two of them tell relapse from reinfection.
    codes
        Codes of the organism that the source gives, ``SYSTEM:code``.
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
    medium: str | None = None
    species: str | None = None
    mics: tuple[Mic, ...] = ()
    smear: str | None = None
    score: int | None = None
    time_to_positivity: float | None = None
    genotype: str | None = None
    codes: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


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
    term: str | None = None
    codes: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


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
class Presence(StrEnum):
    """Whether a finding was there; a source that says nothing of it is no finding at all."""

    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"


@final
@dataclass(frozen=True)
class Finding:
    """Anything else stated: a diagnosis, an image, tolerance, an outcome.

    ``term`` is the finding's name in the table that the criteria read; ``presence`` is ``None``
    where the words speak for themselves.
    """

    id: str
    what: str
    provenance: tuple[Provenance, ...]
    at: When | None = None
    term: str | None = None
    presence: Presence | None = None
    codes: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


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
    at: When | None = None
    codes: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()


@final
@dataclass(frozen=True)
class Question:
    """Something that a person must decide before the record can be used."""

    id: str
    text: str
    choices: tuple[str, ...]
    provenance: tuple[Provenance, ...]


@final
@dataclass(frozen=True)
class Reported:
    """Where a report tells one item of the CARE checklist that the facts do not show."""

    id: str
    item: str
    what: str
    provenance: tuple[Provenance, ...]
