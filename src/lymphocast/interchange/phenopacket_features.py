"""Phenotypic features and diseases of a packet, as findings, symptoms and adverse events.

A feature that carries the class *Adverse Event*, or that a treatment lists among its adverse
events, and that has an onset, is an adverse event; one with a state of symptoms of ours among its
modifiers is a symptom; any other, and every disease, is a finding, present or absent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from lymphocast.interchange.phenopacket_place import Place
from lymphocast.interchange.phenopacket_sources import Reading
from lymphocast.interchange.phenopacket_terms import (
    ADVERSE_EVENT,
    Json,
    Term,
    name_in,
    new_codes,
    term_of,
)
from lymphocast.record.events import SymptomGrade
from lymphocast.record.names import TERMS

GRADE = "CTCAE grade "
"""What stands before the number in the severity of an adverse event."""


@final
@dataclass
class Suspicions:
    """The adverse events that treatments list, and whether a feature dates them."""

    drugs: dict[str, dict[str, None]] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=dict)

    def collect(self, action: Place, drug: str) -> None:
        """Remember the adverse events of one treatment."""
        for place in action.items("adverseEvents"):
            term = term_of(place)
            if term is not None:
                self.drugs.setdefault(_key(term), {})[drug] = None
                self.places.setdefault(_key(term), []).append(place)

    def of(self, term: Term) -> list[str]:
        """Return the drugs under suspicion of an event that a feature dates."""
        self.places.pop(_key(term), None)
        return list(self.drugs.get(_key(term), ()))

    def drop_rest(self) -> None:
        """List the adverse events that no feature dates."""
        for places in self.places.values():
            for place in places:
                place.drop("an adverse event of a record needs a time, and no feature gives one")


@final
@dataclass
class Features:
    """The facts that features and diseases become."""

    reading: Reading
    suspicions: Suspicions
    findings: list[Json] = field(default_factory=list)
    symptoms: list[Json] = field(default_factory=list)
    adverse_events: list[Json] = field(default_factory=list)
    _marked: frozenset[str] = frozenset()

    def features(self, places: Sequence[Place]) -> None:
        """Take every phenotypic feature."""
        marked = (term_of(p.inner("type")) for p in places if _is_marked(p))
        self._marked = frozenset(_key(term) for term in marked if term is not None)
        for place in places:
            self._feature(place)

    def _feature(self, place: Place) -> None:
        term = term_of(place.inner("type"))
        if term is None:
            place.drop("a feature needs a type")
            return
        grade = _state(place)
        if grade is not None:
            self._symptom(place, term, grade)
        elif self._is_adverse(place, term):
            self._adverse(place, term)
        else:
            self._finding(place, term, "onset")

    def disease(self, place: Place) -> None:
        """Take one disease."""
        term = term_of(place.inner("term"))
        if term is None:
            place.drop("a disease needs a term")
        else:
            self._finding(place, term, "onset")

    def death(self, place: Place) -> None:
        """Take a vital status: that somebody died is a finding, anything else is listed."""
        if place.value.get("status") != "DECEASED":
            return
        place.text("status")
        cause = term_of(place.inner("causeOfDeath"))
        if cause is not None and cause.code is not None:
            place.inner("causeOfDeath").note("id", cause.code, "the words of a finding say it")
        dating = self.reading.time(place.inner("timeOfDeath"))
        self.findings.append(
            {
                "id": self.reading.names.next("finding", self.findings),
                "what": "died" if cause is None else f"died: {cause.label}",
                "presence": "present",
                "at": dating.text if dating else None,
                "provenance": self.reading.provenance(place, dating),
            }
        )

    def _finding(self, place: Place, term: Term, key: str) -> None:
        dating = self.reading.time(place.inner(key))
        self.findings.append(
            {
                "id": self.reading.names.next("finding", self.findings),
                **_naming(place, term),
                "presence": "absent" if place.flag("excluded") else "present",
                "at": dating.text if dating else None,
                "provenance": self.reading.provenance(place, dating),
            }
        )

    def _symptom(self, place: Place, term: Term, grade: SymptomGrade) -> None:
        key = "resolution" if grade is SymptomGrade.RESOLVED and "onset" not in place.value else ""
        dating = self.reading.time(place.inner(key or "onset"))
        if dating is None:
            place.drop("a symptom of a record needs a time", term.label)
            return
        if place.flag("excluded") and grade is not SymptomGrade.ASYMPTOMATIC:
            place.note("excluded", "true", f"the state is '{grade}'")
        self.symptoms.append(
            {
                "id": self.reading.names.next("symptom", self.symptoms),
                **_naming(place, term),
                "grade": str(grade),
                "at": dating.text,
                "provenance": self.reading.provenance(place, dating),
            }
        )

    def _is_adverse(self, place: Place, term: Term) -> bool:
        """Return whether a feature is an adverse event that a record can hold."""
        key = _key(term)
        suspected = key in self.suspicions.drugs and key not in self._marked
        if not (suspected or _is_marked(place)) or place.value.get("excluded") is True:
            return False
        return self.reading.time(place.inner("onset")) is not None

    def _adverse(self, place: Place, term: Term) -> None:
        begun = self.reading.time(place.inner("onset"))
        ended = self.reading.time(place.inner("resolution"))
        self.adverse_events.append(
            {
                "id": self.reading.names.next("adverse-event", self.adverse_events),
                **_naming(place, term),
                "at": begun.text if begun else None,
                "until": ended.text if ended else None,
                "grade": _severity(place),
                "suspects": self.suspicions.of(term) or None,
                "provenance": self.reading.provenance(place, begun),
            }
        )
        _take_modifiers(place, ADVERSE_EVENT[0])


def _key(term: Term) -> str:
    """Return what tells two classes apart."""
    return term.code or term.label.casefold()


def _naming(place: Place, term: Term) -> Json:
    """Return the words, the term and the codes of a feature or disease."""
    words = place.text("description") if "description" in place.value else ""
    known = name_in(term, TERMS)
    name = known or (term.label if words else None)
    return {
        "what": words or term.label,
        "term": name,
        "codes": new_codes(term, name or term.label, TERMS) or None,
    }


def _modifiers(place: Place) -> Sequence[Place]:
    """Return the modifiers of a feature, without marking them as read."""
    value = place.value.get("modifiers")
    items = value if isinstance(value, list) else []
    return [Place(item if isinstance(item, Mapping) else {}, "") for item in items]


def _is_marked(place: Place) -> bool:
    """Return whether a feature carries the class of adverse events."""
    return any(m.text("id") == ADVERSE_EVENT[0] for m in _modifiers(place))


def _take_modifiers(place: Place, code: str) -> None:
    """Mark the modifiers with one code as read."""
    for modifier in place.items("modifiers"):
        if modifier.value.get("id") == code:
            modifier.text("id"), modifier.text("label")
        else:
            modifier.drop("a record has no place for it")


def _state(place: Place) -> SymptomGrade | None:
    """Return the state of symptoms of ours among the modifiers of a feature."""
    for modifier in _modifiers(place):
        term = term_of(modifier)
        if term is not None and term.code is None and term.label in set(SymptomGrade):
            _take_modifiers(place, modifier.text("id"))
            return SymptomGrade(term.label)
    return None


def _severity(place: Place) -> int | None:
    """Return the grade of an adverse event; any other severity stays unread."""
    severity = place.value.get("severity")
    label = severity.get("label") if isinstance(severity, Mapping) else None
    if not isinstance(label, str) or not label.startswith(GRADE):
        return None
    number = label.removeprefix(GRADE)
    if number not in {"1", "2", "3", "4", "5"}:
        return None
    term_of(place.inner("severity"))
    return int(number)
