"""Files of a figure: right size, right kind, the same bytes again, nothing loaded from outside."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from lymphocast.errors import UsageError
from lymphocast.figures.export import figure_svg, write_figure
from lymphocast.figures.treatment import treatment_figure
from lymphocast.forecast.results import Results
from lymphocast.record.patient import PatientRecord

# Generous: one conversion takes well under a second on an idle machine.
SECONDS = 10.0
MILLIMETRE_IN_POINTS = 72 / 25.4


@pytest.fixture(scope="module")
def spec(record: PatientRecord, results: Results) -> dict[str, Any]:
    return treatment_figure(record, results)


def test_the_same_input_gives_the_same_bytes(
    record: PatientRecord, results: Results, spec: dict[str, Any]
) -> None:
    again = treatment_figure(record, results)
    assert json.dumps(again) == json.dumps(spec)
    assert figure_svg(again) == figure_svg(spec)


def test_clip_paths_are_numbered_from_one_and_all_exist(spec: dict[str, Any]) -> None:
    svg = figure_svg(spec)
    used = set(re.findall(r"url\(#([^)]+)\)", svg))
    assert used
    assert used <= set(re.findall(r'id="([^"]+)"', svg))
    assert "lymphocast-clip-1" in used


def test_png_is_170_mm_wide_at_300_dots_per_inch(spec: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    write_figure(spec, path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(content[16:20]) == pytest.approx(170 / 25.4 * 300, abs=5)


def test_pdf_is_one_page_170_mm_wide(spec: dict[str, Any], tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    path = tmp_path / "figure.pdf"
    write_figure(spec, path)
    (page,) = pypdf.PdfReader(path).pages
    assert float(page.mediabox.width) == pytest.approx(170 * MILLIMETRE_IN_POINTS, abs=1)


def test_svg_file_is_the_text_for_embedding(spec: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "figure.SVG"
    write_figure(spec, path)
    assert path.read_text(encoding="utf-8") == figure_svg(spec)
    assert "aria-label=" in figure_svg(spec)[:200]


def test_the_page_loads_nothing_from_outside(spec: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "figure.html"
    write_figure(spec, path)
    page = path.read_text(encoding="utf-8")
    assert "vegaEmbed" in page
    assert "max-width:1200px" in page
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    assert "http" not in markup
    assert "src=" not in markup
    assert "href=" not in markup
    assert "@import" not in markup


def test_an_unknown_suffix_names_the_known_ones(spec: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'\.bmp' is unknown.*\.html, \.pdf, \.png, \.svg"):
        write_figure(spec, tmp_path / "figure.bmp")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_drawing_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="conversion failed"):
        write_figure({"mark": "no such mark"}, tmp_path / "figure.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_as_a_whole(spec: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    path.write_text("old")
    write_figure(spec, path)
    assert path.read_text(encoding="utf-8").startswith("<svg")
    assert [p.name for p in tmp_path.iterdir()] == ["figure.svg"]


def test_a_conversion_is_quick(spec: dict[str, Any], tmp_path: Path) -> None:
    figure_svg(spec)
    begin = time.perf_counter()
    write_figure(spec, tmp_path / "figure.png")
    assert time.perf_counter() - begin < SECONDS
