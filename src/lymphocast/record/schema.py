"""The table of fields of a case file: the single source of reader, writer and JSON Schema."""

from enum import StrEnum
from typing import final

from lymphocast.record import build
from lymphocast.record.events import (
    Event,
    Finding,
    Presence,
    Question,
    Reported,
    UnreadData,
    WorkupItem,
    WorkupStatus,
)
from lymphocast.record.fields import Field, Group, Listing, Reasons
from lymphocast.record.kinds import Choice, Day, FactRef, Identifier, Named, SourceRef, Text, Time
from lymphocast.record.names import DRUGS, TERMS
from lymphocast.record.numbers import Measure, Number
from lymphocast.record.parts import AT, CODES, FROM, ID, PROVENANCE, WHAT, amendable, optional
from lymphocast.record.patient import (
    Claim,
    Demographics,
    Modelling,
    NominalDate,
    PatientRecord,
    Reading,
    Timeline,
)
from lymphocast.record.provenance import Source
from lymphocast.record.schema_clinical import (
    ADMINISTRATIONS,
    ADVERSE_EVENTS,
    CULTURES,
    FIGURES,
    MEASUREMENTS,
    MISSED_DOSES,
    SYMPTOMS,
)


@final
class CareItem(StrEnum):
    """Items of the CARE checklist (2013) that a report may tell."""

    TITLE = "title"
    KEYWORDS = "keywords"
    ABSTRACT = "abstract"
    INTRODUCTION = "introduction"
    PATIENT = "patient-information"
    CLINICAL = "clinical-findings"
    TIMELINE = "timeline"
    DIAGNOSTIC = "diagnostic-assessment"
    THERAPEUTIC = "therapeutic-intervention"
    FOLLOW_UP = "follow-up"
    DISCUSSION = "discussion"
    PERSPECTIVE = "patient-perspective"
    CONSENT = "informed-consent"


@final
class Sex(StrEnum):
    """Administrative sex, as FHIR codes it."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


@final
class VerdictId(StrEnum):
    """The named questions of the report that a claim may be set beside."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"


