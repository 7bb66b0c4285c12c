"""CARE 2013: which items of the checklist for case reports a record can show.

The checklist [1]_ has 13 items; those that hold several things are split here, so that what is
missing has a name. Facts of the record show most of them. Those that only the report itself can
tell (keywords, introduction, the patient's view, consent) are shown by entries of ``reporting``.
An item that nothing shows is *not established*: the report may tell it in a part that was not read.

References
----------
.. [1] Gagnier JJ et al. The CARE guidelines: consensus-based clinical case reporting guideline
   development. BMJ Case Rep 2013. doi:10.1136/bcr-2013-201554
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, final

from lymphocast.criteria.assessment import Assessment, Edition, Standing, Theme
from lymphocast.criteria.drugs import CYTOKINES, course
from lymphocast.record.events import SymptomGrade, WorkupStatus
from lymphocast.record.issue import places
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Provenance

CARE_2013 = Edition("CARE 2013", "doi:10.1136/bcr-2013-201554")
Shown = tuple[Provenance, ...]


@final
@dataclass(frozen=True)
class CareRow:
    """One row of the checklist, as a manuscript prints it.

    Parameters
    ----------
    item, name, asks
        Number of the item, its name, and what it asks for.
    status
        Met, or not established.
    where
        Where it stands: ``source: locator``.
    """

    item: str
    name: str
    asks: str
    status: Standing
    where: tuple[str, ...]


@final
@dataclass(frozen=True)
class _Row:
    """One row: its number, name and wording, what shows it, and the name under ``reporting``."""

    item: str
    name: str
    asks: str
    reported: str
    show: Callable[[PatientRecord], Shown]


def _nothing(record: PatientRecord) -> Shown:
    """Return that only the report itself can show an item."""
    return ()


class _Placed(Protocol):
    """Anything that says where it stands."""

    @property
    def provenance(self) -> Shown:
        """Where it stands."""


def _all(facts: Iterable[_Placed]) -> Shown:
    """Return where facts stand."""
    return tuple(p for fact in facts for p in fact.provenance)


def _title(record: PatientRecord) -> Shown:
    """Return the sources whose citation says that they are a case report."""
    named = {s.id for s in record.sources if "case report" in s.citation.casefold()}
    return tuple(p for p in _everything(record) if p.source in named)[:1]


def _everything(record: PatientRecord) -> Shown:
    """Return where every dated fact stands."""
    return _all((*record.dated(), *record.administrations, *record.findings))


def _abstract(record: PatientRecord) -> Shown:
    """Return the facts that stand in an abstract."""
    return tuple(p for p in _everything(record) if "abstract" in p.locator.casefold())[:1]


def _demographics(record: PatientRecord) -> Shown:
    """Return where age and sex stand."""
    person = record.demographics
    known = (person.age is not None or person.born is not None) and person.sex is not None
    return person.provenance if known else ()


def _symptoms(record: PatientRecord) -> Shown:
    """Return where the symptoms stand."""
    first = [s for s in record.symptoms if s.grade in {SymptomGrade.PRESENT, SymptomGrade.WORSE}]
    return _all(first)


def _history(record: PatientRecord) -> Shown:
    """Return findings before treatment and the work-up that is stated."""
    return _all(w for w in record.workup if w.status is not WorkupStatus.NOT_STATED)


def _tests(record: PatientRecord) -> Shown:
    """Return what was measured and cultured."""
    return _all((*record.measurements, *record.cultures))


def _diagnosis(record: PatientRecord) -> Shown:
    """Return the diagnoses that are stated."""
    return _all(f for f in record.findings if "diagnos" in f.what.casefold())


def _dosed(record: PatientRecord) -> Shown:
    """Return the treatment, if every stretch has its dose, its route and its dates."""
    given = record.administrations
    return _all(given) if given and all(a.route is not None for a in given) else ()


def _changes(record: PatientRecord) -> Shown:
    """Return changes of dose that say why."""
    return _all(m for m in record.missed_doses if m.why) + _all(
        e for e in record.adverse_events if e.action is not None
    )


def _follow_up(record: PatientRecord) -> Shown:
    """Return what was measured after treatment began."""
    treated = course(record, CYTOKINES)
    if treated is None:
        return ()
    begun = treated.start.latest
    return (
        *_all(m for m in record.measurements if begun < m.at.earliest),
        *_all(c for c in record.cultures if begun < c.at.earliest),
        *_all(s for s in record.symptoms if begun < s.at.earliest),
    )


def _adherence(record: PatientRecord) -> Shown:
    """Return where doses that were not given are told with their dates or number."""
    return _all(m for m in record.missed_doses if m.dates_known or m.number is not None)


def _tolerated(record: PatientRecord) -> Shown:
    """Return where tolerance or adverse events stand."""
    told = [f for f in record.findings if "tolerated" in f.what.casefold()]
    return _all((*record.adverse_events, *told))


def _claims(record: PatientRecord) -> Shown:
    """Return where a source concludes something."""
    claims = {(c.source, c.locator) for c in record.claims}
    return tuple(p for p in _everything(record) if (p.source, p.locator) in claims)[:1]


ROWS = (
    _Row("1", "Title", "the words 'case report' and the phenomenon", "title", _title),
    _Row("2", "Keywords", "two to five keywords", "keywords", _nothing),
    _Row("3", "Abstract", "introduction, presentation, conclusion", "abstract", _abstract),
    _Row("4", "Introduction", "background with references", "introduction", _nothing),
    _Row("5a", "Patient information", "age and sex", "patient-information", _demographics),
    _Row("5b", "Patient information", "main symptoms", "patient-information", _symptoms),
    _Row("5c", "Patient information", "history and work-up", "patient-information", _history),
    _Row("6", "Clinical findings", "examination", "clinical-findings", _nothing),
    _Row("7", "Timeline", "dated events", "timeline", lambda r: _all(r.events)),
    _Row("8a", "Diagnostic assessment", "methods", "diagnostic-assessment", _tests),
    _Row("8b", "Diagnostic assessment", "diagnosis", "diagnostic-assessment", _diagnosis),
    _Row(
        "9a",
        "Therapeutic intervention",
        "types",
        "therapeutic-intervention",
        lambda r: _all(r.administrations),
    ),
    _Row(
        "9b",
        "Therapeutic intervention",
        "dose, route and duration of each drug",
        "therapeutic-intervention",
        _dosed,
    ),
    _Row(
        "9c",
        "Therapeutic intervention",
        "changes with their reasons",
        "therapeutic-intervention",
        _changes,
    ),
    _Row("10a", "Follow-up and outcomes", "tests after treatment began", "follow-up", _follow_up),
    _Row("10b", "Follow-up and outcomes", "adherence", "follow-up", _adherence),
    _Row("10c", "Follow-up and outcomes", "tolerability and harms", "follow-up", _tolerated),
    _Row("11", "Discussion", "conclusions", "discussion", _claims),
    _Row("12", "Patient perspective", "the patient's own view", "patient-perspective", _nothing),
    _Row("13", "Informed consent", "consent of the patient", "informed-consent", _nothing),
)


def care_rows(record: PatientRecord) -> tuple[CareRow, ...]:
    """Return the checklist, one row for each thing that it asks for."""
    return tuple(_filled(record, row) for row in ROWS)


def _filled(record: PatientRecord, row: _Row) -> CareRow:
    """Return one row with what shows it."""
    told = [r for r in record.reporting if r.item == row.reported]
    where = places((*_all(told), *row.show(record)))
    status = Standing.MET if where else Standing.NOT_ESTABLISHED
    return CareRow(row.item, row.name, row.asks, status, where)


def care_coverage(record: PatientRecord) -> Assessment:
    """Return how much of the checklist the record shows."""
    rows = care_rows(record)
    open_ = tuple(f"{r.item} {r.name}: {r.asks}" for r in rows if r.status is not Standing.MET)
    shown = len(rows) - len(open_)
    return Assessment(
        "care",
        "CARE checklist of case reports",
        Theme.REPORTING,
        Standing.NOT_ESTABLISHED if open_ else Standing.MET,
        CARE_2013,
        (),
        f"{shown} of {len(rows)} rows are shown by this record",
        open_,
        f"{shown}/{len(rows)}",
    )


def care_table(rows: Iterable[CareRow]) -> tuple[str, ...]:
    """Return the checklist as a Markdown table, ready for a manuscript."""
    head = ("| Item | Topic | What is asked for | Where |", "| --- | --- | --- | --- |")
    body = (f"| {r.item} | {r.name} | {r.asks} | {_where(r)} |" for r in rows)
    return (*head, *body)


def _where(row: CareRow) -> str:
    """Return where a row stands, or that nothing shows it."""
    return "; ".join(row.where) if row.where else "not in this record"
