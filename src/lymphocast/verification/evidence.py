"""Evidence: what all checks found, and for which contexts of use it suffices."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import final

from lymphocast.forecast.results import PriorLine
from lymphocast.verification.check import CheckResult, Outcome
from lymphocast.verification.statements import Context


@final
class Adequacy(StrEnum):
    """Whether the evidence suffices for a context of use."""

    SHOWN = "adequate"
    NOT_SHOWN = "not shown"
    CONTRADICTED = "not adequate"


@final
@dataclass(frozen=True)
class ContextEvidence:
    """A context of use, and what became of the checks that it needs.

    ``failed`` and ``missing`` name the checks that failed and those that were not run.
    """

    context: Context
    failed: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def adequacy(self) -> Adequacy:
        """Shown if every check that is needed has passed; one failure contradicts it."""
        if self.failed:
            return Adequacy.CONTRADICTED
        return Adequacy.NOT_SHOWN if self.missing else Adequacy.SHOWN


@final
@dataclass(frozen=True)
class Evidence:
    """What one run of the checks found.

    Parameters
    ----------
    checks
        Every check in the order of its heading.
    contexts
        Whether the evidence suffices, for each context of use.
    quick
        Whether checks that take minutes were left out.
    seed
        Of every random number for which a check names no other.
    seconds
        Time of the whole run.
    versions
        What was checked: versions of this package and of what it computes with.
    priors
        The inputs of the course model, with their grades and sources.
    """

    checks: tuple[CheckResult, ...]
    contexts: tuple[ContextEvidence, ...]
    quick: bool
    seed: int
    seconds: float
    versions: Mapping[str, str]
    priors: tuple[PriorLine, ...]

    def of(self, outcome: Outcome) -> tuple[CheckResult, ...]:
        """Return the checks with this outcome."""
        return tuple(check for check in self.checks if check.outcome is outcome)

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.of(Outcome.FAILED)


def weigh(context: Context, checks: tuple[CheckResult, ...]) -> ContextEvidence:
    """Return what became of the checks that a context needs; one that is not there was not run."""
    became = {check.id: check.outcome for check in checks}
    failed = [name for name in context.needs if became.get(name) is Outcome.FAILED]
    missing = [
        name for name in context.needs if became.get(name, Outcome.NOT_RUN) is Outcome.NOT_RUN
    ]
    return ContextEvidence(context, tuple(failed), tuple(missing))
