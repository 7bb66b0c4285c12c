"""Points read off a figure: the calibration line, its error, and what a record makes of it."""

import math
from datetime import date

import pytest

from lymphocast.record.casefile import parse_case
from lymphocast.record.figure import Figure, TimeMark, ValueMark, read_point
from lymphocast.record.issue import Issue
from lymphocast.record.misread import Misread
from lymphocast.record.validate import validate
from lymphocast.units import Quantity
from tests.record.cases import changed, rich_text
from tests.tolerances import CLOSED_FORM

# 1 January to 11 April 2020 is 101 days; 100 pixels are 101 days and 400 cells.
DAYS = (TimeMark(0, "2020-01-01"), TimeMark(100, "2020-04-11"))
CELLS = (ValueMark(100, Quantity(0, "/uL")), ValueMark(0, Quantity(400, "/uL")))


def figure(
    x: tuple[TimeMark, ...] = DAYS,
    y: tuple[ValueMark, ...] = CELLS,
    pixel_error: float = 1.0,
    logarithmic: bool = False,
) -> Figure:
    return Figure("fig", "paper", "Fig. 1", x, y, pixel_error, logarithmic)


def test_a_mark_reads_back_as_itself() -> None:
    point = read_point(figure(), 100, 0)
    assert point.value == Quantity(400.0, "/uL")
    assert point.at.startswith("2020-04-11 +/-")


def test_half_way_is_half_way() -> None:
    point = read_point(figure(), 50, 50)
    assert point.value == Quantity(200.0, "/uL")
    assert date.fromisoformat(point.at[:10]).toordinal() == pytest.approx(
        date(2020, 1, 1).toordinal() + 50.5, abs=1
    )


def test_the_error_is_that_of_a_pixel() -> None:
    point = read_point(figure(pixel_error=2.0), 50, 50)
    assert point.reading_error == pytest.approx(2.0 * 4.0, rel=CLOSED_FORM)
    # Two standard deviations of 2 pixels of 1.01 d, rounded up to a tenth of a day.
    assert point.at.endswith("+/- 4.1 d")


def test_marks_that_lie_off_their_line_add_to_the_error() -> None:
    marks = (*CELLS, ValueMark(50, Quantity(240, "/uL")))
    straight, bent = read_point(figure(), 0, 50), read_point(figure(y=marks), 0, 50)
    assert bent.reading_error > 1.5 * straight.reading_error


def test_a_logarithmic_axis_has_a_relative_error() -> None:
    marks = (ValueMark(0, Quantity(1000, "/uL")), ValueMark(100, Quantity(10, "/uL")))
    point = read_point(figure(y=marks, logarithmic=True), 0, 50)
    assert point.value.value == pytest.approx(100.0, rel=CLOSED_FORM)
    assert point.reading_error == pytest.approx(100.0 * math.log(100.0) / 100.0, rel=1e-4)


def test_a_time_axis_may_hang_on_a_fact() -> None:
    marks = (TimeMark(0, "start"), TimeMark(100, "start + 200 d"))
    assert read_point(figure(x=marks), 25, 0).at == "start + 50 d +/- 4 d"
    assert read_point(figure(x=marks), 0, 0).at == "start + 0 d +/- 4 d"


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        (figure(x=(DAYS[0], TimeMark(0, "2021-01-01"))), "one mark"),
        (figure(x=(DAYS[0], TimeMark(9, "start"))), "mixed marks"),
        (figure(x=(DAYS[0], TimeMark(9, "2020-02"))), "mixed marks"),
        (figure(y=(CELLS[0], CELLS[0])), "one mark"),
        (figure(logarithmic=True), "logarithmic axis with a mark at 0"),
    ],
)
def test_a_calibration_that_cannot_be_used_is_refused(bad: Figure, found: str) -> None:
    with pytest.raises(Misread) as caught:
        read_point(bad, 5, 5)
    assert found in caught.value.found


def test_a_point_below_zero_is_refused() -> None:
    with pytest.raises(Misread):
        read_point(figure(), 5, 150)


def test_a_record_takes_value_time_and_error_from_the_point() -> None:
    drawn = parse_case(rich_text(), "rich").measurement("cd4-drawn")
    # Pixel 300 is half of 400 d; pixel 150 is 250 of 600 cells above pixel 400 at 2 a pixel.
    assert (drawn.at.anchor, drawn.at.offset) == ("il2-start", 200.0)
    assert drawn.value.value == pytest.approx(500.0, rel=CLOSED_FORM)
    assert drawn.reading_error == pytest.approx(1.5 * 2.0, rel=CLOSED_FORM)


def figure_issues(text: str) -> list[Issue]:
    return [i for i in validate(parse_case(text, "rich")) if i.rule == "figure-reading"]


def test_a_written_value_is_kept_and_compared_with_its_point() -> None:
    point = "read_off: {figure: fig-1, x: 300, y: 150}"
    # The error is 3 cells: 508 is within three of them, 510 is not.
    assert not figure_issues(changed(point, f"value: 508 /uL\n    {point}", rich_text()))
    (issue,) = figure_issues(changed(point, f"value: 510 /uL\n    {point}", rich_text()))
    assert "510 /uL is written, its point lies at 500" in issue.message
    (issue,) = figure_issues(changed(point, f"at: 2016-08\n    {point}", rich_text()))
    assert "2016-08" in issue.message
