"""From event records to elementary events: doses one by one, resets and readings in order.

What the records mean stands in :mod:`lymphocast.dataset.events`. Every reset and every replacing
steady state begins a new occasion, on which nothing from before has any effect.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

from lymphocast.dataset.events import (
    MODELLED_DURATION,
    MODELLED_RATE,
    MOST_DOSES,
    SAME_TIME,
    CovariateRule,
    EventRecord,
    EventTable,
    SteadyState,
)
from lymphocast.dataset.regimen import DoseEvent, Entry
from lymphocast.errors import UsageError


@final
class Given(NamedTuple):
    """A dose before lag and fraction, with what decides its order among equals.

    ``record`` is the place of its record in the table; ``own_record`` is false for an additional
    dose; ``covariates`` are the values on its record.
    """

    dose: DoseEvent
    record: int
    own_record: bool
    covariates: tuple[float, ...] = ()


@final
@dataclass(frozen=True)
class Steady:
    """The steady state of a dose every ``interval`` days, added to the state at its time.

    An interval of 0 is a constant infusion at ``dose.rate``.
    """

    dose: DoseEvent
    record: int
    interval: float
    covariates: tuple[float, ...] = ()


@final
class Reading(NamedTuple):
    """A time at which the state is wanted: at a record, after its event."""

    time: float
    record: int


@final
@dataclass(frozen=True)
class Knot:
    """Values of all covariates at one time; ``None`` where unknown."""

    time: float
    values: tuple[float | None, ...]


@final
@dataclass(frozen=True)
class Occasion:
    """A stretch of records on which nothing from before has any effect.

    It starts at ``start`` from the model's initial state, or from an empty system if ``empty``
    (a replacing steady state is then added to it). ``doses`` are dose events that come without
    records and act in the order given.
    """

    start: float
    empty: bool
    given: tuple[Given, ...] = ()
    steady: tuple[Steady, ...] = ()
    readings: tuple[Reading, ...] = ()
    knots: tuple[Knot, ...] = ()
    doses: tuple[DoseEvent, ...] = ()

    @property
    def end(self) -> float:
        """Time of the last reading, or the start if there is none."""
        return self.readings[-1].time if self.readings else self.start


def occasions(table: EventTable) -> tuple[Occasion, ...]:
    """Return the elementary events of a table, occasion by occasion, in order.

    Raises
    ------
    UsageError
        If the table stands for more than ``MOST_DOSES`` doses.
    """
    total = sum(1 + record.additional for record in table.records if record.kind.doses)
    if total > MOST_DOSES:
        msg = f"individual '{table.id}': {total} doses; needed at most {MOST_DOSES}"
        raise UsageError(msg)
    starts = [i for i, record in enumerate(table.records) if i == 0 or _renews(record)]
    ends = [*starts[1:], len(table.records)]
    return tuple(_occasion(table, begin, end) for begin, end in zip(starts, ends, strict=True))


def _renews(record: EventRecord) -> bool:
    return record.kind.resets or record.steady_state is SteadyState.REPLACE


def _occasion(table: EventTable, begin: int, end: int) -> Occasion:
    records = table.records[begin:end]
    times = [record.time for record in records]
    knots = _knots(table, begin, end)
    given: list[Given] = []
    steady: list[Steady] = []
    for i, record in enumerate(records):
        values = tuple(_on_record(knots, i, c, table.rule) for c in range(len(table.covariates)))
        given += _given(record, begin + i, times, values)
        if record.steady_state is not SteadyState.NONE:
            dose = _dose(record, record.time)
            steady.append(Steady(dose, begin + i, record.interval, values))
    return Occasion(
        times[0],
        records[0].steady_state is SteadyState.REPLACE,
        tuple(given),
        tuple(steady),
        tuple(Reading(time, begin + i) for i, time in enumerate(times)),
        knots,
    )


def _dose(record: EventRecord, time: float) -> DoseEvent:
    entry = Entry.FIXED_RATE
    if record.rate == MODELLED_RATE:
        entry = Entry.MODELLED_RATE
    elif record.rate == MODELLED_DURATION:
        entry = Entry.MODELLED_DURATION
    elif record.rate == 0.0 and not record.constant_infusion:
        entry = Entry.BOLUS
    rate = max(record.rate, 0.0)
    return DoseEvent(time, record.amount, record.compartment, rate=rate, entry=entry)


def _given(
    record: EventRecord, place: int, times: Sequence[float], covariates: tuple[float, ...]
) -> list[Given]:
    if not record.kind.doses or record.constant_infusion:
        return []
    found = [Given(_dose(record, record.time), place, own_record=True, covariates=covariates)]
    for k in range(1, record.additional + 1):
        dose = _dose(record, _nearby(record.time + k * record.interval, times))
        found.append(Given(dose, place, own_record=False, covariates=covariates))
    return found


def _nearby(time: float, times: Sequence[float]) -> float:
    """The record time that counts as the same as ``time``, or ``time`` itself."""
    place = bisect_left(times, time)
    for near in times[max(place - 1, 0) : place + 1]:
        if abs(near - time) < SAME_TIME:
            return near
    return time


def _knots(table: EventTable, begin: int, end: int) -> tuple[Knot, ...]:
    """The covariates of one occasion, each known at its first record."""
    if not table.covariates:
        return ()
    columns = [
        _filled([record.covariates[c] for record in table.records], begin, end, table.rule)
        for c in range(len(table.covariates))
    ]
    return tuple(
        Knot(table.records[i].time, tuple(column[i - begin] for column in columns))
        for i in range(begin, end)
    )


def _on_record(knots: Sequence[Knot], i: int, column: int, rule: CovariateRule) -> float:
    """The covariate on the record of knot ``i``: its own value, or what the rule gives."""
    own = knots[i].values[column]
    if own is not None:
        return own
    points = [(k.time, v) for k in knots[:i] if (v := k.values[column]) is not None][-1:]
    points += [(k.time, v) for k in knots[i:] if (v := k.values[column]) is not None][:1]
    (t0, before), (t1, after) = points[0], points[-1]
    if rule is CovariateRule.LAST_CARRIED_FORWARD:
        return before
    if rule is CovariateRule.NEXT_CARRIED_BACKWARD or t1 == t0:
        return after
    return before + (after - before) * (knots[i].time - t0) / (t1 - t0)


def _filled(
    values: Sequence[float | None], begin: int, end: int, rule: CovariateRule
) -> list[float | None]:
    """The values from ``begin`` to ``end``, the first one taken from outside if it is missing."""
    own = list(values[begin:end])
    if own[0] is None:
        earlier = [v for v in values[:begin] if v is not None][-1:]
        later = [v for v in values[begin:] if v is not None][:1]
        carried = rule is CovariateRule.LAST_CARRIED_FORWARD
        nearest = [*earlier, *later] if carried else [*later, *earlier]
        own[0] = nearest[0] if nearest else None
    return own
