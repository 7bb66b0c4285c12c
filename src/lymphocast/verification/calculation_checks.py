"""Calculation verification: whether the numerical error of what is computed is small enough."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from lymphocast.dataset.regimen import DoseEvent, Regimen
from lymphocast.engine.settings import SolveStatus
from lymphocast.engine.simulate import simulate
from lymphocast.inference.agreement import disagreement
from lymphocast.inference.conjugate import conjugate_patient, stable_of
from lymphocast.inference.evidence import HypothesisPosterior
from lymphocast.inference.hypotheses import Course
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.posterior import MATTERS, MAX_EVIDENCE_SE, MIN_ESS
from lymphocast.inference.smc import sample_smc
from lymphocast.inference.tempering import SmcSettings
from lymphocast.models.library import find_model
from lymphocast.verification.bench import Bench
from lymphocast.verification.check import Check, Found, Heading, at_most
from lymphocast.verification.closed_forms import ALONE
from lymphocast.verification.code_checks import AGREES
from lymphocast.verification.other_solvers import ADAPTIVE, Floats, largest_difference

STANDARD_ERRORS: Final = 3.0
PAIRED_ERRORS: Final = 4.0  # the largest of twelve comparisons, each of two Monte Carlo numbers
NEGLIGIBLE_SE: Final = 1e-3  # ln units
EVIDENCE_AGREES, MEDIAN_AGREES = 0.1, 0.02

SMALL: Final = ImportanceSettings(
    pilot=10_000, block=10_000, max_blocks=4, ess_target=4_000.0, pairs=4_096, draws=2_000
)
PRIOR_ALONE: Final = ImportanceSettings(
    pilot=20_000, block=200_000, max_blocks=3, ess_target=1e9, pairs=4_096, draws=2_000,
    from_prior=True,
)  # fmt: skip
LARGE: Final = ImportanceSettings(max_blocks=20, ess_target=150_000.0, pairs=120_000, draws=60_000)
FEW: Final = SmcSettings(particles=500, islands=4)
MANY: Final = SmcSettings(particles=6_000, islands=4)

# A course like the founding one: daily for two months, then three times a week. Amounts in M[IU]
# and mg; the product's unit system is not stated, so they are an exercise and no dose of his.
DAILY, DAILY_DOSES, MAINTENANCE = 0.6, 60, 11.0 / 3.0
WEEKDAYS: Final = (0.0, 2.0, 4.0)
TABLET, TABLETS = 500.0, 540
QUICK_COURSES: Final = {"il2-cd4": 180}  # model and days
FULL_COURSES: Final = {"il2-cd4": 1150, "mechanism": 180}


def error_estimate(bench: Bench) -> Found:
    """Compare the engine's own estimate, and its course, with a reference solution."""
    courses = QUICK_COURSES if bench.quick else FULL_COURSES
    worst, said = 0.0, []
    for name, days in courses.items():
        doses = _founding_doses(days, both=name == "mechanism")
        own, apart = _errors(name, doses, np.linspace(3.5, days - 3.5, 40))
        worst = max(worst, own, apart)
        said.append(
            f"{name}, {len(doses)} doses over {days} days: the engine expects {own:.1e} in a "
            f"piece, against the reference it is {apart:.1e}"
        )
    return at_most(worst, AGREES, "; ".join(said))


def _errors(name: str, doses: Sequence[DoseEvent], times: Floats) -> tuple[float, float]:
    """Return the error that the engine expects, and its difference from a reference solution.

    The engine stays alone: handed to the reference it would be compared with itself.
    """
    entry = find_model(name)
    theta, wanted = entry.example_theta(), [o.name for o in entry.model.outputs]
    ours = simulate(entry.model, theta, doses, times, outputs=wanted, solver=ALONE)
    theirs = simulate(entry.model, theta, doses, times, outputs=wanted, solver=ADAPTIVE)
    if not ours.status is theirs.status is SolveStatus.SOLVED:
        return float("inf"), float("inf")
    one, other = ({n: np.asarray(v) for n, v in found.outputs.items()} for found in (ours, theirs))
    return float(np.max(np.asarray(ours.error))), largest_difference(one, other)


def conjugate(bench: Bench) -> Found:
    """Compare the evidence of a patient known exactly."""
    known = conjugate_patient(bench.individual, bench.table)
    kernels, seed = known.kernels, bench.seed
    found = {"importance": sample_importance(kernels, kernels.everything(), seed, SMALL)}
    if not bench.quick:
        found["tempered"] = sample_smc(kernels, kernels.everything(), seed, FEW)
    misses, said = [], []
    for method, posteriors in found.items():
        one = stable_of(posteriors)
        se = max(one.log_evidence_se, NEGLIGIBLE_SE)
        misses.append(abs(one.log_evidence - known.log_evidence) / se)
        said.append(f"{method} {one.log_evidence:.4f} (SE {one.log_evidence_se:.4f})")
    words = f"ln evidence {known.log_evidence:.4f} exactly; {', '.join(said)}"
    return at_most(max(misses), STANDARD_ERRORS, words, seed)


def effective_size(bench: Bench) -> Found:
    """Look at the founding fit's effective sample sizes."""
    size = bench.fit.ess_min
    found = (
        f"smallest {size:,.0f} of {bench.fit.evaluations:,} weighted draws, over hypotheses "
        f"with a weight above {MATTERS:g}"
    )
    return Found(bool(size >= MIN_ESS), found, size, bench.seed)


