"""The record as the report prints it: facts with sources, doubts, and the case definition."""

from collections.abc import Iterable, Iterator
from typing import Final

from lymphocast.criteria.check import CheckReport
from lymphocast.criteria.icl import IclAssessment
from lymphocast.criteria.rcv import ReferenceChange
from lymphocast.record.events import Administration, StatedDuration
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method, Provenance
from lymphocast.report.blocks import (
    Block,
    Bullets,
    Column,
    Mark,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
)
from lymphocast.report.claims import icl_sentence
from lymphocast.report.wording import (
    log_value,
    percent,
    prose,
    quantity,
    short_day,
    small,
    stated,
    when,
)

Provenances = tuple[Provenance, ...]
NO_TIME: Final = "–"
DAYS_PER_WEEK: Final = 7.0
ASSUMED_NOTE: Final = (
    "Rows in italics behind a dashed rule, with the word ASSUMED, are choices of the analyst that "
    "no source states; the word alone marks one assumed part of a stated fact. “Derived” facts "
    "follow from stated ones as the note says. A time is the interval of days in which the "
    "fact happened."
)


def record_section(record: PatientRecord, check: CheckReport) -> Section:
    """Return the record with every fact's source, locator and method."""
    return Section(
        "record",
        "The record",
        (
            Paragraph(ASSUMED_NOTE),
            _facts("Treatment", _treatment(record)),
            _facts("Laboratory and clinical facts", _clinical(record)),
            _facts("Dated events, stated lengths of time, unknowns", _context(record)),
            *_choices(record),
            Subheading("Contradictions and other issues"),
            *_issues(check),
            *_changes(check),
            Subheading("Case definition"),
            *_definition(check.icl),
        ),
    )


def _facts(caption: str, rows: Iterable[Row]) -> Table:
    return Table(
        caption,
        (
            Column("Fact", 2.2),
            Column("Value", 2.8),
            Column("Time", 2.2),
            Column("Source, place", 1.8),
            Column("Method and note", 2.8),
        ),
        tuple(rows),
    )


def _fact(name: str, value: str, time: str, provenance: Provenances) -> Row:
    assumed = any(p.method is Method.ASSUMED for p in provenance)
    mark = Mark.ASSUMED if assumed else Mark.PLAIN
    return Row((name, value, time, places(provenance), methods(provenance)), mark)


def places(provenance: Provenances) -> str:
    """Return where a fact stands, by source."""
    sources = dict.fromkeys(p.source for p in provenance)
    return "; ".join(
        f"{source}: {', '.join(dict.fromkeys(p.locator for p in provenance if p.source == source))}"
        for source in sources
    )


def methods(provenance: Provenances) -> str:
    """Return how a fact was obtained, assumptions in capitals, with the notes."""
    return "; ".join(
        dict.fromkeys(
            f"{method_word(p.method)}: {p.note.rstrip('.')}" if p.note else method_word(p.method)
            for p in provenance
        )
    )


def method_word(method: Method) -> str:
    """Return a method in words; an assumption stands out without colour."""
    return "ASSUMED" if method is Method.ASSUMED else words_of(method.value)


def _treatment(record: PatientRecord) -> Iterator[Row]:
    for a in record.administrations:
        time = f"from {when(a.start)}; until {when(a.stop)}"
        yield _fact(_drug(a), _dose(a), time, a.provenance)
        if a.titrated_to is not None:
            value = f"raised in {small(a.titration_steps, 'equal step')} towards {a.titrated_to}"
            note = f"ASSUMED: {a.titration_note.rstrip('.')}" if a.titration_note else "ASSUMED"
            yield Row((f"{a.drug}, titration", value, NO_TIME, NO_TIME, note), Mark.ASSUMED)
    for m in record.missed_doses:
        time = "dates known" if m.dates_known else "dates unknown"
        yield _fact(f"{m.drug}, missed doses", "reported", time, m.provenance)


def _drug(a: Administration) -> str:
    product = f"product: {a.product}" if a.product else "product not stated"
    return f"{a.drug}, {a.id} ({product})"


def _dose(a: Administration) -> str:
    period = "day" if a.per == 1.0 else "week" if a.per == DAYS_PER_WEEK else f"{a.per:g} days"
    divided = f" in {small(a.divided, 'equal dose')}" if a.divided > 1 else ""
    route = a.route if a.route else "route not stated"
    return f"{quantity(a.amount)} per {period}{divided}; {route}"


