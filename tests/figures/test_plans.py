"""The figure of plans: the doses that were followed, on the calendar of the counts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from lymphocast.figures.axes import time_x
from lymphocast.figures.export import figure_svg
from lymphocast.figures.palette import STUDY_DRUG, STUDY_DRUG_LIGHT
from lymphocast.figures.plans import plan_figure, plan_figures
from lymphocast.figures.window import Window, milliseconds
from lymphocast.record.events import SymptomGrade
from lymphocast.units import Quantity
from tests.figures.conftest import administration, between, symptom
from tests.figures.pictures import written
from tests.figures.test_courses import layers
from tests.report import decisions, synthetic

PLANS = decisions.plans()
KNOWN = replace(PLANS, maintenance=Quantity(11.0, "M[IU]"))
STUDY = synthetic.record()
OTHERS = tuple(
    administration(name, name, "500 mg", 1, 2, (between(*start), between(*stop)))
    for name, start, stop in (
        ("earlymycin", ("2011-01-01", "2011-01-10"), ("2013-11-01", "2013-11-14")),
        ("edgemycin", ("2013-10-01", "2013-10-10"), ("2014-03-01", "2014-03-31")),
        ("latemycin", ("2015-11-16", "2015-11-20"), ("2016-03-01", "2016-03-31")),
    )
)
RECORD = replace(
    STUDY,
    administrations=(*STUDY.administrations, *OTHERS),
    symptoms=(
        *STUDY.symptoms,
        symptom("worse", "cough again", SymptomGrade.WORSE, between("2014-09-01", "2014-09-30")),
    ),
)
NOTHING = replace(RECORD, administrations=STUDY.administrations, symptoms=(), cultures=())


@cache
def drawn(*, amounts: bool = False) -> dict[str, Any]:
    return plan_figure(KNOWN if amounts else PLANS, RECORD)


@cache
def alone() -> dict[str, Any]:
    return plan_figure(replace(PLANS, rows=PLANS.rows[:1], curves=PLANS.curves[:1]), NOTHING)


@cache
def parts() -> tuple[dict[str, Any], ...]:
    return plan_figures(PLANS, RECORD, 2)


def said(spec: dict[str, Any]) -> str:
    """Every word and number that a figure is drawn from."""
    return str(spec["datasets"])


def named(spec: dict[str, Any], plan: int, name: str) -> list[dict[str, Any]]:
    """The rows of data behind one mark of a plan's doses: the last of its three panels."""
    return [
        row
        for layer in layers(spec)
        if layer.get("name") == f"{name}_{3 * plan + 3}"
        for row in spec["datasets"][layer["data"]["name"]]
    ]


def days(rows: list[dict[str, Any]]) -> list[tuple[float, float, float]]:
    """First and last day after the origin and height of each bar."""
    return [(*span, r["y2"]) for span, r in zip(spans(rows), rows, strict=True)]


