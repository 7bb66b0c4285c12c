"""The course model's limits: what must hold whatever the parameter values."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lymphocast.engine.steps import StepForcing, step_response
from lymphocast.models.component import Scalar, Values
from lymphocast.models.course import COURSE, CytokineGain, Infection, NaturalCourse, exposure
from lymphocast.models.maths import clip, decay, held, positive
from tests.founding import Floats, prior_draws
from tests.tolerances import CLOSED_FORM

LANES = 300
T = np.linspace(-300.0, 4000.0, 90)[:, None]
GAIN, NATURAL, INFECTION = CytokineGain(), NaturalCourse(), Infection()


@cache
def drawn() -> dict[str, Floats]:
    return prior_draws(LANES, seed=21)


def with_switches(**switches: float) -> dict[str, Scalar]:
    off = {"il2": 0.0, "recovery": 0.0, "infection": 0.0, "clearance": 0.0}
    return {**drawn(), **off, **switches}


def natural(theta: Values) -> Floats:
    return np.asarray(NATURAL.observe(T, {}, {}, theta)["natural_count"]) + np.zeros((90, LANES))


def added(theta: Values, edges: tuple[float, ...], levels: tuple[float, ...]) -> Floats:
    forcing = StepForcing(edges, levels)
    return np.asarray(
        step_response(GAIN, forcing, "relative_dose", {"natural_count": 0.0}, theta, T)
    )


@given(st.floats(1e-3, 1e3))
def test_the_maintenance_dose_has_effect_1_whatever_the_dose_of_half_effect(u50: float) -> None:
    assert exposure(1.0, u50) == pytest.approx(1.0, rel=CLOSED_FORM)
    assert exposure(0.0, u50) == 0.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(1e-3, 1e3))
def test_more_dose_never_has_less_effect(u: float, v: float, u50: float) -> None:
    low, high = sorted((u, v))
    assert exposure(low, u50) <= exposure(high, u50) <= 1.0 + CLOSED_FORM


def test_half_the_largest_effect_is_reached_at_the_dose_of_half_effect() -> None:
    u50 = drawn()["half_effect_dose"]
    assert_allclose(exposure(u50, u50), 0.5 * (1.0 + u50), rtol=CLOSED_FORM)  # 1 + u50 is the limit


def test_without_recovery_or_infection_the_count_stays() -> None:
    theta = with_switches()
    assert_array_equal(natural(theta), np.zeros_like(T) + theta["baseline_count"])


def test_recovery_never_falls_and_ends_at_the_normal_count() -> None:
    theta = with_switches(recovery=1.0)
    counts = natural(theta)
    assert (np.diff(counts, axis=0) >= 0.0).all()
    goal = np.maximum(theta["normal_count"], theta["baseline_count"])
    assert (counts <= goal * (1.0 + CLOSED_FORM)).all()
    late = theta["recovery_onset"] + 60.0 * theta["recovery_time"]  # exp(-60) is left to go
    end = NATURAL.observe(late, {}, {}, theta)["natural_count"]
    assert_allclose(end, goal, rtol=CLOSED_FORM)
    before = np.minimum(theta["recovery_onset"], T)
    start = NATURAL.observe(before, {}, {}, theta)["natural_count"]
    assert_allclose(start, theta["baseline_count"] + 0.0 * T, rtol=CLOSED_FORM)


def test_a_dip_lifts_from_its_depth_to_the_normal_count() -> None:
    theta = with_switches(infection=1.0)
    counts = natural(theta)
    assert (np.diff(counts, axis=0) >= -CLOSED_FORM * counts[1:]).all()
    bottom = theta["normal_count"] * np.exp(-theta["dip_depth"])
    assert_allclose(counts[T[:, 0] < -100.0], bottom + np.zeros((5, 1)), rtol=CLOSED_FORM)
    late = theta["lift_day"] + 60.0 * theta["dip_time"]
    end = NATURAL.observe(late, {}, {}, theta)["natural_count"]
    assert_allclose(end, theta["normal_count"], rtol=CLOSED_FORM)


def test_the_untreated_count_is_where_each_natural_course_begins() -> None:
    for switches in ({}, {"recovery": 1.0}, {"infection": 1.0}):
        theta = with_switches(**switches)
        first = NATURAL.observe(-1e4, {}, {}, theta)
        assert_allclose(first["natural_count"], first["untreated_count"], rtol=CLOSED_FORM)


@pytest.mark.parametrize(
    ("switch", "gone"),
    [("infection", {"dip_depth": 0.0}), ("recovery", {"normal_count": 0.0})],
)
def test_natural_courses_nest(switch: str, gone: dict[str, float]) -> None:
    """Without depth a dip is no dip; a goal below the count is no recovery."""
    theta = {**with_switches(**{switch: 1.0}), **{k: v + 0.0 * T for k, v in gone.items()}}
    flat = drawn()["normal_count" if switch == "infection" else "baseline_count"]
    assert_allclose(natural(theta), flat + 0.0 * T, rtol=CLOSED_FORM)


def test_hypotheses_that_differ_in_a_switch_agree_where_its_parameter_is_zero() -> None:
    state = {"cells": 50.0}
    inputs = {"relative_dose": 1.0, "natural_count": 100.0}
    without = GAIN.rates(0.0, state, inputs, with_switches(il2=0.0))
    no_gain = GAIN.rates(0.0, state, inputs, {**with_switches(il2=1.0), "gain": 0.0})
    assert_array_equal(without["cells"], no_gain["cells"])
    seen = {"antibiotic": 1.0, "count": 400.0, "untreated_count": 100.0}
    apart = INFECTION.free_rate(0.0, seen, with_switches(clearance=0.0))
    nested = INFECTION.free_rate(
        0.0, seen, {**with_switches(clearance=1.0), "immune_clearance": 0.0}
    )
    assert_array_equal(apart, nested)


def test_what_il2_adds_stays_within_its_plateau() -> None:
    theta = with_switches(il2=1.0)
    cells = added(theta, (0.0, 60.0, 1000.0), (0.4, 1.0, 0.0))
    assert (cells >= -CLOSED_FORM * theta["gain"]).all()
    assert (cells <= theta["gain"] * (1.0 + CLOSED_FORM)).all()
    assert_array_equal(cells[T[:, 0] < 0.0], 0.0)
    steady = added(theta, (-1e6,), (1.0,))
    assert_allclose(steady, theta["gain"] + 0.0 * T, rtol=CLOSED_FORM)


def test_half_of_the_gain_is_there_after_its_half_life() -> None:
    theta = with_switches(il2=1.0)
    forcing = StepForcing((0.0,), (1.0,))
    inputs = {"natural_count": 0.0}
    half = step_response(GAIN, forcing, "relative_dose", inputs, theta, theta["gain_half_life"])
    assert_allclose(half, 0.5 * theta["gain"], rtol=CLOSED_FORM)


def test_courses_of_treatment_superpose() -> None:
    theta = with_switches(il2=1.0)
    first = added(theta, (0.0, 200.0), (1.0, 0.0))
    second = added(theta, (500.0, 900.0), (0.3, 0.0))
    both = added(theta, (0.0, 200.0, 500.0, 900.0), (1.0, 0.0, 0.3, 0.0))
    assert_allclose(both, first + second, atol=1e-9 * float(theta["gain"].max()))  # sums cancel


def test_the_effect_of_a_higher_count_on_the_infection_has_one_direction() -> None:
    theta = with_switches(clearance=1.0)
    rates = [
        INFECTION.free_rate(
            0.0, {"antibiotic": 0.0, "count": count, "untreated_count": 100.0}, theta
        )
        for count in (50.0, 100.0, 200.0, 400.0)
    ]
    assert_array_equal(rates[0], rates[1])  # a lower count does not hasten growth
    assert (np.diff(np.stack(rates[1:]), axis=0) < 0.0).all()


def test_resistance_ends_the_effect_of_the_antibiotic() -> None:
    theta = with_switches()
    seen = {"antibiotic": 1.0, "count": 100.0, "untreated_count": 100.0}
    day = theta["resistance_day"]
    before = INFECTION.free_rate(day - 1e-6, seen, theta)
    after = INFECTION.free_rate(day, seen, theta)
    assert_allclose(after - before, theta["kill"], rtol=CLOSED_FORM, atol=1e-15)
    assert_array_equal(after, theta["growth"])


def test_burden_stops_at_its_walls_and_severity_follows_it() -> None:
    theta = with_switches()
    low, high = INFECTION.walls(theta)
    seen = {"antibiotic": 1.0, "count": 100.0, "untreated_count": 100.0}
    for level, outward in ((low, -1.0), (high, 1.0)):
        state = {"log_burden": level, "severity": 0.5}
        rate = INFECTION.rates(1e6, state, seen, {**theta, "growth": outward * 0.01})
        assert_array_equal(rate["log_burden"], 0.0)
        inward = INFECTION.rates(1e6, state, seen, {**theta, "growth": -outward * 0.01})
        assert_array_equal(inward["log_burden"], -outward * 0.01)
    full = {"log_burden": theta["initial_burden"], "severity": 1.0}
    assert_array_equal(INFECTION.rates(0.0, full, seen, theta)["severity"], 0.0)
    none = {"log_burden": low, "severity": 0.0}
    assert_array_equal(INFECTION.rates(0.0, none, seen, theta)["severity"], 0.0)


def test_the_model_starts_with_full_burden_full_severity_and_nothing_added() -> None:
    first = COURSE.initial(drawn())
    assert_array_equal(first["gain.cells"], 0.0)
    assert_array_equal(first["infection.log_burden"], drawn()["initial_burden"])
    assert_array_equal(first["infection.severity"], 1.0)


def test_the_small_functions_at_their_edges() -> None:
    assert_array_equal(positive(np.array([-1.0, 0.0, 2.0])), [0.0, 0.0, 2.0])
    assert_array_equal(clip(np.array([-1.0, 0.4, 2.0]), 0.0, 1.0), [0.0, 0.4, 1.0])
    assert_array_equal(decay(np.array([-5.0, 0.0]), 3.0), [1.0, 1.0])
    assert float(held(-1.0, np.array(0.0), 0.0, 1.0)) == 0.0
    assert float(held(1.0, np.array(0.0), 0.0, 1.0)) == 1.0
