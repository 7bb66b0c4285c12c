"""Issues: doubts about a record, returned and never raised."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import final

from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Provenance


@final
class Severity(StrEnum):
    """What an issue means for the reader: ``error`` stops a fit, the others inform."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@final
@dataclass(frozen=True)
class Issue:
    """One doubt about a record.

    Parameters
    ----------
    rule
        Stable identifier of the rule, such as ``duration-contradiction``.
    path
        The fact or facts concerned, as identifiers in the record.
    message
        One or two sentences with the arithmetic.
    locators
        Where the facts stand: ``source: locator`` for each side.
    """

    severity: Severity
    rule: str
    path: str
    message: str
    locators: tuple[str, ...] = ()


Rule = Callable[[PatientRecord], Iterable[Issue]]


def places(facts: Iterable[Provenance]) -> tuple[str, ...]:
    """Return where facts stand, each place once."""
    return tuple(dict.fromkeys(f"{p.source}: {p.locator}" for p in facts))
