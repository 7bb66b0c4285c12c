"""What surrounds a fact: how it was measured, what it once said, what another source says."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import final

from lymphocast.record.provenance import Provenance
from lymphocast.units import Quantity

DAYS_OF_REDISTRIBUTION = 3.0
"""Days after a dose of interleukin-2 in which cells move: lymphopenia by day 2, rebound within 48 h
(PMID 8011237)."""


@final
@dataclass(frozen=True)
class Context:
    """Circumstances of a measurement that move its value; ``None`` is *not stated*.

    Parameters
    ----------
    laboratory, assay
        Who measured, and how (single-platform flow cytometry).
    time_of_day
        Clock time of the draw, ``08:30``: counts differ between morning and evening.
    since_dose
        Time since the last dose of the study drug, in a unit of time: counts fall within two
        days of interleukin-2 and rebound.
    fever, infection, steroids
        Whether the patient had a fever or an infection, or took corticosteroids, that day.
    note
        Anything else, in words.
    """

    laboratory: str | None = None
    assay: str | None = None
    time_of_day: str | None = None
    since_dose: Quantity | None = None
    fever: bool | None = None
    infection: bool | None = None
    steroids: bool | None = None
    note: str = ""

    @property
    def soon_after_dose(self) -> bool:
        """Whether it is stated that the last dose of the study drug lay at most three days back."""
        return (
            self.since_dose is not None and self.since_dose.to("d").value <= DAYS_OF_REDISTRIBUTION
        )


@final
@dataclass(frozen=True)
class NormalRange:
    """Limits of normal that the laboratory prints beside a value; ``None`` is *not stated*."""

    low: Quantity | None = None
    high: Quantity | None = None


@final
class Limit(StrEnum):
    """Which side of the printed number the value lies on: ``<10`` is ``below``."""

    BELOW = "below"
    ABOVE = "above"


@final
@dataclass(frozen=True)
class Correction:
    """A change of one field of a fact: what stood there, who changed it, when and why."""

    key: str
    was: str
    by: str
    day: date | None = None
    why: str = ""


@final
@dataclass(frozen=True)
class Disagreement:
    """What another source says of one field of the same fact, in canonical form.

    The fact's own field is what the analysis uses; both are shown.
    """

    key: str
    says: str
    provenance: tuple[Provenance, ...]
