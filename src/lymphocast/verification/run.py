"""Verify: run the checks, and return what they found as credibility evidence."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final

from lymphocast.inference.fitting import versions
from lymphocast.verification.bench import Bench
from lymphocast.verification.calculation_checks import CALCULATION_CHECKS
from lymphocast.verification.calibration_checks import CALIBRATION_CHECKS
from lymphocast.verification.check import Check, run_check
from lymphocast.verification.code_checks import CODE_CHECKS
from lymphocast.verification.evidence import Evidence, weigh
from lymphocast.verification.statements import CONTEXTS
from lymphocast.verification.uncertainty_checks import UNCERTAINTY_CHECKS, founding_priors
from lymphocast.verification.validation_checks import VALIDATION_CHECKS

Progress = Callable[[str, float], None]

ALL_CHECKS: Final = (
    *CODE_CHECKS,
    *CALCULATION_CHECKS,
    *CALIBRATION_CHECKS,
    *VALIDATION_CHECKS,
    *UNCERTAINTY_CHECKS,
)


def verify(*, seed: int, quick: bool = False, progress: Progress | None = None) -> Evidence:
    """Run every check and return what they found.

    Parameters
    ----------
    seed
        Seed of every random number; two checks of the full run draw from seeds of their own, which
        they name.
    quick
        Leave out what takes minutes, and spend less on the rest.
    progress
        Called with a heading and the fraction of its checks that is done.
    """
    return run_checks(ALL_CHECKS, seed=seed, quick=quick, progress=progress)


def run_checks(
    checks: Sequence[Check], *, seed: int, quick: bool, progress: Progress | None = None
) -> Evidence:
    """Run these checks, in their order, and return what they found."""
    bench, begun, results = Bench(seed, quick), perf_counter(), []
    for check in checks:
        results.append(run_check(check, bench))
        if progress is not None:
            own = [other for other in checks if other.heading is check.heading]
            done = sum(result.heading is check.heading for result in results)
            progress(check.heading.value, done / len(own))
    found = tuple(results)
    return Evidence(
        checks=found,
        contexts=tuple(weigh(context, found) for context in CONTEXTS),
        quick=quick,
        seed=seed,
        seconds=perf_counter() - begun,
        versions=versions(),
        priors=founding_priors(bench),
    )
