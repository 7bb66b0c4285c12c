"""The record as the report prints it: facts with sources, doubts, and the case definition."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from lymphocast.criteria.check import CheckReport
from lymphocast.criteria.icl import IclAssessment
from lymphocast.criteria.rcv import ReferenceChange
from lymphocast.dataset.standing import Standing
from lymphocast.figures.wording import dose_words
from lymphocast.record.adverse import AdverseEvent
from lymphocast.record.events import Administration, Event, MissedDoses, StatedDuration
from lymphocast.record.issue import Issue
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method, Provenance
from lymphocast.record.when import When
from lymphocast.report.assumed_days import assumed_days
from lymphocast.report.blocks import (
    Block,
    Column,
    Mark,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
)
from lymphocast.report.claims import ICL_WORDS
from lymphocast.report.naming import in_words, name_of
from lymphocast.report.wording import (
    capital,
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
ASSUMED_NOTE: Final = (
    "Rows in italics behind a dashed rule, with the word ASSUMED, are choices of the analyst that "
    "no source states; the word alone marks one assumed part of a stated fact. “Derived” facts "
    "follow from stated ones as the note says. A time is the interval of days in which the "
    "fact happened."
)


def record_section(
    record: PatientRecord, check: CheckReport, standing: Sequence[Standing] = ()
) -> Section:
    """Return the record with every fact's source, locator and method.

    ``standing`` are the days that the analysis chose.
    """
    return Section(
        "record",
        "The record",
        tuple(in_words(record, block) for block in _blocks(record, check, standing)),
    )


def _blocks(
    record: PatientRecord, check: CheckReport, standing: Sequence[Standing]
) -> tuple[Block, ...]:
    return (
        Paragraph(f"{_only_source(record)}{ASSUMED_NOTE}"),
        _facts("Treatment", _treatment(record)),
        _facts("Laboratory and clinical facts", _clinical(record)),
        _facts("Dated events, stated lengths of time, unknowns", _context(record)),
        *_choices(record, standing),
        Subheading("Contradictions and other issues"),
        *_issues(check),
        *_changes(check),
        Subheading("Case definition"),
        *_definition(record, check.icl),
    )


def _only_source(record: PatientRecord) -> str:
    return f"Every fact is from {record.sources[0].citation} " if len(record.sources) == 1 else ""


def _facts(caption: str, rows: Iterable[Row]) -> Table:
    return Table(
        caption,
        (
            Column("Fact", 2.4),
            Column("Value", 2.6),
            Column("Time", 2.3),
            Column("Place", 1.7),
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
        time = f"from {_when(record, a.start)}; until {_when(record, a.stop)}"
        yield _fact(a.drug, _dose(a), time, a.provenance)
        if a.titrated_to is not None:
            full = dose_words(record.administration(a.titrated_to))
            value = f"raised in {small(a.titration_steps, 'equal step')} towards {full}"
            note = f"ASSUMED: {a.titration_note.rstrip('.')}" if a.titration_note else "ASSUMED"
            yield Row((f"{a.drug}, titration", value, NO_TIME, NO_TIME, note), Mark.ASSUMED)
    for m in record.missed_doses:
        word = m.kind or "missed"
        yield _fact(f"{m.drug}, {word} doses", "reported", _missed(record, m), m.provenance)


def _missed(record: PatientRecord, missed: MissedDoses) -> str:
    """Return when doses were not given."""
    if missed.start is not None and missed.stop is not None:
        return f"from {_when(record, missed.start)}; until {_when(record, missed.stop)}"
    if missed.dates:
        return ", ".join(_when(record, at) for at in missed.dates)
    return "dates known" if missed.dates_known else "dates unknown"


def _dose(a: Administration) -> str:
    product = a.product or "product not stated"
    return f"{dose_words(a)}; {product}; {a.route or 'route not stated'}"


def _when(record: PatientRecord, at: When) -> str:
    """Return a time; a distance from another fact names that fact in words."""
    text = when(at)
    return text.replace(at.anchor, name_of(record, at.anchor)) if at.anchor else text


def _clinical(record: PatientRecord) -> Iterator[Row]:
    for m in record.measurements:
        error = "" if m.reading_error is None else f" (reading error ± {stated(m.reading_error)})"
        limit = f"{m.limit} " if m.limit is not None else ""
        value = f"{limit}{quantity(m.value)}{error}"
        yield _fact(m.analyte, value, _when(record, m.at), m.provenance)
    for c in record.cultures:
        note = f"; ASSUMED: {c.number_note.rstrip('.')}" if c.number_note else ""
        value = f"{c.organism}: {c.result.value}; counted as {c.number}{note}"
        yield _fact(f"{c.specimen} culture", value, _when(record, c.at), c.provenance)
    for s in record.symptoms:
        yield _fact(s.what, words_of(s.grade.value), _when(record, s.at), s.provenance)
    for e in record.adverse_events:
        yield _fact(e.what, _adverse(e), _when(record, e.at), e.provenance)
    for f in record.findings:
        time = NO_TIME if f.at is None else _when(record, f.at)
        yield _fact(f.what, NO_TIME, time, f.provenance)
    alike = groupby(record.workup, key=lambda w: (w.status, w.provenance))
    for (status, provenance), items in alike:
        names = "; ".join(item.what for item in items)
        yield _fact(names, words_of(status.value), NO_TIME, provenance)


def _adverse(event: AdverseEvent) -> str:
    """Return what is known of an adverse event: its grade, the drugs, how it ended."""
    grade = "" if event.grade is None else f"grade {event.grade}"
    drugs = f"under {', '.join(event.suspects)}" if event.suspects else ""
    action = f"drug: {event.action}" if event.action is not None else ""
    outcome = f"outcome: {event.outcome}" if event.outcome is not None else ""
    told = [part for part in (grade, drugs, action, outcome) if part]
    return f"adverse event; {'; '.join(told)}" if told else "adverse event"


def _context(record: PatientRecord) -> Iterator[Row]:
    for e in record.events:
        if not _told(record, e):
            yield _fact(e.what, NO_TIME, _when(record, e.at), e.provenance)
    for d in record.durations:
        ends = f"from “{name_of(record, d.start)}” to “{name_of(record, d.stop)}”"
        yield _fact(ends, _length(d), NO_TIME, d.provenance)
    for t in record.timelines:
        value = f"alternative reading of “{name_of(record, t.event)}”"
        yield _fact(t.label, value, _when(record, t.at), t.provenance)
    for u in record.unread:
        yield _fact(u.what, "not in this record", NO_TIME, u.provenance)


def _told(record: PatientRecord, event: Event) -> bool:
    """Whether a stated event adds nothing to the facts above that happen with it."""
    given = [at for a in record.administrations for at in (a.start, a.stop)]
    found = [m.at for m in record.measurements] + [s.at for s in record.symptoms]
    times = given + found + [c.at for c in record.cultures]
    plainly = all(p.method is Method.STATED and not p.note for p in event.provenance)
    return plainly and any(at.anchor == at.text == event.id for at in times)


def _length(duration: StatedDuration) -> str:
    return f"{quantity(duration.length)} ± {stated(duration.resolution)}"


def _choices(record: PatientRecord, standing: Sequence[Standing]) -> Iterator[Block]:
    chosen = record.modelling
    if chosen is None:
        return
    yield Table(
        "Assumptions of the analysis",
        (Column("Choice", 2), Column("Value", 2), Column("Reason", 5)),
        (
            Row(
                (
                    f"ASSUMED: entry rule, {name_of(record, chosen.entry_measurement)}",
                    f"latent count below {quantity(chosen.entry_below)}",
                    "The patient was found because the count was low; every hypothesis is "
                    f"conditioned on it. {_reason(dict(chosen.rationale).get('entry_below', ''))}",
                ),
                Mark.ASSUMED,
            ),
            *(
                Row(
                    (
                        f"ASSUMED: day of “{name_of(record, n.fact)}”",
                        short_day(n.day),
                        _reason(n.rationale),
                    ),
                    Mark.ASSUMED,
                )
                for n in chosen.nominal
            ),
            *assumed_days(record, standing),
            *(
                Row(
                    (f"ASSUMED: {words_of(name)}", _choice(record, name), _reason(why)),
                    Mark.ASSUMED,
                )
                for name, why in chosen.rationale
                if isinstance(getattr(chosen, name, None), str) and name != "entry_measurement"
            ),
        ),
    )


def _reason(text: str) -> str:
    """Return a rationale without the word that its row already says."""
    return prose(capital(text.removeprefix("Assumed; ").strip()))


def words_of(identifier: str) -> str:
    """Return an identifier as words."""
    return identifier.replace("_", " ").replace("-", " ")


def _choice(record: PatientRecord, name: str) -> str:
    value = str(getattr(record.modelling, name))
    return value if value in record.drugs() else name_of(record, value)


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
            Row((i.severity.value, words_of(i.rule), prose(i.message), _places(i)))
            for i in check.issues
        ),
        "Contradictions are shown, not resolved.",
    )


def _places(issue: Issue) -> str:
    return "; ".join(issue.locators) or NO_TIME


def _changes(check: CheckReport) -> Iterator[Block]:
    if not check.changes:
        return
    yield Subheading("Is a difference between two counts real?")
    yield Table(
        "Consecutive counts against the reference change value",
        (
            Column("Counts", 1.6),
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
            f"{stated(change.first_value)} to {stated(change.second_value)}",
            percent(change.percent),
            f"{percent(change.lower_percent)} to {percent(change.upper_percent)}",
            log_value(change.z),
            "yes" if change.beyond else "no",
        )
    )


def _definition(record: PatientRecord, icl: IclAssessment) -> Iterator[Block]:
    status = f"{ICL_WORDS[str(icl.status)]} ({icl.edition})"
    yield Table(
        f"Idiopathic CD4 lymphopenia: {status}",
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
                    "; ".join(name_of(record, f) for f in item.facts) or NO_TIME,
                    prose(item.why),
                )
            )
            for item in icl.items
        ),
    )
    if icl.missing:
        yield Paragraph(f"{'; '.join(icl.missing)}.", lead="Missing:")
