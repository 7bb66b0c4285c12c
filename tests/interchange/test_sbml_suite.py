"""The runner of the SBML semantic test suite on a case of our own, and the page of its tags."""

import math
from pathlib import Path

import pytest

from lymphocast.interchange.sbml_tags import COMPONENT_TAGS, REASONS, TEST_TAGS
from tests.conftest import ROOT
from tests.interchange.sbml_models import DECAY
from tests.interchange.sbml_suite import FAILED, PASSED, run_case

SETTINGS = (
    "start: 0\nduration: 4\nsteps: 2\nvariables: A, k\nabsolute: 1e-7\nrelative: 1e-4\n"
    "amount: A\nconcentration: \n"
)
DESCRIPTION = (
    "componentTags: Compartment, Species, Reaction\ntestTags: Amount\ntestType: TimeCourse\n"
)


@pytest.mark.parametrize(("factor", "ended"), [(1.0, PASSED), (1.01, FAILED)])
def test_a_case_passes_if_its_numbers_agree(tmp_path: Path, factor: float, ended: str) -> None:
    folder = tmp_path / "00001"
    folder.mkdir()
    rows = [f"{t:g},{factor * 6.0 * math.exp(-0.5 * t)!r},0.5" for t in (0.0, 2.0, 4.0)]
    for name, text in (
        ("model.m", DESCRIPTION),
        ("settings.txt", SETTINGS),
        ("results.csv", "\n".join(["time,A,k", *rows])),
        ("sbml-l3v2.xml", DECAY.decode()),
    ):
        (folder / f"00001-{name}").write_text(text, encoding="utf-8")
    found = run_case(folder)
    assert (found.ended, found.supported) == (ended, True), found.reason


def test_the_page_lists_the_tags() -> None:
    page = (ROOT / "docs" / "usage" / "sbml-petab.md").read_text(encoding="utf-8")
    for tag in COMPONENT_TAGS | TEST_TAGS | {t.removesuffix(":") for t in REASONS if ":" in t}:
        assert f"`{tag}`" in page
