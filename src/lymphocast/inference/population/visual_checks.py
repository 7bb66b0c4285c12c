"""Visual predictive checks of a population: observations beside replicates, in bins of time.

Percentiles of the observations stand beside the same percentiles of replicates, of which the middle
and an interval are kept. Prediction correction (Bergstrand 2011, doi:10.1208/s12248-011-9255-z)
takes out what typical predictions differ within a bin,

    y' = y pred_bin / pred

with pred the prediction without effects and pred_bin its median in the bin. Values below a limit of
quantification count as below every percentile that they reach; their share is a check of its own,
as is the share of each grade, and of positive cultures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.inference.population.moments import is_normal
from lymphocast.inference.population.problem import Population
from lymphocast.inference.population.replicates import Replicates

Floats = NDArray[np.float64]

MOST_BINS = 10
PERCENTILES = (5.0, 50.0, 95.0)
INTERVAL = (2.5, 50.0, 97.5)


@final
@dataclass(frozen=True)
class Vpc:
    """A visual predictive check of one endpoint.

    Parameters
    ----------
    endpoint, kind, corrected
        What it is of: ``percentiles``, ``below`` (the limit) or ``categories``; and whether it is
        prediction-corrected.
    lines
        What each line is.
    times, numbers
        Median study day and number of the observations in each bin.
    observed, simulated
        ``[line, bin]``, and ``[line, bin, bound]``: 2.5 %, 50 % and 97.5 % of the replicates.
    """

    endpoint: str
    kind: str
    corrected: bool
    lines: tuple[str, ...]
    times: Floats
    numbers: NDArray[np.int64]
    observed: Floats
    simulated: Floats

    @property
    def inside(self) -> float:
        """Share of the observed points that lie in the interval of the replicates."""
        low, high = self.simulated[..., 0], self.simulated[..., 2]
        known = np.isfinite(self.observed)
        return float(((self.observed >= low) & (self.observed <= high))[known].mean())


def visual_checks(
    population: Population, replicates: Replicates, *, corrected: bool = True
) -> tuple[Vpc, ...]:
    """Return the visual predictive checks of every endpoint: what applies to it."""
    found: list[Vpc] = []
    for k, endpoint in enumerate(population.design.endpoints):
        mine = np.asarray(population.data.endpoint == k)
        if not mine.any():
            continue
        seen = _Seen(
            endpoint.name,
            population.times[mine],
            population.data.value[mine],
            population.data.censoring[mine],
            replicates.values[:, mine],
        )
        bins = _bins(seen.times)
        if not is_normal(endpoint.error):
            found.append(_categories(seen, bins))
            continue
        found.append(_percentiles(seen, bins, replicates.typical[mine], corrected))
        if (seen.censoring > 0.0).any():
            limit = seen.value[seen.censoring > 0.0].max()
            found.append(_below(seen, bins, limit if endpoint.lloq is None else endpoint.lloq))
    return tuple(found)


@final
class _Seen(NamedTuple):
    """The observations of one endpoint, and their replicates ``[replicate, observation]``."""

    endpoint: str
    times: Floats
    value: Floats
    censoring: Floats
    simulated: Floats


def _bins(times: Floats) -> NDArray[np.int64]:
    """Return the bin of each time: the times themselves if they are few, else equal numbers."""
    known = np.unique(times)
    if len(known) <= MOST_BINS:
        return np.searchsorted(known, times)
    edges = np.unique(np.quantile(times, np.linspace(0.0, 1.0, MOST_BINS + 1)[1:-1]))
    return np.searchsorted(edges, times, side="right")


def _percentiles(seen: _Seen, bins: NDArray[np.int64], typical: Floats, corrected: bool) -> Vpc:
    value, simulated = seen.value.copy(), seen.simulated
    value[seen.censoring > 0.0] = -np.inf
    value[seen.censoring < 0.0] = np.inf
    if corrected:
        factor = _correction(typical, bins)
        value, simulated = value * factor, simulated * factor
    return _made(
        seen,
        bins,
        "percentiles",
        corrected,
        tuple(f"{p:g} %" for p in PERCENTILES),
        value,
        simulated,
        lambda x: np.percentile(x, PERCENTILES, axis=-1, method="closest_observation"),
    )


def _correction(typical: Floats, bins: NDArray[np.int64]) -> Floats:
    """Return the factor of each observation; 1 where a typical prediction is 0."""
    factor = np.ones(len(typical))
    for b in np.unique(bins):
        own = bins == b
        middle = np.median(typical[own])
        sound = own & (typical > 0.0)
        if middle > 0.0:
            factor[sound] = middle / typical[sound]
    return factor


def _below(seen: _Seen, bins: NDArray[np.int64], limit: float) -> Vpc:
    own = (seen.censoring > 0.0).astype(float)
    theirs = (seen.simulated < limit).astype(float)
    name = (f"below {limit:g}",)
    return _made(seen, bins, "below", False, name, own, theirs, _share)


def _share(x: Floats) -> Floats:
    return np.asarray(x.mean(axis=-1)[None])


def _categories(seen: _Seen, bins: NDArray[np.int64]) -> Vpc:
    known = np.unique(np.concatenate([seen.value, seen.simulated.ravel()]))
    return _made(
        seen,
        bins,
        "categories",
        False,
        tuple(f"{c:g}" for c in known),
        seen.value,
        seen.simulated,
        lambda x: np.stack([(x == c).mean(axis=-1) for c in known]),
    )


def _made(
    seen: _Seen,
    bins: NDArray[np.int64],
    kind: str,
    corrected: bool,
    lines: tuple[str, ...],
    value: Floats,
    simulated: Floats,
    line: Callable[[Floats], Floats],
) -> Vpc:
    """Return the check of some lines, which ``line`` computes along the last axis."""
    chosen = [bins == b for b in np.unique(bins)]
    observed = np.stack([line(value[own]) for own in chosen], axis=-1)
    theirs = np.stack(
        [line(simulated[:, own]) for own in chosen], axis=-1
    )  # [line, replicate, bin]
    bounds = np.percentile(theirs, INTERVAL, axis=1)
    return Vpc(
        seen.endpoint,
        kind,
        corrected,
        lines,
        np.array([np.median(seen.times[own]) for own in chosen]),
        np.array([int(own.sum()) for own in chosen]),
        observed,
        np.moveaxis(bounds, 0, -1),
    )
