"""Idiopathic CD4 lymphopenia: which items of the definition a record meets, and by which facts.

The definition is that of the United States Centers for Disease Control, 1992 [1]_, as quoted in
[2]_: a documented absolute CD4 T lymphocyte count of less than 300 per cubic millimetre, or of
less than 20 % of total T cells, on more than one occasion; no evidence of infection on HIV
testing; and the absence of any defined immunodeficiency or therapy associated with depressed
levels of CD4 T cells. Later authors ask for six weeks between the occasions, and some take the
percentage of all lymphocytes: both are options here.

Only counts before treatment that raises counts speak about the definition: a count on or after
such treatment that is not low is not held against it.

Left out: age-dependent thresholds for children, and whether a low count is transient.

References
----------
.. [1] Unexplained CD4+ T-lymphocyte depletion in persons without evident HIV infection - United
   States. MMWR 1992;41:541.
.. [2] Zonios DI et al. Blood 2008;112:287-94. doi:10.1182/blood-2007-12-127878
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import final

from lymphocast.criteria.assessment import Assessment, Edition, Standing, Theme
from lymphocast.criteria.drugs import CYTOKINES
from lymphocast.record.events import Measurement, WorkupItem, WorkupStatus
from lymphocast.record.issue import Issue, Severity, places
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import When, days_between

CDC_1992 = "CDC 1992"
HIV = "hiv"
RULES: Mapping[str, str] = MappingProxyType(
    {"met": "icl-met", "not_met": "icl-not-met", "not_established": "icl-not-established"}
)
EXCLUSIONS: Mapping[str, str] = MappingProxyType(
    {
        HIV: "no evidence of infection on HIV testing",
        "htlv": "no HTLV infection",
        "steroids": "no corticosteroids",
        "sarcoidosis": "no sarcoidosis",
        "lymphoma": "no lymphoma",
        "anti-interferon-gamma": "no autoantibodies against interferon gamma",
        "gata2": "no GATA2 deficiency",
        "cystic-fibrosis": "no cystic fibrosis",
    }
)
"""Work-up by its identifier in a record. The definition names HIV testing, defined
immunodeficiency and therapy; the others are what it presumes in a lung infection."""


WEEKS_APART = 42.0
"""Days between two low values: the six weeks of later reviews (PMC7239889)."""


@final
class FractionOf(StrEnum):
    """What the percentage of CD4 cells is taken of: the analyte that a record must hold."""

    T_CELLS = "CD4 of T cells"
    LYMPHOCYTES = "CD4 of lymphocytes"


@final
@dataclass(frozen=True)
class IclOptions:
    """The definition's numbers; the defaults are those of CDC 1992 with six weeks between.

    Parameters
    ----------
    count_below
        Threshold in cells per uL (CDC 1992).
    percent_below, percent_of
        Threshold of the percentage (CDC 1992) and its denominator.
    occasions
        Number of low values needed ("more than one", CDC 1992; "two", Smith 1993).
    gap_days
        Days between the first and the last of them: 42, the six weeks of later reviews
        (PMC7239889); 0 is the wording of CDC 1992.
    """

    count_below: float = 300.0
    percent_below: float = 20.0
    percent_of: FractionOf = FractionOf.T_CELLS
    occasions: int = 2
    gap_days: float = WEEKS_APART


CDC_WITH_GAP = IclOptions()


@final
class IclStatus(StrEnum):
    """What a record says of the definition."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_ESTABLISHED = "not_established"


