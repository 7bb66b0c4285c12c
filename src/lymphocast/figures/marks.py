"""The few marks that every panel is made of, as Altair layers.

A position is in pixels (``px_x``, ``px_y``) or on an axis; whoever draws says which.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, final

import altair as alt

from lymphocast.figures.layout import FONT_SIZE, Box
from lymphocast.figures.palette import INK, PAPER, Stroke
from lymphocast.figures.text import LINE_HEIGHT, TextBox

Row = Mapping[str, float | str]
Align = Literal["left", "right", "center"]
HALO = 2.5
ASCENT = 0.88
"""Distance from the top of a line to its baseline, as a share of the font size."""


@final
@dataclass(frozen=True)
class Label:
    """Lines of text with the pixel at which they start, end or are centred, and their top."""

    text: TextBox
    x: float
    top: float
    align: Align = "left"
    colour: str = INK
    italic: bool = False
    bold: bool = False

    @property
    def box(self) -> Box:
        """Room that the label takes."""
        width = self.text.width
        left = {"left": self.x, "right": self.x - width, "center": self.x - width / 2}[self.align]
        return Box(left, self.top, left + width, self.top + self.text.height)


@final
@dataclass(frozen=True)
class Bar:
    """A rectangle on the panel's axes; a dashed outline means that its place is assumed."""

    x: float
    x2: float
    y: float
    y2: float
    fill: str
    outline: str
    dashed: bool = False
    tip: str = ""


@final
@dataclass(frozen=True)
class Line:
    """A straight line on the panel's axes."""

    x: float
    y: float
    x2: float
    y2: float
    stroke: Stroke
    tip: str = ""


def px_x() -> alt.X:
    """Return a horizontal position in pixels."""
    return alt.X("x:Q", scale=None, axis=None)


def px_y() -> alt.Y:
    """Return a vertical position in pixels from the top."""
    return alt.Y("y:Q", scale=None, axis=None)


def source(rows: Iterable[Row]) -> alt.InlineData:
    """Rows of numbers and words as data that stand in the specification itself."""
    return alt.InlineData(values=[dict(row) for row in rows])


def panel(layers: Sequence[alt.Chart], width: float, height: float) -> alt.LayerChart:
    """Put layers on top of each other in a panel of a given size in pixels."""
    return alt.LayerChart(layer=list(layers), width=width, height=height)


def bar_layers(bars: Sequence[Bar], x: alt.X, y: alt.Y, name: str) -> list[alt.Chart]:
    """Draw bars, one layer for the firm outlines and one for the dashed."""
    layers = []
    for dashed in (False, True):
        rows = [_bar_row(bar) for bar in bars if bar.dashed is dashed]
        if rows:
            mark = alt.Chart(source(rows), name=f"{name}_{'assumed' if dashed else 'stated'}")
            layers.append(
                mark.mark_rect(
                    aria=_aria(rows), strokeWidth=0.9, strokeDash=[2, 1.5] if dashed else [1, 0]
                ).encode(
                    x=x,
                    x2="x2",
                    y=y,
                    y2="y2",
                    fill=alt.Fill("fill:N", scale=None),
                    stroke=alt.Stroke("outline:N", scale=None),
                    **fact_channels(rows),
                )
            )
    return layers


def line_layers(lines: Sequence[Line], x: alt.X, y: alt.Y, name: str) -> list[alt.Chart]:
    """Draw straight lines, one layer for each stroke in order of first use."""
    layers = []
    for number, stroke in enumerate(dict.fromkeys(line.stroke for line in lines)):
        rows: list[Row] = [
            {"x": n.x, "y": n.y, "x2": n.x2, "y2": n.y2} | _fact(n.tip)
            for n in lines
            if n.stroke == stroke
        ]
        layers.append(
            alt.Chart(source(rows), name=f"{name}{number + 1}")
            .mark_rule(
                aria=_aria(rows),
                stroke=stroke.colour,
                strokeDash=list(stroke.dash),
                strokeWidth=stroke.width,
            )
            .encode(x=x, x2="x2", y=y, y2="y2", **fact_channels(rows))
        )
    return layers


def label_layers(labels: Iterable[Label], name: str, *, halo: bool = False) -> list[alt.Chart]:
    """Write labels, one layer for each combination of alignment, colour, weight and slant.

    With ``halo`` the words are first written broad in the colour of the paper, so that they can
    be read across a line.
    """

    def style(label: Label) -> tuple[str, str, bool, bool, float]:
        return label.align, label.colour, label.italic, label.bold, label.text.size

    layers = []
    for number, (_, group) in enumerate(groupby(sorted(labels, key=style), key=style)):
        members = list(group)
        rows: list[Row] = [
            {"x": n.x, "y": _round(n.top + _baseline(i, n.text.size)), "words": line}
            for n in members
            for i, line in enumerate(n.text.lines)
        ]
        if halo:
            layers.append(_words(rows, members[0], f"{name}_halo{number + 1}", halo=True))
        layers.append(_words(rows, members[0], f"{name}{number + 1}"))
    return layers


def one_line(words: str, size: float = FONT_SIZE) -> TextBox:
    """Return the words as a single line."""
    return TextBox((words,), size)


def _words(rows: Sequence[Row], like: Label, name: str, *, halo: bool = False) -> alt.Chart:
    text = alt.Chart(source(rows), name=name).mark_text(
        aria=False,
        align=like.align,
        baseline="alphabetic",
        color=PAPER if halo else like.colour,
        fontSize=like.text.size,
        fontStyle="italic" if like.italic else "normal",
        fontWeight="bold" if like.bold else "normal",
        stroke=PAPER if halo else None,
        strokeWidth=HALO if halo else 0,
    )
    chart: alt.Chart = text.encode(x=px_x(), y=px_y(), text="words:N")
    return chart


def _baseline(line: int, size: float) -> float:
    return line * size * LINE_HEIGHT + ASCENT * size


def _round(pixel: float) -> float:
    return round(pixel, 2)


def _bar_row(bar: Bar) -> Row:
    place = {"x": bar.x, "x2": bar.x2, "y": bar.y, "y2": bar.y2}
    return {**place, "fill": bar.fill, "outline": bar.outline, **_fact(bar.tip)}


def _fact(tip: str) -> dict[str, float | str]:
    return {"fact": tip} if tip else {}


def _aria(rows: Sequence[Row]) -> bool:
    """Only marks that stand for a fact are read out; words are texts already."""
    return any("fact" in row for row in rows)


def fact_channels(rows: Sequence[Row]) -> dict[str, alt.Tooltip | alt.Description]:
    """Words for the reader who points at a mark and for the one who listens."""
    if not _aria(rows):
        return {}
    return {"tooltip": alt.Tooltip("fact:N"), "description": alt.Description("fact:N")}