def evidence_error(bench: Bench) -> Found:
    """Look at the standard errors of the founding fit's evidences."""
    weights = bench.fit.posterior_weights
    kept = [p for p in bench.fit.posteriors if weights[p.hypothesis.name] >= MATTERS]
    largest = max(kept, key=lambda p: p.log_evidence_se)
    se = largest.log_evidence_se
    found = f"largest standard error {se:.4f} ({largest.hypothesis.name}), of {len(kept)}"
    return at_most(se, MAX_EVIDENCE_SE, found, bench.seed)


def twins(bench: Bench) -> Found:
    """Compare two hypotheses that say the same."""
    one, other = (
        p
        for p in bench.fit.posteriors
        if not p.hypothesis.il2 and p.hypothesis.course is Course.STABLE
    )
    difference = abs(one.log_evidence - other.log_evidence)
    found = f"ln Bayes factor {difference:.4f} (SE {one.log_evidence_se:.4f})"
    return at_most(difference, STANDARD_ERRORS * one.log_evidence_se, found, bench.seed)


def two_samplers(bench: Bench) -> Found:
    """Compare importance sampling with tempered sequential Monte Carlo on the founding case."""
    kernels, target = bench.kernels, bench.kernels.everything()
    importance = sample_importance(kernels, target, bench.seed, LARGE)
    tempered = sample_smc(kernels, target, bench.seed, MANY)
    apart = disagreement(importance, tempered, bench.table)
    found = (
        f"ln evidence within {apart.log_evidence:.3f}; of {apart.compared} medians the furthest "
        f"apart by {100.0 * apart.median:.1f} % ({apart.where or 'none'})"
    )
    worst = max(apart.log_evidence / EVIDENCE_AGREES, apart.median / MEDIAN_AGREES)
    return at_most(worst, 1.0, found, bench.seed)


def prior_alone(bench: Bench) -> Found:
    """Compare the fit's evidences with those of prior draws, where nothing is adapted."""
    kernels = bench.kernels
    oracle = sample_importance(kernels, kernels.everything(), bench.seed + 1, PRIOR_ALONE)
    apart = _paired(bench.fit.posteriors, oracle)
    found = f"largest difference {apart:.2f} standard errors over {len(oracle)} hypotheses"
    return at_most(apart, PAIRED_ERRORS, found, bench.seed + 1)


def _paired(ones: Sequence[HypothesisPosterior], others: Sequence[HypothesisPosterior]) -> float:
    return max(
        abs(one.log_evidence - other.log_evidence)
        / float(np.hypot(one.log_evidence_se, other.log_evidence_se))
        for one, other in zip(ones, others, strict=True)
    )


def _founding_doses(days: int, *, both: bool) -> list[DoseEvent]:
    doses = list(Regimen(DAILY, 1.0, DAILY_DOSES, "il2.depot").events(0.0))
    weeks = range(DAILY_DOSES // 7 + 1, days // 7)
    doses += [DoseEvent(7.0 * w + d, MAINTENANCE, "il2.depot") for w in weeks for d in WEEKDAYS]
    if both:
        doses += Regimen(TABLET, 0.5, TABLETS, "clarithromycin.gut").events(0.25)
    return doses


CALCULATION_CHECKS: Final = (
    Check(
        "calculation.error-estimate",
        Heading.CALCULATION,
        "Over a course like the founding one, is the error what the engine expects it to be?",
        f"the engine's own estimate and its difference from a reference solution (diffrax, 1e-10 a "
        f"step) at most {AGREES:g}",
        "What the engine promises (docs/science/engine.md).",
        error_estimate,
    ),
    Check(
        "calculation.conjugate",
        Heading.CALCULATION,
        "Is the evidence of a patient known exactly found?",
        f"within {STANDARD_ERRORS:g} of its standard errors",
        "Three standard errors are missed by chance once in 370 times. One stable count with a "
        "log-normal prior and a known error has an evidence in closed form.",
        conjugate,
    ),
    Check(
        "calculation.effective-size",
        Heading.CALCULATION,
        "Does the founding fit rest on enough effective draws?",
        f"at least {MIN_ESS:,.0f}",
        "Bounds the Monte Carlo error of a probability at 0.016; the limit by which every fit is "
        "judged.",
        effective_size,
    ),
    Check(
        "calculation.evidence-error",
        Heading.CALCULATION,
        "Are the founding fit's evidences sharp enough?",
        f"standard error at most {MAX_EVIDENCE_SE:g} in ln units",
        "Bounds the error of a weight at 3 %; the limit by which every fit is judged.",
        evidence_error,
    ),
    Check(
        "calculation.twins",
        Heading.CALCULATION,
        "Have hypotheses that say the same of the patient the same evidence?",
        f"ln Bayes factor within {STANDARD_ERRORS:g} standard errors of 0",
        "If IL-2 adds nothing and the count is stable, a higher count cannot hasten clearance.",
        twins,
    ),
    Check(
        "calculation.prior-draws",
        Heading.CALCULATION,
        "Do plain prior draws, with nothing adapted, give the founding evidences as well?",
        f"within {PAIRED_ERRORS:g} standard errors of the difference, for every hypothesis",
        "The oracle has no tuning that could go wrong; four, as it is the largest of twelve.",
        prior_alone,
        full_only=True,
    ),
    Check(
        "calculation.two-samplers",
        Heading.CALCULATION,
        "Do importance sampling and tempered sequential Monte Carlo agree on the founding case?",
        f"ln evidence within {EVIDENCE_AGREES:g} and medians within {100 * MEDIAN_AGREES:g} %",
        "What the two methods promise each other (docs/science/inference.md).",
        two_samplers,
        full_only=True,
    ),
)
