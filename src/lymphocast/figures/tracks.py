"""Bars and words under the counts: other drugs, symptoms, cultures, each with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, final

import altair as alt

from lymphocast.figures.axes import calendar, time_x
from lymphocast.figures.doses import Span, certain_spans
from lymphocast.figures.layout import FONT_SIZE, PLOT, pack_rows
from lymphocast.figures.marks import Bar, Label, bar_layers, label_layers, one_line, panel, px_y
from lymphocast.figures.palette import (
    FACT,
    FACT_HOLLOW,
    MUTED,
    OTHER_DRUG,
    OTHER_DRUG_LIGHT,
)
from lymphocast.figures.text import LINE_HEIGHT, TextBox, text_width, wrap
from lymphocast.figures.window import Window, day_end, is_stated, milliseconds
from lymphocast.figures.wording import dose_words, when_words
from lymphocast.record.events import Administration, Culture, Symptom
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Provenance
from lymphocast.record.when import When

ROW_GAP, SECTION_GAP, SPACE = 3.0, 5.0, 5.0
BAR_HEIGHT = 7.0
LINE = FONT_SIZE * LINE_HEIGHT
LEAST_WIDTH = 3.0
BAR_WORDS = (
    "Light ends of a bar: the change fell on one of these days. Hollow, dashed: time derived or "
    "assumed, not stated."
)

Fact = TypeVar("Fact", Symptom, Culture)


class Tone(NamedTuple):
    """Fills of a bar where it is certain and where it is not, and its outline."""

    firm: str
    light: str
    outline: str


DRUG = Tone(OTHER_DRUG, OTHER_DRUG_LIGHT, OTHER_DRUG)
STATED = Tone(FACT, FACT_HOLLOW, FACT)
NOT_STATED = Tone(FACT_HOLLOW, FACT_HOLLOW, FACT)


@final
@dataclass(frozen=True)
class Item:
    """One fact of a track: its words, its spans in milliseconds, whether its time is stated.

    ``spans`` is empty for a fact outside the window; its words then say where it lies.
    """

    words: str
    spans: tuple[Span, ...]
    tone: Tone
    stated: bool
    tip: str


@final
@dataclass(frozen=True)
class Placed:
    """An item with the pixels of its bar and the words beside it."""

    item: Item
    left: float
    right: float
    text: TextBox
    text_left: float

    @property
    def span(self) -> tuple[float, float]:
        """Horizontal room of bar and words together."""
        return min(self.left, self.text_left), max(self.right, self.text_left + self.text.width)


def track_sections(
    record: PatientRecord, drawn_drug: str | None, window: Window
) -> tuple[tuple[str, tuple[Item, ...]], ...]:
    """Return the tracks that have anything to show, with their headings."""
    drugs = [_drug(a, window) for a in record.administrations if a.drug != drawn_drug]
    symptoms = [_fact(s.what, s.at, s.provenance, window) for s in _in_time(record.symptoms)]
    cultures = [_fact(_words(c), c.at, c.provenance, window) for c in _in_time(record.cultures)]
    sections = (("Drugs", drugs), ("Symptoms", symptoms), ("Cultures", cultures))
    return tuple((heading, tuple(items)) for heading, items in sections if items)


def track_panel(sections: Sequence[tuple[str, tuple[Item, ...]]], window: Window) -> alt.LayerChart:
    """Draw the tracks from top to bottom above the calendar."""
    bars: list[Bar] = []
    labels: list[Label] = []
    top = 0.0
    for heading, items in sections:
        labels.append(Label(one_line(heading), -8.0, top, "right", colour=MUTED))
        top = _draw_section(items, top, window, bars, labels) + SECTION_GAP
    x = time_x(window, labelled=True)
    layers = [calendar(window, x), *bar_layers(bars, x, px_y(), "track")]
    layers += label_layers(labels, "track_words")
    return panel(layers, PLOT, max(top, 1.0))


def _in_time(facts: Sequence[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda f: (f.at.earliest, f.at.latest, f.id))


def _words(culture: Culture) -> str:
    return f"{culture.specimen}: {culture.organism} {culture.result.value}"


def _drug(given: Administration, window: Window) -> Item:
    low, high = window.domain
    spans = tuple(s for s in certain_spans(given) if s.stop > low and s.start < high)
    words = f"{given.drug} {dose_words(given)}"
    times = f"{when_words(given.start)} to {when_words(given.stop)}"
    words = words if spans else _outside(words, times, before=given.stop.latest < window.start)
    return Item(words, spans, DRUG, is_stated(given.provenance), f"{given.drug}, {times}")


def _outside(words: str, times: str, *, before: bool) -> str:
    """Words of a fact outside the window, with its own time and an arrow to its side."""
    return f"← {words} ({times})" if before else f"{words} ({times}) →"


def _fact(words: str, at: When, provenance: tuple[Provenance, ...], window: Window) -> Item:
    """Turn a fact into an item; one outside the window says its own time in words."""
    stated = is_stated(provenance)
    tip = f"{words}, {when_words(at)}" + ("" if stated else " (time not stated)")
    if at.latest < window.start:
        return Item(_outside(words, when_words(at), before=True), (), STATED, stated, tip)
    if at.earliest > window.end:
        return Item(_outside(words, when_words(at), before=False), (), STATED, stated, tip)
    span = Span(milliseconds(at.earliest), day_end(at.latest), certain=True)
    return Item(words, (span,), STATED if stated else NOT_STATED, stated, tip)


def _place(item: Item, window: Window) -> Placed:
    """Put the words to the right of the bar, to its left, or broken where there is more room."""
    width = text_width(item.words, FONT_SIZE)
    if not item.spans:
        edge = 0.0 if item.words.startswith("←") else max(PLOT - width, 0.0)
        return Placed(item, edge, edge, wrap(item.words, PLOT, FONT_SIZE), edge)
    low, high = window.domain
    scale = PLOT / (high - low)
    left = (max(item.spans[0].start, low) - low) * scale
    right = (min(item.spans[-1].stop, high) - low) * scale
    left = min(left, PLOT - LEAST_WIDTH)
    right = max(right, left + LEAST_WIDTH)
    after, before = PLOT - right - SPACE, left - SPACE
    if width <= after or (width > before and after >= before):
        return Placed(item, left, right, wrap(item.words, after, FONT_SIZE), right + SPACE)
    text = wrap(item.words, before, FONT_SIZE)
    return Placed(item, left, right, text, left - SPACE - text.width)


def _draw_section(
    items: Sequence[Item], top: float, window: Window, bars: list[Bar], labels: list[Label]
) -> float:
    """Add one track's bars and words below ``top``; return the lower end of its rows."""
    placed = [_place(item, window) for item in items]
    rows = pack_rows([p.span for p in placed], 2 * SPACE)
    for number in range(max(rows) + 1):
        members = [p for p, row in zip(placed, rows, strict=True) if row == number]
        for p in members:
            labels.append(Label(p.text, p.text_left, top))
            bars.extend(_bars(p, top + (LINE - BAR_HEIGHT) / 2, window))
        top += max(p.text.height for p in members) + ROW_GAP
    return top


def _bars(placed: Placed, top: float, window: Window) -> list[Bar]:
    """Draw the spans of one item; what is too short to be seen gets the least width."""
    low, high = window.domain
    pixel = (high - low) / PLOT
    first, last = low + placed.left * pixel, low + placed.right * pixel
    item = placed.item
    bars = []
    for number, span in enumerate(item.spans):
        start = first if number == 0 else max(span.start, first)
        stop = last if number == len(item.spans) - 1 else min(span.stop, last)
        fill = item.tone.firm if span.certain else item.tone.light
        box = (start, stop, top, top + BAR_HEIGHT)
        bars.append(Bar(*box, fill, item.tone.outline, not item.stated, item.tip))
    return bars
