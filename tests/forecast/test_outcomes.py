"""Outcomes of courses: areas and times against closed forms, differences that must be zero."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lymphocast.engine.course import Treatment, infection_looks, infection_outcomes
from lymphocast.engine.steps import dose_forcing
from lymphocast.forecast.attribution import attribute
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.monte_carlo import MonteCarlo
from lymphocast.forecast.outcome_results import Chance, Compared, CourseOutcome
from lymphocast.forecast.outcomes import Courses
from lymphocast.forecast.panels import LEAST_WEIGHT, panels_of
from lymphocast.forecast.readings import Infection, area_under, time_above
from lymphocast.forecast.results import AVERAGED, ByHypothesis
from lymphocast.forecast.statements import statement_probabilities
from lymphocast.inference.hypotheses import HYPOTHESES
from tests.founding import individual, quick_fit
from tests.tolerances import CLOSED_FORM

DRAWS = 150
WEEKLY = 2e-4
"""Relative error of an area by weekly trapezia where the count moves over weeks: h^2 f'' / 12."""
MESH = 1e-4
"""Two meshes of the infection, absolute in ln(burden): the accuracy of its quadrature."""
TABLE_DRAWS = 0.05
"""Two sets of a few hundred draws of each hypothesis: three standard errors of a probability."""


@cache
def courses() -> Courses:
    return Courses.of(quick_fit(), DRAWS)


@cache
def summary() -> ByHypothesis[tuple[CourseOutcome, ...]]:
    return courses().summary


def outcome(name: str, scenario: str) -> CourseOutcome:
    rows = summary().averaged if name == AVERAGED else summary().by_hypothesis[name]
    return next(c for c in rows if c.scenario == scenario)


def compared(course: CourseOutcome) -> list[Compared]:
    return [*course.counts.values(), course.area, course.mean_count, *course.days_above.values()]


def chances(course: CourseOutcome) -> list[Chance]:
    found = [
        c
        for p in course.infection
        for c in (p.culture_negative, p.converted_by_then, p.symptoms_resolved)
    ]
    return found + [c for r in course.recurrence for c in (r.burden_back, r.symptoms_back)]


@given(st.floats(10.0, 900.0), st.floats(-900.0, 900.0), st.floats(1.0, 1000.0))
def test_a_straight_line_has_a_triangle_and_a_share(
    start: float, rise: float, limit: float
) -> None:
    days = np.array([0.0, 3.0, 10.0, 40.0])
    line = (start + rise * days / 40.0)[:, None]
    assert area_under(days, line)[0] == pytest.approx(40.0 * (start + rise / 2.0), abs=1e-6)
    end = start + rise
    inside = np.clip((limit - start) / rise, 0.0, 1.0) if rise else float(start >= limit)
    expected = 40.0 * ((1.0 - inside) if rise > 0.0 else inside)
    if abs(end - limit) > 1e-6 and abs(start - limit) > 1e-6:
        assert time_above(days, line, limit)[0] == pytest.approx(expected, abs=1e-5)


def test_an_approach_has_the_area_and_the_time_of_its_closed_form() -> None:
    gain, half = 400.0, 60.0
    k = np.log(2.0) / half
    days = np.append(np.arange(0.0, 730.0, 7.0), 730.0)
    cells = gain * -np.expm1(-k * days)[:, None]
    area = gain * (730.0 + np.expm1(-k * 730.0) / k)
    assert area_under(days, cells)[0] == pytest.approx(area, rel=5.0 * WEEKLY)
    crossed = -np.log1p(-300.0 / gain) / k
    assert time_above(days, cells, 300.0)[0] == pytest.approx(730.0 - crossed, abs=0.3)


def test_a_step_is_above_a_limit_for_as_long_as_it_lasts() -> None:
    days = np.array([0.0, 100.0, 100.0, 250.0, 250.0, 400.0])
    steps = np.array([150.0, 150.0, 500.0, 500.0, 300.0, 300.0])[:, None]
    assert time_above(days, steps, 300.0)[0] == 300.0
    assert time_above(days, steps, 300.1)[0] == pytest.approx(150.0)
    assert area_under(days, steps)[0] == 150.0 * 100.0 + 500.0 * 150.0 + 300.0 * 150.0


def test_the_area_that_il2_adds_is_that_of_its_step_responses() -> None:
    ensemble, window = courses().ensemble, courses().calendar.window
    theta, plan = ensemble.theta, individual().plan
    forcing = dose_forcing(plan, plan.study_drug, theta)
    k, u50 = np.log(2.0) / theta["gain_half_life"], theta["half_effect_dose"]
    expected, before = np.zeros(ensemble.lanes), 0.0
    for edge, level in zip(forcing.edges, forcing.levels, strict=True):
        effect = level * (1.0 + u50) / (level + u50)
        since = np.maximum(window[-1] - np.asarray(edge), 0.0)
        early = np.maximum(window[0] - np.asarray(edge), 0.0)
        lasted = [t + np.expm1(-k * t) / k for t in (since, early)]
        expected += theta["il2"] * theta["gain"] * (effect - before) * (lasted[0] - lasted[1])
        before = effect
    found = courses().counts
    added = found["factual"].area - found["without-il2"].area
    # Weeks are coarser than the shortest half-lives of the posterior, some ten days.
    assert_allclose(added, expected, rtol=2e-3, atol=1.0)


def test_a_stable_count_without_il2_is_above_a_limit_always_or_never() -> None:
    part = courses().ensemble.parts["no-il2+stable+no-clearance"]
    length = courses().calendar.window[-1] - courses().calendar.window[0]
    above = courses().counts["factual"].above[300][part.lanes]
    high = courses().ensemble.theta["baseline_count"][part.lanes] >= 300.0
    assert_allclose(above, np.where(high, length, 0.0), rtol=CLOSED_FORM)


def test_a_difference_is_zero_where_the_course_is_the_factual_one() -> None:
    for name in (AVERAGED, *(h.name for h in HYPOTHESES)):
        factual = outcome(name, "factual")
        assert all(x.lost.p05 == x.lost.p95 == x.mean_lost_se == 0.0 for x in compared(factual))
        assert all(x.lost == x.lost_se == 0.0 for x in chances(factual))
        alone = outcome(name, "without-clarithromycin")
        assert all(x.lost.p05 == x.lost.p95 == 0.0 for x in compared(alone))


def test_without_il2_differs_only_under_hypotheses_that_let_it() -> None:
    for hypothesis in HYPOTHESES:
        course = outcome(hypothesis.name, "without-il2")
        counts = [x.mean_lost for x in compared(course)]
        cultures = [x.lost for x in chances(course)]
        if hypothesis.il2:
            assert course.area.mean_lost > 0.0
            assert any(cultures) is hypothesis.clearance
        else:
            assert not any(counts)
            assert not any(cultures)


def test_averages_are_sums_of_their_rows_by_weight() -> None:
    weights = quick_fit().posterior_weights
    for scenario in ("without-il2", "without-both"):
        whole = outcome(AVERAGED, scenario)
        rows = {name: outcome(name, scenario) for name in weights}
        area = sum(weights[n] * r.area.mean_lost for n, r in rows.items())
        assert whole.area.mean_lost == pytest.approx(area, rel=CLOSED_FORM)
        for i, chance in enumerate(chances(whole)):
            total = sum(weights[n] * chances(r)[i].p for n, r in rows.items())
            assert chance.p == pytest.approx(total, abs=1e-9)


def test_a_longer_wait_converts_more_and_recurs_more() -> None:
    for scenario in ("factual", "without-both"):
        course = outcome(AVERAGED, scenario)
        converted = [p.converted_by_then.p for p in course.infection]
        assert converted == sorted(converted)
        back = [r.burden_back.p for r in course.recurrence if r.origin == "antibiotic-stop"]
        assert back == sorted(back)


def test_what_came_back_had_gone() -> None:
    clear = np.array([[1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]], dtype=bool)
    found = Infection((0.0, 30.0, 60.0), np.zeros((3, 4)), clear, clear)
    assert found.came_back(clear, 0.0, 60.0).tolist() == [False, False, True, False]
    assert found.came_back(clear, 30.0, 60.0).tolist() == [False, False, False, False]


def test_many_looks_read_the_path_that_a_few_days_read() -> None:
    ensemble, plan = courses().ensemble, individual().plan
    days = individual().infection_days
    few = infection_outcomes(plan, ensemble.theta, days)[0]
    looks = courses().calendar.looks
    many = courses().infections["factual"]
    shared = [day for day in days if day in looks]
    assert len(shared) >= 2
    slope = quick_fit().table.constant("culture_slope")
    for day in shared:
        expected = 1.0 / (1.0 + np.exp(few[days.index(day)] / slope))
        assert_allclose(many.negative[many.at(day)], expected, atol=MESH)


def test_lanes_that_il2_cannot_touch_are_not_computed_again_and_the_others_are() -> None:
    ensemble, looks = courses().ensemble, courses().calendar.looks
    whole, _ = infection_looks(
        individual().plan, ensemble.theta, looks, Treatment(study_drug=0.0, antibiotic=0.0)
    )
    assert_array_equal(courses().infections["without-both"].clear, whole < 0.0)


def test_attribution_and_outcomes_say_the_same_of_the_recorded_culture() -> None:
    found = attribute(ensemble_of(quick_fit()), quick_fit().table)
    for one in found.averaged.scenarios:
        point = outcome(AVERAGED, one.scenario).infection[0]
        assert point.occasion == "first-culture"
        assert point.culture_negative.p == pytest.approx(one.p_culture_negative, abs=TABLE_DRAWS)


def test_the_table_and_the_courses_say_the_same() -> None:
    found = statement_probabilities(ensemble_of(quick_fit()), quick_fit().table)
    point = outcome(AVERAGED, "without-il2").infection[0]
    assert found["culture-without-il2"] == pytest.approx(point.culture_negative.p, abs=TABLE_DRAWS)
    lost = courses().counts["factual"].above[300] - courses().counts["without-il2"].above[300]
    kept = courses().ensemble.whole.probability(lost >= 182.625)
    assert found["above-300"] == pytest.approx(kept, abs=TABLE_DRAWS)


def test_the_error_of_a_share_is_binomial_and_that_of_a_constant_zero() -> None:
    ensemble = courses().ensemble
    number = len(HYPOTHESES)
    exact = MonteCarlo(ensemble, np.full(number, float(DRAWS)), np.zeros(number))
    half = np.tile(np.arange(DRAWS) < DRAWS / 2, number).astype(float)
    found = exact.means(half)
    one = np.sqrt(0.25 / DRAWS)
    assert found[HYPOTHESES[3].name].se == pytest.approx(one, rel=CLOSED_FORM)
    assert found[AVERAGED].se == pytest.approx(one * np.sqrt((ensemble.shares**2).sum()))
    assert exact.means(np.ones(ensemble.lanes))[AVERAGED].se == pytest.approx(0.0, abs=1e-12)


def test_the_error_of_weights_is_that_of_weights_drawn_again() -> None:
    ensemble, rng = courses().ensemble, np.random.default_rng(3)
    errors = np.full(len(HYPOTHESES), 0.03)
    il2 = np.repeat([float(h.il2) for h in HYPOTHESES], DRAWS)
    found = MonteCarlo(ensemble, np.full(len(HYPOTHESES), 1e12), errors).means(il2)[AVERAGED]
    again = ensemble.shares * np.exp(errors * rng.standard_normal((20_000, len(HYPOTHESES))))
    again /= again.sum(axis=1, keepdims=True)
    means = again @ np.array([float(h.il2) for h in HYPOTHESES])
    assert found.se == pytest.approx(means.std(), rel=0.05)  # 20,000 draws of a small error


def test_panels_are_the_average_and_the_explanations_that_weigh_enough() -> None:
    panels = panels_of(courses())
    weights = quick_fit().posterior_weights
    wanted = sorted((n for n, w in weights.items() if w >= LEAST_WEIGHT), key=lambda n: -weights[n])
    assert [p.hypothesis for p in panels] == [AVERAGED, *wanted]
    for p in panels:
        by_name = {c.scenario: c.p for c in p.cultures}
        assert len(by_name) == 4
        if p.hypothesis.endswith("no-clearance"):
            assert_array_equal(by_name["factual"], by_name["without-il2"])
