"""The shared time axis: the same calendar scale and the same year lines in every panel."""

import altair as alt

from lymphocast.figures.layout import FONT_SIZE
from lymphocast.figures.marks import source
from lymphocast.figures.palette import GRID, INK, MUTED
from lymphocast.figures.window import Window

YEAR_FORMAT, MONTH_FORMAT = "%Y", "%b %Y"
SHORT_DAYS, FEW_MONTHS_DAYS = 730, 240
"""Windows that are shorter than these have lines at quarters, or at months, instead of years."""


def time_x(window: Window, *, labelled: bool = False, field: str = "x") -> alt.X:
    """Position of a day given in milliseconds; year lines always, year labels if asked.

    A window of less than two years has lines and labels at quarters, one of less than eight months
    at months.
    """
    form, ticks = _calendar_steps(window)
    axis = alt.Axis(
        title=None,
        format=form,
        tickCount=ticks,
        labels=labelled,
        ticks=labelled,
        domain=labelled,
        grid=True,
        gridColor=GRID,
        labelFlush=False,
        labelOverlap=False,
        zindex=0,
    )
    return alt.X(
        f"{field}:T",
        scale=alt.Scale(type="utc", domain=list(window.domain), nice=False),
        axis=axis,
    )


def _calendar_steps(window: Window) -> tuple[str, alt.TimeInterval | alt.TimeIntervalStep]:
    days = (window.end - window.start).days
    if days >= SHORT_DAYS:
        return YEAR_FORMAT, alt.TimeInterval("year")
    step = 3 if days >= FEW_MONTHS_DAYS else 1
    return MONTH_FORMAT, alt.TimeIntervalStep(interval=alt.TimeInterval("month"), step=step)


def calendar(window: Window, x: alt.X) -> alt.Chart:
    """Year lines for a panel that may have nothing dated to draw."""
    rows = [{"x": window.domain[0], "x2": window.domain[1]}]
    rule = alt.Chart(source(rows)).mark_rule(aria=False, opacity=0)
    chart: alt.Chart = rule.encode(x=x, x2="x2", y=alt.value(0))
    return chart


def value_y(field: str, top: float, title: str | list[str], ticks: list[float]) -> alt.Y:
    """Vertical axis from zero, with its own ticks and the given title."""
    axis = alt.Axis(
        title=title,
        values=ticks,
        grid=False,
        titleAnchor="middle",
        titlePadding=6,
        minExtent=30,
        maxExtent=30,
        format=",.6~g",
    )
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, top], nice=False, zero=True), axis=axis)


def configure(chart: alt.VConcatChart, font: str) -> alt.VConcatChart:
    """One font, one ink and no frame for the whole figure."""
    styled: alt.VConcatChart = (
        chart.configure(font=font, background="#ffffff")
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=FONT_SIZE,
            titleFontSize=FONT_SIZE,
            titleFontWeight="normal",
            labelColor=INK,
            titleColor=INK,
            domainColor=MUTED,
            tickColor=MUTED,
        )
    )
    return styled
