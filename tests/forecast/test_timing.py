"""Timing arguments against the closed forms of the course model."""

from functools import cache

import numpy as np

from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.results import TimingArguments
from lymphocast.forecast.timing import EARLY_DAYS, timing
from lymphocast.inference.kernels import kernels_of
from tests.founding import individual, quick_fit
from tests.tolerances import CLOSED_FORM


@cache
def lanes() -> Ensemble:
    return ensemble_of(quick_fit())


@cache
def found() -> TimingArguments:
    fit = quick_fit()
    return timing(lanes(), fit, kernels_of(individual(), fit.table))


def test_before_the_first_dose_only_recovery_by_itself_raises_the_count() -> None:
    for name, rise in found().before.by_hypothesis.items():
        assert rise.p05 >= 0.0
        if "recovery" not in name:
            assert rise.p95 == 0.0, name
    assert 0.0 < found().p_before_more_than_half < 0.5


def test_two_weeks_of_a_starting_dose_add_less_than_two_weeks_of_the_full_dose() -> None:
    theta = lanes().theta
    k = np.log(2.0) / theta["gain_half_life"]
    start = lanes().day(individual().plan.stretches("interleukin-2")[0].start)
    added = lanes().added((start + EARLY_DAYS)[None])[0]
    at_full_dose = theta["gain"] * -np.expm1(-k * EARLY_DAYS)
    drug = theta["il2"] > 0.0
    assert (added[drug] < at_full_dose[drug]).all()
    assert (added[drug] > 0.0).all()
    assert 0.0 < found().early_share.p05 < found().early_share.p95 < 1.0
    assert found().early_prior.p50 < found().early_posterior.p50, "these data ask for a gain"


def test_what_is_left_after_the_stop_decays_by_its_half_life() -> None:
    assert [r.id for r in found().remaining] == ["cd4-stop-6", "cd4-stop-9"]
    theta, drug = lanes().theta, lanes().theta["il2"] > 0.0
    for row, months in zip(found().remaining, (6.0, 9.0), strict=True):
        share = 0.5 ** (months * 30.4375 / theta["gain_half_life"][drug])
        weights = lanes().weights[drug] / lanes().weights[drug].sum()
        below = weights[share < row.share.p50 * (1.0 - CLOSED_FORM)].sum()
        assert 0.499 < below <= 0.5, "the median, but for one lane of 12,000"
