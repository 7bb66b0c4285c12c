"""Adverse events: what happened, how severe, under which drugs, and what is known of the cause."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

from lymphocast.record.context import Correction, Disagreement
from lymphocast.record.provenance import Provenance
from lymphocast.record.when import When


@final
class Reply(StrEnum):
    """Reply to a question of a causality scale; an absent answer is *unknown*."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@final
class Action(StrEnum):
    """What was done with the suspected drug."""

    NONE = "none"
    REDUCED = "reduced"
    HELD = "held"
    STOPPED = "stopped"


@final
class Outcome(StrEnum):
    """How an adverse event ended, as FHIR codes it."""

    RESOLVED = "resolved"
    RECOVERING = "recovering"
    ONGOING = "ongoing"
    SEQUELAE = "resolved-with-sequelae"
    FATAL = "fatal"


@final
class Timing(StrEnum):
    """Time from drug to event, as the WHO-UMC categories weigh it."""

    PLAUSIBLE = "plausible"
    REASONABLE = "reasonable"
    IMPROBABLE = "improbable"


@final
class Alternative(StrEnum):
    """Whether the disease or other drugs explain the event, in the words of WHO-UMC."""

    CANNOT = "cannot-explain"
    UNLIKELY = "unlikely"
    POSSIBLE = "could-explain"
    PLAUSIBLE = "plausible"


@final
class Withdrawal(StrEnum):
    """Course after the drug was withdrawn."""

    PLAUSIBLE = "plausible"
    REASONABLE = "reasonable"
    UNCLEAR = "unclear"
    NOT_WITHDRAWN = "not-withdrawn"


@final
class Information(StrEnum):
    """Whether more can be known: both words put an event outside the graded categories."""

    PENDING = "more-data-needed"
    CONTRADICTORY = "insufficient-or-contradictory"


@final
@dataclass(frozen=True)
class NaranjoAnswers:
    """The ten questions of Naranjo 1981; ``None`` is *not answered*."""

    previous_reports: Reply | None = None
    after_drug: Reply | None = None
    improved_on_stopping: Reply | None = None
    reappeared: Reply | None = None
    alternative_causes: Reply | None = None
    placebo: Reply | None = None
    toxic_level: Reply | None = None
    dose_response: Reply | None = None
    similar_before: Reply | None = None
    objective: Reply | None = None


@final
@dataclass(frozen=True)
class WhoUmcFacts:
    """What the WHO-UMC categories ask for; ``None`` is *not stated*."""

    timing: Timing | None = None
    alternative: Alternative | None = None
    withdrawal: Withdrawal | None = None
    definitive: bool | None = None
    rechallenge: bool | None = None
    information: Information | None = None


@final
@dataclass(frozen=True)
class AdverseEvent:
    """One adverse event.

    Parameters
    ----------
    what, term
        In the source's words, and the CTCAE or other term it is counted under.
    at, until
        When it began, and when it ended if it did.
    grade
        CTCAE grade that the source states (1 to 5).
    suspects
        Drugs under suspicion.
    action, outcome, serious
        What was done with them, how it ended, whether it was serious.
    naranjo, who_umc
        What the two causality scales ask for.
    """

    id: str
    what: str
    at: When
    provenance: tuple[Provenance, ...]
    term: str | None = None
    until: When | None = None
    grade: int | None = None
    suspects: tuple[str, ...] = ()
    action: Action | None = None
    outcome: Outcome | None = None
    serious: bool | None = None
    naranjo: NaranjoAnswers | None = None
    who_umc: WhoUmcFacts | None = None
    codes: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
