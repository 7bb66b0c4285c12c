"""Points read off a figure: from pixels to a date and a value, with the error of reading.

The axes of a drawn figure are calibrated by at least two marks each. Between pixel and axis value
(its logarithm on a logarithmic axis) stands the least-squares line through the marks:

    value = a + b pixel,      SD(value) = |b| sqrt(pixel_error^2 + r^2)

with ``pixel_error`` the standard deviation of setting a cursor, in pixels, and r the root mean
square distance of the marks from their line, in pixels. On a logarithmic axis the error of the
value is value SD(ln value). Left out: a rotated or distorted scan.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import final

from lymphocast.record.misread import Misread
from lymphocast.record.when import AnchorText, DateText, parse_time
from lymphocast.units import Quantity, number_text

DIGITS = 5
"""Significant digits kept of a value read off a figure: a hundredth of its error or less."""


@final
@dataclass(frozen=True)
class TimeMark:
    """A mark of the time axis: the pixel at which a day, or a distance from a fact, stands."""

    pixel: float
    at: str


@final
@dataclass(frozen=True)
class ValueMark:
    """A mark of the value axis: the pixel at which a value stands."""

    pixel: float
    value: Quantity


@final
@dataclass(frozen=True)
class Figure:
    """The calibration of one drawn figure.

    Parameters
    ----------
    source, locator
        Where the figure stands.
    x, y
        Marks of the axes, at least two each.
    pixel_error
        Standard deviation of one reading, in pixels.
    logarithmic
        Whether the value axis is logarithmic.
    """

    id: str
    source: str
    locator: str
    x: tuple[TimeMark, ...]
    y: tuple[ValueMark, ...]
    pixel_error: float
    logarithmic: bool = False


@final
@dataclass(frozen=True)
class ReadOff:
    """The pixels of one point of a figure."""

    figure: str
    x: float
    y: float


@final
@dataclass(frozen=True)
class FigurePoint:
    """A point in the words of a case file: its time, its value, the value's standard deviation."""

    at: str
    value: Quantity
    reading_error: float


@final
@dataclass(frozen=True)
class _Line:
    """value = intercept + slope pixel, and the error of a reading in units of the value."""

    intercept: float
    slope: float
    error: float

    def at(self, pixel: float) -> float:
        """Return the value at a pixel."""
        return self.intercept + self.slope * pixel


def read_point(figure: Figure, x: float, y: float) -> FigurePoint:
    """Return the point at a pixel.

    Raises
    ------
    Misread
        If an axis has too few different marks, mixes units or anchors, or a logarithmic axis
        reaches zero.
    """
    value, error = _value(figure, y)
    unit = figure.y[0].value.unit
    rounded = float(f"{value:.{DIGITS}g}")
    return FigurePoint(_time(figure, x), Quantity(rounded, unit), float(f"{error:.{DIGITS}g}"))


def _value(figure: Figure, y: float) -> tuple[float, float]:
    """Return the value at a pixel and its standard deviation."""
    unit = figure.y[0].value.unit
    values = [mark.value.to(unit).value for mark in figure.y]
    if figure.logarithmic and min(values) <= 0:
        raise Misread(found="a logarithmic axis with a mark at 0", needed="marks above 0")
    scaled = [math.log(v) for v in values] if figure.logarithmic else values
    line = _line([mark.pixel for mark in figure.y], scaled, figure.pixel_error)
    value = line.at(y)
    if figure.logarithmic:
        return math.exp(value), math.exp(value) * line.error
    if not value > 0:
        raise Misread(found=f"a point at {value:g} {unit}", needed="a point above 0")
    return value, line.error


def _time(figure: Figure, x: float) -> str:
    """Return the time at a pixel, as a case file writes it."""
    marks = [parse_time(mark.at) for mark in figure.x]
    pixels = [mark.pixel for mark in figure.x]
    exact = [t for t in marks if isinstance(t, DateText) and t.earliest == t.latest]
    if len(exact) == len(marks):
        line = _line(pixels, [float(t.earliest.toordinal()) for t in exact], figure.pixel_error)
        day = date.min + timedelta(days=round(line.at(x)) - 1)
        return f"{day} +/- {_spread(line.error)} d"
    hung = [t for t in marks if isinstance(t, AnchorText)]
    anchors = {t.anchor for t in hung}
    if len(hung) != len(marks) or len(anchors) != 1:
        needed = "marks that are all exact days, or all distances from the same fact"
        raise Misread(found="a time axis of mixed marks", needed=needed)
    line = _line(pixels, [t.offset for t in hung], figure.pixel_error)
    distance = round(line.at(x), 1)
    sign = "-" if distance < 0 else "+"
    return f"{anchors.pop()} {sign} {number_text(abs(distance))} d +/- {_spread(line.error)} d"


def _spread(error: float) -> str:
    """Return twice the standard deviation of a time, in tenths of a day, for an interval."""
    return number_text(max(math.ceil(20.0 * error) / 10.0, 0.1))


def _line(pixels: list[float], values: list[float], pixel_error: float) -> _Line:
    """Return the least-squares line through the marks of an axis."""
    n = len(pixels)
    if len(set(pixels)) < 2 or len(set(values)) < 2:
        raise Misread(found="an axis with one mark", needed="two different marks on each axis")
    mean_p, mean_v = sum(pixels) / n, sum(values) / n
    across = sum((p - mean_p) ** 2 for p in pixels)
    slope = sum((p - mean_p) * (v - mean_v) for p, v in zip(pixels, values, strict=True)) / across
    line = _Line(mean_v - slope * mean_p, slope, 0.0)
    apart = [(v - line.at(p)) / slope for p, v in zip(pixels, values, strict=True)]
    misfit = math.sqrt(sum(a * a for a in apart) / n)
    return _Line(line.intercept, slope, abs(slope) * math.hypot(pixel_error, misfit))
