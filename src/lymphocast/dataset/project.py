"""PatientRecord -> Individual: the one seam from the clinic to the model.

Dates become study days, weekly doses become fractions of the patient's own maintenance dose
(so that the product, its unit system and its absorption leave the problem), and each uncertain
time becomes an anchor or an interval. Nothing is read that the record does not state or mark as
assumed. Of cyclic doses the course model sees the mean weekly dose; doses that were missed on
known dates are taken out where they lie inside a constant dose (:mod:`lymphocast.dataset.gaps`).
"""

from collections.abc import Iterator
from datetime import date
from math import inf, log1p

from lymphocast.dataset.gaps import Gap, without
from lymphocast.dataset.individual import (
    Anchor,
    CountObservation,
    DosePlan,
    DoseSegment,
    Entry,
    Individual,
    Moment,
)
from lymphocast.dataset.infection import InfectionFacts, infection_facts
from lymphocast.dataset.maintenance import constant_dose
from lymphocast.errors import RecordError, UsageError, record_name
from lymphocast.record.body import in_absolute_amounts
from lymphocast.record.context import Limit
from lymphocast.record.events import Administration, Measurement
from lymphocast.record.patient import Modelling, PatientRecord
from lymphocast.record.when import When

CD4 = "CD4"
MIN_COUNTS = 2  # of a rise
EXPLAINABLE = (
    "two, one of them under treatment and after the entry measurement, or there is nothing to "
    "explain or to forecast from"
)


def project(record: PatientRecord, timeline: str | None = None) -> Individual:
    """Return the individual that the course model fits.

    Parameters
    ----------
    record
        The patient's record; it needs a ``modelling`` block and doses of the drugs that it names.
        Without any CD4 count there is no entry rule either: nothing says by what the patient was
        found.
    timeline
        Identifier of an alternative timeline of the record, or ``None`` for the main one.

    Raises
    ------
    RecordError
        If the record cannot be fitted, naming what is missing.
    UsageError
        If it has no such timeline.
    """
    absolute = in_absolute_amounts(record)
    return _Projection(absolute, _modelling(record), timeline).individual()


def _modelling(record: PatientRecord) -> Modelling:
    if record.modelling is None:
        needed = "one: the course model needs the study drug, the entry measurement and the "
        raise _unfit(record, (), "no 'modelling' block", f"{needed}recovery clock")
    return record.modelling


def told_of_infection(record: PatientRecord) -> InfectionFacts:
    """Return what a record tells of the infection, and which of its facts say nothing."""
    projection = _Projection(in_absolute_amounts(record), _modelling(record), None)
    return projection.infection(projection.plan())


def _unfit(record: PatientRecord, place: tuple[str, ...], found: str, needed: str) -> RecordError:
    """The error of a record that cannot be fitted, for what stands at a place of it."""
    return RecordError(record_name(record.id), None, found, needed, place)


def refuse_unexplained(individual: Individual) -> None:
    """Refuse to explain what cannot be: it takes two counts, one of them under treatment.

    Raises
    ------
    RecordError
        If the record lacks one of them. It can be fitted all the same.
    """
    plan = individual.plan
    start = individual.nominal(plan.stretches(plan.study_drug)[0].start)
    entry = individual.nominal(individual.entry.moment)
    lacks = ""
    if len(individual.counts) < MIN_COUNTS:
        lacks = f"fewer than two {CD4} measurements"
    elif not any(individual.nominal(c.at) > start for c in individual.counts):
        lacks = f"no {CD4} measurement after {plan.study_drug} was started"
    elif not any(individual.nominal(c.at) > max(start, entry) for c in individual.counts):
        lacks = f"no {CD4} measurement after the entry measurement"
    if lacks:
        where = record_name(individual.id)
        raise RecordError(where, None, lacks, EXPLAINABLE, ("measurements",))


def day_zero(record: PatientRecord) -> date:
    """Nominal first dose of the study drug: the date that is study day 0."""
    drug = _modelling(record).study_drug
    starts = [a.start.midpoint for a in record.administrations_of(drug)]
    if not starts:
        needed = "one, whose first day is study day 0"
        raise _unfit(record, ("administrations",), f"no administration of {drug}", needed)
    return min(starts)