SOURCES = Group(
    (
        Field("id", Identifier(), "name of this source"),
        Field("citation", Text(), "full citation"),
        optional("doi", Text(), "digital object identifier"),
        optional("pmid", Text(), "PubMed identifier"),
        optional("note", Text(), "what of it was read", ""),
    ),
    Source,
)
PATIENT = Group(
    (
        optional("age", Measure("a"), "age when first described"),
        optional("sex", Choice(Sex), "administrative sex"),
        optional("ancestry", Text(), "ancestry in the source's words"),
        optional("born", Time(), "date of birth, as exactly as it is stated"),
        optional("weight", Measure("kg"), "body weight"),
        optional("height", Measure("cm"), "body height"),
        optional("body_surface", Measure("m2"), "body surface area"),
        Field("provenance", PROVENANCE, "where this stands", required=False, default=()),
    ),
    Demographics,
)
EVENTS = Group(
    amendable(
        ID,
        WHAT,
        AT,
        optional("same_as", FactRef("events"), "event that this one dates a second time"),
        FROM,
    ),
    Event,
)
DURATIONS = Group(
    (
        ID,
        Field("start", FactRef(), "dated fact at its beginning"),
        Field("stop", FactRef(), "dated fact at its end"),
        Field("length", Measure("d"), "stated length, such as 4 mo"),
        optional("resolution", Number(), "half of its last digit, in the same unit"),
        FROM,
    ),
    build.stated_duration,
)
UNREAD = Group((ID, WHAT, FROM), UnreadData)
FINDINGS = Group(
    amendable(
        ID,
        WHAT,
        optional("at", Time(), "when, if stated"),
        optional("term", Named(TERMS), "the finding's name in the table that the criteria read"),
        optional("presence", Choice(Presence), "whether it was there"),
        CODES,
        FROM,
    ),
    Finding,
)
WORKUP = Group(
    amendable(
        ID,
        WHAT,
        Field("status", Choice(WorkupStatus), "what the record states"),
        optional("at", Time(), "when, if stated"),
        CODES,
        FROM,
    ),
    WorkupItem,
)
QUESTIONS = Group(
    (
        ID,
        Field("text", Text(), "what must be decided"),
        optional("choices", Listing(Text()), "what it may be", ()),
        FROM,
    ),
    Question,
)
REPORTING = Group(
    (
        ID,
        Field("item", Choice(CareItem), "item of the CARE checklist"),
        Field("what", Text(), "what is reported, in the source's words"),
        FROM,
    ),
    Reported,
)
CLAIMS = Group(
    (
        ID,
        Field("text", Text(), "the conclusion, quoted"),
        Field("source", SourceRef(), "id of a source"),
        Field("locator", Text(), "place in it"),
        optional("verdict", Choice(VerdictId), "question of the report that it answers", ""),
    ),
    Claim,
)
_READING = Group((Field("event", FactRef("events"), "event"), AT), Reading)
TIMELINES = Group(
    (
        ID,
        Field("label", Text(), "this reading in words"),
        Field("event", FactRef("events"), "event whose time is read differently"),
        AT,
        optional("also", Listing(_READING), "other events whose times this reading changes", ()),
        FROM,
    ),
    Timeline,
)
NOMINAL = Group(
    (
        Field("fact", FactRef(), "dated fact"),
        Field("day", Day(), "day on which the analysis places it"),
        Field("rationale", Text(), "why this day"),
    ),
    NominalDate,
)
_CHOICES = (
    Field("study_drug", Named(DRUGS), "drug under study"),
    optional("antibiotic", Named(DRUGS), "drug against the infection; left out if there was none"),
    Field("entry_measurement", FactRef("measurements"), "count by which the patient was found"),
    Field("entry_below", Measure(), "latent count below which patients are found"),
    Field("recovery_clock", FactRef(), "fact at which the clock of recovery starts"),
    Field("infection_lift", FactRef(), "fact at which an infection begins to lift"),
    Field("nominal", Listing(NOMINAL), "days for facts dated less exactly", False, ()),
)
MODELLING = Group(
    (
        *_CHOICES,
        Field("rationale", Reasons(tuple(f.key for f in _CHOICES)), "reason of each choice"),
    ),
    Modelling,
)


def _section(key: str, group: Group, meaning: str, attribute: str = "") -> Field:
    """Return an optional list of facts."""
    return Field(key, Listing(group), meaning, False, (), attribute)


def _record(**values: object) -> PatientRecord:
    """Return the record without its checksum."""
    return build.made(PatientRecord, sha256="", **values)


SECTIONS: tuple[Field, ...] = (
    _section("events", EVENTS, "dated happenings that other facts hang on"),
    _section("administrations", ADMINISTRATIONS, "stretches of treatment"),
    _section("missed_doses", MISSED_DOSES, "doses reported as missed"),
    _section("measurements", MEASUREMENTS, "laboratory values"),
    _section("cultures", CULTURES, "cultures"),
    _section("symptoms", SYMPTOMS, "states of the symptoms"),
    _section("adverse_events", ADVERSE_EVENTS, "adverse events"),
    _section("durations", DURATIONS, "lengths of time that a source states"),
    _section("figures", FIGURES, "calibrations of figures that points are read off"),
    _section("unread", UNREAD, "data that a source shows and this record does not hold"),
    _section("findings", FINDINGS, "anything else stated"),
    _section("workup", WORKUP, "exclusions that a diagnosis presumes"),
    _section("claims", CLAIMS, "conclusions that a source draws"),
    _section("timelines", TIMELINES, "alternative readings of the record"),
    _section("questions", QUESTIONS, "what a person must decide before the record is used"),
    _section("reporting", REPORTING, "items of the CARE checklist that the report tells"),
)
CASE = Group(
    (
        Field("id", Identifier(), "name of the case"),
        Field("title", Text(), "title of the case"),
        Field("sources", Listing(SOURCES, least=1), "publications or documents"),
        Field("patient", PATIENT, "the person", False, Demographics(), "demographics"),
        *SECTIONS,
        Field("modelling", MODELLING, "the analyst's choices", required=False),
    ),
    _record,
)
