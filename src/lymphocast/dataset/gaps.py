"""Doses known to have been missed, as gaps in a stretch of dosing.

A gap is a stretch that the record dates, or one interval of dosing from a dated single dose on. A
gap is taken out where it surely lies inside a stretch of constant dose. Other missed doses stay
in: nothing says what the dose would have been.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, final

from lymphocast.dataset.individual import DoseSegment, Moment


@final
class Gap(NamedTuple):
    """Days without doses, from one instant to another."""

    begin: Moment
    end: Moment


def without(
    segment: DoseSegment, gaps: Sequence[Gap], span: Callable[[Moment], tuple[float, float]]
) -> Iterator[DoseSegment]:
    """Yield what is left of a stretch of dosing between its gaps.

    Parameters
    ----------
    segment
        The stretch; one that is titrated is left whole.
    gaps
        Gaps of its drug, in order.
    span
        The first and last study day on which an instant can be.
    """
    start = segment.start
    for gap in () if segment.steps else gaps:
        inside = span(start)[1] < span(gap.begin)[0] and span(gap.end)[1] < span(segment.stop)[0]
        if inside and span(gap.begin)[1] < span(gap.end)[0]:
            yield replace(segment, start=start, stop=gap.begin)
            start = gap.end
    yield replace(segment, start=start)
