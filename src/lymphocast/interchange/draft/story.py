"""Story: the facts found so far, the events that their times hang on, and what was told last.

An event that no sentence dates stays undated: it lies somewhere before the publication. Facts may
hang on it all the same ("9 months after stopping"), so that the distances between them are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, final

from lymphocast.errors import RecordError
from lymphocast.interchange.citation import plain
from lymphocast.interchange.draft.doubts import Doubt
from lymphocast.interchange.draft.lexicon import ADJUNCTS, CYTOKINES

FACT_LIMIT: Final = 300
"""Facts on one page; an abstract states some thirty."""
UNDATED: Final = ""
_WHAT: Final[Mapping[str, str]] = {
    "presentation": "the patient presents",
    "diagnosis": "the diagnosis is made",
    "symptom-onset": "symptoms begin",
    "discharge": "the patient is discharged",
    "surgery": "surgery",
    "last-follow-up": "last reported follow-up",
    "treatment-start": "treatment is started",
    "treatment-stop": "treatment is stopped",
}


@final
class Kind(StrEnum):
    """What sort of fact is proposed."""

    PATIENT = "patient"
    MEASUREMENT = "measurement"
    DOSE = "dose"
    EVENT = "event"
    DURATION = "duration"
    CULTURE = "culture"
    SYMPTOM = "symptom"
    FINDING = "finding"
    WORKUP = "workup"
    MISSED = "missed doses"
    ADVERSE = "adverse event"
    QUESTION = "question"


@final
@dataclass(frozen=True)
class Place:
    """Where a fact stands: a span of characters, and what was decided to read it."""

    start: int
    end: int
    note: str = ""


@final
@dataclass
class Fact:
    """A fact on its way into a case file.

    Parameters
    ----------
    section
        Section of the case file.
    id
        Its name there.
    kind
        What sort of fact it is.
    keys
        Its keys and values there, without id and provenance.
    places
        Where it stands, its value first.
    subject, value, unit
        What is measured or given, and how much, for programs.
    """

    section: str
    id: str
    kind: Kind
    keys: dict[str, object]
    places: list[Place]
    subject: str = ""
    value: float | None = None
    unit: str = ""


@final
@dataclass
class Stretch:
    """A dose that was given over some time; its ends are events."""

    fact: Fact
    drug: str
    weekly: float
    unit: str
    single: bool = False


@final
@dataclass
class Story:
    """Everything found on one page, in the order of the text."""

    file: str = "the page"
    facts: list[Fact] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    last: str | None = None
    drug: str | None = None
    started: list[str] = field(default_factory=list)
    measured: list[str] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    organism: str | None = None
    specimen: str = ""
    spoken: str | None = None
    misprinted: dict[str, list[str]] = field(default_factory=dict)
    drug_named: str | None = None
    before: dict[int, str | None] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    stopped: dict[int, tuple[str, ...]] = field(default_factory=dict)
    previous: dict[int, str | None] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)
    group: dict[str, int] = field(default_factory=dict)
    verb: int = 0
    in_hospital: bool = False
    dosed: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def name(self, stem: str) -> str:
        """Return an identifier that is not yet taken."""
        stem = plain(stem)[:60].strip("-") or "fact"
        name, number = stem, 2
        while name in self.names or name in _WHAT or name.endswith(("-start", "-stop")):
            name, number = f"{stem}-{number}", number + 1
        self.names.add(name)
        return name

    def add(
        self,
        section: str,
        stem: str,
        kind: Kind,
        keys: dict[str, object],
        *places: Place,
        subject: str = "",
        value: float | None = None,
        unit: str = "",
    ) -> Fact:
        """Add a fact; one that stands there already only gains its places."""
        same = next(
            (f for f in self.facts if f.section == section and f.keys == keys and f.kind is kind),
            None,
        )
        if same is not None and section != "questions":
            same.places += [p for p in places if p not in same.places]
            return same
        if len(self.facts) >= FACT_LIMIT:
            found = f"more than {FACT_LIMIT} facts"
            raise RecordError(self.file, None, found, "the abstract or legend of one patient")
        fact = Fact(section, self.name(stem), kind, keys, list(places), subject, value, unit)
        self.facts.append(fact)
        return fact

    def ask(self, doubt: Doubt, start: int, end: int) -> None:
        """Add a question about a span, once."""
        asked = any(
            p.start < end and start < p.end
            for f in self.facts
            if f.kind is Kind.QUESTION
            for p in f.places
        )
        if not asked:
            keys: dict[str, object] = {"text": doubt.text}
            if doubt.choices:
                keys["choices"] = list(doubt.choices)
            self.add("questions", "question", Kind.QUESTION, keys, Place(start, end))

    def find(self, name: str) -> Fact | None:
        """Return the fact of this name."""
        return next((f for f in self.facts if f.id == name), None)

    # Events.

    def event(self, name: str, place: Place, what: str = "") -> str:
        """Return the name of an event, which exists afterwards."""
        if self.find(name) is None:
            keys: dict[str, object] = {"what": what or _WHAT.get(name, name), "at": UNDATED}
            self.names.add(name)
            self.facts.append(Fact("events", name, Kind.EVENT, keys, [place]))
        return name

    def date(self, name: str, at: str, place: Place, what: str = "") -> str:
        """Date an event; a second date for a dated one becomes an event of its own."""
        self.event(name, place, what)
        event = self.find(name)
        if event is None:
            return name
        before = str(event.keys["at"])
        if before in (UNDATED, at) or _hangs(before):
            event.keys["at"] = at
            event.places = [p for p in event.places if before == at] + [place]
            return name
        keys: dict[str, object] = {
            "what": f"{event.keys['what']}, dated again",
            "at": at,
            "same_as": name,
        }
        return self.add("events", f"{name}-again", Kind.EVENT, keys, place).id

    def hang(self, name: str, anchor: str, length: str, place: Place, what: str = "") -> None:
        """Place an undated event so long after another, and record the stated length."""
        self.event(name, place, what)
        event = self.find(name)
        if anchor == name or event is None:
            return
        if event.keys["at"] == UNDATED and not self._depends(anchor, name):
            event.keys["at"] = (
                f"{anchor} + {length}"
                if not length.startswith("-")
                else f"{anchor} - {length[1:].strip()}"
            )
            event.places = [place]
        if not length.startswith("-"):
            self.length(anchor, name, length, place)

    def length(self, start: str, stop: str, length: str, place: Place) -> None:
        """Record a stated length of time between two events."""
        value, unit = length.split(" ", 1)
        keys: dict[str, object] = {"start": start, "stop": stop, "length": length}
        stem = f"{start}-to-{stop}-time"
        self.add(
            "durations",
            stem,
            Kind.DURATION,
            keys,
            place,
            subject=stem,
            value=float(value),
            unit=unit,
        )

    def _depends(self, name: str, on: str) -> bool:
        """Return whether one event's time hangs, however indirectly, on another's."""
        seen: set[str] = set()
        while name not in seen:
            if name == on:
                return True
            seen.add(name)
            fact = self.find(name)
            at = str(fact.keys.get("at", "")) if fact is not None else ""
            name = at.split(" ")[0] if _hangs(at) else name
        return False

    # Drugs.

    def begin(self, drug: str, place: Place) -> str:
        """Return the event at which a drug is started."""
        if drug not in self.started:
            self.started.append(drug)
            self.begun[drug] = place.start
            self.group[drug] = self.verb
        return self.event(start_of(drug), place, f"{drug} is started")

    def end(self, drug: str, place: Place) -> str:
        """Return the event at which a drug is stopped."""
        self.begin(drug, place)
        return self.event(stop_of(drug), place, f"{drug} is stopped")

    @property
    def main_drug(self) -> str | None:
        """The drug that "therapy" without a name means, of those told last."""
        return self.principal(self.started) or self.drug

    def principal(self, drugs: Sequence[str]) -> str | None:
        """Return the drug that names a treatment: of those begun last a cytokine, else the first.

        Drugs that only support another treatment (levothyroxine) are left out if they can be.
        """
        drugs = [d for d in drugs if d not in ADJUNCTS] or list(drugs)
        if not drugs:
            return None
        last = max(self.group[d] for d in drugs)
        together = [d for d in drugs if self.group[d] == last]
        cytokines = [d for d in together if d in CYTOKINES]
        return (cytokines or together)[0]


def start_of(drug: str) -> str:
    """Return the name of the event at which a drug is started."""
    return f"{plain(drug)}-start"


def stop_of(drug: str) -> str:
    """Return the name of the event at which a drug is stopped."""
    return f"{plain(drug)}-stop"


def _hangs(at: str) -> bool:
    """Return whether a time hangs on a fact."""
    return bool(at) and at[0].isalpha() and not at.startswith(("early ", "mid ", "late "))
