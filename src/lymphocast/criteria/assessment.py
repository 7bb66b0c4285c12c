"""Assessment: one published criterion applied to one record, with the facts that decide it.

Every criterion of this package returns the same small type. ``not_established`` is an answer: the
record neither shows nor refutes the criterion, and ``missing`` names what would.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import final

from lymphocast.record.when import When


@final
class Standing(StrEnum):
    """What a record says of a criterion."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_ESTABLISHED = "not_established"


@final
class Theme(StrEnum):
    """What a criterion is about, in the order in which a reader wants it."""

    DIAGNOSIS = "diagnosis"
    TREATMENT = "treatment"
    SAFETY = "safety"
    OUTCOME = "outcome"
    REPORTING = "reporting"


@final
@dataclass(frozen=True)
class Edition:
    """Where a criterion is published.

    ``recalled`` marks wording that was not seen in print: it is recalled, and printed as such.
    """

    name: str
    source: str
    recalled: bool = False

    def __str__(self) -> str:
        """Return the edition as it is printed beside a result."""
        return f"{self.name}; wording recalled, not verified" if self.recalled else self.name


@final
@dataclass(frozen=True)
class Assessment:
    """One criterion applied to one record.

    Parameters
    ----------
    criterion
        Stable identifier, such as ``ntm-diagnosis`` or ``ctcae.cd4-lymphocytes-decreased``.
    name
        The criterion in words.
    status
        Met, not met, or not established.
    edition
        Where the criterion is published.
    facts
        Identifiers of the facts that decide it.
    why
        The reasoning, with the arithmetic.
    missing
        What would establish it.
    result
        What a graded criterion gives: ``grade 3``, ``probable``; empty for plain ones.
    urgent
        Whether a reader must act on it first.
    """

    criterion: str
    name: str
    theme: Theme
    status: Standing
    edition: Edition
    facts: tuple[str, ...]
    why: str
    missing: tuple[str, ...] = ()
    result: str = ""
    urgent: bool = False


def all_of(statuses: Iterable[Standing]) -> Standing:
    """Return the status of a criterion whose items must all be met."""
    seen = tuple(statuses)
    if Standing.NOT_MET in seen:
        return Standing.NOT_MET
    return Standing.NOT_ESTABLISHED if Standing.NOT_ESTABLISHED in seen else Standing.MET


def any_of(statuses: Iterable[Standing]) -> Standing:
    """Return the status of a criterion of which one item is enough."""
    seen = tuple(statuses)
    if Standing.MET in seen:
        return Standing.MET
    return Standing.NOT_ESTABLISHED if Standing.NOT_ESTABLISHED in seen else Standing.NOT_MET


def certainly_within(when: When, start: When | None, stop: When | None) -> bool:
    """Return whether an instant certainly lies between the days of two others."""
    after = start is not None and start.latest <= when.earliest
    return after and (stop is None or when.latest <= stop.earliest)


def perhaps_within(when: When, start: When | None, stop: When | None) -> bool:
    """Return whether an instant can lie between the days of two others."""
    after = start is not None and start.earliest <= when.latest
    return after and (stop is None or when.earliest <= stop.latest)
