"""The fields of the clinical sections: treatment, measurements, cultures, adverse events."""

from lymphocast.record import build
from lymphocast.record.adverse import (
    Action,
    AdverseEvent,
    Alternative,
    Information,
    NaranjoAnswers,
    Outcome,
    Reply,
    Timing,
    WhoUmcFacts,
    Withdrawal,
)
from lymphocast.record.analytes import ANALYTES
from lymphocast.record.context import Context, Limit
from lymphocast.record.dosing import Cycle
from lymphocast.record.events import (
    CultureResult,
    Mic,
    MissedKind,
    Susceptibility,
    Symptom,
    SymptomGrade,
)
from lymphocast.record.fields import Field, Group, Listing
from lymphocast.record.figure import Figure, ReadOff, TimeMark, ValueMark
from lymphocast.record.kinds import (
    CLOCK,
    Choice,
    FactRef,
    Identifier,
    Named,
    NamedAsPrinted,
    SourceRef,
    Text,
    Time,
)
from lymphocast.record.names import DRUGS, ORGANISMS, PRODUCTS, SPECIMENS, TERMS
from lymphocast.record.numbers import Days, Measure, Number, Whole, YesNo
from lymphocast.record.parts import (
    AT,
    CODES,
    FROM,
    ID,
    PRINTED,
    PROVENANCE,
    WHAT,
    amendable,
    optional,
)

_CYCLE = Group((Field("days", Days(), "days of doses"), Field("every", Days(), "length")), Cycle)
_DOSE = (
    optional("dosing", Text(), "the dose as people write it, such as 11 MU weekly in 3 doses", ""),
    Field("amount", Measure(), "total amount in each period", unless=("dosing", "ladder")),
    Field("per", Days(), "the period, such as 7 d", unless=("dosing", "ladder")),
    optional("divided", Whole(), "number of equal doses in one period", 1),
    optional("cycle", _CYCLE, "days of doses in each cycle"),
)
_LADDER = Group((Field("start", Time(), "begin of this rung"), *_DOSE), dict)
ADMINISTRATIONS = Group(
    amendable(
        ID,
        Field("drug", NamedAsPrinted(DRUGS), "drug"),
        optional("product", Named(PRODUCTS), "product, as the source describes it"),
        optional(
            "product_provenance", PROVENANCE, "where the product is stated, if not everywhere", ()
        ),
        PRINTED,
        *_DOSE,
        Field(
            "ladder",
            Listing(_LADDER, least=1),
            "doses one after the other, each with its start: a short form of several stretches",
            required=False,
            short=True,
        ),
        optional("route", Text(), "route"),
        Field("start", Time(), "begin of this stretch", unless=("ladder",)),
        Field("stop", Time(), "end of this stretch"),
        optional("titrated_to", FactRef("administrations"), "stretch that it was raised to"),
        optional("titration_steps", Whole(), "equal steps assumed on the way", 0),
        optional("titration_note", Text(), "why these steps are assumed", ""),
        CODES,
        FROM,
    ),
    build.administration,
)
MISSED_DOSES = Group(
    amendable(
        ID,
        Field("drug", Named(DRUGS), "drug"),
        Field("dates_known", YesNo(), "whether the source gives their dates"),
        optional("kind", Choice(MissedKind), "missed, skipped by plan, or held"),
        optional("number", Whole(), "how many doses"),
        optional("dates", Listing(Time()), "when single doses were missed", ()),
        optional("start", Time(), "begin of a stretch without doses"),
        optional("stop", Time(), "end of a stretch without doses"),
        optional("why", Text(), "the reason, in the source's words", ""),
        FROM,
    ),
    build.missed_doses,
)
_CONTEXT = Group(
    (
        optional("laboratory", Text(), "who measured"),
        optional("assay", Text(), "how it was measured"),
        optional("time_of_day", CLOCK, "clock time of the draw, such as 08:30"),
        optional("since_dose", Measure("h"), "time since the last dose of the study drug"),
        optional("fever", YesNo(), "whether the patient had a fever"),
        optional("infection", YesNo(), "whether the patient had an infection"),
        optional("steroids", YesNo(), "whether the patient took corticosteroids"),
        optional("note", Text(), "anything else", ""),
    ),
    Context,
)
_NORMAL = Group(
    (
        optional("low", Measure(), "lower limit of normal"),
        optional("high", Measure(), "upper limit of normal"),
    ),
    build.normal_range,
)
READ_OFF = Group(
    (
        Field("figure", Identifier(), "id of a calibrated figure"),
        Field("x", Number(zero=True), "pixel along the time axis"),
        Field("y", Number(zero=True), "pixel along the value axis"),
    ),
    ReadOff,
)
MEASUREMENTS = Group(
    amendable(
        ID,
        Field("analyte", Named(ANALYTES), "what was measured, such as CD4"),
        Field("value", Measure(), "number and unit", unless=("read_off",)),
        Field("at", Time(), AT.meaning, unless=("read_off",)),
        optional("reading_error", Number(), "standard deviation of a value read off a figure"),
        optional("limit", Choice(Limit), "below or above the number, for a value such as <10"),
        optional("context", _CONTEXT, "what surrounds the value"),
        optional("normal", _NORMAL, "limits of normal that the laboratory prints"),
        optional("specimen", Named(SPECIMENS), "what was measured in"),
        optional("read_off", READ_OFF, "pixels of the point in a calibrated figure"),
        CODES,
        FROM,
    ),
    build.measurement,
)
_MIC = Group(
    (
        Field("drug", Named(DRUGS), "drug"),
        Field("value", Measure("mg/L"), "minimum inhibitory concentration"),
        optional("limit", Choice(Limit), "below or above the number, for a value such as >32"),
        optional("interpretation", Choice(Susceptibility), "as the laboratory reports it"),
    ),
    Mic,
)
CULTURES = Group(
    amendable(
        ID,
        Field("specimen", Named(SPECIMENS), "what was cultured"),
        Field("organism", NamedAsPrinted(ORGANISMS), "organism sought"),
        PRINTED,
        Field("result", Choice(CultureResult), "result"),
        optional("number", Whole(), "number of cultures with this result", 1),
        optional("number_note", Text(), "where the number comes from", ""),
        AT,
        optional("medium", Text(), "liquid or solid medium"),
        optional("species", Named(ORGANISMS), "species that was identified"),
        optional("mics", Listing(_MIC), "susceptibility of the isolate", ()),
        optional("smear", Text(), "result of the smear"),
        optional("score", Whole(least=0), "semi-quantitative score, 0 to 6"),
        optional("time_to_positivity", Days(), "incubation until growth was found"),
        optional("genotype", Text(), "type of the isolate"),
        CODES,
        FROM,
    ),
    build.culture,
)
SYMPTOMS = Group(
    amendable(
        ID,
        WHAT,
        Field("grade", Choice(SymptomGrade), "on our scale"),
        AT,
        optional("term", Named(TERMS), "the symptom's name, such as cough"),
        CODES,
        FROM,
    ),
    Symptom,
)


