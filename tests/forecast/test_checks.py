"""Contraction against known spreads, its banners, and the last count predicted unseen."""

from dataclasses import replace
from functools import cache
from math import exp, log, pi

import numpy as np
import pytest

from lymphocast.forecast.checks import (
    CONTRACTION_LIMIT,
    SHIFT_LIMIT,
    applies,
    banner,
    contractions,
    leave_last_out,
)
from lymphocast.forecast.results import ByHypothesis, Contraction, LeaveLastOut
from lymphocast.inference.diagnostics import entered_prior
from lymphocast.inference.hypotheses import HYPOTHESES, Course, Hypothesis
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import Kernels, kernels_of
from lymphocast.inference.posterior import Fit
from tests.founding import density, individual, quick_fit

LIGHT = ImportanceSettings(
    pilot=10_000, block=10_000, max_blocks=2, ess_target=3_000.0, pairs=2_048, draws=1_000
)


@cache
def kernels() -> Kernels:
    return kernels_of(individual(), density().table)


@cache
def rows() -> dict[str, Contraction]:
    found = contractions(quick_fit(), kernels(), {"gain": "plateau gain"})
    return {row.parameter: row for row in found}


def without_last(fit: Fit, found: Kernels) -> Fit:
    return replace(fit, posteriors=sample_importance(found, found.without_last(), 3, LIGHT))


@cache
def left_out() -> ByHypothesis[LeaveLastOut]:
    return leave_last_out(quick_fit(), without_last(quick_fit(), kernels()))


def test_there_is_a_row_for_every_prior_row_under_the_hypotheses_that_have_it() -> None:
    table = quick_fit().table
    assert list(rows()) == [r.parameter for r in table.rows]
    for name, row in rows().items():
        assert row.unit == table.row(name).unit
        assert row.scale == table.row(name).family.scale_name
        assert row.applies_to
        assert row.prior.p05 < row.prior.p50 < row.prior.p95
        assert row.posterior.p05 < row.posterior.p50 < row.posterior.p95
        assert row.contraction < 1.0
    assert rows()["gain"].meaning == "plateau gain"


def test_a_parameter_applies_only_where_a_count_could_reach_it() -> None:
    il2 = Hypothesis(il2=True, course=Course.STABLE, clearance=False)
    recovery = Hypothesis(il2=False, course=Course.RECOVERY, clearance=True)
    infection = Hypothesis(il2=False, course=Course.INFECTION, clearance=False)
    expected = {
        "gain": (True, False, False),
        "recovery_delay": (False, True, False),
        "dip_depth": (False, False, True),
        "baseline_count": (True, True, False),
        "normal_count": (False, True, True),
        "immune_clearance": (False, True, False),
        "count_sd": (True, True, True),
        "kill": (True, True, True),
    }
    for name, answers in expected.items():
        assert tuple(applies(name, h) for h in (il2, recovery, infection)) == answers, name


def test_a_parameter_of_an_absent_mechanism_keeps_its_prior() -> None:
    """Where a parameter does not apply, its posterior is its prior: the table may leave it out."""
    absent = next(p for p in quick_fit().posteriors if p.hypothesis == HYPOTHESES[6])
    assert not applies("gain", absent.hypothesis)
    draws = np.log(absent.draws["gain"])
    row = quick_fit().table.row("gain")
    error = row.scale / np.sqrt(len(draws))
    assert abs(draws.mean() - log(row.location)) < 4.0 * error
    assert draws.std() == pytest.approx(row.scale, rel=0.1)


def test_what_the_counts_cannot_reach_is_not_narrowed() -> None:
    row = rows()["half_effect_dose"]
    assert abs(row.contraction) < CONTRACTION_LIMIT
    assert row.banner == "The data say nothing about the dose-response."
    assert row.prior.p50 == pytest.approx(0.5, rel=0.05)  # the prior's median, by 20,000 draws
    assert row.prior.p95 / row.prior.p50 == pytest.approx(exp(1.6449), rel=0.1)


def test_what_the_counts_do_reach_is_narrowed() -> None:
    assert rows()["normal_count"].contraction > 0.3
    assert rows()["normal_count"].banner == ""
    assert rows()["gain"].contraction > CONTRACTION_LIMIT


def test_the_prior_is_conditioned_on_the_entry_rule() -> None:
    prior = entered_prior(kernels(), 3)
    sizes = {len(values) for draws in prior.values() for values in draws.values()}
    assert len(sizes) == 1
    shallow = prior["no-il2+infection+no-clearance"]
    assert (shallow["normal_count"] * np.exp(-shallow["dip_depth"]) < 350.0).mean() > 0.99


@pytest.mark.parametrize(
    ("contraction", "shift", "words"),
    [
        (CONTRACTION_LIMIT, 0.0, ""),
        (0.9, 2.0, ""),
        (0.05, SHIFT_LIMIT, "The data move this parameter but do not narrow it."),
        (-0.3, 1.0, "The data move this parameter but do not narrow it."),
        (0.05, 0.1, "The data say almost nothing about this parameter."),
    ],
)
def test_a_banner_follows_from_contraction_and_shift(
    contraction: float, shift: float, words: str
) -> None:
    assert banner("kill", contraction, shift) == words


def test_the_random_walk_scores_the_fall_by_the_reference_change() -> None:
    # ln(378/596) against the SD of the difference of two counts with a CV of 16.6 %.
    z, sd = log(378.0 / 596.0), 2.0**0.5 * 0.166
    expected = -0.5 * (z / sd) ** 2 - log(sd) - 0.5 * log(2.0 * pi)
    for row in (left_out().averaged, *left_out().by_hypothesis.values()):
        assert row.random_walk_log_score == pytest.approx(expected, abs=0.01)
        assert row.observed == 378.0
        assert 0.0 <= row.tail <= 1.0
        assert row.predicted.p05 < row.predicted.p50 < row.predicted.p95


def test_the_averaged_density_of_the_last_count_is_the_weighted_sum() -> None:
    weights = without_last(quick_fit(), kernels()).posterior_weights
    total = sum(weights[n] * exp(row.log_score) for n, row in left_out().by_hypothesis.items())
    assert exp(left_out().averaged.log_score) == pytest.approx(total, rel=1e-9)


def test_a_fall_is_better_foreseen_by_a_gain_that_wanes() -> None:
    found = left_out().by_hypothesis
    wanes = found["il2+stable+no-clearance"].predicted.p50
    stays = found["no-il2+recovery+no-clearance"].predicted.p50
    assert wanes < stays


def test_the_prediction_of_the_last_count_does_not_know_it() -> None:
    *others, last = individual().counts
    changed = replace(individual(), counts=(*others, replace(last, value=1000.0)))
    found = kernels_of(changed, density().table)
    hidden = sample_importance(found, found.without_last(), 3, LIGHT, only=HYPOTHESES[:2])
    seen = sample_importance(kernels(), kernels().without_last(), 3, LIGHT, only=HYPOTHESES[:2])
    for ours, theirs in zip(hidden, seen, strict=True):
        assert ours.log_evidence == theirs.log_evidence
        assert (ours.draws["gain"] == theirs.draws["gain"]).all()