@final
class ItemStatus(StrEnum):
    """What a record says of one item."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_STATED = "not_stated"


@final
@dataclass(frozen=True)
class CriterionItem:
    """One item of a definition: its status, the facts that decide it, and why."""

    name: str
    status: ItemStatus
    facts: tuple[str, ...]
    why: str


@final
@dataclass(frozen=True)
class IclAssessment:
    """The definition applied to one record; ``missing`` says what would establish it."""

    status: IclStatus
    edition: str
    items: tuple[CriterionItem, ...]
    missing: tuple[str, ...]


def assess_icl(record: PatientRecord, options: IclOptions = CDC_WITH_GAP) -> IclAssessment:
    """Return which items of the definition a record meets."""
    low = _low_values(record, options)
    items = (_low(record, low, options), _repeated(record, low, options), *_exclusions(record))
    missing = tuple(_missing(items, low, options))
    if any(item.status is ItemStatus.NOT_MET for item in items):
        status = IclStatus.NOT_MET
    elif missing:
        status = IclStatus.NOT_ESTABLISHED
    else:
        status = IclStatus.MET
    return IclAssessment(status, CDC_1992, items, missing)


def icl_readings(record: PatientRecord) -> tuple[Assessment, ...]:
    """Return the definition under each of its readings: six weeks or not, of which cells."""
    readings = [
        IclOptions(gap_days=gap, percent_of=of) for gap in (WEEKS_APART, 0.0) for of in FractionOf
    ]
    return tuple(_reading(assess_icl(record, options), options) for options in readings)


def _reading(found: IclAssessment, options: IclOptions) -> Assessment:
    """Return one reading of the definition as an assessment."""
    gap = f"{options.gap_days:g} days between" if options.gap_days else "no days between"
    facts = tuple(dict.fromkeys(fact for item in found.items for fact in item.facts))
    failed = "; ".join(item.why for item in found.items if item.status is ItemStatus.NOT_MET)
    met = sum(item.status is ItemStatus.MET for item in found.items)
    return Assessment(
        "icl",
        f"idiopathic CD4 lymphopenia ({gap}, percentage as {options.percent_of})",
        Theme.DIAGNOSIS,
        Standing(found.status.value),
        Edition(found.edition, "MMWR 1992;41:541"),
        facts,
        failed or f"{met} of {len(found.items)} items met",
        found.missing,
    )


def icl_issue(record: PatientRecord, assessment: IclAssessment) -> tuple[Issue, ...]:
    """Return the issue of a definition that a record does not show to be met."""
    if assessment.status is IclStatus.MET:
        return ()
    stated = [f for f in record.findings if "idiopathic cd4 lymphopenia" in f.what.casefold()]
    facts = tuple(dict.fromkeys(fact for item in assessment.items for fact in item.facts))
    if assessment.status is IclStatus.NOT_MET:
        failed = [i.why for i in assessment.items if i.status is ItemStatus.NOT_MET]
        message = f"The definition of {CDC_1992} is not met: {'; '.join(failed)}."
    else:
        message = (
            f"Idiopathic CD4 lymphopenia ({CDC_1992}) is not established by this record; "
            f"missing: {'; '.join(assessment.missing)}."
        )
    if stated:
        message += " The source states the diagnosis."
    deciding = [p for m in record.measurements if m.id in facts for p in m.provenance]
    where = places((*deciding, *(p for f in stated for p in f.provenance)))
    rule = RULES[assessment.status]
    return (Issue(Severity.WARNING, rule, ", ".join(facts) or record.id, message, where),)


def _untreated(record: PatientRecord, analyte: str) -> tuple[Measurement, ...]:
    """Return the values that were certainly taken before treatment that raises counts."""
    choices = record.modelling
    drugs = CYTOKINES | ({choices.study_drug} if choices is not None else set())
    starts = [a.start for a in record.administrations if a.drug in drugs]
    values = record.counts(analyte)
    return tuple(m for m in values if all(_precedes(m.at, start) for start in starts))


def _precedes(first: When, second: When) -> bool:
    """Return whether one time certainly lies before another; a shared anchor is told apart."""
    if first.anchor is not None and first.anchor == second.anchor:
        return first.offset + first.tolerance < second.offset - second.tolerance
    return first.latest < second.earliest


def _low_values(record: PatientRecord, options: IclOptions) -> tuple[Measurement, ...]:
    """Return the low counts before treatment or, if there are more, the low percentages."""
    counts = _below(_untreated(record, "CD4"), "/uL", options.count_below)
    shares = _below(_untreated(record, options.percent_of), "%", options.percent_below)
    return shares if len(shares) > len(counts) else counts


def _below(values: tuple[Measurement, ...], unit: str, threshold: float) -> tuple[Measurement, ...]:
    """Return the values below a threshold."""
    return tuple(m for m in values if m.value.to(unit).value < threshold)


def _all_untreated(record: PatientRecord, options: IclOptions) -> tuple[Measurement, ...]:
    """Return every value before treatment that the definition could use."""
    return (*_untreated(record, "CD4"), *_untreated(record, options.percent_of))


def _low(record: PatientRecord, low: tuple[Measurement, ...], options: IclOptions) -> CriterionItem:
    """Judge whether the count was low once."""
    name = (
        f"CD4 count below {options.count_below:g} /uL, or below {options.percent_below:g} % "
        f"({options.percent_of})"
    )
    seen = _all_untreated(record, options)
    facts = tuple(m.id for m in (low or seen))
    if low:
        why = f"{', '.join(str(m.value) for m in low)} before treatment"
        return CriterionItem(name, ItemStatus.MET, facts, why)
    if len(seen) >= options.occasions:
        why = f"none of {len(seen)} values before treatment is low"
        return CriterionItem(name, ItemStatus.NOT_MET, facts, why)
    return CriterionItem(name, ItemStatus.NOT_STATED, facts, "no low value before treatment")


def _repeated(
    record: PatientRecord, low: tuple[Measurement, ...], options: IclOptions
) -> CriterionItem:
    """Judge whether the count was low on more than one occasion."""
    gap = f", {options.gap_days:g} days apart" if options.gap_days else ""
    name = f"low on at least {options.occasions} occasions{gap}"
    facts = tuple(m.id for m in low)
    others = len(record.counts()) - len([m for m in low if m.analyte == "CD4"])
    later = f"; {others} other counts are on or after treatment or not low" if others else ""
    if len(low) < options.occasions:
        why = f"{len(low)} low value before treatment is recorded{later}"
        return CriterionItem(name, ItemStatus.NOT_STATED, facts, why)
    span = days_between(low[0].at, low[-1].at)
    if span.shortest < options.gap_days:
        why = f"the low values may lie only {max(span.shortest, 0):g} days apart"
        return CriterionItem(name, ItemStatus.NOT_STATED, facts, why)
    why = f"{len(low)} low values at least {span.shortest:g} days apart"
    return CriterionItem(name, ItemStatus.MET, facts, why)


def _exclusions(record: PatientRecord) -> Iterator[CriterionItem]:
    """Judge each exclusion by the record's work-up."""
    recorded = {item.id: item for item in record.workup}
    for key, name in EXCLUSIONS.items():
        yield _exclusion(name, recorded.pop(key, None))
    for item in recorded.values():
        yield _exclusion(f"no {item.what}", item)


