"""PatientRecord: everything recorded of one patient, immutable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from typing import Protocol, TypeVar, final

from lymphocast.errors import UsageError
from lymphocast.record.adverse import AdverseEvent
from lymphocast.record.events import (
    Administration,
    Culture,
    Event,
    Finding,
    Measurement,
    MissedDoses,
    Question,
    Reported,
    StatedDuration,
    Symptom,
    UnreadData,
    WorkupItem,
)
from lymphocast.record.figure import Figure
from lymphocast.record.provenance import Provenance, Source
from lymphocast.record.when import Span, When, days_between
from lymphocast.units import Quantity

DatedFact = Event | Measurement | Culture | Symptom | Finding | AdverseEvent | WorkupItem


class Identified(Protocol):
    """Anything with an identifier."""

    @property
    def id(self) -> str:
        """The identifier, unique in its record."""


F = TypeVar("F", bound=Identified)


@final
@dataclass(frozen=True)
class Hung:
    """Where a chain of anchors ends, and how far from there in days, give or take.

    ``root`` is ``None`` for a time that stands on the calendar by itself.
    """

    root: str | None
    offset: float
    tolerance: float


@final
@dataclass(frozen=True)
class Demographics:
    """What the source says of the person; ``None`` is *not stated*."""

    age: Quantity | None = None
    sex: str | None = None
    ancestry: str | None = None
    provenance: tuple[Provenance, ...] = ()
    born: When | None = None
    weight: Quantity | None = None
    height: Quantity | None = None
    body_surface: Quantity | None = None


@final
@dataclass(frozen=True)
class Claim:
    """A conclusion that the source draws, set beside the computed support in the report."""

    id: str
    text: str
    source: str
    locator: str
    verdict: str


@final
@dataclass(frozen=True)
class NominalDate:
    """The day on which the analysis places a fact that the source dates less exactly."""

    fact: str
    day: date
    rationale: str


@final
@dataclass(frozen=True)
class Modelling:
    """The analyst's choices for the course model: assumptions, printed as such.

    Parameters
    ----------
    study_drug, antibiotic
        Drug names; day 0 is the nominal first dose of the study drug. A patient who had no drug
        against the infection has ``None``.
    entry_measurement, entry_below
        Every explanation is conditioned on a latent count below ``entry_below`` at this
        measurement's date: the patient was found because the count was low.
    recovery_clock
        Event whose earliest day is the origin of the onset of recovery.
    infection_lift
        Fact at whose date an infection that had lowered the count begins to lift.
    nominal
        Days used where the model needs a point and the source gives an interval.
    rationale
        Reason of each choice, by field name.
    """

    study_drug: str
    antibiotic: str | None
    entry_measurement: str
    entry_below: Quantity
    recovery_clock: str
    infection_lift: str
    nominal: tuple[NominalDate, ...]
    rationale: tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True)
class Reading:
    """Another time for one event."""

    event: str
    at: When


@final
@dataclass(frozen=True)
class Timeline:
    """An alternative reading of the record: another time for one event, or for several."""

    id: str
    label: str
    event: str
    at: When
    provenance: tuple[Provenance, ...]
    also: tuple[Reading, ...] = ()

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every event that this reading dates otherwise."""
        return (Reading(self.event, self.at), *self.also)


