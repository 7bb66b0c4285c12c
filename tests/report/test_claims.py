"""Sentences follow the numbers: a changed number changes its sentence and no other."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lymphocast.forecast.results import Attribution, ByHypothesis, ObservedCount, Results
from lymphocast.record.patient import Claim
from lymphocast.report import claims
from lymphocast.report.marginals import explanations, prior_and_weight
from tests.report import synthetic

RESULTS = synthetic.results()


def with_attribution(change: Callable[[Attribution], Attribution]) -> Results:
    attribution = RESULTS.attribution
    averaged = change(attribution.averaged)
    return replace(RESULTS, attribution=ByHypothesis(averaged, attribution.by_hypothesis))


def test_the_cause_sentence_follows_the_probability() -> None:
    changed = with_attribution(lambda a: replace(a, p_il2_more_than_half=0.3141))
    assert "0.57" in claims.cause_sentence(RESULTS)
    assert "0.31" in claims.cause_sentence(changed)
    assert "0.57" not in claims.cause_sentence(changed)


def test_the_cause_sentence_names_both_ends_and_the_weight_without_effect() -> None:
    sentence = claims.cause_sentence(RESULTS)
    assert "IL-2 adds none" in sentence
    assert "IL-2 adds cells; stable count" in sentence
    none = sum(row.weight for row in RESULTS.hypotheses if not row.il2)
    assert f"posterior weight of {none:.2f}" in sentence


def test_the_quotable_sentence_follows_counts_probability_and_range() -> None:
    first = replace(RESULTS.observed[0], value=123.0)
    verdicts = tuple(replace(v, lowest=0.21, highest=0.91) for v in RESULTS.verdicts)
    changed = replace(RESULTS, observed=(first, *RESULTS.observed[1:]), verdicts=verdicts)
    sentence = claims.quotable_sentence(changed)
    assert "from 123 to 480" in sentence
    assert "from 0.21 to 0.91" in sentence


def test_the_refused_sentence_says_why() -> None:
    assert "keep a weight of" in claims.refused_sentence(RESULTS)
    assert "cannot tell" in claims.refused_sentence(RESULTS)


def test_a_forecast_says_which_probability_is_which() -> None:
    point = RESULTS.forecast.averaged[0]
    changed = replace(point, p_below={300: 0.123}, p_below_by_then={300: 0.456})
    sentence = claims.forecast_sentence(changed)
    assert "below 300: probability 0.12 at that time, 0.46 at some time by then" in sentence


@pytest.mark.parametrize(
    ("score", "words"), [(-0.5, "about as well as"), (0.5, "better than"), (-2.5, "worse than")]
)
def test_the_last_count_is_compared_with_a_random_walk(score: float, words: str) -> None:
    left = replace(RESULTS.leave_last_out.averaged, log_score=score)
    assert words in claims.last_out_sentence(left)


def test_a_left_out_count_in_the_tail_is_called_unexpected() -> None:
    left = RESULTS.leave_last_out.averaged
    assert "not unexpected" in claims.last_out_sentence(left)
    assert "so it was unexpected" in claims.last_out_sentence(replace(left, tail=0.03))


def test_a_failed_fit_says_so() -> None:
    failed = replace(RESULTS, fit=replace(RESULTS.fit, diagnostics_passed=False))
    assert "FAILED" in claims.fit_sentence(failed)
    assert "FAILED" not in claims.fit_sentence(RESULTS)


def test_the_method_is_named_in_words() -> None:
    assert "importance sampling" in claims.fit_sentence(RESULTS)
    other = replace(RESULTS, fit=replace(RESULTS.fit, method="a new method"))
    assert "a new method" in claims.fit_sentence(other)


def test_sensitivity_names_the_rows_at_both_ends() -> None:
    sentence = claims.sensitivity_sentence(RESULTS.verdicts[1], RESULTS.sensitivity)
    assert "Lowest 0.48 with prior of the gain halved" in sentence
    assert "highest 0.83 with enthusiastic weights" in sentence


def test_a_next_count_is_worth_what_the_hypotheses_disagree_about() -> None:
    sentence = claims.next_count_sentence(RESULTS)
    medians = [p[0].count.p50 for p in RESULTS.forecast.by_hypothesis.values()]
    assert f"{min(medians):.0f}" in sentence
    assert "350" in sentence


def test_hypotheses_without_weight_do_not_stretch_a_range() -> None:
    first, *rest = RESULTS.hypotheses
    unlikely = replace(first, weight=0.0001)
    changed = replace(RESULTS, hypotheses=(unlikely, *rest))
    assert f"“{first.label}”" in claims.next_count_sentence(RESULTS)
    assert f"“{first.label}”" not in claims.next_count_sentence(changed)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("a", "? Yes; "), ("b", "? Undecided; "), ("d", "? No; "), ("", "does not address")],
)
def test_a_claim_stands_beside_its_verdict(verdict: str, words: str) -> None:
    claim = Claim("x", "text", "invented", "page", verdict)
    assert words in claims.claim_support(claim, RESULTS.verdicts)


def test_contraction_counts_the_silent_parameters() -> None:
    assert "For 1 of 2 parameters" in claims.contraction_sentence(RESULTS.contraction)
    assert "No contraction" in claims.contraction_sentence(())


def test_predictive_sentence_counts_what_lies_inside() -> None:
    assert "Of three counts, three lie inside" in claims.predictive_sentence(RESULTS.observed)
    outside = replace(RESULTS.observed[0], value=9999.0)
    changed = claims.predictive_sentence((outside, *RESULTS.observed[1:]))
    assert "Of three counts, two lie inside" in changed


def test_explanations_keep_the_total_weight_and_probability() -> None:
    groups = explanations(RESULTS)
    assert sum(g.weight for g in groups) == pytest.approx(1.0, abs=1e-12)
    values = {n: a.p_il2_more_than_half for n, a in RESULTS.attribution.by_hypothesis.items()}
    total = sum(row.weight * values[row.name] for row in RESULTS.hypotheses)
    mixed = sum(g.weight * (g.mean(values) or 0.0) for g in groups)
    assert mixed == pytest.approx(total, abs=1e-12)


def test_an_explanation_without_weight_has_no_probability() -> None:
    dead = tuple(replace(row, weight=0.0) for row in RESULTS.hypotheses)
    (first, *_) = explanations(replace(RESULTS, hypotheses=dead))
    assert first.mean({row.name: 0.5 for row in first.members}) is None


def test_prior_and_weight_add_up_over_a_split() -> None:
    yes = prior_and_weight(RESULTS, lambda row: row.il2)
    no = prior_and_weight(RESULTS, lambda row: not row.il2)
    assert yes[0] + no[0] == pytest.approx(1.0)
    assert yes[1] + no[1] == pytest.approx(1.0)


def test_a_count_below_a_limit_is_never_told_as_a_number() -> None:
    first = replace(RESULTS.observed[0], value=50.0, below=True)
    observed = (first, *RESULTS.observed[1:])
    for sentence in (claims.counts_sentence(observed), claims.refused_sentence(with_(observed))):
        assert "below 50" in sentence
    assert "from below 50 to" in claims.quotable_sentence(with_(observed))
    assert "below 50" not in claims.counts_sentence(RESULTS.observed)


def with_(observed: tuple[ObservedCount, ...]) -> Results:
    return replace(RESULTS, observed=observed)


def test_a_last_count_below_a_limit_is_unexpected_only_if_that_was_unlikely() -> None:
    left = replace(RESULTS.leave_last_out.averaged, below=True, observed=50.0)
    unlikely, sure = (claims.last_out_sentence(replace(left, tail=p)) for p in (0.01, 0.99))
    assert "was below 50. A measured count below that limit had probability 0.01" in unlikely
    assert "so it was unexpected" in unlikely
    assert "so it was not unexpected" in sure
    measured = replace(left, below=False, tail=0.99)
    assert "so it was unexpected" in claims.last_out_sentence(measured)
    walk = claims.last_out_sentence(replace(left, random_walk_log_score=None))
    assert "A random walk has nowhere to begin" in walk
    assert "None" not in walk


def test_a_prediction_by_few_draws_says_that_it_cannot_be_read() -> None:
    enough, few = (replace(synthetic.left(400.0), ess=ess) for ess in (100.0, 99.0))
    assert "effective draws" not in claims.last_out_sentence(enough)
    assert claims.last_out_sentence(few).endswith(
        "Only 99 effective draws stand behind this, fewer than 100: too few to be read."
    )