def _exclusion(name: str, item: WorkupItem | None) -> CriterionItem:
    """Judge one exclusion."""
    if item is None or item.status is WorkupStatus.NOT_STATED:
        facts = (item.id,) if item is not None else ()
        return CriterionItem(name, ItemStatus.NOT_STATED, facts, "not stated by this record")
    if item.status is WorkupStatus.POSITIVE:
        return CriterionItem(name, ItemStatus.NOT_MET, (item.id,), f"{item.what}: positive")
    return CriterionItem(name, ItemStatus.MET, (item.id,), f"{item.what}: negative")


def _missing(
    items: tuple[CriterionItem, ...], low: tuple[Measurement, ...], options: IclOptions
) -> Iterator[str]:
    """Say what would establish the definition."""
    first, repeated, *exclusions = items
    if first.status is ItemStatus.NOT_STATED:
        yield f"a count below {options.count_below:g} /uL before treatment"
    elif repeated.status is ItemStatus.NOT_STATED:
        gap = f" at least {options.gap_days:g} days from the first" if options.gap_days else ""
        yield f"a second low count{gap} (low counts before treatment: {len(low)})"
    unstated = [i.name for i in exclusions if i.status is ItemStatus.NOT_STATED]
    if EXCLUSIONS[HIV] in unstated:
        yield "the result of an HIV test (not stated)"
        unstated.remove(EXCLUSIONS[HIV])
    if unstated:
        yield f"exclusions not stated: {', '.join(n.removeprefix('no ') for n in unstated)}"
