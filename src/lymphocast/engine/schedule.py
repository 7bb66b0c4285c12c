"""Schedule: one occasion's elementary events as arrays, filled up to a few sizes.

Lags, fractions and modelled durations are not applied here, since they may differ between lanes
or be traced. Each array is filled up to one of two sizes per octave with events that do nothing,
so that another individual seldom needs another compilation. Filling events stand at the start.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import partial
from itertools import chain, repeat
from math import inf
from typing import NamedTuple, final

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.occasions import Given, Knot, Occasion, Reading, Steady
from lymphocast.dataset.regimen import DoseEvent, Entry
from lymphocast.engine.arrays import namespace, traced
from lymphocast.errors import UsageError
from lymphocast.models.component import Scalar

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
    ``[dose, covariate]``, the values on the dose's record; ``gives`` tells doses from those of
    amount 0 and from what fills up. Amounts, durations and times may be traced.
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
    gives: NDArray[np.bool_]


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
    steady = _steady(occasion.steady, 0)
    given = _columns(
        [
            _Part(occasion.doses, range(1, len(occasion.doses) + 1)),
            _given(occasion.given),
            *(
                _steady([s for s in occasion.steady if s.interval > 0.0], j)
                for j in range(1, implied + 1)
            ),
        ],
        states,
        known,
    )
    longer = _lasting(given, np.array([states[n] for n in lasting], dtype=int))
    start = min([occasion.start, *(r.time for r in readings)])
    wanted = bucket(len(readings))
    last = readings[-1].time if readings else start
    times = [r.time for r in readings] + [last] * (wanted - len(readings))
    ranks = [_reading_rank(r) for r in readings] + [inf] * (wanted - len(readings))
    return Schedule(
        np.asarray(start),
        np.asarray(occasion.empty),
        _filled(given, ~longer, start, known),
        _filled(given, longer, start, known),
        _columns([steady], states, known),
        np.asarray(float(implied)),
        np.asarray(times, float),
        np.asarray(ranks, float),
        *known.knots(),
    )


def _reading_rank(reading: Reading) -> float:
    """After the event of its own record; an extra reading before every record of its time."""
    return reading.record + 1.5


@final
class _Part(NamedTuple):
    """Doses in a row, with what each of them has beside the dose; nothing if all have none."""

    doses: Sequence[DoseEvent]
    rank: Sequence[float]
    covariates: Sequence[tuple[float, ...]] = ()
    interval: Sequence[float] = ()
    earlier: int = 0


def _given(given: Sequence[Given]) -> _Part:
    """Return doses of records: additional doses act before every record of their time."""
    ranks = [g.record + 1.0 if g.own_record else 0.0 for g in given]
    return _Part([g.dose for g in given], ranks, [g.covariates for g in given])


def _steady(steady: Sequence[Steady], earlier: int) -> _Part:
    """Return the doses of steady states, some intervals back."""
    return _Part(
        [s.dose for s in steady],
        [s.record + 1.0 for s in steady],
        [s.covariates for s in steady],
        [s.interval for s in steady],
        earlier,
    )


def _columns(parts: Sequence[_Part], states: Mapping[str, int], known: "_Covariates") -> Doses:
    """Return doses as arrays."""
    doses = [d for part in parts for d in part.doses]
    numbers = [len(part.doses) for part in parts]
    intervals = [p.interval or repeat(0.0, n) for p, n in zip(parts, numbers, strict=True)]
    own = [[v[c] for c in known.kept] for p in parts for v in p.covariates] if known.kept else []
    amount, plain = _numbers([d.amount for d in doses]), Entry.DEFAULT
    found = Doses(
        _numbers([d.time for d in doses]),
        amount,
        np.array([states.get(d.compartment, -1) for d in doses], dtype=np.int64),
        _numbers([d.rate for d in doses]),
        _numbers([d.duration for d in doses]),
        np.array([0 if d.entry is plain else HOW[d.entry] for d in doses], dtype=np.int64),
        np.repeat([float(p.earlier) for p in parts], numbers),
        np.array([*chain(*intervals)], dtype=float),
        np.array([*chain(*(p.rank for p in parts))], dtype=float),
        np.array(own, dtype=float).reshape(len(doses), len(known.kept)),
        np.ones(len(doses), dtype=bool) if traced(amount) else amount > 0.0,
    )
    _check(doses, found, states)
    return found


def _numbers(values: Sequence[Scalar]) -> Scalar:
    """Return numbers as an array, which is traced if one of them is."""
    try:
        return np.array(values, dtype=float)
    except TypeError:  # what is traced is no number yet
        return jnp.stack([jnp.asarray(v, float) for v in values])


def _check(doses: Sequence[DoseEvent], found: Doses, states: Mapping[str, int]) -> None:
    """Refuse what cannot be given, and say which dose it is."""

    def refuse(wrong: Scalar, message: Callable[[DoseEvent], str]) -> None:
        if np.any(wrong):
            dose = doses[int(np.argmax(wrong))]
            msg = f"dose on day {dose.time:g} into '{dose.compartment}'{message(dose)}"
            raise UsageError(msg)

    needed = ", ".join(states) or "none"
    refuse(found.state < 0, lambda _: f": no such state; needed one of {needed}")
    for name in ("amount", "duration", "rate"):
        column = getattr(found, name)
        if not traced(column):
            refuse(
                ~((column >= 0.0) & (column < inf)),
                partial(_below, name),
            )
    if not traced(found.time):
        refuse(~np.isfinite(found.time), lambda _: "; needed a finite time")


def _below(name: str, dose: DoseEvent) -> str:
    return f": {name} {getattr(dose, name):g}; needed a finite number, 0 or more"


def _lasting(doses: Doses, lasting: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which doses may take time."""
    own = True if traced(doses.duration) else doses.duration > 0.0
    by_default = (doses.how == How.DEFAULT) & (own | np.isin(doses.state, lasting))
    found: NDArray[np.bool_] = by_default | ((doses.how != How.DEFAULT) & (doses.how != How.BOLUS))
    return found


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


def _filled(doses: Doses, chosen: NDArray[np.bool_], start: float, known: _Covariates) -> Doses:
    """Return the chosen doses, filled up to a bucket with doses that do nothing."""
    fill = bucket(int(chosen.sum())) - int(chosen.sum())
    somewhere = doses.state[chosen][0] if chosen.any() else 0
    nothing = Doses(
        np.full(fill, start),
        np.zeros(fill),
        np.full(fill, somewhere),
        np.zeros(fill),
        np.zeros(fill),
        np.full(fill, How.BOLUS),
        np.zeros(fill),
        np.zeros(fill),
        np.full(fill, inf),
        np.broadcast_to(np.array(known.first, dtype=float), (fill, len(known.kept))),
        np.zeros(fill, dtype=bool),
    )
    return Doses(
        *(
            namespace(own).concatenate([own[chosen], rest])
            for own, rest in zip(doses, nothing, strict=True)
        )
    )
