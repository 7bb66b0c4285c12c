"""The stretch of calendar time that a figure shows, and where a day falls in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import final

from lymphocast.errors import UsageError
from lymphocast.figures.layout import PLOT
from lymphocast.forecast.foresight import Drawn
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method, Provenance

LEAD = timedelta(days=90)
DAY_MILLISECONDS = 86_400_000.0
YEARS_AFTER, MOST_YEARS_AFTER = 2, 5
NOT_STATED = frozenset({Method.DERIVED, Method.ASSUMED, Method.PROPOSED})


def milliseconds(day: date) -> float:
    """Midnight of a day in milliseconds since 1970, universal time."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000


def is_stated(provenance: Iterable[Provenance]) -> bool:
    """Whether no part of a fact had to be derived or assumed."""
    return not any(p.method in NOT_STATED for p in provenance)


def day_end(day: date) -> float:
    """End of a day in milliseconds since 1970, universal time."""
    return milliseconds(day) + DAY_MILLISECONDS


@final
@dataclass(frozen=True)
class Window:
    """The days at the two ends of the time axis."""

    start: date
    end: date

    @property
    def domain(self) -> tuple[float, float]:
        """Both ends in milliseconds."""
        return milliseconds(self.start), milliseconds(self.end)

    def pixel(self, day: date) -> float:
        """Distance of a day from the left end of the plot in pixels."""
        return (day - self.start) / (self.end - self.start) * PLOT

    def clamp(self, day: date) -> date:
        """Return the day, or the nearer end of the window if it lies outside."""
        return min(max(day, self.start), self.end)


def figure_window(record: PatientRecord, results: Drawn | None) -> Window:
    """From a season before the first dated fact to the end of the forecast.

    The forecast is shown for as long as the curves go, at most five years after the last fact;
    without curves the axis ends two years after it.

    Raises
    ------
    UsageError
        If the record holds no count, dose, culture or symptom to draw.
    """
    first = [m.at for m in record.measurements] + [a.start for a in record.administrations]
    last = [m.at for m in record.measurements] + [a.stop for a in record.administrations]
    other = [c.at for c in record.cultures] + [s.at for s in record.symptoms]
    first, last = first or other, last or other
    if not first:
        message = (
            f"record '{record.id}' cannot be drawn: it has no measurement, administration, "
            "culture or symptom"
        )
        raise UsageError(message)
    begin = (min(w.earliest for w in first) - LEAD).replace(day=1)
    end = max(w.latest for w in last)
    days = [curve.days[-1] for curve in results.curves if curve.days] if results else []
    wanted = max(days) if days else _years_later(end, YEARS_AFTER)
    return Window(begin, max(end + LEAD, min(wanted, _years_later(end, MOST_YEARS_AFTER))))


def _years_later(day: date, years: int) -> date:
    return date(day.year + years, day.month, 1)
