"""Plan: the course of an occasion cut into pieces that the march crosses one after another.

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

from lymphocast.dataset.events import SAME_TIME, CovariateRule
from lymphocast.engine.arrays import added_at, held, namespace, running_max
from lymphocast.engine.schedule import Schedule
from lymphocast.engine.timeline import (
    BOLUS,
    INFUSION_BEGIN,
    INFUSION_END,
    KNOT,
    READING,
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
class Pieces(NamedTuple):
    """What happens in each piece; the last axis is the lanes, or 1 where they share it.

    Parameters
    ----------
    begin, length
        Study day on which a piece begins, and its days; 0 beyond a lane's last.
    head
        Whether something stirred less than the piece's length before it.
    since_input
        Days from the last input into a compartment, infusions included, to the piece's start;
        infinite before the first, ``[piece, compartment, lane]``.
    last
        Day of the last dose into each compartment; the start before the first.
    amount
        Amounts given at the piece's start, ``[piece, compartment, lane]``.
    input_rate
        Amounts per day while the piece lasts, ``[piece, compartment, lane]``.
    level
        Value of each covariate while the piece lasts, ``[piece, covariate, lane]``.
    """

    begin: Scalar
    length: Scalar
    head: Scalar
    since_input: Scalar
    last: Scalar
    amount: Scalar
    input_rate: Scalar
    level: Scalar


@final
class Readings(NamedTuple):
    """Where each reading finds the state; the last axis is the lanes, or 1.

    Parameters
    ----------
    time
        Study day, ``[reading, lane]``.
    piece
        Number of pieces that end by then, ``[reading, lane]``.
    added
        What enters each compartment at the reading's own time but before it,
        ``[reading, compartment, lane]``.
    last, level
        Day of the last dose into each compartment, and value of each covariate, at the reading.
    """

    time: Scalar
    piece: Scalar
    added: Scalar
    last: Scalar
    level: Scalar


@final
class Plan(NamedTuple):
    """An occasion, cut; the last axis is the lanes, or 1 where they share it.

    Parameters
    ----------
    pieces, count
        The pieces, and how many of them are crossed.
    readings
        Where the readings are.
    empty
        Whether the system is empty at the start, ``[lane]``.
    level
        Value of each covariate at the start, ``[covariate, lane]``.
    """

    pieces: Pieces
    count: Scalar
    readings: Readings
    empty: Scalar
    level: Scalar


@final
class Given(NamedTuple):
    """What enters: doses into a compartment each, steady states into all, by lane.

    Parameters
    ----------
    into_bolus, into_infusion
        Compartment of each dose.
    bolus, inflow
        Amount of each bolus, and amount per day of each infusion, ``[dose, lane]``.
    steady, steady_last
        Amounts and days of the last dose that each steady state brings,
        ``[steady, compartment, lane]``; NaN where it sets no day.
    """

    into_bolus: Scalar
    into_infusion: Scalar
    bolus: Scalar
    inflow: Scalar
    steady: Scalar
    steady_last: Scalar


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
    moves = _marked(xp, events, {BOLUS: boluses.gives, INFUSION_BEGIN: infusions.gives} if apart else {})
    moves = moves | _marked(xp, events, {INFUSION_END: infusions.gives} if apart else {})
    after_move = xp.concatenate([xp.zeros(1, dtype=bool), moves[:-1]])
    fresh = fresh | moves | after_move
    group = xp.cumsum(fresh)
    first = xp.searchsorted(group, np.arange(number + 2))
    first = xp.where(np.arange(number + 2) == 0, 0, first)
    known = first < number
    at = xp.where(known, time[xp.minimum(first, number - 1)], time[-1])
    at = xp.where(np.arange(number + 2) == 0, start, at)
    stirring = _marked(xp, events, _stirring(schedule, boluses, infusions))
    so_far = xp.concatenate([xp.zeros(1, dtype=int), xp.cumsum(stirring)])
    stirred = so_far[first[1:]] > so_far[first[:-1]]
    stirred = stirred | (np.arange(number + 1) == 0)
    last = running_max(xp.where(stirred, at[:-1], -xp.inf))
    elapsed = at[:-1] - last
    share = _pieces_up_to(xp, elapsed + (at[1:] - at[:-1])) - _pieces_up_to(xp, elapsed)
    parts = xp.ceil(held(share) * 2.0**halvings - ROUNDING)
    follows = known[1:]
    parts = xp.where(follows, xp.maximum(parts, 1.0), 0.0).astype(int)
    before = xp.concatenate([xp.zeros(1, dtype=int), xp.cumsum(parts)])
    return Cuts(group, first, at, elapsed, parts, before)


def _marked(xp: Any, events: Ordered, marks: dict[int, Scalar]) -> Scalar:  # noqa: ANN401
    """Return for each event in order whether its source marks it."""
    found = xp.zeros(events.time.shape[0], dtype=bool)
    for source, mark in marks.items():
        place = events.of(source)
        if place.shape[0] == 0:
            continue
        if xp is np:
            found[place] = mark
        else:
            found = found.at[place].set(mark)
    return found


def _stirring(schedule: Schedule, boluses: Entering, infusions: Entering) -> dict[int, Scalar]:
    return {
        BOLUS: boluses.gives,
        INFUSION_BEGIN: infusions.gives,
        INFUSION_END: infusions.gives,
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


def lay_out(
    schedule: Schedule,
    events: Ordered,
    boluses: Entering,
    infusions: Entering,
    given: Given,
    cuts: Cuts,
    size: int,
    compartments: int,
    rule: CovariateRule,
) -> Plan:
    """Return the plan of one occasion with room for ``size`` pieces.

    Parameters
    ----------
    schedule, events, boluses, infusions, cuts
        The occasion, its events in order, how its doses enter, and where it is cut.
    given
        What enters, by lane.
    size
        At least the number of pieces.
    compartments
        How many states something may enter.
    rule
        What covariates are between their knots.
    """
    xp = namespace(events.time)
    piece = np.arange(size)
    stretch = xp.clip(xp.searchsorted(cuts.before[1:], piece, side="right"), None, len(cuts.parts) - 1)
    real = piece < cuts.count
    part = piece - cuts.before[stretch]
    begin = xp.where(real, _begin(xp, cuts, stretch, part), cuts.at[-1])
    following = xp.concatenate([begin[1:], cuts.at[-1:]])
    end = xp.where(part + 1 == cuts.parts[stretch], cuts.at[stretch + 1], following)
    length = xp.where(real, end - begin, 0.0)
    elapsed = cuts.elapsed[stretch] + (begin - cuts.at[stretch])
    entered = _Entered(schedule, events, boluses, infusions, given, compartments)
    by_then = cuts.first[stretch + 1]
    running = entered.running(begin + 0.5 * length, real)
    latest = xp.where(running.any(axis=-1), begin[:, None], entered.input_day(by_then))
    pieces = Pieces(
        begin[:, None],
        length[:, None],
        (real & (elapsed < length - SAME_TIME))[:, None],
        (begin[:, None] - latest)[:, :, None],
        entered.dose_day(by_then),
        entered.at_begin(cuts, size),
        namespace(running, given.inflow).einsum("pcd,dl->pcl", running * 1.0, given.inflow),
        _levels(xp, schedule, begin + 0.5 * length, rule),
    )
    place = events.of(READING)
    own = cuts.group[place]
    readings = Readings(
        xp.asarray(schedule.read_time)[:, None],
        cuts.before[own][:, None],
        entered.so_far(place) - entered.so_far(cuts.first[own]),
        entered.dose_day(place),
        _levels(xp, schedule, xp.asarray(schedule.read_time), rule),
    )
    opening = _levels(xp, schedule, xp.asarray(schedule.start)[None], rule)
    return Plan(pieces, cuts.count, readings, xp.asarray(schedule.empty)[None], opening[0])


def _begin(xp: Any, cuts: Cuts, stretch: Scalar, part: Scalar) -> Scalar:  # noqa: ANN401
    """Return the day on which a part of a stretch begins."""
    low = _pieces_up_to(xp, cuts.elapsed)
    high = _pieces_up_to(xp, cuts.elapsed + (cuts.at[1:] - cuts.at[:-1]))
    share = (high - low) / xp.maximum(cuts.parts, 1)
    days = _elapsed_after(xp, low[stretch] + share[stretch] * part) - cuts.elapsed[stretch]
    return cuts.at[stretch] + xp.where(part == 0, 0.0, days)


@final
class _Entered:
    """What has entered, as functions of the place among the ordered events."""

    def __init__(
        self,
        schedule: Schedule,
        events: Ordered,
        boluses: Entering,
        infusions: Entering,
        given: Given,
        compartments: int,
    ) -> None:
        self.events, self.given, self.compartments = events, given, compartments
        self.infusions, self.schedule = infusions, schedule
        self.xp = namespace(events.time, given.steady_last)
        self.number = events.time.shape[0]
        self.unit = self.xp.eye(compartments)
        days = self._days(boluses, infusions)
        self.inputs = self._latest(days[0])
        self.doses = self._latest(days[1])
        amounts = added_at(self.number, events.of(BOLUS), self._boluses()) + added_at(
            self.number, events.of(STEADY), given.steady
        )
        xp = namespace(amounts)
        none = xp.zeros((1, *amounts.shape[1:]))
        self.total = xp.concatenate([none, xp.cumsum(amounts, axis=0)])

    def _boluses(self) -> Scalar:
        """Return what each bolus gives to each compartment, ``[dose, compartment, lane]``."""
        return self.unit[self.given.into_bolus][:, :, None] * self.given.bolus[:, None]

    def _days(self, boluses: Entering, infusions: Entering) -> tuple[Scalar, Scalar]:
        """Return for each event the day of input, and of a dose, that it brings to each state."""
        xp, given, events = self.xp, self.given, self.events
        dosed, infused = self.unit[given.into_bolus] > 0, self.unit[given.into_infusion] > 0
        gave = dosed & boluses.gives[:, None], infused & infusions.gives[:, None]
        rows = [
            (BOLUS, gave[0], boluses.begin[:, None]),
            (INFUSION_BEGIN, gave[1], infusions.begin[:, None]),
        ]
        steady = given.steady_last[:, :, 0]
        ends = [(INFUSION_END, gave[1], infusions.end[:, None])]
        ends += [(STEADY, np.ones(steady.shape, dtype=bool), xp.asarray(self.schedule.steady.time)[:, None])]
        known = [(STEADY, ~xp.isnan(steady), xp.where(xp.isnan(steady), 0.0, steady))]
        return self._laid([*rows, *ends]), self._laid([*rows, *known])

    def _laid(self, rows: list[tuple[int, Scalar, Scalar]]) -> Scalar:
        """Lay days into the order of events, -inf where there is none."""
        xp = self.xp
        found = xp.full((self.number, self.compartments), -np.inf)
        for source, mark, day in rows:
            place = self.events.of(source)
            value = xp.where(mark, day, -np.inf)
            if xp is np:
                found[place] = value
            else:
                found = found.at[place].set(value)
        return found

    def _latest(self, days: Scalar) -> Scalar:
        """Return the latest day before each place, ``[event + 1, compartment]``."""
        none = self.xp.full((1, self.compartments), -np.inf)
        return running_max(self.xp.concatenate([none, days]))

    def input_day(self, place: Scalar) -> Scalar:
        """Return the day of the last input by the events before a place; -inf if none."""
        return self.inputs[place]

    def dose_day(self, place: Scalar) -> Scalar:
        """Return the day of the last dose before a place, ``[place, compartment, 1]``."""
        found = self.doses[place]
        return self.xp.where(found == -np.inf, self.schedule.start, found)[:, :, None]

    def so_far(self, place: Scalar) -> Scalar:
        """Return the amounts given by the events before a place."""
        return self.total[place]

    def running(self, day: Scalar, real: Scalar) -> Scalar:
        """Return which infusions run on a day, ``[day, compartment, infusion]``."""
        runs = (self.infusions.begin <= day[:, None]) & (day[:, None] < self.infusions.end)
        into = self.unit[self.given.into_infusion].T > 0.0
        return (runs & real[:, None])[:, None, :] & into[None]

    def at_begin(self, cuts: Cuts, size: int) -> Scalar:
        """Return the amounts given at each piece's start."""
        piece = cuts.before[cuts.group]
        boluses = added_at(size, piece[self.events.of(BOLUS)], self._boluses())
        return boluses + added_at(size, piece[self.events.of(STEADY)], self.given.steady)


def _levels(xp: Any, schedule: Schedule, days: Scalar, rule: CovariateRule) -> Scalar:  # noqa: ANN401
    """Return every covariate on the days, ``[day, covariate, 1]``."""
    columns = []
    for times, values in zip(schedule.knot_time, schedule.knot_value, strict=True):
        forward = rule is CovariateRule.LAST_CARRIED_FORWARD
        place = xp.searchsorted(times, held(days), side="right" if forward else "left")
        place = place - 1 if forward else place
        columns.append(xp.asarray(values)[xp.clip(place, 0, values.shape[0] - 1)])
    if not columns:
        return xp.zeros((days.shape[0], 0, 1))
    return xp.stack(columns, axis=1)[:, :, None]
