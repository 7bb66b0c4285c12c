"""The table of fields of a case file: the single source of reader, writer and JSON Schema."""

from enum import StrEnum
from typing import final

from lymphocast.record import build
from lymphocast.record.events import (
    CultureResult,
    Event,
    Finding,
    MissedDoses,
    Question,
    Symptom,
    SymptomGrade,
    UnreadData,
    WorkupItem,
    WorkupStatus,
)
from lymphocast.record.fields import Field, Group, Listing, Reasons
from lymphocast.record.kinds import (
    Choice,
    Day,
    Days,
    FactRef,
    Identifier,
    Measure,
    Named,
    NamedAsPrinted,
    Number,
    SourceRef,
    Text,
    Time,
    Whole,
    YesNo,
)
from lymphocast.record.names import ANALYTES, DRUGS, ORGANISMS
from lymphocast.record.patient import (
    Claim,
    Demographics,
    Modelling,
    NominalDate,
    PatientRecord,
    Timeline,
)
from lymphocast.record.provenance import Method, Source


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


def _optional(
    key: str,
    kind: Text | Choice | Measure | Number | Whole | Time | FactRef,
    meaning: str,
    default: object = None,
) -> Field:
    """Return a key that may be left out."""
    return Field(key, kind, meaning, required=False, default=default)


_ID = Field("id", Identifier(), "name of this fact, unique in the file")
_WHAT = Field("what", Text(), "what it is, in the source's words")
_AT = Field("at", Time(), "when; an interval or a time that hangs on another fact")
_PROVENANCE = Listing(
    Group(
        (
            Field("source", SourceRef(), "id of a source"),
            Field("locator", Text(), "place in it, such as abstract"),
            Field("method", Choice(Method), "how the fact was obtained there"),
            _optional("note", Text(), "derivation, or reason of an assumption", ""),
        ),
        build.provenance,
    ),
    least=1,
)
_FROM = Field("provenance", _PROVENANCE, "who states it, where, by what method")
_PRINTED = Field(
    "printed", Listing(Text()), "the name as sources misprint it", required=False, default=()
)

SOURCES = Group(
    (
        Field("id", Identifier(), "name of this source"),
        Field("citation", Text(), "full citation"),
        _optional("doi", Text(), "digital object identifier"),
        _optional("pmid", Text(), "PubMed identifier"),
        _optional("note", Text(), "what of it was read", ""),
    ),
    Source,
)
PATIENT = Group(
    (
        _optional("age", Measure("a"), "age when first described"),
        _optional("sex", Choice(Sex), "administrative sex"),
        _optional("ancestry", Text(), "ancestry in the source's words"),
        Field("provenance", _PROVENANCE, "where this stands", required=False, default=()),
    ),
    Demographics,
)
EVENTS = Group(
    (
        _ID,
        _WHAT,
        _AT,
        _optional("same_as", FactRef("events"), "event that this one dates a second time"),
        _FROM,
    ),
    Event,
)
ADMINISTRATIONS = Group(
    (
        _ID,
        Field("drug", NamedAsPrinted(DRUGS), "drug"),
        _optional("product", Text(), "product, as the source describes it"),
        Field(
            "product_provenance",
            _PROVENANCE,
            "where the product is stated, if not everywhere",
            required=False,
            default=(),
        ),
        _PRINTED,
        Field("amount", Measure(), "total amount in each period"),
        Field("per", Days(), "the period, such as 7 d"),
        _optional("divided", Whole(), "number of equal doses in one period", 1),
        _optional("route", Text(), "route"),
        Field("start", Time(), "begin of this stretch"),
        Field("stop", Time(), "end of this stretch"),
        _optional("titrated_to", FactRef("administrations"), "stretch that it was raised to"),
        _optional("titration_steps", Whole(), "equal steps assumed on the way", 0),
        _optional("titration_note", Text(), "why these steps are assumed", ""),
        _FROM,
    ),
    build.administration,
)
MISSED_DOSES = Group(
    (
        _ID,
        Field("drug", Named(DRUGS), "drug"),
        Field("dates_known", YesNo(), "whether the source gives their dates"),
        _FROM,
    ),
    MissedDoses,
)
MEASUREMENTS = Group(
    (
        _ID,
        Field("analyte", Named(ANALYTES), "what was measured, such as CD4"),
        Field("value", Measure(), "number and unit"),
        _AT,
        _optional("reading_error", Number(), "standard deviation of a value read off a figure"),
        _FROM,
    ),
    build.measurement,
)
CULTURES = Group(
    (
        _ID,
        Field("specimen", Text(), "what was cultured"),
        Field("organism", NamedAsPrinted(ORGANISMS), "organism sought"),
        _PRINTED,
        Field("result", Choice(CultureResult), "result"),
        _optional("number", Whole(), "number of cultures with this result", 1),
        _optional("number_note", Text(), "where the number comes from", ""),
        _AT,
        _FROM,
    ),
    build.culture,
)
SYMPTOMS = Group(
    (_ID, _WHAT, Field("grade", Choice(SymptomGrade), "on our scale"), _AT, _FROM), Symptom
)
DURATIONS = Group(
    (
        _ID,
        Field("start", FactRef(), "dated fact at its beginning"),
        Field("stop", FactRef(), "dated fact at its end"),
        Field("length", Measure("d"), "stated length, such as 4 mo"),
        _optional("resolution", Number(), "half of its last digit, in the same unit"),
        _FROM,
    ),
    build.stated_duration,
)
UNREAD = Group((_ID, _WHAT, _FROM), UnreadData)
FINDINGS = Group((_ID, _WHAT, _optional("at", Time(), "when, if stated"), _FROM), Finding)
WORKUP = Group(
    (_ID, _WHAT, Field("status", Choice(WorkupStatus), "what the record states"), _FROM),
    WorkupItem,
)
QUESTIONS = Group((_ID, Field("what", Text(), "the question"), _FROM), Question)
CLAIMS = Group(
    (
        _ID,
        Field("text", Text(), "the conclusion, quoted"),
        Field("source", SourceRef(), "id of a source"),
        Field("locator", Text(), "place in it"),
        _optional("verdict", Choice(VerdictId), "question of the report that it answers", ""),
    ),
    Claim,
)
TIMELINES = Group(
    (
        _ID,
        Field("label", Text(), "this reading in words"),
        Field("event", FactRef("events"), "event whose time is read differently"),
        _AT,
        _FROM,
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
    Field("antibiotic", Named(DRUGS), "drug against the infection"),
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
    make: type = PatientRecord
    record = make(sha256="", **values)
    assert isinstance(record, PatientRecord)  # noqa: S101  (narrows the type; make is the class)
    return record


SECTIONS: tuple[Field, ...] = (
    _section("events", EVENTS, "dated happenings that other facts hang on"),
    _section("administrations", ADMINISTRATIONS, "stretches of treatment"),
    _section("missed_doses", MISSED_DOSES, "doses reported as missed"),
    _section("measurements", MEASUREMENTS, "laboratory values"),
    _section("cultures", CULTURES, "cultures"),
    _section("symptoms", SYMPTOMS, "states of the symptoms"),
    _section("durations", DURATIONS, "lengths of time that a source states"),
    _section("unread", UNREAD, "data that a source shows and this record does not hold"),
    _section("findings", FINDINGS, "anything else stated"),
    _section("workup", WORKUP, "exclusions that a diagnosis presumes"),
    _section("claims", CLAIMS, "conclusions that a source draws"),
    _section("timelines", TIMELINES, "alternative readings of the record"),
    _section("questions", QUESTIONS, "what must be answered before it can be a fact"),
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