def spans(rows: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """First and last day after the origin of each bar."""
    start = milliseconds(decisions.FIRST)
    return [((r["x"] - start) / 864e5, (r["x2"] - start) / 864e5) for r in rows]


def tops_of(spec: dict[str, Any]) -> Iterator[float]:
    for layer in layers(spec):
        domain = (layer["encoding"]["y"].get("scale") or {}).get("domain")
        if domain:
            yield domain[1]


def scales(spec: object) -> Iterator[list[float]]:
    if isinstance(spec, list):
        for item in spec:
            yield from scales(item)
    elif isinstance(spec, dict):
        if spec.get("type") == "utc":
            yield spec["domain"]
        for value in spec.values():
            yield from scales(value)


def test_doses_that_all_draws_are_given_are_dark_steps_on_their_days() -> None:
    rows = named(drawn(), 1, "dose_stated")
    assert days(rows) == [(0.0, 365.0, 1.0), (365.0, 545.0, 0.5)]
    assert {row["fill"] for row in rows} == {STUDY_DRUG}
    assert named(drawn(), 1, "planned_stated") == []


def test_a_rule_is_light_where_planned_and_dark_where_given() -> None:
    planned, given = named(drawn(), 2, "planned_stated"), named(drawn(), 2, "dose_stated")
    assert days(planned) == [(0.0, 730.0, 1.0)]
    assert days(given) == [
        (0.0, 28.0, 1.0), (28.0, 56.0, 0.7), (56.0, 84.0, 0.35), (84.0, 730.0, 0.4)
    ]  # fmt: skip
    assert {row["fill"] for row in planned} == {STUDY_DRUG_LIGHT}
    assert {row["fill"] for row in given} == {STUDY_DRUG}


def test_without_the_drug_no_step_is_drawn_and_it_is_said() -> None:
    assert named(drawn(), 0, "dose_stated") == []
    assert "no dose" in said(drawn())


def recorded(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The bars of the recorded tracks."""
    return [
        row
        for layer in layers(spec)
        if layer.get("name", "").startswith("track_stated")
        for row in spec["datasets"][layer["data"]["name"]]
    ]


def test_recorded_facts_stand_below_the_plans_on_their_days() -> None:
    words = said(drawn())
    assert "cough again" in words
    assert "edgemycin 250 mg twice daily" in words
    assert "interleukin-2 500" not in words  # each plan takes its place
    length = (decisions.LAST - decisions.FIRST).days
    assert spans(recorded(drawn())) == [(0.0, 106.0), (106.0, 137.0), (290.0, 320.0)]
    assert all(0.0 <= a < b <= length for a, b in spans(recorded(drawn())))


def test_facts_outside_the_forecast_say_their_time_and_are_no_bar() -> None:
    words = said(drawn())
    assert "← earlymycin 250 mg twice daily (1–10 Jan 2011 to 1–14 Nov 2013)" in words
    assert "latemycin 250 mg twice daily (16–20 Nov 2015 to Mar 2016) →" in words
    assert "← sputum: M. avium complex negative" in words


def test_without_a_recorded_fact_there_is_no_track_and_the_doses_carry_the_calendar() -> None:
    bare = plan_figure(PLANS, NOTHING)
    assert recorded(bare) == []
    assert "those of the record" not in said(bare)
    assert "those of the record" in said(drawn())
    for spec in (bare, drawn()):
        panels = spec["vconcat"]
        labelled = [i for i, p in enumerate(panels) if "'labels': True" in str(p)]
        assert labelled == [len(panels) - 2], "the last above the notes"
    assert len(bare["vconcat"]) == len(drawn()["vconcat"]) - 2


def test_counts_and_doses_share_one_calendar() -> None:
    found = list(scales(drawn()))
    assert len(found) > 6
    ends = [milliseconds(decisions.FIRST), milliseconds(decisions.LAST)]
    assert all(domain == ends for domain in found)


def test_amounts_are_drawn_only_where_they_say_something() -> None:
    assert days(named(drawn(amounts=True), 1, "dose_stated")) == [
        (0.0, 365.0, 11.0),
        (365.0, 545.0, 5.5),
    ]
    assert "million IU" in said(drawn(amounts=True))
    assert "relative to" not in said(drawn(amounts=True))
    assert "million" not in said(drawn())
    assert "relative to" in said(drawn())


def test_the_key_holds_only_what_is_drawn() -> None:
    def key(spec: dict[str, Any]) -> set[str]:
        names = [layer.get("name", "") for layer in layers(spec)]
        return {name.split("_")[1].rstrip("1") for name in names if name.startswith("key_")}

    assert key(alone()) == {"bands", "threshold"}
    assert key(parts()[0]) == {"bands", "threshold", "given"}
    assert key(drawn()) == {"bands", "threshold", "given", "planned"}


def test_no_text_is_cut_or_lies_on_another() -> None:
    rows = tuple(
        replace(row, plan=f"{row.plan}, with a name as long as people write them, or longer")
        for row in KNOWN.rows
    )
    found = replace(KNOWN, rows=rows)
    view, words = written(figure_svg(plan_figure(found, RECORD)))
    for i, one in enumerate(words):
        assert one.box.inside(view), one.words
        for other in words[:i]:
            assert not one.box.overlaps(other.box), f"{one.words} / {other.words}"


def test_no_two_marks_share_a_name() -> None:
    names = [layer["name"] for layer in layers(drawn()) if "name" in layer]
    assert len(set(names)) == len(names)


def test_parts_show_every_plan_once_on_the_same_scale() -> None:
    first, second = map(said, parts())
    for row in PLANS.rows:
        assert sum(f"'{row.label}'" in words for words in (first, second)) == 1
    assert "under 3 plans, panels 1 to 2, from" in first
    assert "under 3 plans, panel 3, from" in second
    assert all("cough again" in words for words in (first, second))
    assert [PLANS.remarks[0] in words for words in (first, second)] == [False, True]
    tops = [top for part in (*parts(), drawn()) for top in tops_of(part)]
    assert set(tops) == {800.0, 1.05}


@pytest.mark.parametrize(
    ("length", "unit", "step"),
    [(730, "year", None), (729, "month", 3), (240, "month", 3), (239, "month", 1)],
)
def test_a_short_forecast_has_dates_to_read_it_by(length: int, unit: str, step: int | None) -> None:
    window = Window(decisions.FIRST, decisions.FIRST + timedelta(days=length))
    channel: Any = time_x(window, labelled=True).to_dict()
    axis = channel["axis"]
    ticks = axis["tickCount"]
    assert (ticks if step is None else ticks["interval"]) == unit
    assert step is None or ticks["step"] == step
    assert axis["format"] == ("%Y" if step is None else "%b %Y")


def test_one_plan_is_named_in_the_title() -> None:
    assert "CD4 count under “no treatment”, from 2013-11-15 to 2015-11-15" in said(alone())
