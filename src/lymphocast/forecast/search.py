"""The search among candidates, apart from any model: races, ranks, regret, limits and the front.

A candidate is known by its index. What it does in a draw is its utility and, for each limit, the
probability that the limit is broken. All candidates are judged on the same draws, so that what a
draw makes easy or hard falls out of the comparison. The race judges every candidate on a few draws
and the best of them on many.

    utility      mean over the draws
    P(best)      share of draws in which no other contestant has a higher utility; equals share it
    regret       mean of (the draw's best utility - the candidate's own)
    P(broken)    mean over the draws of the probability that a limit is broken; a limit holds if
                 1 - P(broken) reaches the probability asked for

Contestants are the candidates that keep every limit; where none does, all are, ordered by how far
they miss (the sum of what is missing from each limit's probability).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
ROUNDING = 1e-9
SLACK = 2.0  # standard errors by which the first, short leg lets a limit be missed


@final
@dataclass(frozen=True)
class Judged:
    """What candidates do in common draws.

    Parameters
    ----------
    utility
        ``[candidate, draw]``, larger is better.
    broken
        Probability that each limit is broken, ``[limit, candidate, draw]``.
    """

    utility: Floats
    broken: Floats

    def among(self, places: Sequence[int]) -> "Judged":
        """Return the judgement of the candidates in some places."""
        return Judged(self.utility[list(places)], self.broken[:, list(places)])


@final
@dataclass(frozen=True)
class ChanceLimit:
    """A limit that must hold with a probability."""

    label: str
    probability: float


@final
@dataclass(frozen=True)
class Race:
    """How many draws each leg takes, and how many candidates reach the second."""

    first: int = 100
    keep: int = 20
    then: int = 1000

    def __post_init__(self) -> None:
        """Check the numbers."""
        if min(self.first, self.keep, self.then) < 1 or self.then < self.first:
            msg = (
                f"found a race of {self.first}, {self.keep} and {self.then}; needed numbers above "
                "0, the last at least the first"
            )
            raise UsageError(msg)


@final
@dataclass(frozen=True)
class Ranked:
    """One candidate in the ranking.

    Parameters
    ----------
    candidate
        Its index.
    utility, utility_se, low, high
        Mean over the draws, its standard error, and the central 90 % over the draws.
    p_best, regret
        As the module says.
    p_broken
        For each limit.
    keeps_limits
        Whether every limit holds with its probability.
    shortfall
        The sum of what is missing from the limits' probabilities; 0 where they hold.
    """

    candidate: int
    utility: float
    utility_se: float
    low: float
    high: float
    p_best: float
    regret: float
    p_broken: tuple[float, ...]
    keeps_limits: bool
    shortfall: float


@final
@dataclass(frozen=True)
class Ranking:
    """Candidates from the best on.

    Parameters
    ----------
    rows
        Those of the last leg, in order.
    feasible
        Whether any keeps every limit; if not, the order is from the least bad on.
    reasons
        Why none does, one sentence for each limit that no candidate keeps; a last one if each
        limit can be kept, but not all by one candidate.
    chance
        P(best) if the draws could not tell the contestants apart.
    number, draws
        Candidates that entered the race, and draws of the last leg.
    """

    rows: tuple[Ranked, ...]
    feasible: bool
    reasons: tuple[str, ...]
    chance: float
    number: int
    draws: int

    @property
    def contestants(self) -> tuple[int, ...]:
        """Candidates that may be the best: those that keep every limit; all if none does."""
        return tuple(x.candidate for x in self.rows if x.keeps_limits or not self.feasible)


Judge = Callable[[Sequence[int], int], Judged]
"""Judges candidates, by index, on the first so many of the common draws."""


def race(
    judge: Judge,
    number: int,
    limits: Sequence[ChanceLimit] = (),
    legs: Race | None = None,
    always: Sequence[int] = (),
) -> Ranking:
    """Return the ranking of ``number`` candidates by a race of two legs.

    ``always`` names candidates that run the second leg whatever the first says.

    Raises
    ------
    UsageError
        If there is no candidate.
    """
    if number < 1:
        msg = "found no candidate; needed at least one"
        raise UsageError(msg)
    legs = legs or Race()
    first = judge(range(number), legs.first)
    ran, judged = _second_leg(judge, first, limits, legs, always)
    best = order_of(judged, limits)[: legs.keep]
    kept = sorted({*map(int, best), *(ran.index(i) for i in always)})
    found = rank([ran[i] for i in kept], judged.among(kept), limits)
    reasons = () if found.feasible else _reasons(first, found, limits)
    return Ranking(found.rows, found.feasible, reasons, found.chance, number, legs.then)


def _second_leg(
    judge: Judge,
    first: Judged,
    limits: Sequence[ChanceLimit],
    legs: Race,
    always: Sequence[int],
) -> tuple[list[int], Judged]:
    """The candidates that ran the second leg, and their judgement.

    The best run it; while none of those keeps the limits, the next best follow, as long as the
    first leg leaves it open whether they do.
    """
    loose = _slackened(limits, legs.first)
    order = [int(i) for i in order_of(first, loose) if i not in always]
    open_ = int((_shortfalls_of(first, loose) <= ROUNDING).sum())
    ran: list[int] = []
    parts: list[Judged] = []
    for begin in range(0, max(1, min(open_, len(order))), legs.keep):
        block = [*(always if not ran else ()), *order[begin : begin + legs.keep]]
        ran += block
        parts.append(judge(block, legs.then))
        others = np.array([i not in always for i in block])
        if (_shortfalls_of(parts[-1], limits)[others] <= ROUNDING).any():
            break
    utility = np.concatenate([part.utility for part in parts])
    return ran, Judged(utility, np.concatenate([part.broken for part in parts], axis=1))


def rank(
    candidates: Sequence[int],
    judged: Judged,
    limits: Sequence[ChanceLimit] = (),
    weights: Floats | None = None,
) -> Ranking:
    """Return the ranking of candidates by one judgement; ``weights`` of the draws sum to 1."""
    draws = judged.utility.shape[1]
    w = np.full(draws, 1.0 / draws) if weights is None else weights
    broken = judged.broken @ w if len(judged.broken) else np.zeros((0, len(candidates)))
    short = shortfalls(broken, limits)
    keeps = short <= ROUNDING
    contest = keeps if keeps.any() else np.ones(len(candidates), bool)
    best, regret = _best(judged.utility, contest, w)
    mean = judged.utility @ w
    spread = np.sqrt(np.maximum((judged.utility - mean[:, None]) ** 2 @ w, 0.0) * (w @ w))
    low, high = weighted_quantiles(judged.utility, w, (0.05, 0.95))
    rows = tuple(
        Ranked(
            candidate=candidates[i],
            utility=float(mean[i]),
            utility_se=float(spread[i]),
            low=float(low[i]),
            high=float(high[i]),
            p_best=min(1.0, float(best[i])),
            regret=float(regret[i]),
            p_broken=tuple(min(1.0, float(p)) for p in broken[:, i]),
            keeps_limits=bool(keeps[i]),
            shortfall=float(short[i]),
        )
        for i in _order(mean, short)
    )
    chance = 1.0 / int(contest.sum())
    return Ranking(rows, bool(keeps.any()), (), chance, len(candidates), draws)


def order_of(judged: Judged, limits: Sequence[ChanceLimit]) -> NDArray[np.int64]:
    """Return places in the judgement from the best candidate on."""
    return _order(judged.utility.mean(axis=1), _shortfalls_of(judged, limits))


def _shortfalls_of(judged: Judged, limits: Sequence[ChanceLimit]) -> Floats:
    broken = judged.broken.mean(axis=-1) if len(judged.broken) else np.zeros((0, 1))
    return np.broadcast_to(shortfalls(broken, limits), len(judged.utility))


def shortfalls(broken: Floats, limits: Sequence[ChanceLimit]) -> Floats:
    """Return what is missing from the limits' probabilities, summed, ``[candidate]``."""
    allowed = np.array([1.0 - limit.probability for limit in limits]).reshape(-1, 1)
    return np.asarray(np.maximum(broken - allowed - ROUNDING, 0.0).sum(axis=0))


