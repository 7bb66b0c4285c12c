"""Recorded facts that the course model does not read, and why.

Nothing is dropped in silence: what a record holds beyond doses, CD4 counts, cultures and grades of
symptoms is named beside every fit, and so are reports of symptoms that say nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from lymphocast.dataset.individual import Individual
from lymphocast.dataset.infection import Fact
from lymphocast.dataset.project import CD4, told_of_infection
from lymphocast.record.context import Context
from lymphocast.record.events import Culture, WorkupStatus
from lymphocast.record.patient import PatientRecord

NO_INFECTION = "the model of this record holds no infection"
NO_LEVEL = "no level of the burden is set for it"
DETAILS = (
    ("smears", "smear", NO_LEVEL),
    ("times to positivity", "time_to_positivity", NO_LEVEL),
    ("genotypes", "genotype", "the model holds one strain"),
)
"""What is told of a culture beside its result, the field that holds it, and why it is not read."""


@final
@dataclass(frozen=True)
class NotRead:
    """Facts of one kind, by their identifiers, and why the model does not read them."""

    what: str
    facts: tuple[str, ...]
    why: str


def not_read(record: PatientRecord, individual: Individual) -> tuple[NotRead, ...]:
    """Return what the record holds and the individual made of it does not, kind by kind."""
    found: dict[tuple[str, str], list[str]] = {}
    for what, fact, why in _facts(record, individual):
        found.setdefault((what, why), []).append(fact)
    return tuple(NotRead(what, tuple(facts), why) for (what, why), facts in found.items())


def _facts(record: PatientRecord, individual: Individual) -> Iterator[Fact]:
    yield from _doses(record, individual)
    yield from _measurements(record)
    yield from _infection(record, individual)
    for e in record.adverse_events:
        yield "adverse events", e.id, "the course model holds no toxicity"
    for f in record.findings:
        yield "findings in words", f.id, "the model reads numbers, results and grades"
    for w in record.workup:
        if w.status is not WorkupStatus.NOT_STATED:
            yield "work-up", w.id, "the diagnosis is taken as given"


def _doses(record: PatientRecord, individual: Individual) -> Iterator[Fact]:
    drugs = {individual.plan.study_drug, individual.plan.antibiotic}
    for a in record.administrations:
        if a.drug not in drugs:
            yield f"doses of {a.drug}", a.id, "the model reads the study drug and the antibiotic"
    for m in record.missed_doses:
        if not m.dates_known:
            why = "reported without dates; the model takes every dose as given"
            yield f"missed doses of {m.drug}", m.id, why


def _measurements(record: PatientRecord) -> Iterator[Fact]:
    for m in record.measurements:
        if m.analyte != CD4:
            share = m.value.unit == "%"
            why = "the number of the other cells is not modelled" if share else f"no count of {CD4}"
            yield m.analyte, m.id, why
        elif told := _circumstances(m.context or Context()):
            yield f"{told} at a {CD4} count", m.id, "no count has an error of its own for it"


def _circumstances(context: Context) -> str:
    names = [name for name in ("fever", "infection", "steroids") if getattr(context, name)]
    return ", ".join([*names, *(["time of day"] if context.time_of_day else [])])


def _infection(record: PatientRecord, individual: Individual) -> Iterator[Fact]:
    told = told_of_infection(record)
    yield from told.silent
    read = {c.id for c in individual.cultures} | {s.id for s in individual.symptoms}
    yield from (("cultures", c.id, NO_INFECTION) for c in told.cultures if c.id not in read)
    yield from (("symptoms", s.id, NO_INFECTION) for s in told.symptoms if s.id not in read)
    tested = {s.id for s in individual.susceptibilities}
    lost = (s.id for s in told.susceptibilities if s.id not in tested)
    yield from (("minimum inhibitory concentrations", fact, NO_INFECTION) for fact in lost)
    for c in record.cultures:
        yield from _details(c)


def _details(culture: Culture) -> Iterator[Fact]:
    for what, field, why in DETAILS:
        if getattr(culture, field) not in {None, ()}:
            yield what, culture.id, why