def _answer(attribute: str, meaning: str) -> Field:
    """Return one question of the Naranjo scale."""
    return optional(attribute, Choice(Reply), meaning)


_NARANJO = Group(
    (
        _answer("previous_reports", "previous conclusive reports of this reaction"),
        _answer("after_drug", "the event came after the drug"),
        _answer("improved_on_stopping", "it improved on stopping or a specific antagonist"),
        _answer("reappeared", "it reappeared when the drug was given again"),
        _answer("alternative_causes", "other causes could have done it alone"),
        _answer("placebo", "it reappeared on placebo"),
        _answer("toxic_level", "the drug was found in a toxic concentration"),
        _answer("dose_response", "it was more severe with more drug, less with less"),
        _answer("similar_before", "a similar reaction to the same or a similar drug before"),
        _answer("objective", "confirmed by objective evidence"),
    ),
    NaranjoAnswers,
)
_WHO_UMC = Group(
    (
        optional("timing", Choice(Timing), "time from drug to event"),
        optional("alternative", Choice(Alternative), "explanation by disease or other drugs"),
        optional("withdrawal", Choice(Withdrawal), "course after the drug was withdrawn"),
        optional("definitive", YesNo(), "whether the event is definitive for the drug"),
        optional("rechallenge", YesNo(), "whether a rechallenge was satisfactory"),
        optional("information", Choice(Information), "why it cannot be graded"),
    ),
    WhoUmcFacts,
)
ADVERSE_EVENTS = Group(
    amendable(
        ID,
        WHAT,
        optional("term", Named(TERMS), "the CTCAE or other term it is counted under"),
        AT,
        optional("until", Time(), "when it ended"),
        optional("grade", Whole(), "CTCAE grade that the source states"),
        optional("suspects", Listing(Named(DRUGS)), "drugs under suspicion", ()),
        optional("action", Choice(Action), "what was done with them"),
        optional("outcome", Choice(Outcome), "how it ended"),
        optional("serious", YesNo(), "whether it was serious"),
        optional("naranjo", _NARANJO, "answers to the questions of Naranjo 1981"),
        optional("who_umc", _WHO_UMC, "what the WHO-UMC categories ask for"),
        CODES,
        FROM,
    ),
    AdverseEvent,
)
_MARKS = (
    Field(
        "x",
        Listing(
            Group(
                (
                    Field("pixel", Number(zero=True), "pixel of the mark"),
                    Field("at", Text(), "an exact day, or a distance from a fact"),
                ),
                TimeMark,
            ),
            least=2,
        ),
        "marks of the time axis",
    ),
    Field(
        "y",
        Listing(
            Group(
                (
                    Field("pixel", Number(zero=True), "pixel of the mark"),
                    Field("value", Measure(zero=True), "value that stands there"),
                ),
                ValueMark,
            ),
            least=2,
        ),
        "marks of the value axis",
    ),
    Field("pixel_error", Number(), "standard deviation of one reading, in pixels"),
    optional("logarithmic", YesNo(), "whether the value axis is logarithmic", False),
)
CALIBRATION = Group((ID, *_MARKS), build.calibration)
FIGURES = Group(
    (
        ID,
        Field("source", SourceRef(), "id of a source"),
        Field("locator", Text(), "place in it, such as Fig. 1"),
        *_MARKS,
    ),
    Figure,
)
