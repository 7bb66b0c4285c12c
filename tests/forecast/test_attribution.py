"""Attribution: what must be zero is zero, what must be paired is paired, averages are averages."""

import numpy as np
import pytest

from lymphocast.forecast.attribution import attribute, il2_more_than_half, second_count
from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.results import Attribution, ByHypothesis, ScenarioOutcome
from lymphocast.inference.hypotheses import HYPOTHESES
from tests.founding import individual, quick_fit


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return ensemble_of(quick_fit())


@pytest.fixture(scope="module")
def found(ensemble: Ensemble) -> ByHypothesis[Attribution]:
    return attribute(ensemble, quick_fit().table)


def outcome(attribution: Attribution, scenario: str) -> ScenarioOutcome:
    return next(s for s in attribution.scenarios if s.scenario == scenario)


def negative(scenario: ScenarioOutcome) -> float:
    assert scenario.p_culture_negative is not None
    return scenario.p_culture_negative


def test_the_second_count_is_the_first_under_treatment() -> None:
    assert second_count(individual()).id == "cd4-month-5"


def test_il2_explains_nothing_where_it_adds_nothing(found: ByHypothesis[Attribution]) -> None:
    for hypothesis in HYPOTHESES:
        attribution = found.by_hypothesis[hypothesis.name]
        if not hypothesis.il2:
            assert attribution.p_il2_more_than_half == 0.0
            assert attribution.il2_gain_at_second.p95 == 0.0
            assert outcome(attribution, "without-il2").lost_at_second.p95 == 0.0


def test_il2_explains_the_whole_rise_of_a_stable_count(found: ByHypothesis[Attribution]) -> None:
    row = found.by_hypothesis["il2+stable+no-clearance"]
    assert row.p_il2_more_than_half == 1.0
    assert row.rise.p50 == pytest.approx(row.il2_gain_at_second.p50, rel=1e-9)


def test_what_is_lost_without_il2_is_what_it_added(found: ByHypothesis[Attribution]) -> None:
    for row in (found.averaged, *found.by_hypothesis.values()):
        lost, added = outcome(row, "without-il2").lost_at_second, row.il2_gain_at_second
        assert lost.p50 == pytest.approx(added.p50, abs=1e-6)
        assert lost.p95 == pytest.approx(added.p95, abs=1e-6)


def test_clarithromycin_cannot_move_a_count_by_construction(
    found: ByHypothesis[Attribution],
) -> None:
    factual, without = (
        outcome(found.averaged, name) for name in ("factual", "without-clarithromycin")
    )
    assert factual.count_at_second == without.count_at_second
    assert negative(without) < negative(factual) - 0.3


def test_il2_changes_cultures_only_where_it_adds_cells_and_these_clear(
    found: ByHypothesis[Attribution],
) -> None:
    for hypothesis in HYPOTHESES:
        row = found.by_hypothesis[hypothesis.name]
        with_it, without = (negative(outcome(row, name)) for name in ("factual", "without-il2"))
        if hypothesis.il2 and hypothesis.clearance:
            assert with_it > without
        else:
            assert with_it == without


def test_the_average_is_the_weighted_sum_of_its_rows(found: ByHypothesis[Attribution]) -> None:
    weights = quick_fit().posterior_weights
    total = sum(weights[n] * r.p_il2_more_than_half for n, r in found.by_hypothesis.items())
    assert found.averaged.p_il2_more_than_half == pytest.approx(total, abs=1e-9)
    total = sum(
        weights[n] * negative(outcome(r, "without-il2")) for n, r in found.by_hypothesis.items()
    )
    averaged = negative(outcome(found.averaged, "without-il2"))
    assert averaged == pytest.approx(total, abs=1e-9)


def test_more_than_half_needs_a_rise() -> None:
    rise = np.array([100.0, 100.0, -5.0, 0.0])
    added = np.array([51.0, 50.0, 10.0, 1.0])
    assert il2_more_than_half(rise, added).tolist() == [True, False, False, False]