@final
@dataclass(frozen=True)
class PatientRecord:
    """One patient's record; every fact carries its provenance."""

    id: str
    title: str
    demographics: Demographics
    sources: tuple[Source, ...]
    events: tuple[Event, ...]
    administrations: tuple[Administration, ...]
    missed_doses: tuple[MissedDoses, ...]
    measurements: tuple[Measurement, ...]
    cultures: tuple[Culture, ...]
    symptoms: tuple[Symptom, ...]
    durations: tuple[StatedDuration, ...]
    unread: tuple[UnreadData, ...]
    findings: tuple[Finding, ...]
    workup: tuple[WorkupItem, ...]
    claims: tuple[Claim, ...]
    timelines: tuple[Timeline, ...]
    modelling: Modelling | None
    sha256: str
    adverse_events: tuple[AdverseEvent, ...] = ()
    figures: tuple[Figure, ...] = ()
    questions: tuple[Question, ...] = ()
    reporting: tuple[Reported, ...] = ()

    def event(self, event_id: str) -> Event:
        """Return the event with this identifier; ``UsageError`` if there is none."""
        return _named(event_id, self.events)

    def administration(self, administration_id: str) -> Administration:
        """Return the stretch of treatment with this identifier; ``UsageError`` if none."""
        return _named(administration_id, self.administrations)

    def measurement(self, measurement_id: str) -> Measurement:
        """Return the measurement with this identifier; ``UsageError`` if there is none."""
        return _named(measurement_id, self.measurements)

    def culture(self, culture_id: str) -> Culture:
        """Return the cultures with this identifier; ``UsageError`` if there are none."""
        return _named(culture_id, self.cultures)

    def symptom(self, symptom_id: str) -> Symptom:
        """Return the state of symptoms with this identifier; ``UsageError`` if none."""
        return _named(symptom_id, self.symptoms)

    def source(self, source_id: str) -> Source:
        """Return the source with this identifier; ``UsageError`` if there is none."""
        return _named(source_id, self.sources)

    def when_of(self, fact_id: str) -> When:
        """Return the time of any dated fact; ``UsageError`` if there is no such fact."""
        return _dated(self.dated_fact(fact_id))

    def dated_fact(self, fact_id: str) -> DatedFact:
        """Return any dated fact; ``UsageError`` if there is no such fact."""
        fact = self._dated_by_id.get(fact_id)
        return _named(fact_id, self.dated()) if fact is None else fact

    @cached_property
    def _dated_by_id(self) -> Mapping[str, DatedFact]:
        return {fact.id: fact for fact in self.dated()}

    def dated(self) -> tuple[DatedFact, ...]:
        """Return every fact that has one time of its own, in the record's order."""
        perhaps: tuple[DatedFact, ...] = (*self.findings, *self.workup)
        return (
            *self.events,
            *self.measurements,
            *self.cultures,
            *self.symptoms,
            *self.adverse_events,
            *(fact for fact in perhaps if fact.at is not None),
        )

    def counts(self, analyte: str = "CD4") -> tuple[Measurement, ...]:
        """Return the measurements of one analyte, ordered by the middle of their intervals."""
        return self._by_analyte.get(analyte, ())

    @cached_property
    def _by_analyte(self) -> Mapping[str, tuple[Measurement, ...]]:
        found: dict[str, list[Measurement]] = {}
        for m in sorted(self.measurements, key=lambda m: (m.at.midpoint, m.at.earliest, m.id)):
            found.setdefault(m.analyte, []).append(m)
        return {analyte: tuple(values) for analyte, values in found.items()}

    def drugs(self) -> tuple[str, ...]:
        """Return the names of the drugs given, each once, in the record's order."""
        return tuple(dict.fromkeys(a.drug for a in self.administrations))

    def administrations_of(self, drug: str) -> tuple[Administration, ...]:
        """Return the stretches of one drug, ordered by their start."""
        chosen = [a for a in self.administrations if a.drug == drug]
        return tuple(sorted(chosen, key=lambda a: (a.start.earliest, a.start.latest, a.id)))

    def started(self, drug: str) -> When | None:
        """Return when the first stretch of a drug began; ``None`` if it was never given."""
        starts = [a.start for a in self.administrations if a.drug == drug]
        return min(starts, key=lambda w: (w.earliest, w.latest)) if starts else None

    def stopped(self, drug: str) -> When | None:
        """Return when the last stretch of a drug ended; ``None`` if it was never given."""
        stops = [a.stop for a in self.administrations if a.drug == drug]
        return max(stops, key=lambda w: (w.latest, w.earliest)) if stops else None

    def nominal_day(self, fact_id: str) -> date | None:
        """Return the day on which the analysis places a fact; ``None`` if it places none."""
        nominal = self.modelling.nominal if self.modelling is not None else ()
        return next((n.day for n in nominal if n.fact == fact_id), None)

    def hung(self, when: When) -> Hung:
        """Follow a time's anchors to the fact at their end, adding up the distances."""
        offset, tolerance, root = 0.0, 0.0, when.anchor
        while when.anchor is not None:
            root, offset = when.anchor, offset + when.offset
            tolerance += when.tolerance
            when = self.when_of(root)
        return Hung(root, offset, tolerance)

    def days_between(self, first: str, second: str) -> Span:
        """Return the possible distances in days from one dated fact to another.

        Two facts that hang on the same fact share its uncertainty: only the uncertainty of
        their own distances counts.
        """
        one, two = self._hung_by_name(first), self._hung_by_name(second)
        if one.root != two.root:
            return days_between(self.when_of(first), self.when_of(second))
        apart, spread = two.offset - one.offset, one.tolerance + two.tolerance
        return Span(apart - spread, apart + spread)

    def _hung_by_name(self, fact_id: str) -> Hung:
        """Return what a fact hangs on; a fact with a calendar date hangs on itself."""
        hung = self.hung(self.when_of(fact_id))
        return hung if hung.root is not None else Hung(fact_id, 0.0, 0.0)


def _dated(fact: DatedFact) -> When:
    """Return the time of a fact that ``dated`` let through."""
    if fact.at is None:
        message = f"'{fact.id}' has no time"
        raise UsageError(message)
    return fact.at


def _named(name: str, facts: Sequence[F]) -> F:
    """Return the fact with this identifier, or say which names are near."""
    for fact in facts:
        if fact.id == name:
            return fact
    near = get_close_matches(name, [fact.id for fact in facts], n=1)
    hint = f"; the nearest is '{near[0]}'" if near else ""
    message = f"this record has no such fact as '{name}'{hint}"
    raise UsageError(message)
