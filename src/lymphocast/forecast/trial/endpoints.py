"""Endpoints: one number of each patient from what was seen at the visits; NaN if missing."""

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.trial.protocol import Endpoint, EndpointKind
from lymphocast.forecast.trial.series import Series

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@final
class Reached(NamedTuple):
    """An endpoint's values, ``[lane]``; of a time, whether it ended with the event."""

    value: Floats
    event: Flags


def evaluate(endpoint: Endpoint, series: Series) -> Reached:
    """Return an endpoint's value of every patient."""
    last = int(np.searchsorted(series.days, endpoint.day))
    if endpoint.kind is EndpointKind.TIME:
        return _time(endpoint, series, last)
    if endpoint.kind is EndpointKind.CHANGE:
        value = _change(endpoint, series, last)
    elif endpoint.kind is EndpointKind.AREA:
        value = _area(series, last)
    else:
        value = _binary(endpoint, series, last)
    return Reached(value, np.isfinite(value))


def _change(endpoint: Endpoint, series: Series, last: int) -> Floats:
    now, before = series.counts[last], series.counts[0]
    if not endpoint.logarithmic:
        return np.where(series.present[last], now - before, np.nan)
    seen = series.present[last] & (now > 0.0) & (before > 0.0)  # what has no logarithm is missing
    return np.log(np.where(seen, now, np.nan) / np.where(seen, before, np.nan))


def _area(series: Series, last: int) -> Floats:
    """The trapezoid over the visits that took place, divided by the time."""
    day = np.full(series.counts.shape[1], series.days[0])
    count, area = series.counts[0].copy(), np.zeros(len(day))
    for visit in range(1, last + 1):
        here, now = series.present[visit], series.counts[visit]
        area += np.where(here, 0.5 * (count + now) * (series.days[visit] - day), 0.0)
        day, count = np.where(here, series.days[visit], day), np.where(here, now, count)
    return np.where(series.present[last], area / series.days[last], np.nan)


def _binary(endpoint: Endpoint, series: Series, last: int) -> Floats:
    if endpoint.kind is EndpointKind.CONVERTED:
        met = _converted(endpoint, series, last)
    elif endpoint.by:
        over = (series.counts >= endpoint.count) & series.present
        met = np.asarray(over[1 : last + 1].any(axis=0))
    else:
        met = (series.counts[last] >= endpoint.count) & series.present[last]
    absent = 0.0 if endpoint.failure else np.nan
    return np.where(met, 1.0, np.where(series.present[last], 0.0, absent))


def _converted(endpoint: Endpoint, series: Series, last: int) -> Flags:
    """Whether so many cultures in a row were negative; a missed one breaks no row."""
    assert series.negative is not None  # noqa: S101  (the protocol's reader asks for cultures)
    run = np.zeros(series.counts.shape[1])
    met = run < 0.0
    for visit in range(1, last + 1):
        here, negative = series.present[visit], series.negative[visit]
        run = np.where(here, np.where(negative, run + 1.0, 0.0), run)
        met |= run >= endpoint.consecutive
    return met


def _time(endpoint: Endpoint, series: Series, last: int) -> Reached:
    """The planned day of the first count above the threshold, or of the last visit."""
    value, event = np.zeros(series.counts.shape[1]), np.full(series.counts.shape[1], False)
    for visit in range(1, last + 1):
        at_risk = series.present[visit] & ~event
        value = np.where(at_risk, series.days[visit], value)
        event |= at_risk & (series.counts[visit] >= endpoint.count)
    return Reached(value, event)
