"""The course model's fast solution against an adaptive solver, its limits and its symmetries."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lymphocast.dataset.individual import Moment
from lymphocast.engine.course import (
    FACTUAL,
    Treatment,
    infection_outcomes,
    latent_count,
    natural_count,
)
from lymphocast.engine.steps import dose_forcing
from lymphocast.models.course import COURSE
from tests.engine.reference_solver import integrate
from tests.founding import Floats, individual, prior_draws
from tests.tolerances import CLOSED_FORM, REFERENCE_SOLVER

DAYS = individual().infection_days
LATER = (400.0, 1150.0, 2000.0)


def reference(
    theta: dict[str, float], times: tuple[float, ...], treatment: Treatment
) -> dict[str, Floats]:
    plan = individual().plan
    forcings = {
        "relative_dose": dose_forcing(plan, plan.study_drug, theta, treatment.study_drug),
        "antibiotic": dose_forcing(plan, plan.antibiotic, theta, treatment.antibiotic),
    }
    jumps = [theta[name] for name in ("recovery_onset", "resistance_day", "lift_day")]
    return integrate(COURSE, theta, forcings, plan.infection_start, times, jumps)


@pytest.mark.parametrize(
    "treatment",
    [FACTUAL, Treatment(study_drug=0.0), Treatment(antibiotic=0.0)],
    ids=["factual", "without-il2", "without-clarithromycin"],
)
def test_counts_burden_and_severity_agree_with_the_adaptive_solver(treatment: Treatment) -> None:
    lanes = 30
    theta = prior_draws(lanes, seed=1)
    burden, severity = infection_outcomes(individual().plan, theta, DAYS, treatment)
    times = tuple(sorted({*DAYS, *LATER}))
    counts = np.asarray(latent_count(individual().plan, theta, np.array(times)[:, None], treatment))
    for lane in range(lanes):
        one = {name: float(value[lane]) for name, value in theta.items()}
        found = reference(one, times, treatment)
        natural = np.asarray(natural_count(one, np.array(times))["natural_count"])
        assert_allclose(counts[:, lane], natural + found["gain.cells"], rtol=REFERENCE_SOLVER)
        kept = [times.index(day) for day in DAYS]
        b, s = found["infection.log_burden"][kept], found["infection.severity"][kept]
        assert_allclose(burden[:, lane], b, rtol=0, atol=REFERENCE_SOLVER)
        assert_allclose(severity[:, lane], s, rtol=0, atol=REFERENCE_SOLVER)


def test_before_its_course_begins_the_infection_is_as_at_the_beginning() -> None:
    plan, theta = individual().plan, prior_draws(20, seed=5)
    early = plan.infection_start - 35.0
    burden, severity = infection_outcomes(plan, theta, (early, *DAYS))
    assert_array_equal(burden[0], theta["initial_burden"])
    assert_array_equal(severity[0], 1.0)
    for found, alone in zip((burden, severity), infection_outcomes(plan, theta, DAYS), strict=True):
        assert_array_equal(found[1:], alone)
    only = infection_outcomes(plan, theta, (early,))
    assert_array_equal(only[0][0], theta["initial_burden"])


def test_lanes_do_not_know_of_each_other() -> None:
    theta = prior_draws(3000, seed=2)  # more than one block
    whole = infection_outcomes(individual().plan, theta, DAYS)
    some = np.array([0, 7, 2047, 2048, 2999])
    alone = infection_outcomes(
        individual().plan, {name: value[some] for name, value in theta.items()}, DAYS
    )
    for all_lanes, few in zip(whole, alone, strict=True):
        assert_array_equal(all_lanes[:, some], few)


def test_a_patient_moved_in_time_has_the_same_course() -> None:
    shift = 100.0
    plan, theta = individual().plan, prior_draws(50, seed=3)
    moved = {
        name: value + shift
        if name.startswith("when.") or name.endswith(("_onset", "_day"))
        else value
        for name, value in theta.items()
    }

    def later(moment: Moment) -> Moment:
        if moment.anchor is not None:
            return moment
        return replace(
            moment,
            offset=moment.offset + shift,
            early=moment.early + shift,
            late=moment.late + shift,
        )

    moved_plan = replace(
        plan,
        doses=tuple(replace(d, start=later(d.start), stop=later(d.stop)) for d in plan.doses),
        infection_start=plan.infection_start + shift,
        recovery_clock=plan.recovery_clock + shift,
    )
    t = np.linspace(-200.0, 1500.0, 40)[:, None]
    assert_allclose(
        latent_count(moved_plan, moved, t + shift), latent_count(plan, theta, t), rtol=1e-10
    )
    before = infection_outcomes(plan, theta, DAYS)
    after = infection_outcomes(moved_plan, moved, tuple(day + shift for day in DAYS))
    for a, b in zip(before, after, strict=True):
        assert_allclose(a, b, rtol=0, atol=1e-8)  # the mesh moves with the patient


def test_what_il2_adds_is_bounded_by_the_plateau_and_gone_without_it() -> None:
    plan, theta = individual().plan, prior_draws(500, seed=4)
    theta["il2"][:] = 1.0
    t = np.linspace(-300.0, 3000.0, 200)[:, None]
    without = np.asarray(latent_count(plan, theta, t, Treatment(study_drug=0.0)))
    added = np.asarray(latent_count(plan, theta, t)) - without
    assert (added >= -1e-9).all()
    assert (added <= theta["gain"] * (1.0 + CLOSED_FORM)).all()
    assert_array_equal(added[t[:, 0] < -20.0], 0.0)
    assert_allclose(without, natural_count(theta, t)["natural_count"], rtol=CLOSED_FORM)


def test_burden_stays_between_its_walls_and_severity_between_0_and_1() -> None:
    theta = prior_draws(4000, seed=5)
    burden, severity = infection_outcomes(individual().plan, theta, DAYS)
    assert (burden >= theta["burden_floor"]).all()
    assert (burden <= theta["initial_burden"] + theta["burden_headroom"]).all()
    assert (severity >= -1e-12).all()
    assert (severity <= 1.0 + 1e-12).all()


def test_without_h3_the_count_cannot_reach_the_infection() -> None:
    plan, theta = individual().plan, prior_draws(200, seed=6)
    theta["clearance"][:] = 0.0
    given = infection_outcomes(plan, theta, DAYS)
    withheld = infection_outcomes(plan, theta, DAYS, Treatment(study_drug=0.0))
    for a, b in zip(given, withheld, strict=True):
        assert_array_equal(a, b)


def test_under_h3_more_cells_never_mean_more_burden() -> None:
    plan, theta = individual().plan, prior_draws(500, seed=7)
    theta["clearance"][:] = 1.0
    theta["il2"][:] = 1.0
    given, _ = infection_outcomes(plan, theta, DAYS)
    withheld, _ = infection_outcomes(plan, theta, DAYS, Treatment(study_drug=0.0))
    assert (given <= withheld + REFERENCE_SOLVER).all()
    assert (given < withheld - 0.01).any()


def test_no_drug_is_never_given() -> None:
    plan, theta = individual().plan, prior_draws(3, seed=8)
    assert dose_forcing(plan, None, theta).edges == ()
    assert_array_equal(dose_forcing(plan, None, theta).at(np.ones((4, 3))), np.zeros((4, 3)))
    assert dose_forcing(plan, plan.antibiotic, theta).edges


@pytest.mark.slow
def test_a_patient_without_an_antibiotic_is_one_whose_antibiotic_does_nothing() -> None:
    plan, theta = individual().plan, prior_draws(200, seed=8)
    none = infection_outcomes(replace(plan, antibiotic=None), theta, DAYS)
    idle = infection_outcomes(plan, theta, DAYS, Treatment(antibiotic=0.0))
    given, _ = infection_outcomes(plan, theta, DAYS)
    for mine, other in zip(none, idle, strict=True):
        assert_allclose(mine, other, atol=REFERENCE_SOLVER)
    assert (none[0] > given + 1.0).any()
