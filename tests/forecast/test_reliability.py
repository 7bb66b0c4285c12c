"""Forecasts over simulated patients: the calibration line of known probabilities, and the real one.

The slow tests are the calibration of the course model's forecasts for two designs.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, logit

from lymphocast.forecast.reliability import (
    PASSAGES,
    ReliabilitySettings,
    calibration_line,
    early_counts,
    forecast_reliability,
    passes,
)
from lymphocast.inference.importance import ImportanceSettings
from lymphocast.models.prior_file import model_priors
from tests.founding import individual

TABLE = model_priors("course")
WEIGHTS = TABLE.presets["neutral"]
BELOW = 300.0
SEED = 20261125


def test_the_line_of_right_probabilities_covers_slope_1_and_intercept_0() -> None:
    rng = np.random.default_rng(1)
    chance = rng.beta(1.0, 2.0, 20_000)
    line = calibration_line(chance, rng.random(20_000) < chance, 10_000)
    assert line.slope_interval[0] < 1.0 < line.slope_interval[1]
    assert line.intercept_interval[0] < 0.0 < line.intercept_interval[1]
    assert_allclose(line.forecast, line.happened, atol=0.01)


def test_probabilities_that_are_too_sure_have_a_slope_below_1() -> None:
    rng = np.random.default_rng(2)
    truth = rng.beta(2.0, 2.0, 50_000)
    stated = expit(0.3 + 2.0 * logit(truth))
    line = calibration_line(stated, rng.random(50_000) < truth, 10_000)
    assert_allclose(line.slope, 0.5, atol=0.02)
    assert_allclose(line.intercept, -0.15, atol=0.04)
    assert line.slope_interval[1] < 1.0


def test_a_course_passes_a_threshold_at_a_visit_or_not() -> None:
    course = np.array([[210.0, 190.0, 250.0], [220.0, 290.0, 300.0]])
    assert passes("below 200 at a visit", course).tolist() == [False, True, False]
    assert passes("300 or more at a visit", course).tolist() == [False, False, True]


def test_a_run_is_reproducible_and_says_what_it_stands_on() -> None:
    few = ReliabilitySettings(replicates=60, draws=400, bank=4_000)
    runs = [
        forecast_reliability(early_counts(individual(), 4, BELOW), TABLE, WEIGHTS, SEED, few)
        for _ in range(2)
    ]
    assert np.array_equal(runs[0].covered, runs[1].covered)
    assert runs[0].lines == runs[1].lines
    assert set(runs[0].lines) == set(PASSAGES)
    assert runs[0].ess.shape == (60,)
    assert 0.75 < runs[0].coverage <= 1.0
    assert runs[0].band[0] < 0.9 < runs[0].band[1]


DENSE = ImportanceSettings(
    pilot=4_000, block=4_000, max_blocks=4, ess_target=1_000.0, pairs=2_048, draws=2_000
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("counts", "settings"),
    [(4, ReliabilitySettings()), (25, ReliabilitySettings(sampling=DENSE))],
)
def test_forecasts_come_true_as_often_as_they_say(
    counts: int, settings: ReliabilitySettings
) -> None:
    own = early_counts(individual(), counts, BELOW)
    found = forecast_reliability(own, TABLE, WEIGHTS, SEED, settings)
    assert np.quantile(found.ess, 0.01) > 100.0
    assert found.band[0] <= found.coverage <= found.band[1]
    for name, line in found.lines.items():
        assert line.slope_interval[0] <= 1.0 <= line.slope_interval[1], name
        assert line.intercept_interval[0] <= 0.0 <= line.intercept_interval[1], name
