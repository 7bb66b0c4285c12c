"""The key above the panels: only what the figure shows, drawn as it is drawn below."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import final

import altair as alt

from lymphocast.criteria.rcv import LONG_TERM_CV
from lymphocast.figures.counts import CountMark
from lymphocast.figures.curves import ModelCurves
from lymphocast.figures.layout import FONT_SIZE, LEFT, TITLE_SIZE, WIDTH
from lymphocast.figures.marks import (
    Bar,
    Label,
    Line,
    bar_layers,
    label_layers,
    line_layers,
    one_line,
    panel,
    px_x,
    px_y,
    source,
)
from lymphocast.figures.palette import (
    AVERAGE,
    BAND_50,
    BAND_90,
    INK,
    PAPER,
    STUDY_DRUG,
    STUDY_DRUG_LIGHT,
    THRESHOLD,
    Stroke,
)
from lymphocast.figures.text import LINE_HEIGHT, wrap
from lymphocast.forecast.plan import LEVELS

GLYPH, GAP = 18.0, 14.0
LINE = FONT_SIZE * LINE_HEIGHT + 2
BOLD = 1.1
"""How much wider a bold text may be than the same text in the regular weight."""
EDGE = 6.0
"""Free room left and right of title, key and notes."""


@final
class Glyph(Enum):
    """What stands before the words of one entry."""

    STATED = "count at a stated time"
    ASSUMED = "count at a time that is not stated"
    BELOW = "count below a limit"
    ABOVE = "count above a limit"
    VARIATION = "variation of a count"
    THRESHOLD = "counts that a reader looks for"
    BANDS = "median and bands"
    STRIP = "intervals by explanation"
    LINE = "one line"
    GIVEN = "dose that is given"
    PLANNED = "dose that may be given"


DOSE_FILLS = {Glyph.GIVEN: STUDY_DRUG, Glyph.PLANNED: STUDY_DRUG_LIGHT}


_LIMITS = {"triangle-down": Glyph.BELOW, "triangle-up": Glyph.ABOVE}


@final
@dataclass(frozen=True)
class Entry:
    """One entry of the key and the pixel at which its glyph begins.

    ``stroke`` is that of a line or of the counts that a reader looks for.
    """

    glyph: Glyph
    words: str
    x: float = 0.0
    y: float = 0.0
    stroke: Stroke = THRESHOLD


def key_entries(counts: Sequence[CountMark], curves: ModelCurves) -> tuple[Entry, ...]:
    """Return entries for what the figure shows and for nothing else."""
    entries = _count_entries(counts)
    if curves.named:
        levels = ", ".join(f"{value} {words}" for value, words in LEVELS.items())
        entries.append(Entry(Glyph.THRESHOLD, levels))
    if curves.factual:
        entries.append(Entry(Glyph.BANDS, "modelled count: median, 50 % and 90 % bands"))
    if curves.explanations:
        last = curves.explanations[-1].words[0]
        words = f"A–{last} at the right: 50 % and 90 % at the end, by explanation"
        entries.append(Entry(Glyph.STRIP, words))
    return tuple(entries)


def _count_entries(counts: Sequence[CountMark]) -> list[Entry]:
    plain = [c for c in counts if not c.limited]
    entries = []
    if any(c.stated for c in plain):
        entries.append(Entry(Glyph.STATED, "count, bar: possible dates"))
    if any(not c.stated for c in plain):
        entries.append(Entry(Glyph.ASSUMED, "count, date not stated (middle of possible dates)"))
    for shape, glyph in _LIMITS.items():
        if any(c.limited and c.shape == shape for c in counts):
            entries.append(Entry(glyph, f"reported only as {glyph.name.lower()} this value"))
    if plain:
        percent = f"{100 * LONG_TERM_CV:.3g} %"
        entries.append(Entry(Glyph.VARIATION, f"± {percent}, within-subject variation"))
    return entries


def head_panel(title: str, entries: Sequence[Entry]) -> alt.LayerChart:
    """Write the title and the key in rows over the whole width."""
    words = wrap(title, (WIDTH - 2 * EDGE) / BOLD, TITLE_SIZE)
    placed = _flow(entries, words.height + 6)
    bottom = max((e.y + LINE for e in placed), default=words.height)
    labels = [Label(words, EDGE - LEFT, 0.0, bold=True)]
    labels += [Label(one_line(e.words), e.x + GLYPH + 4, e.y) for e in placed]
    layers = [spacer(bottom)] + [layer for e in placed for layer in _glyph(e)]
    layers += label_layers(labels, "head")
    return panel(layers, WIDTH - LEFT, bottom)


def notes_panel(notes: Sequence[str]) -> alt.LayerChart:
    """Write the notes below the calendar, one after the other."""
    labels = []
    top = 14.0
    for note in notes:
        text = wrap(note, WIDTH - 2 * EDGE, FONT_SIZE)
        labels.append(Label(text, EDGE - LEFT, top))
        top += text.height
    layers = [spacer(top), *label_layers(labels, "note")]
    return panel(layers, WIDTH - LEFT, top)


def spacer(height: float) -> alt.Chart:
    """Return an invisible rectangle of the width of every figure."""
    rows = [{"x": -LEFT, "x2": WIDTH - LEFT, "y": 0.0, "y2": height}]
    area = alt.Chart(source(rows)).mark_rect(aria=False, opacity=0)
    chart: alt.Chart = area.encode(x=px_x(), x2="x2", y=px_y(), y2="y2")
    return chart


def _flow(entries: Sequence[Entry], top: float) -> tuple[Entry, ...]:
    placed = []
    x, y = EDGE - LEFT, top
    for entry in entries:
        width = GLYPH + 4 + one_line(entry.words).width
        if x > EDGE - LEFT and x + width > WIDTH - LEFT - EDGE:
            x, y = EDGE - LEFT, y + LINE
        placed.append(replace(entry, x=x, y=y))
        x += width + GAP
    return tuple(placed)


def _glyph(entry: Entry) -> list[alt.Chart]:
    left, middle, centre = entry.x, entry.y + FONT_SIZE * LINE_HEIGHT / 2, entry.x + GLYPH / 2
    name = f"key_{entry.glyph.name.lower()}"
    if entry.glyph is Glyph.BANDS:
        bars = [
            Bar(left, left + GLYPH, middle - 5, middle + 5, BAND_90, BAND_90),
            Bar(left, left + GLYPH, middle - 2.5, middle + 2.5, BAND_50, BAND_50),
        ]
        line = Line(left, middle, left + GLYPH, middle, AVERAGE)
        return [
            *bar_layers(bars, px_x(), px_y(), name),
            *line_layers([line], px_x(), px_y(), f"{name}_median"),
        ]
    if fill := DOSE_FILLS.get(entry.glyph):
        bar = Bar(left, left + GLYPH, middle - 4, middle + 4, fill, STUDY_DRUG)
        return bar_layers([bar], px_x(), px_y(), name)
    if entry.glyph in {Glyph.THRESHOLD, Glyph.LINE}:
        line = Line(left, middle, left + GLYPH, middle, entry.stroke)
        place = f"_{left:.0f}_{middle:.0f}_" if entry.glyph is Glyph.LINE else ""
        return line_layers([line], px_x(), px_y(), f"{name}{place}")
    if entry.glyph in {Glyph.VARIATION, Glyph.STRIP}:
        widths = (0.8,) if entry.glyph is Glyph.VARIATION else (1.0, 4.0)
        lines = [
            Line(centre, middle - h, centre, middle + h, Stroke(INK, (1, 0), width))
            for width, h in zip(widths, (5.5, 3.0), strict=False)
        ]
        return line_layers(lines, px_x(), px_y(), name)
    return _count_glyph(left, middle, entry.glyph, name)


def _count_glyph(left: float, middle: float, glyph: Glyph, name: str) -> list[alt.Chart]:
    stated = glyph is Glyph.STATED
    shape = next((s for s, limit in _LIMITS.items() if limit is glyph), "circle")
    dashed = glyph is Glyph.ASSUMED
    stroke = Stroke(INK, (2, 2), 1.6) if dashed else Stroke(INK, (1, 0), 2.0)
    point = alt.Chart(source([{"x": left + GLYPH / 2, "y": middle}]), name=f"{name}_point")
    return [
        *line_layers(
            [Line(left, middle, left + GLYPH, middle, stroke)], px_x(), px_y(), f"{name}_bar"
        ),
        point.mark_point(
            aria=False,
            shape=shape,
            fill=INK if stated else PAPER,
            stroke=INK,
            strokeWidth=1.5,
            size=38,
            opacity=1,
        ).encode(x=px_x(), y=px_y()),
    ]
