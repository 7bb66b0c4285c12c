"""Plan: the days of a run cut into pieces that a solver crosses one after another.

Breakpoints are doses (after their lag), ends of infusions, outputs and changes of a forcing;
points closer than 1e-9 d are one. Between them the pieces are at most 1 d long where a transient
begins (the start, a dose, an edge of an infusion or forcing) and later at most max(1 d, tau/4),
never above 2 d, with tau the time since. A dose at an output time is given after the output.

A piece is a *head* if a transient began less than its own length before it, else a *tail*.
Pieces of length 0 fill the plan up to one of two sizes per octave, so that another patient's
events seldom need another compilation.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.regimen import DoseEvent
from lymphocast.errors import UsageError
from lymphocast.models.component import Dosing

Floats = NDArray[np.float64]

SAME_INSTANT = 1e-9
"""Days below which two breakpoints are one."""

FIRST_PIECE, LONGEST_PIECE, SHARE_OF_ELAPSED = 1.0, 2.0, 0.25
"""Days after a transient began; days at most; share of the time since it began."""

SMALLEST_PLAN = 64


@final
@dataclass(frozen=True)
class ForcingTable:
    """A known input that holds ``levels[i]`` from ``edges[i]`` on, and ``before`` until then."""

    edges: tuple[float, ...]
    levels: tuple[float, ...]
    before: float = 0.0

    def at(self, days: Floats) -> Floats:
        """Return the level on each day, from an edge on the new one."""
        levels = np.array([self.before, *self.levels], dtype=float)
        edges = np.asarray(self.edges, dtype=float) - SAME_INSTANT
        found: Floats = levels[np.searchsorted(edges, days, side="right")]
        return found


@final
@dataclass(frozen=True, eq=False)
class Plan:
    """Pieces in order; arrays over pieces, unless said otherwise.

    Parameters
    ----------
    begin, length
        Study day on which a piece begins, and its days; 0 in the pieces that fill up.
    head
        Whether a transient began less than the piece's length before it.
    compartments
        Names of states that doses can enter: the last axis of the next three.
    amount
        Amounts given at the piece's start, ``[piece, compartment]``.
    input_rate
        Amounts per day while the piece lasts, ``[piece, compartment]``.
    since_input
        Days from the last input into a compartment, infusions included, to the piece's start;
        infinite before the first, ``[piece, compartment]``.
    forcings
        Names of the forcings: the last axis of ``level``.
    level
        Level of each forcing while the piece lasts, ``[piece, forcing]``.
    output
        For each output time the number of pieces that end by then, ``[time]``.
    """

    begin: Floats
    length: Floats
    head: NDArray[np.bool_]
    compartments: tuple[str, ...]
    amount: Floats
    input_rate: Floats
    since_input: Floats
    forcings: tuple[str, ...]
    level: Floats
    output: NDArray[np.int64]

    @property
    def infused(self) -> tuple[str, ...]:
        """Compartments into which an infusion runs."""
        running = np.any(self.input_rate != 0.0, axis=0)
        return tuple(c for c, runs in zip(self.compartments, running, strict=True) if runs)


@final
@dataclass(frozen=True)
class _Input:
    """A dose event with its lag added: when, how much, where, for how long."""

    begin: float
    amount: float
    compartment: int
    duration: float


def make_plan(
    doses: Sequence[DoseEvent],
    times: Sequence[float],
    compartments: Sequence[str],
    *,
    dosing: Mapping[str, Dosing] | None = None,
    forcings: Mapping[str, ForcingTable] | None = None,
    start: float | None = None,
    halvings: int = 0,
) -> Plan:
    """Return the plan of one schedule.

    Parameters
    ----------
    doses
        Dose events in any order.
    times
        Output times, increasing, in study days.
    compartments
        Names of the states that doses may enter.
    dosing
        Lag and modelled duration by compartment, as plain numbers; the fraction absorbed is not
        part of a plan. A dose event's own duration goes before the modelled one.
    forcings
        The model's forcings by name.
    start
        Day of the initial state; by default the earliest dose or output.
    halvings
        How many times the longest allowed pieces are halved.

    Raises
    ------
    UsageError
        If a dose or time is not a finite number, an amount or duration is negative, times do not
        increase, something happens before ``start``, or a compartment is unknown.
    """
    _check(doses, times, compartments)
    tables = forcings or {}
    inputs = _inputs(doses, tuple(compartments), dosing or {})
    first = min([*times, *(d.time for d in doses)]) if start is None else start
    _check_start(first, doses, times)
    edges = [e for table in tables.values() for e in table.edges if first < e < times[-1]]
    inputs = [i for i in inputs if i.begin < times[-1] - SAME_INSTANT]
    stirs = [first, *edges, *(i.begin for i in inputs)]
    stirs += [i.begin + i.duration for i in inputs if i.duration > 0.0]
    stirs = [s for s in stirs if s < times[-1] - SAME_INSTANT]
    points = _merged([*stirs, *times])
    stirred = np.zeros(len(points), dtype=bool)
    stirred[_nearest(points, stirs)] = True
    begin, length, head = _cut(points, stirred, 0.5**halvings)
    pad = _bucket(len(begin)) - len(begin)
    filled_begin = np.append(begin, np.full(pad, points[-1]))
    amount, rate, since = _given(filled_begin, inputs, points, len(compartments), len(begin))
    ends = np.append(points[0], begin + length)
    return Plan(
        filled_begin,
        np.append(length, np.zeros(pad)),
        np.append(head, np.zeros(pad, dtype=bool)),
        tuple(compartments),
        amount,
        rate,
        since,
        tuple(tables),
        np.stack([t.at(filled_begin) for t in tables.values()], axis=-1)
        if tables
        else np.zeros((len(filled_begin), 0)),
        _nearest(ends, times),
    )


def _check(doses: Sequence[DoseEvent], times: Sequence[float], compartments: Sequence[str]) -> None:
    """Refuse what no plan can be made of."""
    if not len(times) or not all(map(math.isfinite, times)):
        msg = "output times: at least one is needed, and each must be a finite number"
        raise UsageError(msg)
    if any(later <= earlier for earlier, later in pairwise(times)):
        msg = "output times must increase"
        raise UsageError(msg)
    for dose in doses:
        where = f"dose into '{dose.compartment}' at day {dose.time}"
        if dose.compartment not in compartments:
            msg = f"{where}: no such compartment; it can be {', '.join(compartments) or 'none'}"
            raise UsageError(msg)
        if not all(map(math.isfinite, (dose.time, dose.amount, dose.duration))):
            msg = f"{where}: time, amount and duration must be finite numbers"
            raise UsageError(msg)
        if dose.amount < 0.0 or dose.duration < 0.0:
            msg = f"{where}: amount and duration must not be negative"
            raise UsageError(msg)


def _check_start(start: float, doses: Sequence[DoseEvent], times: Sequence[float]) -> None:
    for what, days in (("a dose", [d.time for d in doses]), ("an output", list(times))):
        early = [day for day in days if day < start - SAME_INSTANT]
        if early:
            msg = f"{what} at day {early[0]} lies before the start at day {start}"
            raise UsageError(msg)


def _inputs(
    doses: Sequence[DoseEvent], compartments: tuple[str, ...], dosing: Mapping[str, Dosing]
) -> list[_Input]:
    """Return the dose events with lag and modelled duration, in the order of time."""
    found = []
    for dose in doses:
        how = dosing.get(dose.compartment, Dosing())
        duration = dose.duration if dose.duration > 0.0 else float(how.duration)
        begin = dose.time + float(how.lag)
        found.append(_Input(begin, dose.amount, compartments.index(dose.compartment), duration))
    return sorted(found, key=lambda i: i.begin)


def _merged(days: Sequence[float]) -> Floats:
    """Return the days in order, one for those that are the same instant."""
    ordered = np.unique(np.asarray(days, dtype=float))
    kept = [ordered[0]]
    for day in ordered[1:]:
        if day - kept[-1] > SAME_INSTANT:
            kept.append(day)
    return np.array(kept)


def _nearest(points: Floats, days: Sequence[float] | Floats) -> NDArray[np.int64]:
    """Return the index of the point that each day was merged into."""
    wanted = np.asarray(days, dtype=float) + SAME_INSTANT * (1.0 + 1e-3)
    return np.searchsorted(points, wanted, side="right").astype(np.int64) - 1


def _cut(
    points: Floats, stirred: NDArray[np.bool_], scale: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Cut what lies between breakpoints into pieces; return begin, length and head."""
    pieces: list[tuple[float, float, bool]] = []
    last = points[0]
    for index, (begin, end) in enumerate(pairwise(points)):
        last = begin if stirred[index] else last
        day = begin
        while day < end:
            elapsed = day - last
            limit = min(LONGEST_PIECE, max(FIRST_PIECE, SHARE_OF_ELAPSED * elapsed)) * scale
            number = max(1, math.ceil((end - day) / limit - SAME_INSTANT))
            following = end if number == 1 else day + (end - day) / number
            pieces.append((day, following - day, elapsed < following - day - SAME_INSTANT))
            day = following
    if not pieces:
        pieces = [(float(points[0]), 0.0, False)]
    begins, lengths, heads = zip(*pieces, strict=True)
    return np.array(begins), np.array(lengths), np.array(heads)


