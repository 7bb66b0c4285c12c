"""What decides: the arithmetic of weights, and sentences that follow it."""

from dataclasses import replace

import pytest

from lymphocast.forecast.results import PriorLine
from lymphocast.report import reasons
from lymphocast.report.marginals import bayes_factor, mean_over
from tests.report import synthetic

RESULTS = synthetic.results()
COURSES = ("stable", "recovery", "infection")
LIFT = "the day on which treatment began"


def test_the_bayes_factor_turns_prior_odds_into_posterior_odds() -> None:
    assert bayes_factor(0.5, 0.8) == pytest.approx(4.0)
    assert bayes_factor(0.1, 0.1) == pytest.approx(1.0)
    assert bayes_factor(1.0, 1.0) is None


@pytest.mark.parametrize("letter", ["b", "c", "d"])
def test_leaving_one_course_out_keeps_the_law_of_total_probability(letter: str) -> None:
    whole = reasons.answers(RESULTS)[letter]
    assert whole is not None
    for course in COURSES:
        share = reasons.weight_of(RESULTS, course)[1]
        without = reasons.answers(RESULTS, course)[letter]
        others = [row for row in RESULTS.hypotheses if row.course != course]
        only = replace(RESULTS, hypotheses=tuple(set(RESULTS.hypotheses) - set(others)))
        alone = reasons.answers(only)[letter]
        assert without is not None
        assert alone is not None
        assert share * alone + (1.0 - share) * without == pytest.approx(whole, abs=1e-12)


def test_an_answer_that_is_not_known_for_every_hypothesis_is_not_given() -> None:
    values = {row.name: 0.5 for row in RESULTS.hypotheses[1:]}
    assert mean_over(RESULTS.hypotheses, values) is None
    assert mean_over(RESULTS.hypotheses[1:], values) == pytest.approx(0.5)


def test_the_weightiest_course_is_explained_with_its_prior() -> None:
    heavy = tuple(
        replace(row, weight=0.2 if row.course == "infection" else 0.025)
        for row in RESULTS.hypotheses
    )
    line = PriorLine("normal_count", "", "/uL", "log-normal, median 500", "assumed", "", "")
    sentence = reasons.course_sentence(replace(RESULTS, hypotheses=heavy, priors=(line,)), LIFT)
    assert "“infection had lowered the count” has the greatest weight, 0.80 (prior 0.10" in sentence
    assert "odds by 36" in sentence
    assert "median 500, in cells/µL" in sentence
    assert LIFT in sentence
    assert "properties of the priors" in sentence
    assert "properties of the priors" not in reasons.course_sentence(RESULTS, LIFT)


def test_the_question_on_clearance_is_split_into_its_two_parts() -> None:
    sentence = reasons.clearance_sentence(RESULTS)
    joint = sum(row.weight for row in RESULTS.hypotheses if row.il2 and row.clearance)
    assert f"probability {joint:.2f} (prior 0.10" in sentence
    assert "hardly speak to it" not in sentence
    as_before = tuple(replace(row, weight=row.prior) for row in RESULTS.hypotheses)
    unmoved = reasons.clearance_sentence(replace(RESULTS, hypotheses=as_before))
    assert "hardly speak to it" in unmoved
    assert reasons.prior_of_verdict(RESULTS, "d") == "0.10"
    assert reasons.prior_of_verdict(RESULTS, "b") == "at most 0.50"
    assert reasons.prior_of_verdict(RESULTS, "a") == "–"
