"""25 counts at three dose levels, synthetic: no banner, and the right dose is found."""

import runpy
import subprocess
import sys
from dataclasses import replace
from functools import cache
from math import log
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from lymphocast.criteria.check import check
from lymphocast.dataset.maintenance import maintenance_of
from lymphocast.dataset.project import project
from lymphocast.forecast.dose_response import dose_banner, dose_contraction
from lymphocast.forecast.goal_file import read_goal
from lymphocast.forecast.plan_forecast import frame_of
from lymphocast.forecast.regimen_results import Amounts, RegimenSearch
from lymphocast.forecast.regimen_search import optimise
from lymphocast.forecast.search import Race
from lymphocast.inference.fitting import QUICK, versions
from lymphocast.inference.importance import sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.models.prior_file import model_priors
from lymphocast.record.casefile import find_case, read_case
from tests.conftest import ROOT
from tests.founding import quick_fit
from tests.tolerances import CLOSED_FORM

NAME: Final = "synthetic-doses"
PROGRAM: Final = ROOT / "tests" / "reference" / "synthetic_doses.py"
MADE: Final[dict[str, Any]] = runpy.run_path(str(PROGRAM))
TRUTH: Final = MADE["TRUTH"]
LADDER: Final = (0.1, 0.2, 0.4, 0.8)  # doublings, within the levels that the patient has had
COST: Final = 0.3
GOAL: Final = """\
until: 2 a
targets: [{{keep: {count}, from: 365 d}}]
cost: {{weekly_dose: {cost}}}
design: {{doses: [{doses}]}}
"""


@cache
def fit() -> Fit:
    record = read_case(find_case(NAME))
    individual, table = project(record), model_priors("course")
    kernels = kernels_of(individual, table)
    return Fit(
        record=record,
        individual=individual,
        table=table,
        posteriors=sample_importance(kernels, kernels.everything(), 1, QUICK),
        method=FitMethod.IMPORTANCE,
        seed=1,
        versions=versions(),
    )


def search(
    count: float, folder: Path, of: Fit | None = None, legs: Race | None = None
) -> RegimenSearch:
    of = of or fit()
    path = folder / "goal.yaml"
    doses = ", ".join(map(str, LADDER))
    path.write_text(GOAL.format(count=count, cost=COST, doses=doses), encoding="utf-8")
    return optimise(of, read_goal(path, frame_of(of)), legs=legs)


def right_dose(count: float) -> float:
    """The dose with the highest utility under the parameters that made the counts."""
    days = np.arange(365, 731)
    at_origin = TRUTH.count(3 * 300 + 365, 0.0, MADE["LEVELS"], 300) - TRUTH.baseline_count

    def utility(dose: float) -> float:
        kept = [TRUTH.count(day, at_origin, (dose,), 731) >= count for day in days]
        return float(np.mean(kept)) - COST * dose

    return max(LADDER, key=utility)


def test_the_program_makes_the_shipped_case_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(PROGRAM), str(tmp_path)], check=True)
    made = (tmp_path / f"{NAME}.yaml").read_text(encoding="utf-8")
    assert made == find_case(NAME).read_text(encoding="utf-8")


def test_the_case_says_that_it_is_synthetic_and_holds_25_counts_at_three_levels() -> None:
    record = read_case(find_case(NAME))
    assert record.title.startswith("Synthetic patient")
    assert all(source.citation.startswith("Synthetic") for source in record.sources)
    assert not check(record).has_errors
    individual = project(record)
    assert len(individual.counts) == 25
    levels = [s.level for s in individual.plan.stretches("interleukin-2")]
    assert levels == pytest.approx(MADE["LEVELS"], rel=CLOSED_FORM)
    maintenance = maintenance_of(record, individual)
    assert (maintenance.lowest, maintenance.highest) == pytest.approx((0.1, 1.0))
    assert maintenance.amounts_known


def test_the_truth_of_the_program_obeys_its_own_equation() -> None:
    # dX/dt = k (A E - X) by central differences, on each level and after the last.
    k = log(2.0) / TRUTH.gain_half_life
    for day, level in ((100, 0.3), (450, 0.1), (750, 1.0), (1000, 0.0)):
        early, now, late = (
            TRUTH.count(day + h, 0.0, MADE["LEVELS"], 300) for h in (-0.01, 0.0, 0.01)
        )
        rate = k * (TRUTH.plateau(level) - now)
        assert (late - early) / 0.02 == pytest.approx(rate, rel=1e-6)  # of order h^2 k^2


