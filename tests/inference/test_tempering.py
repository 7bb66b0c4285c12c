"""Tempering where it must end, where nothing was observed, and what its particles are worth."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.inference.tempering import (
    Island,
    LogLikelihood,
    SmcSettings,
    pooled,
    temper,
    unmoved,
)

Floats = NDArray[np.float64]
FEW = SmcSettings(particles=400, islands=4, moves=4)
SD = 0.1
RUNS = 60
LIKE_THEIR_SCATTER = 0.35  # relative: a variance from 60 runs is known to 18 %, at two SD


def measured(value: float) -> LogLikelihood:
    """One measurement of the first coordinate."""
    return lambda z: -0.5 * ((value - z[0]) / SD) ** 2


def island(density: LogLikelihood, seed: int, rows: int = 1, how: SmcSettings = FEW) -> Island:
    rng = np.random.default_rng(seed)
    return temper(density, rng.standard_normal((rows, how.particles)), rng, how)


def worth(islands: list[Island]) -> float:
    return pooled(islands, np.random.default_rng(1)).ess


def test_a_value_within_reach_has_its_exact_posterior() -> None:
    """Ten SD of the prior away: the precision is 1 + 1/SD^2."""
    found = pooled([island(measured(10.0), s) for s in range(2)], np.random.default_rng(1))
    sd = 1.0 / np.sqrt(1.0 + SD**-2)
    mean = 10.0 * SD**-2 / (1.0 + SD**-2)
    assert found.z.mean() == pytest.approx(mean, abs=4.0 * sd / np.sqrt(found.ess))


@pytest.mark.parametrize("value", [1e5, 1.8e9])
def test_a_value_out_of_reach_is_refused_after_a_number_of_temperatures(value: float) -> None:
    with pytest.raises(UsageError, match=r"raised to the power .*; needed another unit") as found:
        island(measured(value), 1, how=SmcSettings(particles=50, moves=1))
    assert "\n" not in str(found.value)


def test_a_likelihood_of_which_no_power_leaves_enough_is_refused_at_once() -> None:
    """Of one particle the likelihood is so high that the smallest step leaves it alone."""
    with pytest.raises(UsageError, match="after 0 temperatures"):
        island(lambda z: np.where(z[0] == z[0].max(), 0.0, -1e300), 1)


def test_values_that_floats_cannot_tell_apart_are_not_taken_for_no_data() -> None:
    """All likelihoods round to the same number, as if nothing had been observed."""
    density = measured(1e150)
    assert np.ptp(density(np.random.default_rng(1).standard_normal((1, 50)))) == 0.0
    with pytest.raises(UsageError, match="after 0 temperatures"):
        island(density, 1)


def test_where_nothing_was_observed_every_particle_counts() -> None:
    islands = [island(lambda z: np.zeros(z.shape[1]), s, rows=3) for s in range(4)]
    assert worth(islands) == pytest.approx(FEW.islands * FEW.particles, rel=0.01)
    plain = [unmoved(i.z) for i in islands]
    assert worth(plain) == pytest.approx(FEW.islands * FEW.particles, rel=1e-9)


def test_copies_that_no_move_has_parted_count_once() -> None:
    rng = np.random.default_rng(3)
    z, copies = rng.standard_normal((2, 100)), np.repeat(np.arange(100), 8)
    family = np.broadcast_to(copies, (2, 800))
    found = [Island(z[:, copies], family, 0.0, 0) for _ in range(4)]
    assert worth(found) == pytest.approx(400.0)
    assert worth([Island(np.ones((1, 5)) * np.arange(5.0), np.zeros((1, 5), int), 0.0, 0)]) == 0.0


def test_an_island_without_weight_counts_nothing() -> None:
    rng = np.random.default_rng(4)
    alone, lost = (unmoved(rng.standard_normal((1, 500))) for _ in range(2))
    lost = Island(lost.z, lost.family, -50.0, 0)
    assert worth([alone, lost]) == pytest.approx(500.0, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("moves", "most"), [(0, 0.2), (1, 0.9), (6, 1.0)])
def test_the_effective_number_is_what_the_scatter_of_many_runs_says(
    moves: int, most: float
) -> None:
    """Many particles by count are few by worth if they hardly move."""
    how = SmcSettings(particles=200, islands=4, moves=moves)
    means, sizes = [], []
    for run in range(RUNS):
        islands = [island(measured(1.0), 100 * run + s, how=how) for s in range(how.islands)]
        found = pooled(islands, np.random.default_rng(run))
        weights = np.exp([i.log_evidence for i in islands])
        means.append(np.average([i.z.mean() for i in islands], weights=weights))
        sizes.append(found.ess)
    exact = 1.0 / (1.0 + SD**-2) / np.var(means)
    middle = float(np.mean(sizes))
    assert middle == pytest.approx(exact, rel=LIKE_THEIR_SCATTER)
    assert middle <= most * how.particles * how.islands