def _given(
    begin: Floats, inputs: Sequence[_Input], points: Floats, compartments: int, real: int
) -> tuple[Floats, Floats, Floats]:
    """Return amounts, input rates and the time since the last input, by piece."""
    shape = (len(begin), compartments)
    amount, rate, last = np.zeros(shape), np.zeros(shape), np.full(shape, -np.inf)
    starts = begin[:real]
    begins = points[_nearest(points, [i.begin for i in inputs])]
    ends = points[_nearest(points, [i.begin + i.duration for i in inputs])]
    firsts = np.searchsorted(starts, begins)
    stops = np.where(ends >= points[-1], real, np.searchsorted(starts, ends))
    for given, begun, end, k, after in zip(inputs, begins, ends, firsts, stops, strict=True):
        column = given.compartment
        if end > begun:
            # Edges may have been merged with their neighbours: the amount is kept, not the rate.
            cut = begun + given.duration > points[-1]
            rate[k:after, column] += given.amount / (given.duration if cut else end - begun)
            last[k:after, column] = starts[k:after]
        else:
            amount[k, column] += given.amount
        last[after:, column] = np.maximum(last[after:, column], end)
    return amount, rate, begin[:, None] - last


def _bucket(number: int) -> int:
    """Return the smallest plan size that holds ``number`` pieces: 64, 96, 128, 192, ..."""
    size = SMALLEST_PLAN
    while size < number:
        size = size * 3 // 2 if size & (size - 1) == 0 else size // 3 * 4
    return size
