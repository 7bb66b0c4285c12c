"""Schedule: one occasion's elementary events as arrays, filled up to a few sizes.

Lags, fractions and modelled durations are not applied here, since they may differ between lanes
or be traced. Each array is filled up to one of two sizes per octave with events that do nothing,
so that another individual seldom needs another compilation. Filling events stand at the start.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from math import inf
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.occasions import Given, Knot, Occasion, Reading, Steady
from lymphocast.dataset.regimen import Entry
from lymphocast.errors import UsageError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SMALLEST = 16
EXTRA_READING = -1  # the record of a reading that stands before the records of its time


@final
class How(IntEnum):
    """How a dose enters, as a number in an array."""

    DEFAULT = 0
    BOLUS = 1
    FIXED_RATE = 2
    MODELLED_DURATION = 3
    MODELLED_RATE = 4


HOW: Mapping[Entry, How] = {
    Entry.DEFAULT: How.DEFAULT,
    Entry.BOLUS: How.BOLUS,
    Entry.FIXED_RATE: How.FIXED_RATE,
    Entry.MODELLED_DURATION: How.MODELLED_DURATION,
    Entry.MODELLED_RATE: How.MODELLED_RATE,
}


@final
class Doses(NamedTuple):
    """Doses before lag and fraction; arrays over doses.

    ``earlier`` counts intervals back from the dose of a steady-state record (0 for the dose
    itself and for ordinary doses); ``rank`` orders events of one time; ``covariates`` is
    ``[dose, covariate]``, the values on the dose's record.
    """

    time: Floats
    amount: Floats
    state: Integers
    rate: Floats
    duration: Floats
    how: Integers
    earlier: Floats
    interval: Floats
    rank: Floats
    covariates: Floats


@final
class Schedule(NamedTuple):
    """One occasion: where it starts, what is given, what is read.

    Parameters
    ----------
    start, empty
        Study day of the start, and whether the system is empty then.
    boluses, infusions
        Doses that enter at once, and doses that may take time.
    steady
        The doses whose steady state is added; an interval of 0 is a constant infusion.
    implied
        How many earlier doses of each steady state are among the doses.
    read_time, read_rank
        Readings.
    knot_time, knot_value
        Times at which covariates are known, ``[covariate, knot]``, and their values.
    """

    start: Floats
    empty: NDArray[np.bool_]
    boluses: Doses
    infusions: Doses
    steady: Doses
    implied: Floats
    read_time: Floats
    read_rank: Floats
    knot_time: Floats
    knot_value: Floats


def bucket(number: int) -> int:
    """Return the smallest size at least ``number`` among 0, 16, 24, 32, 48, 64, 96, ..."""
    if number == 0:
        return 0
    size = SMALLEST
    while size < number:
        size = size * 3 // 2 if size & (size - 1) == 0 else size * 4 // 3
    return size


def make_schedule(
    occasion: Occasion,
    states: Mapping[str, int],
    lasting: frozenset[str],
    kept: Sequence[int],
    implied: int,
) -> Schedule:
    """Return an occasion's arrays.

    Parameters
    ----------
    occasion
        What happens and what is read.
    states
        Position of each state.
    lasting
        States for which the model sets a duration of input.
    kept
        Which of the occasion's covariates the model reads.
    implied
        How many earlier doses of a steady state may still have an effect.

    Raises
    ------
    UsageError
        If a compartment is unknown, or a number is not finite or negative.
    """
    known, readings = _Covariates(occasion.knots, kept), occasion.readings
    doses = [_item(g, 0, 0.0, states) for g in occasion.given]
    steady = [_item(s, 0, s.interval, states) for s in occasion.steady]
    doses += [
        _item(s, j, s.interval, states)
        for s in occasion.steady
        if s.interval > 0.0
        for j in range(1, implied + 1)
    ]
    at_once = [d for d in doses if not _lasts(d, lasting)]
    longer = [d for d in doses if _lasts(d, lasting)]
    start = min([occasion.start, *(r.time for r in readings)])
    wanted = bucket(len(readings))
    last = readings[-1].time if readings else start
    times = [r.time for r in readings] + [last] * (wanted - len(readings))
    ranks = [_reading_rank(r) for r in readings] + [inf] * (wanted - len(readings))
    return Schedule(
        np.asarray(start),
        np.asarray(occasion.empty),
        _doses(at_once, start, known, bucket(len(at_once))),
        _doses(longer, start, known, bucket(len(longer))),
        _doses(steady, start, known, len(steady)),
        np.asarray(float(implied)),
        np.asarray(times, float),
        np.asarray(ranks, float),
        *known.knots(),
    )


def _reading_rank(reading: Reading) -> float:
    """After the event of its own record; an extra reading before every record of its time."""
    return reading.record + 1.5


@final
class _Item(NamedTuple):
    """One dose and where it stands."""

    given: Given | Steady
    state: int
    how: How
    earlier: int
    interval: float


def _item(given: Given | Steady, earlier: int, interval: float, states: Mapping[str, int]) -> _Item:
    dose = given.dose
    where = f"dose on day {dose.time:g} into '{dose.compartment}'"
    if dose.compartment not in states:
        msg = f"{where}: no such state; needed one of {', '.join(states) or 'none'}"
        raise UsageError(msg)
    for name, value in (
        ("amount", dose.amount),
        ("duration", dose.duration),
        ("rate", dose.rate),
    ):
        if not 0.0 <= value < inf:
            msg = f"{where}: {name} {value:g}; needed a finite number, 0 or more"
            raise UsageError(msg)
    if not abs(dose.time) < inf:
        msg = f"{where}; needed a finite time"
        raise UsageError(msg)
    return _Item(given, states[dose.compartment], HOW[dose.entry], earlier, interval)


def _lasts(item: _Item, lasting: frozenset[str]) -> bool:
    dose = item.given.dose
    if item.how is How.DEFAULT:
        return dose.duration > 0.0 or dose.compartment in lasting
    return item.how is not How.BOLUS


def _rank(item: _Item) -> float:
    """Place among events of one time: additional doses, then records in data order."""
    given = item.given
    if isinstance(given, Given) and not given.own_record:
        return 0.0
    return given.record + 1.0


@final
class _Covariates:
    """The covariates that the model reads, at knots."""

    def __init__(self, knots: Sequence[Knot], kept: Sequence[int]) -> None:
        self.kept = tuple(kept)
        self.columns = [
            [(k.time, v) for k in knots if (v := k.values[c]) is not None] for c in self.kept
        ]
        self.first = [column[0][1] for column in self.columns]
        self.size = bucket(max((len(column) for column in self.columns), default=0))

    def knots(self) -> tuple[Floats, Floats]:
        """Times and values, each column filled up with its last value for ever."""
        times = [[t for t, _ in c] + [inf] * (self.size - len(c)) for c in self.columns]
        values = [[v for _, v in c] + [c[-1][1]] * (self.size - len(c)) for c in self.columns]
        shape = (len(self.columns), self.size)
        return np.reshape(times, shape).astype(float), np.reshape(values, shape).astype(float)


def _doses(items: Sequence[_Item], start: float, known: _Covariates, size: int) -> Doses:
    fill = size - len(items)
    doses = [item.given.dose for item in items]

    def filled(values: Sequence[float], value: float) -> Floats:
        return np.asarray([*values, *[value] * fill], dtype=float)

    return Doses(
        filled([d.time for d in doses], start),
        filled([d.amount for d in doses], 0.0),
        np.asarray([item.state for item in items] + [0] * fill, dtype=np.int64),
        filled([d.rate for d in doses], 0.0),
        filled([d.duration for d in doses], 0.0),
        np.asarray([item.how for item in items] + [How.BOLUS] * fill, dtype=np.int64),
        filled([float(item.earlier) for item in items], 0.0),
        filled([item.interval for item in items], 0.0),
        filled([_rank(item) for item in items], inf),
        np.reshape(
            [[item.given.covariates[c] for c in known.kept] for item in items]
            + [known.first] * fill,
            (size, len(known.kept)),
        ).astype(float),
    )
