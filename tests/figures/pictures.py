"""Reading an SVG back: every text with the room that it takes on the page."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from lymphocast.figures.layout import Box
from lymphocast.figures.text import text_width

_MOVE = re.compile(r"translate\(([-\d.e]+)[, ]+([-\d.e]+)\)")
_TURN = re.compile(r"rotate\(([-\d.e]+)\)")
ANCHOR = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True)
class Written:
    """One text of the picture."""

    words: str
    box: Box
    size: float
    halo: bool


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.moves: list[tuple[float, float]] = [(0.0, 0.0)]
        self.open: tuple[dict[str, str], tuple[float, float], bool] | None = None
        self.texts: list[Written] = []
        self.line = 0.0
        self.view = Box(0, 0, 0, 0)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "svg":
            left, top, width, height = (float(v) for v in values["viewbox"].split())
            self.view = Box(left, top, left + width, top + height)
        move = _MOVE.search(values.get("transform", ""))
        step = (float(move[1]), float(move[2])) if move else (0.0, 0.0)
        here = (self.moves[-1][0] + step[0], self.moves[-1][1] + step[1])
        if tag == "text":
            turned = bool(_TURN.search(values.get("transform", "")))
            self.open = (values, here, turned)
            self.line = 0.0
        if tag == "tspan":
            self.line += float(values.get("dy", "0"))
        if tag in {"g", "text"}:
            self.moves.append(here)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Shapes without content hold no text."""

    def handle_endtag(self, tag: str) -> None:
        if tag in {"g", "text"}:
            self.moves.pop()
        if tag == "text":
            self.open = None

    def handle_data(self, data: str) -> None:
        if self.open is None or not data.strip():
            return
        values, (x, y), turned = self.open
        size = float(values["font-size"].removesuffix("px"))
        width = text_width(data, size) * (1.1 if values.get("font-weight") == "bold" else 1.0)
        before = ANCHOR[values.get("text-anchor", "start")] * width
        if turned:
            x += self.line
            box = Box(x - 0.72 * size, y - width + before, x + 0.2 * size, y + before)
        else:
            y += self.line
            box = Box(x - before, y - 0.72 * size, x + width - before, y + 0.2 * size)
        self.texts.append(Written(data, box, size, "stroke" in values))


def written(svg: str) -> tuple[Box, tuple[Written, ...]]:
    """Return the view box of an SVG and its texts."""
    reader = _Reader()
    reader.feed(svg)
    return reader.view, tuple(reader.texts)
