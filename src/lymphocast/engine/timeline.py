"""Timeline: when and how doses enter, and the order in which events act.

This is the one place that turns lag, bioavailable fraction, duration and rate of input into
events; the march and the adaptive solver both follow it. What records mean stands in
:mod:`lymphocast.dataset.events`. Times may be numbers, or traced (see
:mod:`lymphocast.engine.arrays`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, final

import numpy as np

from lymphocast.dataset.events import SAME_TIME
from lymphocast.engine.arrays import held, namespace, traced
from lymphocast.engine.schedule import Doses, How, Schedule
from lymphocast.models.component import Component, Dosing, Scalar, Values

AT_ONCE = 1e-6
"""Days within which an input counts as a bolus: a plan would lose the shortest infusions."""


@final
class Ways(NamedTuple):
    """How each dose enters; ``rate`` is NaN unless it enters at a rate. ``[dose]`` or more."""

    fraction: Scalar
    lag: Scalar
    duration: Scalar
    rate: Scalar


@final
class Entering(NamedTuple):
    """Doses with lag, fraction and duration applied; the last axis is the doses.

    ``end`` equals ``begin`` for a bolus, whose amount is then in ``bolus``; ``inflow`` is the
    amount per day from ``begin`` to ``end``. ``gives`` tells a dose from one that fills up.
    """

    begin: Scalar
    end: Scalar
    bolus: Scalar
    inflow: Scalar
    rank: Scalar
    gives: Scalar
    valid: Scalar


@final
class Added(NamedTuple):
    """Steady states to add and clocks to set, ``[steady, state]``, and the first failure."""

    state: Scalar
    clock: Scalar
    code: Scalar


def dosing_of(
    model: Component, theta: Values, covariates: tuple[str, ...], doses: Doses
) -> Mapping[str, Dosing]:
    """Return how the model says that doses enter, with the covariates of each dose's record.

    ``theta`` holds numbers or ``[lane]``; values are numbers, ``[lane, 1]`` or ``[lane, dose]``.
    """
    lanes = {n: v[:, None] if np.ndim(v) else v for n, v in theta.items()}
    own = {n: doses.covariates[:, i] for i, n in enumerate(covariates) if n not in model.inputs}
    return model.dosing({**lanes, **own})


def ways(model: Component, theta: Values, covariates: tuple[str, ...], doses: Doses) -> Ways:
    """Return fraction, lag, duration and rate of each dose, ``[dose]`` or ``[lane, dose]``."""
    if not doses.gives.shape[0]:
        return Ways(*(np.zeros(0),) * 4)
    found = dosing_of(model, theta, covariates, doses)
    xp = namespace(*(value for way in found.values() for value in way.values), doses.amount)
    fraction, lag, modelled, by_model = (
        xp.full(len(doses.state), value) for value in Dosing().values
    )
    for position, state in enumerate(model.states):
        if state.name in found:
            here = doses.state == position
            fraction, lag, modelled, by_model = (
                xp.where(here, value, default)
                for value, default in zip(
                    found[state.name].values, (fraction, lag, modelled, by_model), strict=True
                )
            )
    left_to_model = doses.how == How.MODELLED_RATE
    rated = left_to_model | (doses.how == How.FIXED_RATE)
    rate = xp.where(left_to_model, by_model, doses.rate)
    at_rate = fraction * doses.amount / xp.where(rated & (rate > 0.0), rate, 1.0)
    stated = (doses.how == How.DEFAULT) & (doses.duration > 0.0)
    duration = xp.where(stated, doses.duration, modelled)
    duration = xp.where(doses.how == How.BOLUS, 0.0, xp.where(rated, at_rate, duration))
    return Ways(fraction, lag, duration, xp.where(rated, rate, np.nan))


def enter(doses: Doses, way: Ways, grid: Scalar, start: Scalar) -> Entering:
    """Return when and how doses enter; those within 1e-9 d of ``grid`` enter at its time.

    An input that takes less than 1e-6 d enters at once. A dose before ``start``, which only a
    traced time can be, is not valid.
    """
    xp = namespace(*way, *doses)
    if not doses.gives.shape[0]:
        none = np.zeros(0)
        return Entering(*(none,) * 5, none > 0.0, none == 0.0)
    fraction, rate = way.fraction, way.rate
    lag, duration = (xp.where(_usable(xp, x), x, 0.0) for x in (way.lag, way.duration))
    amount = fraction * doses.amount
    lasts = duration > AT_ONCE
    entry = _snapped(doses.time + lag - doses.earlier * doses.interval, grid)
    behind = (doses.earlier > 0.0) & (doses.earlier > whole_lags(lag, doses.interval))
    spread = xp.where(lasts, amount / xp.where(lasts, duration, 1.0), 0.0)
    gives = doses.gives
    begin = xp.where(behind | ~gives, doses.time, entry)  # what gives nothing moves nowhere
    end = _snapped(entry + duration, grid) if _some(lasts) else entry
    end = xp.where(gives, end, doses.time)
    needs_duration = (doses.how == How.MODELLED_DURATION) & ~lasts
    lacking = needs_duration | no_rate(doses, rate)
    usable = _usable(xp, fraction) & _usable(xp, way.lag) & _usable(xp, way.duration)
    return Entering(
        begin,
        xp.where(lasts & (end > begin), end, begin),
        xp.where(lasts | behind, 0.0, amount),
        xp.where(xp.isnan(rate), spread, rate),
        xp.where(begin > doses.time + SAME_TIME, xp.minimum(doses.rank, 0.0), doses.rank),
        gives,
        (usable & ~lacking & (begin >= start - SAME_TIME)) | ~gives,
    )


def _some(mark: Scalar) -> bool:
    """Return whether a mark may be set anywhere."""
    return traced(mark) or bool(np.any(mark))


def _usable(xp: Any, value: Scalar) -> Scalar:  # noqa: ANN401 (NumPy or its double)
    return xp.isfinite(value) & (value >= 0.0)


def no_rate(doses: Doses, rate: Scalar) -> Scalar:
    """Return whether the model gives no usable rate to a dose that leaves it to the model."""
    xp = namespace(rate)
    return (doses.how == How.MODELLED_RATE) & ~((rate > 0.0) & xp.isfinite(rate))


def whole_lags(lag: Scalar, interval: Scalar) -> Scalar:
    """Return how many whole intervals fit into the lag."""
    xp = namespace(lag, interval)
    return xp.floor(lag / xp.where(interval > 0.0, interval, 1.0) + SAME_TIME)


def _snapped(t: Scalar, grid: Scalar) -> Scalar:
    """``t``, or the grid's time within 1e-9 d of it; the derivative is that of ``t``."""
    if grid.shape[0] == 0:
        return t
    xp = namespace(t, grid)
    still, grid = held(t), xp.asarray(grid)
    place = xp.searchsorted(grid, still)
    for side in (xp.clip(place - 1, 0, None), xp.clip(place, None, grid.shape[0] - 1)):
        near = grid[side]
        t = t + xp.where(xp.abs(near - still) < SAME_TIME, near - still, 0.0)
        still = held(t)
    return t


