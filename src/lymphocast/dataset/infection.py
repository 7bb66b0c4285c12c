"""What a record tells of the infection: cultures, isolates and symptoms, each on one study day.

Two kinds of symptom reports say nothing, and are not read. On and before the day on which the
infection's course begins severity is full, whatever the parameters. And a report of improvement
whose day may be that on which the infection lifts is what such a day is chosen by
(``infection_lift``): no fact is read twice.
"""

from dataclasses import dataclass
from typing import Protocol, final

from lymphocast.dataset.individual import (
    HIGHEST_SCORE,
    CultureObservation,
    DosePlan,
    Moment,
    SusceptibilityObservation,
    SymptomObservation,
)
from lymphocast.dataset.susceptibility import susceptibility
from lymphocast.record.events import Culture, CultureResult, Symptom, SymptomGrade
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import When

Fact = tuple[str, str, str]  # what it is, its identifier, why it is not read


class Calendar(Protocol):
    """Study days of the facts of a record."""

    def point(self, when: When, fact: str) -> float:
        """Return the day on which a fact stands."""
        ...

    def span(self, when: When, fact: str) -> tuple[float, float]:
        """Return the first and the last day on which a fact can be."""
        ...

    def middle(self, moment: Moment) -> float:
        """Return the day of a moment with every uncertain time at its middle."""
        ...

    def reach(self, moment: Moment) -> tuple[float, float]:
        """Return the first and the last day on which a moment can be."""
        ...


@final
@dataclass(frozen=True)
class InfectionFacts:
    """What the model reads of the infection, and what says nothing, with the reason."""

    cultures: tuple[CultureObservation, ...]
    susceptibilities: tuple[SusceptibilityObservation, ...]
    symptoms: tuple[SymptomObservation, ...]
    silent: tuple[Fact, ...]


def infection_facts(record: PatientRecord, calendar: Calendar, plan: DosePlan) -> InfectionFacts:
    """Return what a record tells of the infection.

    Parameters
    ----------
    record, calendar
        The record, and where its facts stand.
    plan
        What was given and when.
    """
    cultures, isolates, symptoms, silent = [], [], [], []
    stretches = plan.stretches(plan.antibiotic)
    given = tuple((calendar.middle(s.start), calendar.middle(s.stop)) for s in stretches)
    for c in record.cultures:
        day = calendar.point(c.at, c.id)
        unread = _unread_score(c)
        if unread:
            silent.append(("culture scores", c.id, unread))
        if c.result is CultureResult.CONTAMINATED:
            silent.append(("contaminated cultures", c.id, "they say nothing of the burden"))
        else:
            score = None if unread else c.score
            cultures.append(CultureObservation(c.id, day, c.result, c.number, score))
        for mic in c.mics:
            found = susceptibility(c, mic, day, plan, given)
            if isinstance(found, str):
                what = f"minimum inhibitory concentrations of {mic.drug}"
                silent.append((what, c.id, found))
            else:
                isolates.append(found)
    lift = calendar.reach(plan.infection_lift)
    for s in record.symptoms:
        unsaid = _unsaid(s, calendar, plan, lift)
        if unsaid is None:
            symptoms.append(SymptomObservation(s.id, calendar.point(s.at, s.id), s.grade))
        else:
            silent.append(unsaid)
    return InfectionFacts(tuple(cultures), tuple(isolates), tuple(symptoms), tuple(silent))


def _unread_score(culture: Culture) -> str:
    """Return why the score of a culture is not read; empty if it is, or there is none."""
    score, grew = culture.score, culture.result is CultureResult.POSITIVE
    if score is None:
        return ""
    if culture.result is CultureResult.CONTAMINATED:
        return "a contaminated culture says nothing of the burden"
    if culture.number > 1:
        return "of several cultures reported together only the result is read"
    if grew != (score > 0) or score > HIGHEST_SCORE:
        return f"needed 0 of a negative culture, 1 to {HIGHEST_SCORE} of a positive one"
    return ""


def _unsaid(
    symptom: Symptom, calendar: Calendar, plan: DosePlan, lift: tuple[float, float]
) -> Fact | None:
    """Return why a report of symptoms says nothing; ``None`` if it says something."""
    if calendar.point(symptom.at, symptom.id) <= plan.infection_start:
        why = "the model holds severity full until then, whatever its parameters"
        return "symptoms before treatment of the infection", symptom.id, why
    early, late = calendar.span(symptom.at, symptom.id)
    if symptom.grade is SymptomGrade.IMPROVING and early <= lift[1] and lift[0] <= late:
        why = "such a report is what that day is chosen by, and no fact is read twice"
        return "improvement on the day on which the infection may lift", symptom.id, why
    return None
