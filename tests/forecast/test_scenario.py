"""Forecasts: point in time against first passage, stopping, prediction and curves."""

from datetime import date

import numpy as np
import pytest

from lymphocast.engine.course import Treatment
from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.results import AVERAGED, ByHypothesis, ForecastPoint
from lymphocast.forecast.scenario import (
    count_curves,
    falls_below,
    forecast_untreated,
    observed_counts,
    predict_days,
)
from tests.founding import quick_fit

Points = ByHypothesis[tuple[ForecastPoint, ...]]


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return ensemble_of(quick_fit())


@pytest.fixture(scope="module")
def points(ensemble: Ensemble) -> Points:
    return forecast_untreated(ensemble)


def at(points: tuple[ForecastPoint, ...], origin: str, years: float) -> ForecastPoint:
    return next(p for p in points if p.origin == origin and p.years == years)


def test_every_horizon_is_there_for_both_origins(points: Points) -> None:
    wanted = {(o, y) for o in ("last-count", "il2-stop") for y in (1.0, 2.0, 5.0)}
    for row in (points.averaged, *points.by_hypothesis.values()):
        assert {(p.origin, p.years) for p in row} == wanted


def test_first_passage_is_never_rarer_than_being_there_and_only_grows(points: Points) -> None:
    for row in (points.averaged, *points.by_hypothesis.values()):
        for origin in ("last-count", "il2-stop"):
            before = 0.0
            for years in (1.0, 2.0, 5.0):
                point = at(row, origin, years)
                for limit in (200, 300):
                    assert point.p_below_by_then[limit] >= point.p_below[limit]
                assert point.p_below[200] <= point.p_below[300]
                assert point.p_below_by_then[300] >= before
                before = point.p_below_by_then[300]


def test_a_stable_patient_whose_gain_decays_ends_at_his_baseline(points: Points) -> None:
    row = points.by_hypothesis["il2+stable+no-clearance"]
    point = at(row, "last-count", 5.0)
    fit = quick_fit()
    name = "il2+stable+no-clearance"
    draws = next(p.draws for p in fit.posteriors if p.hypothesis.name == name)
    assert point.count.p50 == pytest.approx(float(np.median(draws["baseline_count"])), rel=0.02)
    assert point.p_below[300] > 0.95


def test_the_averaged_probability_is_the_weighted_sum(points: Points) -> None:
    weights = quick_fit().posterior_weights
    for limit in (200, 300):
        total = sum(
            weights[name] * at(row, "last-count", 2.0).p_below[limit]
            for name, row in points.by_hypothesis.items()
        )
        averaged = at(points.averaged, "last-count", 2.0).p_below[limit]
        assert averaged == pytest.approx(total, abs=1e-9)


def test_falling_below_within_a_year_is_the_first_passage_of_the_forecast(
    ensemble: Ensemble, points: Points
) -> None:
    found = ensemble.whole.probability(falls_below(ensemble, 300.0, 1.0))
    assert found == pytest.approx(at(points.averaged, "last-count", 1.0).p_below_by_then[300])


def test_a_measured_count_scatters_more_than_a_latent_one(ensemble: Ensemble) -> None:
    (prediction,) = predict_days(ensemble, [date(2006, 7, 1)], seed=1).averaged
    latent = np.log(prediction.latent.p95 / prediction.latent.p05)
    measured = np.log(prediction.measured.p95 / prediction.measured.p05)
    assert measured > latent
    assert predict_days(ensemble, [date(2006, 7, 1)], seed=1).averaged == (prediction,)


def test_each_recorded_count_lies_in_what_the_fit_would_measure(ensemble: Ensemble) -> None:
    rows = observed_counts(ensemble, quick_fit().record, seed=1)
    assert [row.value for row in rows] == [172.0, 553.0, 596.0, 378.0]
    assert rows[0].earliest == date(2003, 10, 1)
    for row in rows:
        assert row.predictive.p05 < row.value < row.predictive.p95


def test_curves_join_past_and_forecast_and_split_only_what_concerns_counts(
    ensemble: Ensemble,
) -> None:
    curves = count_curves(ensemble, date(2003, 9, 1))
    past, ahead = (c for c in curves if c.hypotheses == AVERAGED and c.scenario == "factual")
    assert past.days[-1] == ahead.days[0]
    assert past.p50[-1] == ahead.p50[0]
    split = [c for c in curves if c.hypotheses != AVERAGED]
    assert sum(c.weight for c in split) == pytest.approx(1.0, abs=1e-9)
    assert {c.hypotheses.count("+") for c in split} == {1}
    for curve in curves:
        ordered = np.stack([curve.p05, curve.p25, curve.p50, curve.p75, curve.p95])
        assert (np.diff(ordered, axis=0) >= 0.0).all()


def test_without_il2_the_curve_lies_at_or_below_the_factual_one(ensemble: Ensemble) -> None:
    days = np.linspace(-200.0, 2000.0, 50)[:, None]
    factual = ensemble.count(days)
    without = ensemble.count(days, Treatment(study_drug=0.0))
    assert (without <= factual + 1e-9).all()