@final
class Ordered(NamedTuple):
    """All events in the order in which they act.

    Events come from six sources, which stand one after another: boluses, begins of infusions,
    their ends, steady states, knots of covariates, readings.

    Parameters
    ----------
    time
        Of each event, in order.
    place
        Where each event of the sources, one after another, stands in that order.
    starts
        First place of each source in the unordered sequence, and the total, 7 numbers.
    """

    time: Scalar
    place: Scalar
    starts: tuple[int, ...]

    def of(self, source: int) -> Scalar:
        """Return the places of the events of one source."""
        return self.place[self.starts[source] : self.starts[source + 1]]


BOLUS, INFUSION_BEGIN, INFUSION_END, STEADY, KNOT, READING = range(6)


def in_order(schedule: Schedule, boluses: Entering, infusions: Entering) -> Ordered:
    """Return the events sorted by time and rank.

    What would act before the start stands there; what would act after the last reading stands at
    its time, behind every reading.
    """
    knots = schedule.knot_time.reshape(-1)
    times = [boluses.begin, infusions.begin, infusions.end, schedule.steady.time, knots]
    ranks = [
        boluses.rank,
        infusions.rank,
        infusions.rank,
        schedule.steady.rank,
        (knots < 0.0) * 0.0,
    ]
    times, ranks = [*times, schedule.read_time], [*ranks, schedule.read_rank]
    xp = namespace(*times, *ranks)
    sizes = [t.shape[0] for t in times]
    starts = tuple(int(n) for n in np.cumsum([0, *sizes]))
    time, rank = xp.concatenate(times), xp.concatenate(ranks)
    final_time = xp.max(xp.asarray(schedule.read_time), initial=schedule.start)
    late = time > final_time
    rank = xp.where(late, xp.inf, rank)
    time = xp.where(late, final_time, xp.maximum(time, schedule.start))
    order = xp.lexsort((rank, held(time)))
    return Ordered(time[order], xp.argsort(order), starts)
