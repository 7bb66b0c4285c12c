"""What a fit would see: prior draws under the entry rule, and counts that it would measure."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.individual import CountObservation, Individual
from lymphocast.engine.course import latent_count
from lymphocast.engine.steps import instant
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.kernels import Kernels

Floats = NDArray[np.float64]
PRIOR_DRAWS = 20_000


@lru_cache(maxsize=2)
def entered_prior(kernels: Kernels, seed: int) -> dict[str, dict[str, Floats]]:
    """Return prior draws that satisfy the entry rule, equally many for each hypothesis, by name."""
    target = kernels.everything()
    rng = np.random.default_rng([seed, 7])
    z = rng.standard_normal((kernels.count_size, PRIOR_DRAWS))
    z_infection = rng.standard_normal((kernels.infection_size, PRIOR_DRAWS))
    entered = {h: np.flatnonzero(kernels.entered(z, target, h)) for h in HYPOTHESES}
    number = min(len(index) for index in entered.values())
    found = {}
    for hypothesis, index in entered.items():
        values = kernels.values(z, target, hypothesis, z_infection)
        found[hypothesis.name] = {n: v[index[:number]] for n, v in values.items()}
    return found


def measured_counts(
    individual: Individual, theta: Mapping[str, Floats], seed: int
) -> tuple[Floats, ...]:
    """Return each recorded count as it would be measured again, ``[lane]`` each.

    Its date is drawn within its interval; measurement error and the count's own are added. No limit
    of the laboratory is applied.
    """
    return tuple(
        _measured(individual, theta, count, np.random.default_rng([seed, 6, i]))
        for i, count in enumerate(individual.counts)
    )


def _measured(
    individual: Individual,
    theta: Mapping[str, Floats],
    count: CountObservation,
    rng: np.random.Generator,
) -> Floats:
    lanes = len(theta["count_sd"])
    uniform = rng.random(lanes)
    shift = count.at.early - count.at.offset + (count.at.late - count.at.early) * uniform
    day = np.asarray(instant(count.at, theta)) + shift
    latent = np.asarray(latent_count(individual.plan, theta, day[None]))[0]
    sd = np.hypot(theta["count_sd"], count.own_error)
    return np.asarray(latent * np.exp(sd * rng.standard_normal(lanes)))
