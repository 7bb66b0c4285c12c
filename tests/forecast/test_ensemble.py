"""Weighted lanes: quantiles against NumPy's, averages as weighted sums, draws in their places."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lymphocast.engine.course import Treatment
from lymphocast.forecast.ensemble import Ensemble, Part, ensemble_of
from lymphocast.forecast.results import AVERAGED
from lymphocast.inference.hypotheses import HYPOTHESES
from tests.founding import individual, quick_fit
from tests.tolerances import CLOSED_FORM

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return ensemble_of(quick_fit())


def part(weights: list[float]) -> Part:
    return Part(slice(0, len(weights)), np.array(weights) / sum(weights))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_equal_weights_give_the_quantiles_of_the_empirical_distribution(
    values: list[float],
) -> None:
    found = part([1.0] * len(values)).quantiles(np.array(values), (0.3, 0.62))
    # Levels that are no multiple of 1/n for n up to 60 in floats: a tie is decided by rounding.
    expected = np.quantile(values, [0.3, 0.62], method="inverted_cdf")
    near = [abs(q * len(values) - round(q * len(values))) < 1e-9 for q in (0.3, 0.62)]
    assert_array_equal(found[~np.array(near)], expected[~np.array(near)])


@given(st.lists(st.integers(1, 5), min_size=2, max_size=12), st.integers(0, 2**32 - 1))
def test_a_weight_of_k_is_a_value_that_stands_k_times(counts: list[int], seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(len(counts))
    repeated = np.repeat(values, counts)
    found = part([float(k) for k in counts]).quantiles(values, (0.123, 0.789))
    expected = part([1.0] * len(repeated)).quantiles(repeated, (0.123, 0.789))
    assert_array_equal(found, expected)


def test_quantiles_do_not_depend_on_the_order_of_the_lanes() -> None:
    rng = np.random.default_rng(0)
    values, weights, order = rng.standard_normal(500), rng.random(500), rng.permutation(500)
    weights /= weights.sum()
    one = Part(slice(0, 500), weights).quantiles(values, LEVELS)
    two = Part(slice(0, 500), weights[order]).quantiles(values[order], LEVELS)
    assert_array_equal(one, two)


def test_quantiles_of_many_days_are_those_of_each_day() -> None:
    rng = np.random.default_rng(1)
    values, some = rng.standard_normal((7, 200)), Part(slice(50, 150), np.full(100, 0.01))
    found = some.quantiles(values, LEVELS)
    assert found.shape == (len(LEVELS), 7)
    for day in range(7):
        assert_array_equal(found[:, day], some.quantiles(values[day], LEVELS))


def test_a_lane_without_weight_is_never_a_quantile() -> None:
    found = part([0.0, 1.0, 1.0, 0.0]).interval(np.array([-9.0, 1.0, 2.0, 9.0]))
    assert (found.p05, found.p95) == (1.0, 2.0)


def test_probabilities_stay_within_0_and_1() -> None:
    whole = part([0.1] * 10)
    always = np.ones(10, dtype=bool)
    assert whole.probability(always) == pytest.approx(1.0, rel=CLOSED_FORM)
    assert whole.probability(always) <= 1.0
    assert whole.probability(~always) == 0.0


def test_lanes_carry_the_draws_and_switches_of_their_hypothesis(ensemble: Ensemble) -> None:
    assert ensemble.lanes == len(HYPOTHESES) * ensemble.size
    for i, posterior in enumerate(quick_fit().posteriors):
        lanes = ensemble.part(i).lanes
        for name, value in posterior.hypothesis.switches.items():
            assert (ensemble.theta[name][lanes] == value).all()
        assert_array_equal(ensemble.theta["gain"][lanes], posterior.draws["gain"])


def test_averages_are_sums_over_hypotheses_weighted_by_their_shares(ensemble: Ensemble) -> None:
    values = ensemble.count(np.array([[145.0]]))[0]
    assert ensemble.weights.sum() == pytest.approx(1.0, rel=CLOSED_FORM)
    result = ensemble.each(lambda some: (some.mean(values), some.probability(values < 500.0)))
    shares = dict(zip((h.name for h in HYPOTHESES), ensemble.shares, strict=True))
    assert list(result.by_hypothesis) == list(shares)
    for k in range(2):
        total = sum(shares[name] * row[k] for name, row in result.by_hypothesis.items())
        assert result.averaged[k] == pytest.approx(total, rel=CLOSED_FORM)
    assert list(ensemble.parts) == [AVERAGED, *shares]


def test_thinning_keeps_the_first_draws_of_each_hypothesis(ensemble: Ensemble) -> None:
    thin = ensemble.thinned(10)
    assert thin.lanes == 10 * len(HYPOTHESES)
    for i in range(len(HYPOTHESES)):
        first = ensemble.part(i).lanes.start
        ours, theirs = thin.theta["gain"][thin.part(i).lanes], ensemble.theta["gain"]
        assert_array_equal(ours, theirs[first : first + 10])
    assert_array_equal(thin.shares, ensemble.shares)
    days = np.array([[145.0], [1200.0]])
    assert_allclose(thin.count(days)[:, :10], ensemble.count(days)[:, :10], rtol=CLOSED_FORM)


def test_a_moment_is_a_day_in_every_lane(ensemble: Ensemble) -> None:
    _, fixed, hung, _ = individual().counts
    assert_array_equal(ensemble.day(fixed.at), np.full(ensemble.lanes, fixed.at.offset))
    moved = ensemble.day(hung.at) - ensemble.theta["when.il2-stop"]
    assert_allclose(moved, hung.at.offset, rtol=CLOSED_FORM)
    stop = individual().anchor("il2-stop")
    days = ensemble.theta["when.il2-stop"]
    assert ((days >= stop.early) & (days <= stop.late)).all()
    assert timedelta(days=stop.late - stop.early) == timedelta(days=30)


def test_what_il2_adds_is_the_factual_count_less_the_one_without(ensemble: Ensemble) -> None:
    days = np.array([[145.0], [1200.0]])
    apart = ensemble.count(days) - ensemble.count(days, Treatment(study_drug=0.0))
    assert_allclose(ensemble.added(days), apart, atol=1e-9)  # cells/uL; a difference of counts
