"""What a count would tell before it is taken: the types of :mod:`lymphocast.forecast.value`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import final


@final
@dataclass(frozen=True)
class CountValue:
    """What a count on one day, or several together, would tell: expected before it is taken.

    Parameters
    ----------
    days
        The days of the counts.
    months
        Months from the last count to the only day; 0 for days in the past.
    bits
        Expected information about each question in bits, by letter; ``il2`` is whether IL-2
        adds cells.
    p_decided
        Probability that the answer to each question, in the base analysis alone, then has a
        probability above 0.8 or below 0.2.
    """

    days: tuple[date, ...]
    months: float
    bits: Mapping[str, float]
    p_decided: Mapping[str, float]


@final
@dataclass(frozen=True)
class BestDate:
    """The costs of delay, in bits a month, for which one date of the next count is the best."""

    months: float
    cost_from: float
    cost_to: float


@final
@dataclass(frozen=True)
class AtCost:
    """The best date of the next count at a cost of delay that somebody states.

    Parameters
    ----------
    cost
        In bits a month.
    months
        From the last count to the best date, the earlier of equals; ``None`` if no count at the
        dates tried is worth its delay.
    bits
        What a count then tells on whether IL-2 made more than half of the rise; 0 for no count.
    worth
        ``bits`` minus the cost of the months.
    """

    cost: float
    months: float | None
    bits: float
    worth: float


@final
@dataclass(frozen=True)
class NextCount:
    """The value of one more count by date, and of the counts that the source shows.

    ``unknown`` is what is not known of each question now, in bits; ``best`` concerns whether IL-2
    made more than half of the rise, its rows in order of falling cost; ``figure`` is empty unless
    the source shows counts that the record lacks, else one row for each day and one for all.
    ``stated`` answers for one cost of delay; ``None`` if none is stated.
    """

    unknown: Mapping[str, float]
    by_date: tuple[CountValue, ...]
    best: tuple[BestDate, ...]
    figure: tuple[CountValue, ...]
    stated: AtCost | None = None
