"""The treatment figure: everything recorded is in it, nothing collides, nothing is invented."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations, pairwise
from typing import Any

import altair as alt
import pytest

from lymphocast.errors import UsageError
from lymphocast.figures.curves import explanation_letters
from lymphocast.figures.export import figure_svg
from lymphocast.figures.layout import FONT_SIZE, WIDTH, Box
from lymphocast.figures.palette import (
    AVERAGE,
    BAND_50,
    BAND_90,
    COUNTERFACTUAL,
    EXPLANATIONS,
    PAPER,
    THRESHOLD,
    luminance,
)
from lymphocast.figures.treatment import treatment_figure
from lymphocast.figures.window import figure_window
from lymphocast.forecast.results import AVERAGED, Results
from lymphocast.record.casefile import find_case, read_case
from lymphocast.record.context import Limit
from lymphocast.record.events import UnreadData
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method, Provenance
from tests.figures.pictures import Written, written

SEVEN_POINTS = 7 * 96 / 72
# Two tones closer than this look alike on a grey print.
VISIBLE_STEP = 0.1


@pytest.fixture(scope="module")
def spec(record: PatientRecord, results: Results) -> dict[str, Any]:
    return treatment_figure(record, results)


@pytest.fixture(scope="module")
def bare(record: PatientRecord) -> dict[str, Any]:
    return treatment_figure(record, None)


def layers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in spec["vconcat"]:
        yield from panel["layer"]


def named(spec: dict[str, Any], start: str) -> list[dict[str, Any]]:
    return [layer for layer in layers(spec) if str(layer.get("name", "")).startswith(start)]


def rows(spec: dict[str, Any], start: str) -> list[dict[str, Any]]:
    return [row for layer in named(spec, start) for row in spec["datasets"][layer["data"]["name"]]]


def words(spec: dict[str, Any]) -> str:
    return " | ".join(t.words for t in written(figure_svg(spec))[1])


def flat(spec: dict[str, Any]) -> str:
    return re.sub(r"[\s|]+", " ", words(spec))


def seen(spec: dict[str, Any]) -> tuple[Box, list[Written]]:
    view, texts = written(figure_svg(spec))
    return view, [t for t in texts if not t.halo]


def assert_tidy(spec: dict[str, Any]) -> None:
    view, texts = seen(spec)
    assert len(texts) > 20
    assert view.right == WIDTH
    for text in texts:
        assert text.box.inside(view), text
        assert text.size >= SEVEN_POINTS, text
    for one, other in combinations(texts, 2):
        assert not one.box.overlaps(other.box), (one, other)


def test_the_specification_is_vega_lite(spec: dict[str, Any]) -> None:
    assert "vega-lite" in spec["$schema"]
    alt.VConcatChart.from_dict(spec)


def test_the_width_on_paper_is_170_mm_and_letters_are_7_points() -> None:
    assert pytest.approx(170, abs=0.2) == WIDTH / 96 * 25.4
    assert FONT_SIZE >= SEVEN_POINTS


def test_nothing_overlaps_or_leaves_the_page(spec: dict[str, Any], bare: dict[str, Any]) -> None:
    assert_tidy(spec)
    assert_tidy(bare)


def test_the_founding_record_is_drawn_without_collision() -> None:
    founding = read_case(find_case("trojan-2009"))
    picture = treatment_figure(founding, None)
    assert_tidy(picture)
    for count in founding.measurements:
        assert f"{count.value.value:g}" in words(picture)
    for symptom in founding.symptoms:
        assert symptom.what in flat(picture)
    assert "dates not published" in flat(picture)


def test_six_explanations_and_long_words_still_fit(record: PatientRecord, results: Results) -> None:
    split = [c for c in results.curves if c.hypotheses != AVERAGED]
    many = tuple(
        replace(c, label=f"explanation {i} with a long name", weight=0.16, hypotheses=str(i))
        for i, c in enumerate([*split, split[0]])
    )
    longer = tuple(
        replace(s, what=f"{s.what}, told at such length that no single line can hold it all")
        for s in record.symptoms
    )
    kept = tuple(c for c in results.curves if c.hypotheses == AVERAGED)
    wordy = replace(record, symptoms=longer, title=f"{record.title}: {record.title}; again")
    picture = treatment_figure(wordy, replace(results, curves=kept + many))
    assert len(rows(picture, "strip_letter")) == 6
    assert_tidy(picture)


def test_every_fact_of_the_record_is_drawn(record: PatientRecord, bare: dict[str, Any]) -> None:
    drawn = flat(bare)
    for count in record.measurements:
        assert f"{count.value.value:g}" in drawn
    for symptom in record.symptoms:
        assert symptom.what in drawn
    for culture in record.cultures:
        assert culture.organism in drawn
    for given in record.administrations:
        assert given.drug in drawn
    assert "missed doses reported, dates not published" in drawn
    assert record.unread[0].what in drawn


def test_model_series_are_there_with_results_and_absent_without(
    spec: dict[str, Any], bare: dict[str, Any]
) -> None:
    for series in ("band90", "band50", "median", "without_median", "explanation", "forecast"):
        assert named(spec, series), series
        assert not named(bare, series), series
    assert "modelled" not in words(bare)


def test_explanations_are_drawn_by_weight_and_light_ones_are_not(spec: dict[str, Any]) -> None:
    drawn = flat(spec)
    for label in ("A: IL-2 effect, stable (41\u00a0%)".replace("\u00a0", " "), "B: IL-2 effect"):
        assert label in drawn
    assert len(named(spec, "explanation")) == 4
    assert "no IL-2 effect, stable" not in drawn


def test_explanations_that_agree_are_not_split(record: PatientRecord, results: Results) -> None:
    first = next(c for c in results.curves if c.hypotheses != AVERAGED)
    same = tuple(
        replace(first, hypotheses=c.hypotheses, weight=c.weight) if c.hypotheses != AVERAGED else c
        for c in results.curves
    )
    picture = treatment_figure(record, replace(results, curves=same))
    assert not named(picture, "explanation")
    assert not named(picture, "strip")
    assert "by explanation" not in words(picture)


def test_curves_are_named_in_the_order_of_their_ends(spec: dict[str, Any]) -> None:
    swatches = sorted(rows(spec, "swatch"), key=lambda row: row["y"])
    ends = {
        named(spec, name)[-1]["mark"]["color"]: rows(spec, name)[-1]["y"]
        for name in ("median", "without_median", *(f"explanation{i}" for i in range(1, 5)))
    }
    strokes = {
        row["y"]: layer["mark"]["stroke"]
        for layer in named(spec, "swatch")
        for row in spec["datasets"][layer["data"]["name"]]
    }
    shown = [ends[strokes[row["y"]]] for row in swatches]
    assert len(shown) == 6
    assert shown == sorted(shown, reverse=True)


def test_thresholds_are_never_named_among_the_curves(
    spec: dict[str, Any], bare: dict[str, Any]
) -> None:
    assert not [row for row in rows(spec, "curve_name") if "prophylaxis" in row["words"]]
    assert named(spec, "key_threshold")
    assert [row for row in rows(bare, "curve_name") if "prophylaxis" in row["words"]]
    assert not named(bare, "key_threshold")


def test_the_letters_of_the_page_are_those_of_the_figure(results: Results) -> None:
    letters = explanation_letters(results)
    assert letters == {"il2+stable": "A", "il2+recovery": "B", "recovery": "C", "infection": "D"}
    assert explanation_letters(replace(results, curves=())) == {}


def test_assumed_looks_other_than_stated(spec: dict[str, Any]) -> None:
    (stated,), (assumed,) = named(spec, "count_stated"), named(spec, "count_assumed")
    assert stated["mark"]["fill"] != assumed["mark"]["fill"]
    assert {row["y"] for row in rows(spec, "count_stated")} == {610, 390}
    assert {row["y"] for row in rows(spec, "count_assumed")} == {160, 540}
    (ladder,) = named(spec, "dose_ladder_assumed")
    assert ladder["mark"]["strokeDash"] == [2, 1.5]
    (track,) = named(spec, "track_assumed")
    assert track["mark"]["strokeDash"] == [2, 1.5]
    assert {row["fill"] for row in rows(spec, "track_assumed")} == {PAPER}


def test_the_ladder_rises_to_the_maintenance_dose_in_the_assumed_steps(
    record: PatientRecord, spec: dict[str, Any]
) -> None:
    levels = [row["y"] for row in rows(spec, "dose_ladder_assumed")]
    assert levels[0] == 0
    assert levels[1] == pytest.approx(3.5)
    assert levels[-1] == pytest.approx(9.0)
    steps = [b - a for a, b in pairwise(levels[1:])]
    assert len(steps) == record.administrations[0].titration_steps
    assert steps == pytest.approx([1.1] * len(steps))


def test_uncertain_edges_are_lighter_than_the_certain_stretch(spec: dict[str, Any]) -> None:
    full = [row for row in rows(spec, "dose_stated") if row["y2"] == 9]
    assert full[0]["fill"] == full[2]["fill"]
    assert luminance(full[1]["fill"]) + VISIBLE_STEP < luminance(full[0]["fill"])
    assert full[0]["x2"] == full[1]["x"]


def test_no_mark_stands_for_a_missed_dose(record: PatientRecord, bare: dict[str, Any]) -> None:
    without = treatment_figure(replace(record, missed_doses=()), None)
    assert "missed" not in words(without)
    assert [r for r in rows(bare, "dose_") if "words" not in r] == [
        r for r in rows(without, "dose_") if "words" not in r
    ]


def test_the_axis_runs_from_a_season_before_to_the_end_of_the_curves(
    record: PatientRecord, results: Results
) -> None:
    full, bare = figure_window(record, results), figure_window(record, None)
    assert full.start == bare.start == date(2004, 6, 1)
    assert full.end == max(c.days[-1] for c in results.curves)
    assert bare.end == date(2011, 4, 1)


def test_a_band_above_the_axis_is_cut_and_said(record: PatientRecord, results: Results) -> None:
    wild = tuple(replace(c, p95=c.p95 * 20) for c in results.curves)
    picture = treatment_figure(record, replace(results, curves=wild))
    assert "are cut there" in flat(picture)
    assert "are cut there" not in flat(treatment_figure(record, results))
    assert all(layer["mark"]["clip"] for layer in named(picture, "band"))


def test_the_count_axis_starts_at_zero(spec: dict[str, Any]) -> None:
    (median, *_) = named(spec, "median")
    assert median["encoding"]["y"]["scale"]["domain"][0] == 0


def test_a_count_read_off_a_figure_has_its_own_shape_and_a_longer_bar(
    record: PatientRecord,
) -> None:
    read = replace(
        record.measurements[3],
        provenance=(Provenance("made-up", "Fig. 1", Method.READ_OFF_FIGURE),),
        reading_error=100.0,
    )
    picture = treatment_figure(replace(record, measurements=(*record.measurements[:3], read)), None)
    shapes = {row["y"]: row["shape"] for row in rows(picture, "count_stated")}
    assert shapes == {610: "circle", 390: "diamond"}
    tall = [r for r in rows(picture, "count_interval") if r["x"] == r["x2"] and r["y"] < 390]
    assert min(r["y"] for r in tall if r["y2"] > 390) < 390 - 100


@pytest.mark.parametrize(
    ("limit", "sign", "shape"),
    [(Limit.BELOW, "<", "triangle-down"), (Limit.ABOVE, ">", "triangle-up")],
)
def test_a_count_known_only_as_a_limit_is_an_open_arrowhead_without_a_bar(
    record: PatientRecord, limit: Limit, sign: str, shape: str
) -> None:
    last = replace(record.measurements[3], limit=limit)
    known = (*record.measurements[:3], last)
    picture = treatment_figure(replace(record, measurements=known), None)
    (row,) = rows(picture, "count_limit")
    assert (row["y"], row["shape"]) == (390, shape)
    assert named(picture, "count_limit")[0]["mark"]["fill"] == PAPER
    assert {r["y"] for r in rows(picture, "count_stated")} == {610}
    upright = {(r["y"] + r["y2"]) / 2 for r in rows(picture, "count_interval") if r["x"] == r["x2"]}
    assert upright == {160, 540, 610}
    assert f"{sign}390" in flat(picture)
    assert f"reported only as {limit} this value" in flat(picture)
    assert "reported only as" not in flat(treatment_figure(record, None))


@pytest.mark.parametrize(
    "gone", ["measurements", "administrations", "cultures", "symptoms", "unread", "modelling"]
)
def test_a_record_without_one_kind_of_fact_is_drawn(record: PatientRecord, gone: str) -> None:
    change: dict[str, Any] = {gone: None if gone == "modelling" else ()}
    picture = treatment_figure(replace(record, **change), None)
    view, texts = seen(picture)
    assert all(t.box.inside(view) for t in texts)


def test_an_empty_record_is_a_usage_error(record: PatientRecord) -> None:
    empty = replace(record, measurements=(), administrations=(), cultures=(), symptoms=())
    with pytest.raises(UsageError, match="'synthetic' cannot be drawn"):
        treatment_figure(empty, None)


def test_labels_come_from_the_record(record: PatientRecord) -> None:
    other = UnreadData("x", "a second figure", record.unread[0].provenance)
    renamed = replace(record, title="Another title", unread=(other,))
    drawn = flat(treatment_figure(renamed, None))
    assert "Another title" in drawn
    assert "a second figure" in drawn
    assert "interleukin" not in drawn


def test_bands_differ_in_grey() -> None:
    tones = [luminance(c) for c in (AVERAGE.colour, BAND_50, BAND_90, PAPER)]
    assert tones == sorted(tones)
    assert all(b - a > VISIBLE_STEP for a, b in pairwise(tones))


def test_lines_differ_in_grey_or_in_their_dashes() -> None:
    for one, other in combinations((AVERAGE, COUNTERFACTUAL, THRESHOLD, *EXPLANATIONS), 2):
        apart = abs(luminance(one.colour) - luminance(other.colour)) > VISIBLE_STEP
        assert apart or one.dash != other.dash or abs(one.width - other.width) > 0.5