@pytest.mark.parametrize(("narrowing", "banner"), [(0.97, True), (0.9, False), (0.3, False)])
def test_the_banner_stands_where_contraction_is_below_a_tenth(
    narrowing: float, banner: bool, tmp_path: Path
) -> None:
    # Draws of ln u50 made narrower than the founding fit's own, which are as wide as the prior's:
    # contraction is 1 - narrowing^2, give or take what that fit has learned (a hundredth).
    base = quick_fit()

    def narrowed(draws: np.ndarray) -> np.ndarray:
        logs = np.log(draws)
        return np.asarray(np.exp(logs.mean() + narrowing / logs.std() * (logs - logs.mean())))

    name = "half_effect_dose"
    found = replace(
        base,
        posteriors=tuple(
            replace(p, draws={**p.draws, name: narrowed(p.draws[name])}) for p in base.posteriors
        ),
    )
    assert dose_contraction(found) == pytest.approx(1.0 - narrowing**2, abs=0.03)
    assert bool(dose_banner(found)) == banner
    ladder = search(300.0, tmp_path, found, Race(50, 6, 100)).given
    doses = {row.p_best for row in ladder.rows if row.regimen != "no drug"}
    assert (len(doses) == 1) == banner, "P(best) is shared where no data tell doses apart"
    assert bool(ladder.designs) == banner
    assert all((row.p_best_if_assumed is not None) == banner for row in ladder.rows)


def test_three_dose_levels_inform_the_dose_response() -> None:
    assert fit().diagnostics_passed
    assert dose_contraction(fit()) > 0.7
    for name in ("baseline_count", "gain", "gain_half_life", "half_effect_dose", "count_sd"):
        best = max(fit().posteriors, key=lambda p: p.log_evidence)
        low, high = np.quantile(best.draws[name], (0.005, 0.995))
        assert low < getattr(TRUTH, name) < high, name


@pytest.mark.parametrize(("count", "right"), [(300.0, 0.2), (350.0, 0.4), (450.0, 0.8)])
def test_the_dose_that_is_right_under_the_truth_is_found_without_a_banner(
    count: float, right: float, tmp_path: Path
) -> None:
    assert right_dose(count) == right
    found = search(count, tmp_path)
    assert found.banners == ()
    assert found.extrapolated is None
    assert found.given.designs == ()
    best = found.given.rows[0]
    assert best.regimen.startswith(f"dose {right:g},")
    assert best.p_best > 2.0 * found.given.chance
    assert set(found.given.best_under.values()) == {best.regimen}


def test_doses_stand_as_amounts_where_product_and_unit_system_are_stated(tmp_path: Path) -> None:
    path = tmp_path / "goal.yaml"
    limits = "limits: [{weekly_dose: 0.5}, {injection: 2}, {injection_amount: 4 MIU}]\n"
    design = "design: {doses: [0.5], intervals: [7 d]}\n"
    path.write_text("targets: [{keep: 300}]\n" + limits + design, encoding="utf-8")
    wanted = read_goal(path, frame_of(fit()))
    # Maintenance is 9 MIU weekly in three equal doses.
    assert [limit.label for limit in wanted.limits] == [
        "weekly dose at most 0.5 of maintenance (4.5 MIU)",
        "one injection at most 2 of a maintenance injection (6 MIU)",
        "one injection at most 1.33333 of a maintenance injection (4 MIU)",
    ]
    found = optimise(fit(), wanted, legs=Race(50, 6, 100))
    half = next(
        row
        for table in (found.given, found.extrapolated)
        if table is not None
        for row in table.rows
        if row.regimen != "no drug"
    )
    assert half.amounts == Amounts(4.5, 4.5, "M[IU]")
    assert found.notes[0].startswith("Dose 1 is the maintenance dose: 9 MIU of interleukin-2 (")
    assert "3 MIU every 2.33 d." in found.notes[0]


def test_without_a_unit_system_only_what_was_typed_stands_as_an_amount(tmp_path: Path) -> None:
    path = tmp_path / "goal.yaml"
    limits = "limits: [{weekly_dose: 0.5}, {weekly_amount: 5.5 MU}]\n"
    text = "targets: [{keep: 300}]\n" + limits + "design: {doses: [0.5]}\n"
    path.write_text(text, encoding="utf-8")
    wanted = read_goal(path, frame_of(quick_fit()))
    assert [limit.label for limit in wanted.limits] == [
        "weekly dose at most 0.5 of maintenance",
        "weekly dose at most 0.5 of maintenance (5.5 MU)",
    ]
    found = optimise(quick_fit(), wanted, legs=Race(50, 6, 100))
    assert all(row.amounts is None for row in found.given.rows)
    assert not any("Dose 1 is" in note for note in found.notes)


def test_half_of_the_effect_is_at_the_half_effect_dose_of_the_program() -> None:
    # E(u) = u (1 + u50)/(u + u50) tends to 1 + u50, so E(u50) is half of that.
    whole = TRUTH.gain * (1.0 + TRUTH.half_effect_dose)
    half = TRUTH.plateau(TRUTH.half_effect_dose) - TRUTH.baseline_count
    assert half == pytest.approx(0.5 * whole, rel=CLOSED_FORM)
