"""Likelihood of symptoms, scores and isolates: by hand, whole, moving the posterior rightly."""

from dataclasses import replace
from functools import cache
from math import exp, log

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from lymphocast.dataset.individual import Individual
from lymphocast.engine.course import infection_outcomes
from lymphocast.inference.density import CourseDensity
from lymphocast.inference.error_model import (
    culture_log_probability,
    score_log_probability,
    susceptibility_log_probability,
    symptom_log_probability,
)
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.kernels import Kernels, kernels_of
from lymphocast.inference.updating import difference
from lymphocast.models.prior_file import model_priors, read_priors
from lymphocast.record.events import CultureResult, SymptomGrade
from tests.dataset.fittable import FITTABLE, projected
from tests.dataset.test_infection import RESISTANT, with_mic, with_symptom

Floats = NDArray[np.float64]
TABLE = model_priors("course")
GRADES = list(SymptomGrade)
SEVERITIES = np.arange(101) / 100
LANES = 2_000
PLAIN = HYPOTHESES[0]
DAY = "2020-04-10"  # four months after treatment of the infection began


def probability(grade: SymptomGrade, severity: Floats, told: float = 1.0) -> Floats:
    return np.asarray(np.exp(symptom_log_probability(severity, grade, TABLE, told)))


def logistic(x: float) -> float:
    return 1.0 / (1.0 + exp(-x))


def test_a_grade_has_the_probability_that_its_levels_give() -> None:
    expected = (
        (SymptomGrade.PRESENT, 0.3, logistic(2.0)),
        (SymptomGrade.PRESENT, 0.1, logistic(-2.0)),
        (SymptomGrade.WORSE, 0.8, logistic(1.0)),
        (SymptomGrade.WORSE, 0.6, logistic(-1.0)),
        (SymptomGrade.IMPROVING, 0.8, 1.0 - logistic(1.0) - logistic(-13.0)),
        (SymptomGrade.IMPROVING, 0.4, 1.0 - logistic(-3.0) - logistic(-5.0)),
        (SymptomGrade.IMPROVING, 0.1, 1.0 - logistic(-6.0) - logistic(1.0)),
    )
    for grade, severity, chance in expected:
        found = probability(grade, SEVERITIES)[severity == SEVERITIES]
        assert found == pytest.approx([chance], rel=1e-12), grade


def test_a_grade_and_its_denial_are_certain_together() -> None:
    for grade in GRADES:
        both = probability(grade, SEVERITIES) + probability(grade, SEVERITIES, -1.0)
        assert_allclose(both, 1.0, rtol=1e-14)


def test_worse_improving_and_resolved_are_the_whole_scale_in_order() -> None:
    order = (SymptomGrade.RESOLVED, SymptomGrade.IMPROVING, SymptomGrade.WORSE)
    parts = np.array([probability(g, SEVERITIES) for g in order])
    assert_allclose(parts.sum(axis=0), 1.0, rtol=1e-14)
    assert list(np.unique(parts.argmax(axis=0))) == [0, 1, 2]
    assert (np.diff(parts.argmax(axis=0)) >= 0).all()
    present = probability(SymptomGrade.PRESENT, SEVERITIES)
    assert_allclose(present + probability(SymptomGrade.ASYMPTOMATIC, SEVERITIES), 1.0, rtol=1e-14)


