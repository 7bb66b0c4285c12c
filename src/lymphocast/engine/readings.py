"""Occasions of one individual, each with the times at which it is read, and their schedules."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter

import numpy as np

from lymphocast.dataset.events import SAME_TIME, EventTable
from lymphocast.dataset.occasions import Occasion, Reading, occasions
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.arrays import traced
from lymphocast.engine.schedule import EXTRA_READING, Floats, Schedule, bucket, make_schedule
from lymphocast.engine.settings import Layout
from lymphocast.engine.timeline import dosing_of, ways
from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Scalar, Values

IMPLIED_IF_TRACED = 8  # earlier doses kept of a steady state whose lag is being differentiated
MOST_IMPLIED = 4096


def occasions_of(
    events: EventTable | Sequence[DoseEvent], times: Sequence[float] | Floats | None
) -> tuple[Occasion, ...]:
    """Return the occasions of one individual that are read.

    Raises
    ------
    UsageError
        If ``times`` do not increase, dose events come without ``times``, or records go back in
        time while ``times`` are given.
    """
    parts = occasions(events) if isinstance(events, EventTable) else (_one_occasion(events, times),)
    if times is not None:
        parts = _read_at(parts, times)
    return tuple(part for part in parts if part.readings)


def _one_occasion(doses: Sequence[DoseEvent], times: Scalar) -> Occasion:
    """Dose events as one occasion; at equal times in the order given."""
    if times is None or not len(times):
        msg = "dose events without times to read; needed at least one time"
        raise UsageError(msg)
    days = [d.time for d in doses]
    known = [day for day in days if not traced(day)]
    ordered = sorted(doses, key=attrgetter("time")) if len(known) == len(days) else doses
    return Occasion(min([float(times[0]), *known]), empty=False, doses=tuple(ordered))


def _read_at(parts: tuple[Occasion, ...], times: Sequence[float] | Floats) -> tuple[Occasion, ...]:
    """The occasions, each read at the times up to the next one's start."""
    days = [float(t) for t in times]
    if not days or not all(map(math.isfinite, days)) or any(b < a for a, b in pairwise(days)):
        msg = "times to read: needed one or more finite numbers in increasing order"
        raise UsageError(msg)
    starts = [part.start for part in parts]
    if any(after.start < before.end for before, after in pairwise(parts)):
        msg = "times to read, of records that go back in time at a reset; needed one or the other"
        raise UsageError(msg)
    if parts[0].empty:  # what stands before the first record is the model's initial state
        before = Occasion(min(days[0], starts[0]), empty=False, knots=parts[0].knots)
        parts, starts = (before, *parts), [before.start, *starts]
    bounds = [-math.inf, *(start + SAME_TIME for start in starts[1:]), math.inf]
    return tuple(
        replace(part, readings=tuple(Reading(t, EXTRA_READING) for t in days if low < t <= high))
        for part, (low, high) in zip(parts, pairwise(bounds), strict=True)
    )


def schedule_of(
    model: Component, layout: Layout, theta: Values, part: Occasion, kept: Sequence[int]
) -> Schedule:
    """Return the arrays of one occasion; ``theta`` decides which doses take time.

    Parameters
    ----------
    model, layout, theta
        The equations, what is compiled for, and parameter values.
    part
        The occasion.
    kept
        Which of the table's covariates the model reads.
    """
    states = {s.name: i for i, s in enumerate(model.states)}
    first = make_schedule(part, states, frozenset(), kept, 0)
    if not part.given and not part.steady and not part.doses:
        return first
    doses = first.boluses if len(first.boluses.time) else first.infusions
    dosing = dosing_of(model, theta, layout.covariates, doses)
    lasting = frozenset(name for name, how in dosing.items() if may_last(how.duration))
    implied = _implied(model, layout, theta, first)
    if not lasting and not implied:
        return first
    return make_schedule(part, states, lasting, kept, implied)


def may_last(duration: Scalar) -> bool:
    """Return whether a modelled duration is above 0 in some lane, or may be."""
    return traced(duration) or bool(np.any(np.asarray(duration) != 0.0))


def _implied(model: Component, layout: Layout, theta: Values, schedule: Schedule) -> int:
    """How many earlier doses of a steady state may still be lagged or running at its record."""
    if not len(schedule.steady.time):
        return 0
    way = ways(model, theta, layout.covariates, schedule.steady)
    reach = way.lag + way.duration
    if traced(reach):
        return IMPLIED_IF_TRACED
    interval = schedule.steady.interval
    ratio = np.where(interval > 0.0, np.asarray(reach) / np.where(interval > 0.0, interval, 1.0), 0)
    most = np.max(np.where(np.isfinite(ratio), ratio, 0.0), initial=0.0)
    return bucket(min(math.ceil(most), MOST_IMPLIED))
