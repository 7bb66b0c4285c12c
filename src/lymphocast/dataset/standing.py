"""Days on which the analysis puts what the record dates less exactly.

Counts are unknown within their intervals, and so are the events that counts, doses and the lift
of an infection hang on. Everything else stands on one day, and that day is an assumption: cultures,
symptoms, doses that hang on no event, the beginning of the infection's course, and the clock of
recovery.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import ceil
from typing import final

from lymphocast.dataset.individual import DosePlan, DoseSegment, Individual
from lymphocast.record.patient import Modelling, PatientRecord
from lymphocast.record.when import When


@final
class Stands(StrEnum):
    """What stands on a day: a fact or a change of dose, the infection's course, the clock."""

    FACT = "fact"
    DOSE = "dose"
    INFECTION = "infection"
    CLOCK = "clock"


@final
@dataclass(frozen=True)
class Standing:
    """A day that no source states: of a fact by its identifier, or of a drug by its name.

    All stand at the middle of their possible days, but the clock at the first of them. A course of
    infection without an antibiotic begins with the first dose of the study drug.
    """

    of: str
    stands: Stands
    day: date


def standing_days(record: PatientRecord, individual: Individual) -> tuple[Standing, ...]:
    """Return the days that the analysis chose, beside those that ``modelling`` states.

    Parameters
    ----------
    record
        A record with a ``modelling`` block.
    individual
        What was made of it.
    """
    if record.modelling is None:
        return ()
    return tuple(_standing(record, record.modelling, individual))


def _standing(
    record: PatientRecord, choices: Modelling, individual: Individual
) -> Iterator[Standing]:
    nominal = {n.fact for n in choices.nominal}
    days = {c.id: c.day for c in individual.cultures}
    days |= {s.id: s.day for s in individual.symptoms}
    for fact, day in days.items():
        if _open(record, nominal, fact, record.when_of(fact)):
            yield Standing(fact, Stands.FACT, _date(individual, day))
    plan = individual.plan
    for drug, day in _changes(individual):
        yield Standing(drug, Stands.DOSE, _date(individual, day))
    first = _first(individual, plan)
    chosen = plan.antibiotic is None or first.start.anchor is not None or not first.start.exact
    if individual.tells_of_infection and chosen:
        yield Standing(first.drug, Stands.INFECTION, _date(individual, plan.infection_start))
    clock = record.when_of(choices.recovery_clock)
    if clock.earliest < clock.latest:
        yield Standing(choices.recovery_clock, Stands.CLOCK, clock.earliest)


def _open(record: PatientRecord, nominal: set[str], fact: str, when: When) -> bool:
    """Whether the record leaves the day of a fact open, and ``modelling`` does not choose it."""
    if fact in nominal:
        return False
    if when.anchor is None:
        return when.earliest < when.latest
    return when.tolerance > 0.0 or _open(record, nominal, when.anchor, record.when_of(when.anchor))


def _changes(individual: Individual) -> Iterator[tuple[str, float]]:
    """Yield the drug and day of each change of dose with a private error, each once."""
    plan = individual.plan
    read = [d for d in plan.doses if d.drug in {plan.study_drug, plan.antibiotic}]
    edges = dict.fromkeys((d.drug, at) for d in read for at in (d.start, d.stop) if not at.exact)
    yield from ((drug, individual.nominal(at)) for drug, at in edges)


def _first(individual: Individual, plan: DosePlan) -> DoseSegment:
    stretches = plan.stretches(plan.antibiotic or plan.study_drug)
    return min(stretches, key=lambda stretch: individual.nominal(stretch.start))


def _date(individual: Individual, day: float) -> date:
    return individual.day_zero + timedelta(days=ceil(day - 0.5))  # the earlier one of two