def _clinical(record: PatientRecord) -> Iterator[Row]:
    for m in record.measurements:
        error = "" if m.reading_error is None else f" (reading error ± {stated(m.reading_error)})"
        yield _fact(f"{m.analyte}, {m.id}", f"{quantity(m.value)}{error}", when(m.at), m.provenance)
    for c in record.cultures:
        note = f"; ASSUMED: {c.number_note.rstrip('.')}" if c.number_note else ""
        value = f"{c.organism}: {c.result.value}; counted as {c.number}{note}"
        yield _fact(f"{c.specimen} culture, {c.id}", value, when(c.at), c.provenance)
    for s in record.symptoms:
        yield _fact(s.what, words_of(s.grade.value), when(s.at), s.provenance)
    for f in record.findings:
        time = NO_TIME if f.at is None else when(f.at)
        yield _fact(f.what, NO_TIME, time, f.provenance)
    for w in record.workup:
        yield _fact(w.what, words_of(w.status.value), NO_TIME, w.provenance)


def _context(record: PatientRecord) -> Iterator[Row]:
    for e in record.events:
        yield _fact(f"{e.what} ({e.id})", "event", when(e.at), e.provenance)
    for d in record.durations:
        yield _fact(f"from {d.start} to {d.stop}", _length(d), NO_TIME, d.provenance)
    for t in record.timelines:
        value = f"alternative reading of {t.event}"
        yield _fact(t.label, value, when(t.at), t.provenance)
    for u in record.unread:
        yield _fact(u.what, "not in this record", NO_TIME, u.provenance)


def _length(duration: StatedDuration) -> str:
    return f"{quantity(duration.length)} ± {stated(duration.resolution)}"


def _choices(record: PatientRecord) -> Iterator[Block]:
    chosen = record.modelling
    if chosen is None:
        return
    yield Table(
        "Assumptions of the analysis",
        (Column("Choice", 2), Column("Value", 2), Column("Reason", 5)),
        (
            Row(
                (
                    f"ASSUMED: entry rule, {chosen.entry_measurement}",
                    f"latent count below {quantity(chosen.entry_below)}",
                    "The patient was found because the count was low; every hypothesis is "
                    "conditioned on it.",
                ),
                Mark.ASSUMED,
            ),
            *(
                Row((f"ASSUMED: day of {n.fact}", short_day(n.day), n.rationale), Mark.ASSUMED)
                for n in chosen.nominal
            ),
            *(
                Row((f"ASSUMED: {words_of(name)}", _choice(record, name), why), Mark.ASSUMED)
                for name, why in chosen.rationale
            ),
        ),
    )


def words_of(identifier: str) -> str:
    """Return an identifier as words."""
    return identifier.replace("_", " ").replace("-", " ")


def _choice(record: PatientRecord, name: str) -> str:
    value = getattr(record.modelling, name, None)
    return value if isinstance(value, str) else NO_TIME


def _issues(check: CheckReport) -> Iterator[Block]:
    if not check.issues:
        yield Paragraph("No rule found an issue.")
        return
    yield Table(
        "Issues found by rules, in the order in which a reader should act on them",
        (
            Column("Severity", 1.1),
            Column("Rule", 2),
            Column("What was found", 5.6),
            Column("Places", 2),
        ),
        tuple(
            Row((i.severity.value, i.rule, prose(i.message), "; ".join(i.locators) or NO_TIME))
            for i in check.issues
        ),
        "Contradictions are shown, not resolved.",
    )


def _changes(check: CheckReport) -> Iterator[Block]:
    if not check.changes:
        return
    yield Subheading("Is a difference between two counts real?")
    yield Table(
        "Consecutive counts against the reference change value",
        (
            Column("From", 1.6),
            Column("To", 1.6),
            Column("Counts", 1.4, numeric=True),
            Column("Change", 1, numeric=True),
            Column("95 % of pairs change by", 1.7, numeric=True),
            Column("z", 0.8, numeric=True),
            Column("Beyond variation", 1.1),
        ),
        tuple(_change(change) for change in check.changes),
        "Two-sided 95 % reference change value in log form, from the within-person coefficient of "
        "variation of people with stable counts (Gordon 2015).",
    )


def _change(change: ReferenceChange) -> Row:
    return Row(
        (
            change.first,
            change.second,
            f"{stated(change.first_value)} to {stated(change.second_value)}",
            percent(change.percent),
            f"{percent(change.lower_percent)} to {percent(change.upper_percent)}",
            log_value(change.z),
            "yes" if change.beyond else "no",
        )
    )


def _definition(icl: IclAssessment) -> Iterator[Block]:
    yield Paragraph(icl_sentence(icl))
    yield Table(
        "Items of the definition",
        (
            Column("Item", 2.4),
            Column("Status", 1.3),
            Column("Facts", 1.8),
            Column("Why", 4.5),
        ),
        tuple(
            Row(
                (
                    prose(item.name),
                    words_of(str(item.status)),
                    "; ".join(item.facts) or NO_TIME,
                    prose(item.why),
                )
            )
            for item in icl.items
        ),
    )
    if icl.missing:
        yield Paragraph("To establish or refute it, the record would have to state:")
        yield Bullets(icl.missing)
