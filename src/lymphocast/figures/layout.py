"""Where labels go: all positions are computed here, none by chance of a renderer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

WIDTH = 642.0
"""Width of the whole figure in pixels: 170 mm at 96 pixels per inch."""
LEFT, RIGHT = 60.0, 168.0
PLOT = WIDTH - LEFT - RIGHT
FONT_SIZE = 9.5
"""Smallest font in pixels: 7.1 pt at a width of 170 mm."""
TITLE_SIZE = 11.5


@final
@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        """Whether the two rectangles share any area."""
        apart = (
            self.right <= other.left
            or other.right <= self.left
            or self.bottom <= other.top
            or other.bottom <= self.top
        )
        return not apart

    def inside(self, other: "Box") -> bool:
        """Whether this rectangle lies within the other."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def first_free(candidates: Sequence[Box], taken: Sequence[Box], frame: Box) -> int:
    """Index of the first candidate that lies in the frame and overlaps nothing.

    If every candidate hits something, the one that hits least (the first of equals).
    """
    hits = [
        sum(box.overlaps(other) for other in taken) + 100 * (not box.inside(frame))
        for box in candidates
    ]
    return hits.index(min(hits))


def stack(wanted: Sequence[float], heights: Sequence[float], bottom: float) -> tuple[float, ...]:
    """Tops of labels in one column, near their wanted centres and never overlapping.

    Parameters
    ----------
    wanted
        Centre that each label would like to have, ascending, in pixels.
    heights
        Height of each label in pixels.
    bottom
        Lower end of the column; labels are pushed up from there, and down from zero.
    """
    tops: list[float] = []
    free = 0.0
    for centre, height in zip(wanted, heights, strict=True):
        top = max(free, centre - height / 2)
        tops.append(top)
        free = top + height
    limit = bottom
    for i in range(len(tops) - 1, -1, -1):
        tops[i] = min(tops[i], limit - heights[i])
        limit = tops[i]
    return tuple(tops)


def pack_rows(spans: Sequence[tuple[float, float]], gap: float) -> tuple[int, ...]:
    """Row of each horizontal span: the first row in which it stands ``gap`` apart from all."""
    rows: list[list[tuple[float, float]]] = []
    chosen: list[int] = []
    for left, right in spans:
        free = (
            number
            for number, row in enumerate(rows)
            if all(right + gap <= a or b + gap <= left for a, b in row)
        )
        number = next(free, len(rows))
        if number == len(rows):
            rows.append([])
        rows[number].append((left, right))
        chosen.append(number)
    return tuple(chosen)