def keeping(judged: Judged, limits: Sequence[ChanceLimit]) -> list[int]:
    """Return the places of the candidates that keep every limit; all places if none does."""
    keeps = _shortfalls_of(judged, limits) <= ROUNDING
    return [int(i) for i in np.flatnonzero(keeps if keeps.any() else np.ones_like(keeps))]


def front(points: Floats) -> Flags:
    """Return which points no other beats: ``[candidate, objective]``, larger is better.

    A point is beaten if another is as good in every objective and better in one.
    """
    as_good = np.all(points[None] >= points[:, None], axis=-1)
    better = np.any(points[None] > points[:, None], axis=-1)
    return np.asarray(~np.any(as_good & better, axis=1))


def weighted_quantiles(values: Floats, weights: Floats, levels: tuple[float, ...]) -> list[Floats]:
    """Return quantiles over the last axis, one array for each level."""
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    reached = np.cumsum(weights[order], axis=-1)
    found = []
    for level in levels:
        index = np.minimum((reached < level - ROUNDING).sum(axis=-1), values.shape[-1] - 1)
        found.append(np.take_along_axis(ordered, index[..., None], axis=-1)[..., 0])
    return found


def rank_places(rankings: Mapping[str, Ranking]) -> dict[int, dict[str, int]]:
    """Return each candidate's place, from 1, in every ranking."""
    places: dict[int, dict[str, int]] = {}
    for name, ranking in rankings.items():
        for place, row in enumerate(ranking.rows, 1):
            places.setdefault(row.candidate, {})[name] = place
    return places


