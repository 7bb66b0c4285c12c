"""The crossed hypotheses: complete, named once, and weighed by Bayes' rule."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.inference.hypotheses import HYPOTHESES, Course, Hypothesis, posterior_weights
from lymphocast.models.course import SWITCHES
from lymphocast.models.prior_file import model_priors
from lymphocast.models.prior_table import Weights
from tests.tolerances import CLOSED_FORM

PRESETS = model_priors("course").presets
EVEN = Weights(il2=0.5, stable=1 / 3, recovery=1 / 3, infection=1 / 3, clearance=0.5)
NAMES = [h.name for h in HYPOTHESES]
evidences = st.lists(
    st.floats(-800.0, 800.0), min_size=len(HYPOTHESES), max_size=len(HYPOTHESES)
).map(lambda values: dict(zip(NAMES, values, strict=True)))


def test_every_combination_stands_once() -> None:
    assert len(set(HYPOTHESES)) == len(set(NAMES)) == 2 * len(Course) * 2
    assert len({h.label for h in HYPOTHESES}) == len(HYPOTHESES)


def test_twins_that_differ_in_clearance_alone_stand_side_by_side() -> None:
    for without, hastened in zip(HYPOTHESES[::2], HYPOTHESES[1::2], strict=True):
        assert (without.clearance, hastened.clearance) == (False, True)
        assert without.counts_name == hastened.counts_name
        assert without.counts_label == hastened.counts_label


def test_names_and_labels_say_what_a_hypothesis_holds() -> None:
    found = Hypothesis(il2=True, course=Course.RECOVERY, clearance=False)
    assert found.name == "il2+recovery+no-clearance"
    assert found.label == "IL-2 adds cells; recovery by itself; clearance unaffected"
    other = Hypothesis(il2=False, course=Course.INFECTION, clearance=True)
    assert other.name == "no-il2+infection+clearance"
    assert other.counts_label == "IL-2 adds none; infection had lowered the count"


def test_switches_are_those_of_the_model_and_choose_at_most_one_course() -> None:
    for hypothesis in HYPOTHESES:
        assert set(hypothesis.switches) == {s.name for s in SWITCHES}
        assert set(hypothesis.switches.values()) <= {0.0, 1.0}
        assert hypothesis.switches["recovery"] + hypothesis.switches["infection"] <= 1.0
    assert len({tuple(h.switches.values()) for h in HYPOTHESES}) == len(HYPOTHESES)


@pytest.mark.parametrize("preset", PRESETS)
def test_prior_probabilities_sum_to_1_and_keep_their_margins(preset: str) -> None:
    weights = PRESETS[preset]
    prior = {h: h.prior(weights) for h in HYPOTHESES}
    assert sum(prior.values()) == pytest.approx(1.0, rel=CLOSED_FORM)
    assert sum(p for h, p in prior.items() if h.il2) == pytest.approx(weights.il2)
    assert sum(p for h, p in prior.items() if h.clearance) == pytest.approx(weights.clearance)
    for course, share in (
        (Course.STABLE, weights.stable),
        (Course.RECOVERY, weights.recovery),
        (Course.INFECTION, weights.infection),
    ):
        assert sum(p for h, p in prior.items() if h.course is course) == pytest.approx(share)


@given(evidences)
def test_posterior_weights_sum_to_1_and_have_the_odds_of_the_evidences(
    evidence: dict[str, float],
) -> None:
    found = posterior_weights(evidence, EVEN, HYPOTHESES)
    assert list(found) == NAMES
    assert sum(found.values()) == pytest.approx(1.0, rel=CLOSED_FORM)
    best = max(evidence, key=lambda name: evidence[name])
    for name in NAMES:
        odds = exp(evidence[name] - evidence[best])
        assert found[name] == pytest.approx(found[best] * odds, rel=1e-9, abs=1e-300)


@given(evidences, st.floats(-500.0, 500.0))
def test_a_common_factor_of_the_evidences_changes_nothing(
    evidence: dict[str, float], factor: float
) -> None:
    moved = {name: value + factor for name, value in evidence.items()}
    before = posterior_weights(evidence, PRESETS["neutral"], HYPOTHESES)
    after = posterior_weights(moved, PRESETS["neutral"], HYPOTHESES)
    for name in NAMES:
        assert after[name] == pytest.approx(before[name], rel=1e-9, abs=1e-300)


def test_equal_evidence_leaves_the_prior() -> None:
    found = posterior_weights(dict.fromkeys(NAMES, -7.0), PRESETS["neutral"], HYPOTHESES)
    for hypothesis in HYPOTHESES:
        assert found[hypothesis.name] == pytest.approx(hypothesis.prior(PRESETS["neutral"]))


def test_what_is_impossible_a_priori_or_by_the_data_has_no_weight() -> None:
    certain = Weights(il2=1.0, stable=1.0, recovery=0.0, infection=0.0, clearance=0.0)
    found = posterior_weights(dict.fromkeys(NAMES, 0.0), certain, HYPOTHESES)
    assert found["il2+stable+no-clearance"] == 1.0
    assert sum(found.values()) == 1.0
    refuted = {**dict.fromkeys(NAMES, log(0.5)), "il2+stable+clearance": -float("inf")}
    assert posterior_weights(refuted, EVEN, HYPOTHESES)["il2+stable+clearance"] == 0.0
