"""Ranks of true values are uniform when the posterior is right, and are seen not to be when not.

The slow tests are the calibration of the course model: a seed declared here and one drawn when the
test runs.
"""

import secrets
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lymphocast.dataset.individual import (
    CountObservation,
    Entry,
    Individual,
    Moment,
    SusceptibilityObservation,
    SymptomObservation,
)
from lymphocast.inference.calibration import (
    HYPOTHESIS,
    Calibration,
    CalibrationSettings,
    calibrate,
)
from lymphocast.inference.importance import ImportanceSettings
from lymphocast.inference.ranks import rank_of, uniformity
from lymphocast.models.prior_file import model_priors
from lymphocast.record.events import SymptomGrade
from lymphocast.verification.bench import ENTRY_BELOW
from lymphocast.verification.calibration_checks import DECLARED_SEED
from tests.founding import individual

BELOW = ENTRY_BELOW
DECLARED = DECLARED_SEED
TABLE = model_priors("course")
WEIGHTS = TABLE.presets["neutral"]
SEEDS = pytest.mark.parametrize(
    "seed", [DECLARED, secrets.randbelow(2**31)], ids=["declared", "fresh"]
)
FEW = CalibrationSettings(replicates=24, draws=19, bank=4_096)


def founding() -> Individual:
    """Return the founding individual under the entry rule of the calibration."""
    found = individual()
    return replace(found, entry=replace(found.entry, below=BELOW))


def dense() -> Individual:
    """Return the founding individual with 25 counts on known days instead of four."""
    days = np.linspace(-60.0, 1500.0, 25)
    counts = tuple(
        CountObservation(f"count-{i}", Moment.fixed(float(d)), 300.0) for i, d in enumerate(days)
    )
    return replace(founding(), counts=counts, entry=Entry(counts[0].at, BELOW))


def every_fact() -> Individual:
    """Return the founding individual with every grade of symptoms, scores and tested isolates."""
    start, whole = founding().plan.infection_start, founding()
    days = np.linspace(20.0, 700.0, len(SymptomGrade))
    symptoms = tuple(
        SymptomObservation(g.value, start + d, g) for g, d in zip(SymptomGrade, days, strict=True)
    )
    isolates = tuple(
        SusceptibilityObservation(f"isolate-{d}", start + d, start + d, d > 200.0)
        for d in (100.0, 260.0)
    )
    (culture,) = whole.cultures
    scored = [replace(culture, id=f"scored-{k}", number=1, score=k) for k in (0, 2, 5)]
    cultures = tuple(replace(c, day=start + 120.0 * i) for i, c in enumerate(scored))
    return replace(whole, cultures=cultures, symptoms=symptoms, susceptibilities=isolates)


def normal_ranks(width: float, seed: int) -> dict[str, np.ndarray]:
    """Ranks of a normal mean, whose posterior is known, among draws ``width`` times too wide."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(2, 1000))
    seen = truth + rng.normal(size=truth.shape)
    spread = width * np.sqrt(0.5)
    draws = 0.5 * seen[..., None] + spread * rng.normal(size=(2, 1000, 99))
    return {str(i): rank_of(draws[i], truth[i], rng) for i in range(2)}


def test_the_ranks_of_an_exact_posterior_stay_inside_the_band() -> None:
    found = uniformity(normal_ranks(1.0, 1), 99, 1)
    assert all(one.inside for one in found.values())


@pytest.mark.parametrize("width", [0.8, 1.25])
def test_a_posterior_a_quarter_too_narrow_or_too_wide_is_seen(width: float) -> None:
    found = uniformity(normal_ranks(width, 2), 99, 1)
    assert not any(one.inside for one in found.values())


def test_the_band_holds_uniform_ranks_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    sets = rng.integers(0, 20, (400, 3, 200))
    held = [
        all(one.inside for one in uniformity(dict(zip("abc", ranks, strict=True)), 19, 4).values())
        for ranks in sets
    ]
    share = np.mean(held)
    assert_allclose(share, 0.95, atol=3.0 * np.sqrt(0.95 * 0.05 / len(sets)) + 0.01)


def test_equal_draws_share_their_ranks_at_random() -> None:
    rng = np.random.default_rng(5)
    ranks = rank_of(np.ones((6000, 4)), np.ones(6000), rng)
    counts = np.bincount(ranks, minlength=5)
    assert np.all(np.abs(counts - 1200) < 4.0 * np.sqrt(1200))


def test_every_parameter_date_count_and_the_hypothesis_is_ranked() -> None:
    found = calibrate(founding(), TABLE, WEIGHTS, DECLARED, FEW)
    again = calibrate(founding(), TABLE, WEIGHTS, DECLARED, FEW)
    names = {row.parameter for row in TABLE.rows}
    dates = {f"when.{a.name}" for a in founding().anchors}
    counts = {f"latent.{c.id}" for c in founding().counts}
    assert set(found.ranks) == {*names, *dates, *counts, HYPOTHESIS}
    for name, ranks in found.ranks.items():
        assert ranks.shape == (FEW.replicates,)
        assert ranks.min() >= 0
        assert ranks.max() <= FEW.draws
        assert np.array_equal(ranks, again.ranks[name])


def outside(found: Calibration) -> list[str]:
    """Return the quantities whose ranks leave the band of all of them."""
    compared = uniformity(found.ranks, found.draws, found.seed)
    return [name for name, one in compared.items() if not one.inside]


@pytest.mark.slow
@SEEDS
def test_the_course_model_is_calibrated(seed: int) -> None:
    found = calibrate(founding(), TABLE, WEIGHTS, seed, CalibrationSettings())
    assert outside(found) == [], f"seed {seed}"


@pytest.mark.slow
@SEEDS
def test_the_course_model_is_calibrated_with_every_fact_of_an_infection(seed: int) -> None:
    settings = CalibrationSettings(replicates=500)
    found = calibrate(every_fact(), TABLE, WEIGHTS, seed, settings)
    assert outside(found) == [], f"seed {seed}"


@pytest.mark.slow
@SEEDS
def test_the_course_model_is_calibrated_with_25_counts(seed: int) -> None:
    sampling = ImportanceSettings(
        pilot=8_000, block=8_000, max_blocks=4, ess_target=2_000.0, pairs=8_192, draws=2_048
    )
    settings = CalibrationSettings(replicates=500, sampling=sampling)
    found = calibrate(dense(), TABLE, WEIGHTS, seed, settings)
    assert outside(found) == [], f"seed {seed}"
