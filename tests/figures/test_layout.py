"""Where labels go: widths against the renderer's own, and rows and columns that never collide."""

from itertools import combinations

import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.figures.layout import Box, first_free, pack_rows, stack
from lymphocast.figures.text import FONT, text_width, wrap

# Kerning moves a line by less than 2 % of its width; the table has no kerning.
KERNING = 0.02
SIZES = st.floats(5, 60)


@pytest.mark.parametrize(
    "words",
    [
        "interleukin-2: 600,000 units per day, then 11 million units",
        "The quick brown fox jumps over the lazy dog (1234567890).",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ & 50 % [x] {y} + z = 4/5",
    ],
)
def test_widths_are_those_of_the_renderer(words: str) -> None:
    spec = {
        "data": {"values": [{"words": words}]},
        "padding": 0,
        "config": {"view": {"stroke": None}, "font": FONT},
        "width": 1,
        "height": 1,
        "mark": {"type": "text", "fontSize": 50, "align": "left"},
        "encoding": {"text": {"field": "words"}, "x": {"value": 0}},
    }
    svg = vl_convert.vegalite_to_svg(spec)
    drawn = float(svg.split('width="')[1].split('"')[0])
    assert text_width(words, 50) == pytest.approx(drawn, rel=KERNING)


@given(st.text(alphabet="abc defgh", max_size=80), st.floats(20, 200))
def test_wrapping_keeps_every_word_and_the_width(words: str, width: float) -> None:
    box = wrap(words, width, 10)
    assert " ".join(box.lines).split() == words.split()
    for line in box.lines:
        assert text_width(line, 10) <= width or " " not in line.strip()


def test_a_fixed_space_does_not_break() -> None:
    assert wrap("weight 27\u00a0%", 40, 10).lines == ("weight", "27\u00a0%")


@given(st.lists(st.tuples(st.floats(0, 300), SIZES), max_size=8))
def test_a_column_never_overlaps_and_ends_above_its_bottom(
    labels: list[tuple[float, float]],
) -> None:
    labels.sort()
    heights = [height for _, height in labels]
    bottom = max(300.0, sum(heights))
    tops = stack([centre for centre, _ in labels], heights, bottom)
    ends = [top + height for top, height in zip(tops, heights, strict=True)]
    assert all(end <= top + 1e-9 for end, top in zip(ends, tops[1:], strict=False))
    assert all(end <= bottom + 1e-9 for end in ends)
    assert all(top >= -1e-9 for top in tops)


@given(st.lists(st.tuples(st.floats(0, 400), SIZES), max_size=12))
def test_no_two_spans_of_one_row_touch(items: list[tuple[float, float]]) -> None:
    spans = [(left, left + width) for left, width in items]
    rows = pack_rows(spans, 4)
    for (one, row), (other, same) in combinations(zip(spans, rows, strict=True), 2):
        if row == same:
            assert one[1] + 4 <= other[0] or other[1] + 4 <= one[0]


def test_the_first_free_place_is_taken_and_otherwise_the_least_bad() -> None:
    frame = Box(0, 0, 100, 100)
    places = [Box(0, 0, 10, 10), Box(20, 20, 30, 30), Box(95, 95, 105, 105)]
    assert first_free(places, [], frame) == 0
    assert first_free(places, [Box(5, 5, 6, 6)], frame) == 1
    assert first_free(places[:1] + places[2:], [Box(5, 5, 6, 6)], frame) == 0
