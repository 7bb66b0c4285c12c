"""What a fit was made of: each record that it read, how, and how its predictions fared."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import final


@final
class Made(StrEnum):
    """How a step of a fit was made."""

    FITTED = "fitted"
    UPDATED = "updated"
    REFITTED = "refitted"


@final
@dataclass(frozen=True)
class ScoredCount:
    """A count beside what the fit had expected before it was entered.

    Parameters
    ----------
    id, value, earliest, latest
        The count in cells/uL and the days on which it may have been taken.
    p05, p50, p95
        Quantiles of the measured count that the fit expected then, averaged over hypotheses.
    inside
        Whether the count lies between ``p05`` and ``p95``.
    log_score
        Log predictive density of the count per unit of ln(count); of a count below a limit, the log
        probability of that.
    below
        Whether ``value`` is a limit below which the count was reported.
    """

    id: str
    value: float
    earliest: date
    latest: date
    p05: float
    p50: float
    p95: float
    inside: bool
    log_score: float
    below: bool = False


@final
@dataclass(frozen=True)
class Step:
    """One step in the history of a fit.

    Parameters
    ----------
    made
        Fitted, updated by new counts, or fitted again.
    reason
        Why: empty for a first fit.
    record_sha256
        The record that was read.
    ess_before, ess_after
        Smallest effective size among hypotheses that matter, before (0 for a first fit) and after.
    scores
        Counts that this step entered, scored against the fit before it.
    """

    made: Made
    reason: str
    record_sha256: str
    ess_before: float
    ess_after: float
    scores: tuple[ScoredCount, ...] = ()


def history_to_json(history: tuple[Step, ...]) -> str:
    """Return a history as JSON text."""
    return json.dumps([asdict(step) for step in history], default=str, sort_keys=True)


def history_from_json(text: str) -> tuple[Step, ...]:
    """Return the history that :func:`history_to_json` wrote."""
    return tuple(
        Step(**{**step, "made": Made(step["made"]), "scores": tuple(map(_score, step["scores"]))})
        for step in json.loads(text)
    )


def _score(row: dict[str, object]) -> ScoredCount:
    days = {name: date.fromisoformat(str(row[name])) for name in ("earliest", "latest")}
    return ScoredCount(**{**row, **days})  # type: ignore[arg-type]  # rows of our own writing
