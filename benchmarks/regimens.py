"""A regimen search by racing: 200 regimens over two years, 100 draws for all, 1000 for the best 20.

The patient is the synthetic one of three dose levels. Every draw is the truth that made the counts,
so that what a regimen is worth is known: its utility is computed beside from the program that made
the patient (tests/reference/synthetic_doses.py), day by day, and the regimen that is found must not
be worse than any of those. What a search costs does not depend on the values of the draws.
"""

import re
import runpy
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import numpy as np

from benchmarks.programs import ROOT
from benchmarks.task import PER_REGIMEN, Task
from lymphocast.dataset.maintenance import maintenance_of
from lymphocast.dataset.project import project
from lymphocast.forecast.goal import Cost, Design, Goal, Target
from lymphocast.forecast.plan_forecast import frame_of
from lymphocast.forecast.policy import HoldRule
from lymphocast.forecast.regimen_results import RegimenSearch
from lymphocast.forecast.regimen_search import optimise
from lymphocast.inference.fitting import QUICK, versions
from lymphocast.inference.importance import sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.models.prior_file import model_priors
from lymphocast.record.casefile import find_case, read_case

MADE: Final[dict[str, Any]] = runpy.run_path(
    str(ROOT / "tests" / "reference" / "synthetic_doses.py")
)
TRUTH: Final = MADE["TRUTH"]
DOSES: Final = tuple(i / 10 for i in range(1, 11))
DURATIONS: Final = (180.0, 365.0, 540.0, 730.0)
TAPERS: Final = (0.0, 60.0, 120.0)
RULES: Final = (None, HoldRule(600.0, 400.0))
LENGTH, FROM, KEEP, COST = 730.0, 90.0, 350.0, 0.3
REGIMENS: Final = len(DOSES) * ((len(DURATIONS) - 1) * len(TAPERS) + 1) * len(RULES)
GRID: Final = 14.0 / (LENGTH - FROM)  # counts are read every 14 d or less; once up, once down
PLAIN: Final = re.compile(r"dose (\S+), every \S+ d, for (\S+) d")
SEED: Final = 1


def task() -> Task:
    """Return the search as a task."""
    fit = _certain()
    goal = _goal(fit)

    def errors(found: RegimenSearch) -> dict[str, float]:
        known = {
            (dose, duration): utility(dose, duration) for dose in DOSES for duration in DURATIONS
        }
        off = [
            abs(row.utility - known[float(m[1]), float(m[2])])
            for row in found.given.rows
            if (m := PLAIN.fullmatch(row.regimen))
        ]
        return {
            "utility_error": max(off),
            "utility_lost": max(known.values()) - found.given.rows[0].utility,
            "regimens_lost": float(REGIMENS + 1 - found.given.compared),
        }

    return Task(
        run=lambda: optimise(fit, goal),
        errors=errors,
        limits={"utility_error": GRID, "utility_lost": GRID, "regimens_lost": 0.0},
        size=REGIMENS,
        cost=PER_REGIMEN,
    )


def utility(dose: float, duration: float) -> float:
    """Return what a dose for so many days is worth under the truth, day by day."""
    levels = MADE["LEVELS"]
    origin = MADE["EACH"] * len(levels) + MADE["AFTER"][-1]
    left = TRUTH.count(origin, 0.0, levels, MADE["EACH"]) - TRUTH.baseline_count
    days = np.arange(FROM, LENGTH)
    kept = [TRUTH.count(day, left, (dose,), duration) >= KEEP for day in days]
    return float(np.mean(kept)) - COST * dose * duration / LENGTH


def _certain() -> Fit:
    """A fit of the patient whose every draw is the truth."""
    record = read_case(find_case(MADE["NAME"]))
    individual, table = project(record), model_priors("course")
    kernels = kernels_of(individual, table)
    found = sample_importance(kernels, kernels.everything(), SEED, QUICK)
    names = ("baseline_count", "gain", "gain_half_life", "half_effect_dose", "count_sd")
    known = {n: np.full(QUICK.draws, float(getattr(TRUTH, n))) for n in names}
    posteriors = tuple(
        replace(p, draws={**p.draws, **known}, log_evidence=0.0 if i == 0 else -1e3)
        for i, p in enumerate(found)
    )
    return Fit(record, individual, table, posteriors, FitMethod.IMPORTANCE, SEED, versions())


def _goal(fit: Fit) -> Goal:
    origin = frame_of(fit).origin
    apart = maintenance_of(fit.record, fit.individual).apart
    return Goal(
        title="keep the count",
        origin=origin,
        until=origin + timedelta(days=LENGTH),
        targets=(Target(KEEP, True, FROM, LENGTH),),
        limits=(),
        cost=Cost(weekly_dose=COST),
        design=Design(DOSES, (apart,), (None,), DURATIONS, TAPERS, RULES, 28.0, LENGTH),
    )
