"""Forecasts over simulated patients: the calibration line of known probabilities, and the real one.

The slow tests are the calibration of the course model's forecasts for two designs.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, logit
from scipy.stats import binom

from lymphocast.forecast.reliability import (
    PASSAGES,
    Reliability,
    ReliabilitySettings,
    calibration_line,
    early_counts,
    forecast_reliability,
    passes,
    pooled,
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
    line = calibration_line(chance, rng.random(20_000) < chance, np.full(20_000, 10_000.0))
    assert line.slope_interval[0] < 1.0 < line.slope_interval[1]
    assert line.intercept_interval[0] < 0.0 < line.intercept_interval[1]
    assert_allclose(line.forecast, line.happened, atol=0.01)


def test_probabilities_that_are_too_sure_have_a_slope_below_1() -> None:
    rng = np.random.default_rng(2)
    truth = rng.beta(2.0, 2.0, 50_000)
    stated = expit(0.3 + 2.0 * logit(truth))
    line = calibration_line(stated, rng.random(50_000) < truth, np.full(50_000, 10_000.0))
    assert_allclose(line.slope, 0.5, atol=0.02)
    assert_allclose(line.intercept, -0.15, atol=0.04)
    assert line.slope_interval[1] < 1.0


def test_a_probability_of_0_or_1_is_half_a_draw_of_its_own() -> None:
    rng = np.random.default_rng(3)
    draws = np.repeat([10.0, 1_000.0], 500)
    chance = rng.binomial(draws.astype(int), rng.beta(0.3, 0.3, 1_000)) / draws
    happened = rng.random(1_000) < chance
    happened[np.flatnonzero(chance == 0.0)[:2]] = True
    moved = np.where(chance == 0.0, 0.5 / draws, np.where(chance == 1.0, 1.0 - 0.5 / draws, chance))
    endless = np.full(1_000, 1e9)
    line = calibration_line(chance, happened, draws)
    assert line[:4] == calibration_line(moved, happened, endless)[:4]
    assert line.slope > 1.05 * calibration_line(chance, happened, endless).slope


def test_runs_are_pooled_patient_by_patient() -> None:
    rng = np.random.default_rng(4)

    def run(number: int, seed: int) -> Reliability:
        chances = {name: rng.beta(1.0, 1.0, number) for name in PASSAGES}
        happened = {name: rng.random(number) < chance for name, chance in chances.items()}
        covered, ess = rng.random(number) < 0.9, np.full(number, 1e3)
        return Reliability(covered, 0.9, chances, happened, ess, (seed,))

    one, other = run(300, 5), run(100, 6)
    both = pooled((one, other))
    assert both.seeds == (5, 6)
    assert_allclose(both.coverage, 0.75 * one.coverage + 0.25 * other.coverage)
    assert_allclose(both.band, np.array(binom.interval(0.95, 400, 0.9)) / 400)
    for name, line in both.lines.items():
        low, high = sorted((one.lines[name].slope, other.lines[name].slope))
        assert low < line.slope < high
        width = line.slope_interval[1] - line.slope_interval[0]
        assert width < one.lines[name].slope_interval[1] - one.lines[name].slope_interval[0]


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


# Of 25 counts the first run, by itself, misses one of its four intervals, as one run in five does
# by chance. So twice as many patients decide; docs/science/inference.md tells both runs.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("counts", "settings", "seeds"),
    [
        (4, ReliabilitySettings(), (SEED,)),
        (25, ReliabilitySettings(sampling=DENSE), (SEED, SEED + 1)),
    ],
)
def test_forecasts_come_true_as_often_as_they_say(
    counts: int, settings: ReliabilitySettings, seeds: tuple[int, ...]
) -> None:
    own = early_counts(individual(), counts, BELOW)
    found = pooled([forecast_reliability(own, TABLE, WEIGHTS, s, settings) for s in seeds])
    assert np.quantile(found.ess, 0.01) > 100.0
    assert found.band[0] <= found.coverage <= found.band[1]
    for name, line in found.lines.items():
        assert line.slope_interval[0] <= 1.0 <= line.slope_interval[1], name
        assert line.intercept_interval[0] <= 0.0 <= line.intercept_interval[1], name
