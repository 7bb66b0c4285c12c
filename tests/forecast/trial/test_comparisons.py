"""Comparisons of two arms against SciPy and published examples."""

import numpy as np
import pytest
from scipy.stats import CensoredData, linregress, logrank, norm, t, ttest_ind

from lymphocast.forecast.trial.comparisons import Group, compare
from lymphocast.forecast.trial.protocol import AnalysisMethod
from tests.tolerances import CLOSED_FORM

PRINTED = 5e-5  # four decimals


def group(values: object, event: object = True) -> Group:
    value = np.asarray(values, float)
    return Group(value, np.broadcast_to(np.asarray(event, bool), value.shape), np.ones_like(value))


def yes(number: int, of: int) -> Group:
    return group(np.repeat([1.0, 0.0], [number, of - number]))


def test_means_have_the_interval_of_welch() -> None:
    rng = np.random.default_rng(1)
    arm, control = rng.normal(1.0, 2.0, 17), rng.normal(0.0, 0.5, 9)
    found = compare(AnalysisMethod.DIFFERENCE, group(arm), group(control), 0.1)
    expected = ttest_ind(arm, control, equal_var=False).confidence_interval(0.9)
    assert found.low == pytest.approx(expected.low, rel=CLOSED_FORM)
    assert found.high == pytest.approx(expected.high, rel=CLOSED_FORM)
    assert (found.arm, found.control) == (17, 9)


@pytest.mark.parametrize(
    ("arm", "control", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_proportions_have_the_interval_that_newcombe_printed(
    arm: tuple[int, int], control: tuple[int, int], low: float, high: float
) -> None:
    found = compare(AnalysisMethod.RISK, yes(*arm), yes(*control), 0.05)
    assert (found.low, found.high) == pytest.approx((low, high), abs=PRINTED)


def test_the_adjusted_difference_is_that_of_regressed_residuals() -> None:
    # Frisch and Waugh 1933: regress what ln baseline leaves of the value on what it leaves of arm.
    rng = np.random.default_rng(2)
    before, given = np.exp(rng.normal(5.0, 0.5, 30)), np.repeat([1.0, 0.0], [12, 18])
    value = 0.4 * given - 0.6 * np.log(before) + rng.normal(0.0, 0.2, 30)
    arm, control = (
        Group(value[given == g], np.full(int((given == g).sum()), True), before[given == g])
        for g in (1.0, 0.0)
    )
    found = compare(AnalysisMethod.ANCOVA, arm, control, 0.05)
    rest = [y - np.polyval(np.polyfit(np.log(before), y, 1), np.log(before))
            for y in (value, given)]  # fmt: skip
    fit = linregress(rest[1], rest[0])
    half = t.ppf(0.975, 27) * fit.stderr * np.sqrt(28 / 27)  # one slope more than linregress knows
    assert found.estimate == pytest.approx(fit.slope, rel=CLOSED_FORM)
    assert found.high - found.estimate == pytest.approx(half, rel=1e-8)


def test_the_log_rank_test_is_that_of_scipy() -> None:
    rng = np.random.default_rng(3)
    times = [np.ceil(rng.exponential(scale, 25)) for scale in (5.0, 9.0)]  # whole days: ties
    seen = [np.minimum(each, 8.0) for each in times]
    event = [each <= 8.0 for each in times]
    found = compare(
        AnalysisMethod.LOG_RANK, group(seen[0], event[0]), group(seen[1], event[1]), 0.05
    )
    expected = logrank(
        *(CensoredData.right_censored(s, ~e) for s, e in zip(seen, event, strict=True))
    )
    error = (found.high - found.estimate) / norm.ppf(0.975)
    assert found.estimate / error == pytest.approx(expected.statistic, rel=CLOSED_FORM)
    assert found.rejects == (expected.pvalue < 0.05)


def test_too_few_patients_give_no_answer() -> None:
    found = compare(AnalysisMethod.DIFFERENCE, group([1.0, np.nan]), group([1.0, 2.0]), 0.05)
    assert np.isnan(found.estimate)
    assert not found.rejects
    assert (found.arm, found.control) == (1, 2)
