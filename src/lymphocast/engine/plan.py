"""Plan: what happens in each piece of an occasion, and where its readings are.

The pieces are those of :mod:`lymphocast.engine.cuts`. A piece is a *head* if something stirred less
than its own length before it, else a *tail*. A plan is made with NumPy where every time is a
number, and under JAX where a lag or duration is traced.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, final

import numpy as np

from lymphocast.dataset.events import SAME_TIME, CovariateRule
from lymphocast.engine.arrays import added_at, held, namespace, put, running_max
from lymphocast.engine.cuts import Cuts, begins
from lymphocast.engine.schedule import Schedule
from lymphocast.engine.timeline import (
    BOLUS,
    INFUSION_BEGIN,
    INFUSION_END,
    READING,
    STEADY,
    Entering,
    Ordered,
)
from lymphocast.models.component import Scalar


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
    bolus, at_once, inflow
        Amount of each bolus, of each dose that might have taken time and does not, and amount per
        day of each infusion, ``[dose, lane]``.
    steady, steady_last
        Amounts and days of the last dose that each steady state brings,
        ``[steady, compartment, lane]``; NaN where it sets no day.
    """

    into_bolus: Scalar
    into_infusion: Scalar
    bolus: Scalar
    at_once: Scalar
    inflow: Scalar
    steady: Scalar
    steady_last: Scalar


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
    stretch = xp.clip(
        xp.searchsorted(cuts.before[1:], piece, side="right"), None, len(cuts.parts) - 1
    )
    real = piece < cuts.count
    part = piece - cuts.before[stretch]
    begin = xp.where(real, begins(cuts, stretch, part), cuts.at[-1])
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
        amounts = self._summed(self.number, lambda source: events.of(source))
        xp = namespace(amounts)
        none = xp.zeros((1, *amounts.shape[1:]))
        self.total = xp.concatenate([none, xp.cumsum(amounts, axis=0)])

    def _summed(self, size: int, place: Callable[[int], Scalar]) -> Scalar:
        """Return what enters at once, summed by the place of its event."""
        given, unit = self.given, self.unit
        parts = (
            (BOLUS, unit[given.into_bolus][:, :, None] * given.bolus[:, None]),
            (INFUSION_BEGIN, unit[given.into_infusion][:, :, None] * given.at_once[:, None]),
            (STEADY, given.steady),
        )
        return sum(added_at(size, place(source), value) for source, value in parts)

    def _days(self, boluses: Entering, infusions: Entering) -> tuple[Scalar, Scalar]:
        """Return for each event the day of input, and of a dose, that it brings to each state."""
        xp, given = self.xp, self.given
        dosed, infused = self.unit[given.into_bolus] > 0, self.unit[given.into_infusion] > 0
        gave = dosed & boluses.gives[:, None], infused & infusions.gives[:, None]
        rows = [
            (BOLUS, gave[0], boluses.begin[:, None]),
            (INFUSION_BEGIN, gave[1], infusions.begin[:, None]),
        ]
        steady = given.steady_last[:, :, 0]
        ends = [(INFUSION_END, gave[1], infusions.end[:, None])]
        ends += [
            (
                STEADY,
                np.ones(steady.shape, dtype=bool),
                xp.asarray(self.schedule.steady.time)[:, None],
            )
        ]
        known = [(STEADY, ~xp.isnan(steady), xp.where(xp.isnan(steady), 0.0, steady))]
        return self._laid([*rows, *ends]), self._laid([*rows, *known])

    def _laid(self, rows: list[tuple[int, Scalar, Scalar]]) -> Scalar:
        """Lay days into the order of events, -inf where there is none."""
        xp = self.xp
        found = xp.full((self.number, self.compartments), -np.inf)
        for source, mark, day in rows:
            place = self.events.of(source)
            found = put(found, place, xp.where(mark, day, -np.inf))
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
        return self._summed(size, lambda source: piece[self.events.of(source)])


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
