"""Cuts: where the course of an occasion is cut into pieces.

Breakpoints are doses (after their lag), edges of infusions, knots of covariates, and readings;
points closer than 1e-9 d are one. Between them the pieces grow with the time e since something
last *stirred* (the start, a dose, an edge of an infusion, a knot): their length is about

    L(e) = 1 d up to e = 4 d,  e / 4 up to 8 d,  then 2 d,

so that a stretch from e_0 to e_1 is cut into the integral of 1/L over it, rounded up, pieces of
equal share of that integral. A piece is a *head* if something stirred less than its own length
before it, else a *tail*.

A plan is made with NumPy where every time is a number, and under JAX where a lag or duration is
traced; then events that may move apart stay apart, so that derivatives with respect to their times
are right also where an event coincides with a reading.
"""

import math
from typing import Any, NamedTuple, final

import numpy as np

from lymphocast.dataset.events import SAME_TIME
from lymphocast.engine.arrays import held, namespace, put, running_max
from lymphocast.engine.schedule import Schedule
from lymphocast.engine.timeline import (
    BOLUS,
    INFUSION_BEGIN,
    INFUSION_END,
    KNOT,
    STEADY,
    Entering,
    Ordered,
)
from lymphocast.models.component import Scalar

FIRST_PIECE, LONGEST_PIECE, SHARE_OF_ELAPSED = 1.0, 2.0, 0.25
"""Days after something stirred; days at most; share of the time since it did."""

GROWS_FROM, GROWS_TO = FIRST_PIECE / SHARE_OF_ELAPSED, LONGEST_PIECE / SHARE_OF_ELAPSED
PIECES_BEFORE = GROWS_FROM / FIRST_PIECE
PIECES_WHILE = math.log(GROWS_TO / GROWS_FROM) / SHARE_OF_ELAPSED

ROUNDING = 1e-9
"""Share of a piece by which rounding may make a stretch too long for its pieces."""


@final
class Cuts(NamedTuple):
    """Where an occasion is cut: groups of events of one time, and the stretches after them.

    Parameters
    ----------
    group
        Group of each event in order; group 0 is at the start.
    first
        Place of the first event of each group, the total beyond the last, ``[group + 1]``.
    at
        Time of each group; ``[group + 1]``.
    elapsed
        Days since something stirred, at the begin of the stretch after each group, ``[group]``.
    parts
        Pieces of the stretch after each group.
    before
        Pieces before each group, ``[group + 1]``.
    """

    group: Scalar
    first: Scalar
    at: Scalar
    elapsed: Scalar
    parts: Scalar
    before: Scalar

    @property
    def count(self) -> Scalar:
        """Number of pieces."""
        return self.before[-1]


def cut(
    schedule: Schedule,
    events: Ordered,
    boluses: Entering,
    infusions: Entering,
    halvings: int = 0,
    *,
    apart: bool = False,
) -> Cuts:
    """Return where the occasion is cut.

    Parameters
    ----------
    schedule, events, boluses, infusions
        The occasion, its events in order, and how its doses enter.
    halvings
        How many times the pieces are halved.
    apart
        Whether doses and readings of one time may move apart, because times are traced.
    """
    time, start = events.time, schedule.start
    xp = namespace(time)
    number = time.shape[0]
    previous = xp.concatenate([xp.asarray(start)[None], time[:-1]])
    fresh = time - previous > SAME_TIME
    dosing = {
        BOLUS: boluses.gives,
        INFUSION_BEGIN: infusions.gives,
        INFUSION_END: infusions.gives,
    }
    moves = _marked(xp, events, dosing if apart else {})
    after_move = xp.concatenate([xp.zeros(1, dtype=bool), moves[:-1]])
    fresh = fresh | moves | after_move
    group = xp.cumsum(fresh)
    first = xp.searchsorted(group, np.arange(number + 2))
    known = first < number
    at = xp.where(known, time[xp.minimum(first, number - 1)], time[-1])
    at = xp.where(np.arange(number + 2) == 0, start, at)
    stirring = _marked(xp, events, {**dosing, **_others(schedule)})
    so_far = xp.concatenate([xp.zeros(1, dtype=int), xp.cumsum(stirring)])
    stirred = so_far[first[1:]] > so_far[first[:-1]]
    stirred = stirred | (np.arange(number + 1) == 0)
    last = running_max(xp.where(stirred, at[:-1], -xp.inf))
    elapsed = at[:-1] - last
    share = _pieces_up_to(xp, elapsed + (at[1:] - at[:-1])) - _pieces_up_to(xp, elapsed)
    parts = xp.maximum(xp.ceil(held(share) - ROUNDING), 1.0) * 2.0**halvings
    parts = xp.where(known[1:], parts, 0.0).astype(int)
    before = xp.concatenate([xp.zeros(1, dtype=int), xp.cumsum(parts)])
    return Cuts(group, first, at, elapsed, parts, before)


def _marked(xp: Any, events: Ordered, marks: dict[int, Scalar]) -> Scalar:  # noqa: ANN401
    """Return for each event in order whether its source marks it."""
    found = xp.zeros(events.time.shape[0], dtype=bool)
    for source, mark in marks.items():
        place = events.of(source)
        if place.shape[0] == 0:
            continue
        found = put(found, place, mark)
    return found


def _others(schedule: Schedule) -> dict[int, Scalar]:
    """Return what stirs besides doses."""
    return {
        STEADY: np.ones(schedule.steady.time.shape[0], dtype=bool),
        KNOT: schedule.knot_time.reshape(-1) < np.inf,
    }


def _pieces_up_to(xp: Any, e: Scalar) -> Scalar:  # noqa: ANN401
    """Return the integral of 1/L from 0 to ``e``."""
    growing = xp.log(xp.clip(e, GROWS_FROM, GROWS_TO) / GROWS_FROM) / SHARE_OF_ELAPSED
    after = xp.maximum(e - GROWS_TO, 0.0) / LONGEST_PIECE
    return xp.minimum(e, GROWS_FROM) / FIRST_PIECE + growing + after


def _elapsed_after(xp: Any, pieces: Scalar) -> Scalar:  # noqa: ANN401
    """Return e from the integral of 1/L up to it."""
    growing = xp.clip(pieces - PIECES_BEFORE, 0.0, PIECES_WHILE)
    after = xp.maximum(pieces - PIECES_BEFORE - PIECES_WHILE, 0.0) * LONGEST_PIECE
    grown = GROWS_FROM * xp.expm1(SHARE_OF_ELAPSED * growing)
    return xp.minimum(pieces, PIECES_BEFORE) * FIRST_PIECE + grown + after


def begins(cuts: Cuts, stretch: Scalar, part: Scalar) -> Scalar:
    """Return the days on which parts of stretches begin."""
    xp = namespace(cuts.at)
    low = _pieces_up_to(xp, cuts.elapsed)
    high = _pieces_up_to(xp, cuts.elapsed + (cuts.at[1:] - cuts.at[:-1]))
    share = (high - low) / xp.maximum(cuts.parts, 1)
    days = _elapsed_after(xp, low[stretch] + share[stretch] * part) - cuts.elapsed[stretch]
    return cuts.at[stretch] + xp.where(part == 0, 0.0, days)
