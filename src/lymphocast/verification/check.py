"""A check: what is asked, by which rule it passes and why, and what was found when it was run.

A check either passes, fails or is not run; one that is not run says why and counts as no evidence.
A check that stops with an exception has failed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import final

from lymphocast.verification.bench import Bench

FULL_ONLY = "full run only"


@final
class Heading(StrEnum):
    """The part of the evidence to which a check belongs (ASME V&V 40-2018)."""

    CODE = "Code verification"
    CALCULATION = "Calculation verification"
    CALIBRATION = "Calibration"
    VALIDATION = "Validation"
    UNCERTAINTY = "Uncertainty quantification"


@final
class Outcome(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@final
@dataclass(frozen=True)
class Found:
    """What a check found.

    Parameters
    ----------
    passed
        Whether the rule holds; ``None`` if it could not be tried.
    found
        What was found, in words with its numbers; or why it could not be tried.
    value
        The number that the rule is about.
    seed
        Of the random numbers behind it, if there are any.
    """

    passed: bool | None
    found: str
    value: float | None = None
    seed: int | None = None


@final
@dataclass(frozen=True)
class Check:
    """A check that can be run.

    Parameters
    ----------
    id
        Its name, unique and lasting.
    heading
        Where it stands.
    asks
        What is asked.
    rule, reason
        When it passes, and where that limit comes from.
    answer
        Runs it.
    full_only
        Whether the quick run leaves it out.
    """

    id: str
    heading: Heading
    asks: str
    rule: str
    reason: str
    answer: Callable[[Bench], Found]
    full_only: bool = False


@final
@dataclass(frozen=True)
class CheckResult:
    """What was asked, by which rule, and what became of it; times are in seconds."""

    id: str
    heading: Heading
    asks: str
    rule: str
    reason: str
    outcome: Outcome
    found: str
    value: float | None
    seed: int | None
    seconds: float


def at_most(value: float, limit: float, found: str, seed: int | None = None) -> Found:
    """Return the answer of a rule that a number must not exceed a limit; NaN fails."""
    return Found(bool(value <= limit), found, float(value), seed)


def missing(why: str) -> Found:
    """Return the answer of a check that could not be tried."""
    return Found(None, why)


def run_check(check: Check, bench: Bench) -> CheckResult:
    """Run one check, or say why it is not run."""
    begun = perf_counter()
    left_out = check.full_only and bench.quick
    answer = missing(FULL_ONLY) if left_out else _tried(check, bench)
    return CheckResult(
        id=check.id,
        heading=check.heading,
        asks=check.asks,
        rule=check.rule,
        reason=check.reason,
        outcome=_outcome(answer.passed),
        found=answer.found,
        value=answer.value,
        seed=answer.seed,
        seconds=perf_counter() - begun,
    )


def _tried(check: Check, bench: Bench) -> Found:
    try:
        return check.answer(bench)
    except Exception as error:  # whatever stops a check is a finding of this page, not its end
        return Found(False, f"stopped with {type(error).__name__}: {error}")


def _outcome(passed: bool | None) -> Outcome:
    if passed is None:
        return Outcome.NOT_RUN
    return Outcome.PASSED if passed else Outcome.FAILED