def test_levels_out_of_order_leave_nothing_to_improvement_and_no_number_that_is_none(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("priors") / "prior.yaml"
    path.write_text("constants:\n  resolved_threshold: {value: 0.95}\n", encoding="utf-8")
    table = read_priors(path, TABLE)
    between = symptom_log_probability(np.array([0.8]), SymptomGrade.IMPROVING, table)
    denied = symptom_log_probability(np.array([0.8]), SymptomGrade.IMPROVING, table, -1.0)
    assert (float(between[0]), float(denied[0])) == (-np.inf, 0.0)


def score_probability(burden: Floats, score: int, told: float = 1.0) -> Floats:
    return np.asarray(np.exp(score_log_probability(burden, score, TABLE, told)))


def test_scores_are_the_whole_scale_in_order_and_hold_the_result_of_the_culture() -> None:
    burden = np.arange(-5.0, 12.0, 0.01)
    parts = np.array([score_probability(burden, k) for k in range(7)])
    assert_allclose(parts.sum(axis=0), 1.0, rtol=1e-13)
    assert (np.diff(parts.argmax(axis=0)) >= 0).all()
    negative = culture_log_probability(burden, CultureResult.NEGATIVE, 1, 0.7)
    assert_allclose(parts[0], np.exp(negative), rtol=1e-12)
    for k in range(7):
        assert_allclose(parts[k] + score_probability(burden, k, -1.0), 1.0, rtol=1e-12)


def test_a_score_has_the_probability_that_its_levels_give() -> None:
    # 2+ lies between 5.6 and 6.3, 4+ above 7.2; each transition has the width 0.7.
    found = [float(score_probability(np.array([5.95]), k)[0]) for k in (4, 6)]
    by_hand = [logistic(0.35 / 0.7) - logistic(-0.35 / 0.7), logistic(-1.25 / 0.7)]
    assert found == pytest.approx(by_hand, rel=1e-12)


@cache
def everything() -> Individual:
    """The individual of whom every grade is told, and a resistant isolate, on the same day."""
    text = with_mic(RESISTANT, FITTABLE, DAY)
    found = projected(with_symptom("present", DAY, text))
    (told,) = found.symptoms
    grades = tuple(replace(told, id=g.value, grade=g) for g in GRADES)
    cultures = tuple(replace(c, score=4) for c in found.cultures)
    return replace(found, cultures=cultures, symptoms=grades)


@cache
def drawn() -> tuple[Kernels, dict[str, Floats], tuple[Floats, Floats], Floats]:
    """Return the kernels, prior draws, log burden and severity, and the log likelihood."""
    kernels = kernels_of(everything(), TABLE)
    target, rng = kernels.everything(), np.random.default_rng(3)
    z = rng.standard_normal((kernels.count_size, LANES))
    z_infection = rng.standard_normal((kernels.infection_size, LANES))
    theta = kernels.theta(z, target, PLAIN, z_infection)
    course = infection_outcomes(everything().plan, theta, everything().infection_days)
    return kernels, theta, course, kernels.infection(z, target, PLAIN, z_infection)


def test_the_likelihood_of_a_record_is_that_of_its_grades_on_their_day() -> None:
    _, theta, (burden, severity), found = drawn()
    by_hand = sum(np.log(probability(g, severity[0])) for g in GRADES)
    (isolate,) = everything().susceptibilities
    resistant = theta["resistance_day"] <= isolate.day
    assert 0.05 < resistant.mean() < 0.5
    by_hand += np.where(resistant, log(0.96), log(0.04)) + np.log(score_probability(burden[0], 4))
    assert_allclose(found, by_hand, rtol=1e-9)


def test_a_score_of_0_speaks_for_the_antibiotic_and_a_high_one_for_a_heavy_burden() -> None:
    _, theta, (burden, _), _ = drawn()
    weights = {k: score_probability(burden[0], k) for k in (0, 3, 6)}
    kill = {k: float(np.log(theta["kill"]) @ w / w.sum()) for k, w in weights.items()}
    begun = {k: float(theta["initial_burden"] @ w / w.sum()) for k, w in weights.items()}
    assert kill[0] > log(TABLE.row("kill").location) > kill[3] + 0.2
    assert begun[6] > TABLE.row("initial_burden").location + 0.2
    assert begun[6] > begun[3] + 0.2


def test_grades_order_how_fast_the_antibiotic_is_believed_to_kill() -> None:
    _, theta, (_, severity), _ = drawn()
    kill = {}
    for grade in GRADES:
        weights = probability(grade, severity[0])
        kill[grade] = float(np.log(theta["kill"]) @ weights / weights.sum())
    prior = log(TABLE.row("kill").location)
    assert kill[SymptomGrade.RESOLVED] > prior + 0.05
    assert kill[SymptomGrade.RESOLVED] > kill[SymptomGrade.IMPROVING]
    assert kill[SymptomGrade.IMPROVING] > kill[SymptomGrade.WORSE]
    assert kill[SymptomGrade.WORSE] < prior - 0.2
    assert kill[SymptomGrade.PRESENT] < prior < kill[SymptomGrade.ASYMPTOMATIC]


def terms_of(individual: Individual, told: float = 1.0) -> Floats:
    """Return the log likelihood of an individual whose only fact is one isolate."""
    _, theta, (burden, severity), _ = drawn()
    only = replace(individual, cultures=(), symptoms=())
    density = CourseDensity(only, TABLE)
    found = density.infection_terms(burden, severity, theta["resistance_day"], [told])
    return np.asarray(found[0])


def test_an_isolate_says_on_which_side_of_its_day_resistance_lies() -> None:
    _, theta, _, _ = drawn()
    whole = everything()
    susceptible = replace(
        whole, susceptibilities=(replace(whole.susceptibilities[0], resistant=False),)
    )
    day = whole.susceptibilities[0].exposed
    before = (theta["resistance_day"] <= day).astype(float)
    hazard = 1.0 / TABLE.row("resistance_time").location
    prior = 1.0 - exp(-hazard * (day - whole.plan.infection_start))
    for individual, error in ((whole, 0.04), (susceptible, 0.96)):
        weights = np.exp(terms_of(individual))
        posterior = float(before @ weights / weights.sum())
        # The closed form of Bayes; 2000 draws of a share near 0.16 have a standard error of 0.008.
        by_hand = prior * (1.0 - error) / (prior * (1.0 - error) + (1.0 - prior) * error)
        assert posterior == pytest.approx(by_hand, abs=0.03)
        assert_allclose(weights + np.exp(terms_of(individual, -1.0)), 1.0, rtol=1e-14)


def test_a_test_without_error_is_a_wall_and_no_failure() -> None:
    found = susceptibility_log_probability(np.array([True, False]), 1.0, 0.0)
    assert np.asarray(found).tolist() == [0.0, -np.inf]


def test_an_isolate_alone_tells_of_the_infection_and_another_is_no_count() -> None:
    whole = everything()
    alone = replace(whole, cultures=(), symptoms=())
    assert alone.tells_of_infection
    assert alone.infection_days == (whole.susceptibilities[0].day,)
    assert "isolates" in difference(whole, replace(whole, susceptibilities=())).reason