class _Projection:
    """The steps of :func:`project`, sharing the record and its day 0."""

    def __init__(self, record: PatientRecord, choices: Modelling, timeline: str | None) -> None:
        self.record, self.choices = record, choices
        self.zero = day_zero(record)
        self.nominal = {n.fact: n.day for n in choices.nominal}
        self.times = {fact.id: fact.at for fact in record.dated() if fact.at is not None}
        if timeline is not None:
            self._follow(timeline)
        edges = [when for a in record.administrations for when in (a.start, a.stop)]
        self.hung_on = {when.anchor for when in (*self.times.values(), *edges)}

    def _follow(self, timeline: str) -> None:
        for reading in self.record.timelines:
            if reading.id == timeline:
                self.times.update({r.event: r.at for r in reading.readings})
                return
        names = ", ".join(t.id for t in self.record.timelines) or "none"
        msg = f"timeline '{timeline}' is not in the record; it has: {names}"
        raise UsageError(msg)

    def day(self, when: date) -> float:
        return float((when - self.zero).days)

    def moment(self, when: When, fact: str) -> Moment:
        """Where a fact stands: on a nominal day, on an anchor, or inside its own interval."""
        if fact in self.nominal:
            return Moment.fixed(self.day(self.nominal[fact]))
        if when.anchor is not None:
            base = self.event_moment(when.anchor)
            return Moment(
                base.anchor,
                base.offset + when.offset,
                base.early + when.offset - when.tolerance,
                base.late + when.offset + when.tolerance,
            )
        early, late = self.day(when.earliest), self.day(when.latest)
        return Moment(None, 0.5 * (early + late), early, late)

    def event_moment(self, event: str) -> Moment:
        """A fact that doses hang on: fixed, an anchor parameter, or relative to another."""
        when = self.times[event]
        if event in self.nominal:
            return Moment.fixed(self.day(self.nominal[event]))
        if when.anchor is not None and when.tolerance == 0.0:
            return self.moment(when, event)
        if when.anchor is None and when.earliest == when.latest:
            return Moment.fixed(self.day(when.earliest))
        return Moment.at_anchor(event)

    def individual(self) -> Individual:
        counts = tuple(self._count(m) for m in self._cd4())
        plan = self.plan()
        edges = [at for segment in plan.doses for at in (segment.start, segment.stop)]
        told = self.infection(plan)
        return Individual(
            id=self.record.id,
            day_zero=self.zero,
            anchors=self._anchors([*[c.at for c in counts], *edges, plan.infection_lift]),
            plan=plan,
            counts=counts,
            cultures=told.cultures,
            symptoms=told.symptoms,
            entry=self._entry(counts),
            susceptibilities=told.susceptibilities,
        )

    def plan(self) -> DosePlan:
        """What was given and when."""
        doses = tuple(s for a in self.record.administrations for s in self._segments(a))
        return DosePlan(
            study_drug=self.choices.study_drug,
            antibiotic=self.choices.antibiotic,
            doses=tuple(sorted(doses, key=lambda d: self.middle(d.start))),
            infection_lift=self.event_moment(self.choices.infection_lift),
            recovery_clock=self.day(self.times[self.choices.recovery_clock].earliest),
            infection_start=self._infection_start(doses),
        )

    def infection(self, plan: DosePlan) -> InfectionFacts:
        """What the record tells of the infection."""
        return infection_facts(self.record, self, plan)

    def point(self, when: When, fact: str) -> float:
        """The study day on which a fact stands that has one day only."""
        return self.middle(self.moment(when, fact))

    def span(self, when: When, fact: str) -> tuple[float, float]:
        """The first and the last study day on which a fact can be."""
        return self.reach(self.moment(when, fact))

    def middle(self, moment: Moment) -> float:
        """The study day of an instant with every uncertain time at its middle."""
        base = 0.0
        name = moment.anchor
        while name is not None:
            anchor = self._anchor(name)
            base += 0.5 * (anchor.early + anchor.late)
            name = anchor.relative_to
        return base + moment.offset

    def _cd4(self) -> list[Measurement]:
        found = [m for m in self.record.measurements if m.analyte == CD4]
        for m in found:
            place = ("measurements", m.id, "value")
            if m.limit is Limit.ABOVE:
                only = f"a count given only as {m.limit} {m.value}"
                needed = "a number, or a limit that the count lies below"
                raise _unfit(self.record, place, only, needed)
            if not 0.0 < m.value.value < inf:
                needed = "a count above 0, of which the course model takes the logarithm"
                raise _unfit(self.record, place, str(m.value), needed)
        return sorted(found, key=lambda m: (m.at.earliest, m.at.latest))

    def _count(self, measurement: Measurement) -> CountObservation:
        value = measurement.value.to("/uL").value
        error = (measurement.reading_error or 0.0) / measurement.value.value  # of one unit
        if measurement.id == self.choices.entry_measurement:
            at = Moment.at_anchor(measurement.id)
        elif measurement.id in {self.choices.infection_lift, *self.hung_on}:
            at = self.event_moment(measurement.id)
        else:
            at = self.moment(measurement.at, measurement.id)
        lloq = value if measurement.limit is Limit.BELOW else 0.0
        soon = measurement.context is not None and measurement.context.soon_after_dose
        return CountObservation(measurement.id, at, value, log1p(error), lloq, soon)

    def _entry(self, counts: tuple[CountObservation, ...]) -> Entry:
        if not counts:
            return Entry(Moment.fixed(0.0), inf)
        for count in counts:
            if count.id == self.choices.entry_measurement:
                return Entry(count.at, self.choices.entry_below.to("/uL").value)
        found = f"'{self.choices.entry_measurement}', which is no {CD4} measurement of the record"
        needed = f"one of {', '.join(count.id for count in counts)}"
        raise _unfit(self.record, ("modelling", "entry_measurement"), found, needed)

    def _segments(self, administration: Administration) -> Iterator[DoseSegment]:
        """Return the stretches of an administration between doses known to have been missed."""
        apart = administration.per / administration.divided
        gaps: list[Gap] = []
        for missed in self.record.missed_doses:
            if missed.drug != administration.drug:
                continue
            if missed.start is not None and missed.stop is not None:
                gaps.append(Gap(self._edge(missed.start), self._edge(missed.stop)))
            for at in map(self._edge, missed.dates):
                end = (at.offset + apart, at.early + apart, at.late + apart)
                gaps.append(Gap(at, Moment(at.anchor, *end)))
        gaps.sort(key=lambda gap: self.middle(gap.begin))
        return without(self._segment(administration), gaps, self.reach)

    def reach(self, moment: Moment) -> tuple[float, float]:
        """Return the first and last study day on which an instant can be."""
        early, late, name = moment.early, moment.late, moment.anchor
        while name is not None:
            anchor = self._anchor(name)
            early, late, name = early + anchor.early, late + anchor.late, anchor.relative_to
        return early, late

    def _segment(self, administration: Administration) -> DoseSegment:
        held = constant_dose(self.record, administration.drug)
        full = held.weekly(held.amount.unit)
        level = administration.weekly(held.amount.unit) / full
        final = level
        if administration.titrated_to is not None:
            target = next(
                a for a in self.record.administrations if a.id == administration.titrated_to
            )
            final = target.weekly(held.amount.unit) / full
        return DoseSegment(
            drug=administration.drug,
            start=self._edge(administration.start),
            stop=self._edge(administration.stop),
            level=level,
            final_level=final,
            steps=administration.titration_steps,
        )

    def _edge(self, when: When) -> Moment:
        if when.anchor is not None and when.offset == 0.0 and when.tolerance == 0.0:
            return self.event_moment(when.anchor)
        return self.moment(when, "")

    def _infection_start(self, doses: tuple[DoseSegment, ...]) -> float:
        drug = self.choices.antibiotic or self.choices.study_drug
        starts = [s.start for s in doses if s.drug == drug]
        if not starts:
            found = f"no administration of {drug}"
            needed = "one, or a 'modelling' block without 'antibiotic'"
            raise _unfit(self.record, ("administrations",), found, needed)
        return min(self.middle(m) for m in starts)

    def _anchor(self, name: str) -> Anchor:
        when = self.times[name]
        if when.anchor is None:
            return Anchor(name, self.day(when.earliest), self.day(when.latest))
        return Anchor(name, when.offset - when.tolerance, when.offset + when.tolerance, when.anchor)

    def _anchors(self, moments: list[Moment]) -> tuple[Anchor, ...]:
        """The anchors in use, those that others are relative to first."""
        names: dict[str, None] = {}

        def add(name: str | None) -> None:
            if name is not None:
                add(self._anchor(name).relative_to)
                names[name] = None

        for moment in sorted({m.anchor or "" for m in moments} - {""}):
            add(moment)
        return tuple(self._anchor(name) for name in names)
