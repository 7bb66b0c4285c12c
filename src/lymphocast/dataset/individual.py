"""Individual: one person's doses and observations in study days and canonical units.

Time is uncertain, so an instant is a :class:`Moment`. Anchors (when treatment began, when it
stopped) are parameters of the model, shared by every fact that hangs on them; the private error
of one fact is integrated out.
"""

from dataclasses import dataclass, replace
from datetime import date
from math import hypot
from typing import final

from lymphocast.record.events import CultureResult, SymptomGrade

HIGHEST_SCORE = 6  # of a semi-quantitative culture
ROUNDING = 1e-9  # of a limit that has gone through its logarithm and back


@final
@dataclass(frozen=True)
class Anchor:
    """An event whose study day is a parameter, uniform between ``early`` and ``late``.

    With ``relative_to`` the two bounds are distances in days from that other anchor, which then
    stands before this one in the individual's anchors.
    """

    name: str
    early: float
    late: float
    relative_to: str | None = None


@final
@dataclass(frozen=True)
class Moment:
    """An instant: the anchor's day (or day 0 if ``None``) plus a distance in days.

    ``offset`` is the nominal distance; the true one is uniform between ``early`` and ``late``.
    """

    anchor: str | None
    offset: float
    early: float
    late: float

    @classmethod
    def fixed(cls, day: float) -> "Moment":
        """An exactly known study day."""
        return cls(None, day, day, day)

    @classmethod
    def at_anchor(cls, name: str) -> "Moment":
        """The anchor's own instant."""
        return cls(name, 0.0, 0.0, 0.0)

    @property
    def exact(self) -> bool:
        """Whether nothing beyond the anchor is uncertain."""
        return self.early == self.late


@final
@dataclass(frozen=True)
class DoseSegment:
    """A stretch of dosing relative to the patient's own maintenance (weekly dose / weekly dose).

    From ``start`` to ``stop`` the level rises from ``level`` to ``final_level`` in ``steps``
    equal increments, the last at ``stop``; ``steps`` = 0 keeps ``level`` throughout.
    """

    drug: str
    start: Moment
    stop: Moment
    level: float
    final_level: float
    steps: int


@final
@dataclass(frozen=True)
class DosePlan:
    """What was given and when, and the two instants that the course model hangs on doses.

    Parameters
    ----------
    study_drug, antibiotic
        Drug names; ``None`` for a patient who had no drug against the infection.
    doses
        Stretches of dosing in chronological order.
    infection_lift
        When an infection that had lowered the count begins to lift.
    recovery_clock
        Study day from which the onset of recovery is counted.
    infection_start
        Study day of the first antibiotic dose, without one of the first dose of the study drug:
        where burden and severity are full.
    """

    study_drug: str
    antibiotic: str | None
    doses: tuple[DoseSegment, ...]
    infection_lift: Moment
    recovery_clock: float
    infection_start: float

    def stretches(self, drug: str | None) -> tuple[DoseSegment, ...]:
        """Return the stretches of one drug, in chronological order; none of no drug."""
        return tuple(d for d in self.doses if d.drug == drug)


@final
@dataclass(frozen=True)
class CountObservation:
    """A CD4 count in cells/uL.

    Parameters
    ----------
    value
        What was measured; of a count that was reported as below a limit, that limit.
    reading_error
        SD of ln(count) from reading a figure.
    lloq
        The limit of a count that was reported as below it; 0 of any other count.
    soon_after_dose
        Whether the record states that a dose of the study drug lay at most three days back.
    redistribution
        SD of ln(count) from cells that move after such a dose.
    """

    id: str
    at: Moment
    value: float
    reading_error: float = 0.0
    lloq: float = 0.0
    soon_after_dose: bool = False
    redistribution: float = 0.0

    @property
    def below(self) -> bool:
        """Whether no more is known than that the count lies below ``lloq``."""
        return self.value <= self.lloq

    @property
    def own_error(self) -> float:
        """SD of ln(count) beyond what any count of the patient scatters."""
        return hypot(self.reading_error, self.redistribution)

    def reported(self, value: float) -> "CountObservation":
        """Return this count as the same laboratory would report another value."""
        limited = value <= self.lloq * (1.0 + ROUNDING)
        return replace(self, value=self.lloq if limited else value)


@final
@dataclass(frozen=True)
class CultureObservation:
    """``number`` cultures with one result on one study day.

    ``score`` is the semi-quantitative score of a single culture, which then says all that its
    result does.
    """

    id: str
    day: float
    result: CultureResult
    number: int
    score: int | None = None


@final
@dataclass(frozen=True)
class SusceptibilityObservation:
    """Whether the isolate of a culture was found resistant to the antibiotic.

    Parameters
    ----------
    day
        Study day of the culture.
    exposed
        The last study day, not after it, on which the antibiotic was given.
    """

    id: str
    day: float
    exposed: float
    resistant: bool


@final
@dataclass(frozen=True)
class SymptomObservation:
    """A symptom grade on one study day."""

    id: str
    day: float
    grade: SymptomGrade


@final
@dataclass(frozen=True)
class Entry:
    """The patient was found because the latent count at ``moment`` lay below ``below``."""

    moment: Moment
    below: float


@final
@dataclass(frozen=True)
class Individual:
    """One person as the engine needs it. Day 0 is the nominal first dose of the study drug."""

    id: str
    day_zero: date
    anchors: tuple[Anchor, ...]
    plan: DosePlan
    counts: tuple[CountObservation, ...]
    cultures: tuple[CultureObservation, ...]
    symptoms: tuple[SymptomObservation, ...]
    entry: Entry
    susceptibilities: tuple[SusceptibilityObservation, ...] = ()

    @property
    def infection_facts(self) -> int:
        """Number of facts of the infection: cultures, symptoms, isolates that were tested."""
        return len(self.cultures) + len(self.symptoms) + len(self.susceptibilities)

    @property
    def tells_of_infection(self) -> bool:
        """Whether there is such a fact: without one the data do not touch H3."""
        return self.infection_facts > 0

    @property
    def infection_days(self) -> tuple[float, ...]:
        """Study days of the facts of the infection, in increasing order, each once."""
        days = {c.day for c in self.cultures} | {s.day for s in self.symptoms}
        return tuple(sorted(days | {s.day for s in self.susceptibilities}))

    def anchor(self, name: str) -> Anchor:
        """Return the anchor of this name; KeyError if there is none."""
        for anchor in self.anchors:
            if anchor.name == name:
                return anchor
        raise KeyError(name)

    def nominal(self, moment: Moment) -> float:
        """Study day of a moment with every uncertain time at its middle."""
        return self.nominal_anchor(moment.anchor) + moment.offset

    def earliest(self, moment: Moment) -> float:
        """First study day on which a moment can be."""
        day, name = moment.early, moment.anchor
        while name is not None:
            anchor = self.anchor(name)
            day, name = day + anchor.early, anchor.relative_to
        return day

    def nominal_anchor(self, name: str | None) -> float:
        """Study day of an anchor at the middle of its interval; 0 for no anchor."""
        if name is None:
            return 0.0
        anchor = self.anchor(name)
        return 0.5 * (anchor.early + anchor.late) + self.nominal_anchor(anchor.relative_to)