def _best(utility: Floats, contest: Flags, weights: Floats) -> tuple[Floats, Floats]:
    """P(best) and regret of each candidate, over the contestants."""
    top = utility[contest].max(axis=0)
    at_top = (utility >= top - ROUNDING) & contest[:, None]
    shared = at_top / at_top.sum(axis=0)
    return shared @ weights, (top - utility) @ weights


def _order(mean: Floats, short: Floats) -> NDArray[np.int64]:
    """From the least shortfall on, then from the highest utility on, then as they came."""
    return np.lexsort((np.arange(len(mean)), -mean, short))


def _slackened(limits: Sequence[ChanceLimit], draws: int) -> tuple[ChanceLimit, ...]:
    """Limits that a short leg may miss by chance without losing a candidate."""
    return tuple(
        ChanceLimit(x.label, x.probability - SLACK * _error(x.probability, draws)) for x in limits
    )


def _error(probability: float, draws: int) -> float:
    return float(np.sqrt(probability * (1.0 - probability) / draws))


def _reasons(first: Judged, last: Ranking, limits: Sequence[ChanceLimit]) -> tuple[str, ...]:
    """Which limits no candidate keeps, with the nearest any comes."""
    reasons = []
    for i, limit in enumerate(limits):
        nearest = 1.0 - min(row.p_broken[i] for row in last.rows)
        in_first = 1.0 - float(first.broken[i].mean(axis=-1).min())
        draws = first.utility.shape[1]
        surely = min(1.0, limit.probability + SLACK * _error(limit.probability, draws))
        if nearest < limit.probability - ROUNDING and in_first < surely - ROUNDING:
            reasons.append(
                f"no regimen keeps '{limit.label}' with probability {limit.probability:g}: "
                f"the nearest keeps it with {nearest:.2g}"
            )
    if not reasons:
        reasons.append("each limit can be kept, but no regimen keeps all of them")
    return tuple(reasons)
