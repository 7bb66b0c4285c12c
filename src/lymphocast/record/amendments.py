"""Rules about a fact's history: corrections, disagreements, proposals and open questions."""

from collections.abc import Iterator

from lymphocast.errors import UnitError, UsageError
from lymphocast.record.adverse import AdverseEvent
from lymphocast.record.context import Correction, Disagreement
from lymphocast.record.events import (
    Administration,
    Culture,
    Event,
    Finding,
    Measurement,
    MissedDoses,
    Reported,
    StatedDuration,
    Symptom,
    UnreadData,
    WorkupItem,
)
from lymphocast.record.figure import FigurePoint, read_point
from lymphocast.record.issue import Issue, Severity, places
from lymphocast.record.misread import Misread
from lymphocast.record.patient import PatientRecord, Timeline
from lymphocast.record.provenance import Method, Provenance
from lymphocast.record.when import When, parse_when
from lymphocast.units import Quantity, parse_quantity

Amended = (
    Event
    | Administration
    | MissedDoses
    | Measurement
    | Culture
    | Symptom
    | AdverseEvent
    | Finding
    | WorkupItem
)
SAME = 1e-9
"""Relative difference within which two stated values are the same number in other units."""
APART = 3.0
"""Standard deviations of reading within which a written value agrees with its figure."""


def amended_facts(record: PatientRecord) -> tuple[Amended, ...]:
    """Return every fact that can carry corrections and disagreements."""
    return (
        *record.events,
        *record.administrations,
        *record.missed_doses,
        *record.measurements,
        *record.cultures,
        *record.symptoms,
        *record.adverse_events,
        *record.findings,
        *record.workup,
    )


def sources_disagree(record: PatientRecord) -> Iterator[Issue]:
    """Find fields for which another source states another value."""
    times = {fact.id: fact.at for fact in record.dated() if fact.at is not None}
    for fact in amended_facts(record):
        for other in fact.disagreements:
            own = getattr(fact, other.key)
            if not _agree(own, other.says, times):
                yield _disagreement(fact, other, own)


def _disagreement(fact: Amended, other: Disagreement, own: object) -> Issue:
    """Return the issue of one field that two sources state differently."""
    text = own.text if isinstance(own, When) else str(own)
    used = "not stated" if own is None else text
    return Issue(
        Severity.WARNING,
        "sources-disagree",
        fact.id,
        f"{other.key} is {used} here ({'; '.join(places(fact.provenance))}), but "
        f"{other.says} elsewhere ({'; '.join(places(other.provenance))}); the first is used.",
        places((*fact.provenance, *other.provenance)),
    )


def _agree(own: object, says: str, times: dict[str, When]) -> bool:
    """Return whether another source's statement can be the same as the fact's own."""
    if isinstance(own, Quantity):
        try:
            other = parse_quantity(says).to(own.unit).value
        except UnitError:
            return False
        return abs(other - own.value) <= SAME * abs(own.value)
    if isinstance(own, When):
        return own.overlaps(parse_when(says, times))
    return str(own).casefold() == says.casefold()


def corrected(record: PatientRecord) -> Iterator[Issue]:
    """List what was changed in the record, by whom and why."""
    for fact in amended_facts(record):
        for change in fact.corrections:
            yield Issue(
                Severity.INFO, "corrected", fact.id, _change(change), places(fact.provenance)
            )


def _change(change: Correction) -> str:
    """Return one correction in words."""
    on = f" on {change.day}" if change.day is not None else ""
    why = f": {change.why.rstrip('.')}" if change.why else ""
    return f"{change.key} was '{change.was}'; changed by {change.by}{on}{why}."


def proposed(record: PatientRecord) -> Iterator[Issue]:
    """Find facts that a program proposed and nobody has accepted, with the text quoted."""
    for name, provenance in _proposals(record):
        quotes = "; ".join(dict.fromkeys(p.note for p in provenance if p.note))
        yield Issue(
            Severity.ERROR,
            "proposed-not-accepted",
            name,
            f"'{name}' is proposed by a program from the text{f' ({quotes})' if quotes else ''}; "
            "accept it (another method) or remove it.",
            places(provenance),
        )


def _proposals(record: PatientRecord) -> Iterator[tuple[str, tuple[Provenance, ...]]]:
    """Return each fact that waits, by name, with the places of it that are only proposed."""
    others: tuple[StatedDuration | UnreadData | Timeline | Reported, ...] = (
        *record.durations,
        *record.unread,
        *record.timelines,
        *record.reporting,
    )
    found = (
        ("patient", record.demographics.provenance),
        *((fact.id, _places_of(fact)) for fact in amended_facts(record)),
        *((fact.id, fact.provenance) for fact in others),
    )
    for name, provenance in found:
        waiting = tuple(p for p in provenance if p.method is Method.PROPOSED)
        if waiting:
            yield name, waiting


def _places_of(fact: Amended) -> tuple[Provenance, ...]:
    """Return where a fact, its product and what other sources say of it stand."""
    product = fact.product_provenance if isinstance(fact, Administration) else ()
    return (*fact.provenance, *product, *(p for d in fact.disagreements for p in d.provenance))


def open_questions(record: PatientRecord) -> Iterator[Issue]:
    """Find questions that a person must decide."""
    for question in record.questions:
        choices = f" It may be: {'; '.join(question.choices)}." if question.choices else ""
        yield Issue(
            Severity.ERROR,
            "question-open",
            question.id,
            f"To be decided: {question.text}{choices}",
            places(question.provenance),
        )


def figure_readings(record: PatientRecord) -> Iterator[Issue]:
    """Find values that do not agree with the point of the figure that they were read off."""
    figures = {figure.id: figure for figure in record.figures}
    for m in record.measurements:
        if m.read_off is None:
            continue
        try:
            point = read_point(figures[m.read_off.figure], m.read_off.x, m.read_off.y)
        except Misread as error:
            yield _figure_issue(m, f"its figure cannot be read: found {error.found}")
            continue
        message = _apart(record, m, point)
        if message:
            yield _figure_issue(m, message)


def _figure_issue(m: Measurement, message: str) -> Issue:
    """Return the issue of a point read off a figure."""
    return Issue(
        Severity.WARNING, "figure-reading", m.id, f"'{m.id}': {message}.", places(m.provenance)
    )


def _apart(record: PatientRecord, m: Measurement, point: FigurePoint) -> str:
    """Say how a measurement and its point differ; nothing if they agree."""
    drawn = point.value.to(m.value.unit).value
    error = Quantity(point.reading_error, point.value.unit).to(m.value.unit).value
    if abs(drawn - m.value.value) > APART * error:
        return f"{m.value} is written, its point lies at {drawn:g} +/- {error:.2g}"
    times = {fact.id: fact.at for fact in record.dated() if fact.at is not None}
    try:
        at = parse_when(point.at, times)
    except (Misread, UsageError):
        return f"its point lies at {point.at}, which hangs on no fact of this record"
    if not at.overlaps(m.at):
        return f"it is dated {m.at.dates}, its point lies at {at.dates}"
    return ""
