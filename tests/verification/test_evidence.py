"""The evidence follows what checks find, and a check that fails is never lost."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from lymphocast.report.blocks import Mark, Paragraph, Table, Tone
from lymphocast.verification import run
from lymphocast.verification.bench import Bench
from lymphocast.verification.check import FULL_ONLY, Check, Found, Heading, Outcome, at_most
from lymphocast.verification.evidence import Adequacy, Evidence, weigh
from lymphocast.verification.page import evidence_document
from lymphocast.verification.run import ALL_CHECKS, run_checks
from lymphocast.verification.statements import CONTEXTS, Context, Level
from lymphocast.verification.writing import evidence_json, evidence_lines, write_evidence
from tests.conftest import Command
from tests.report import reading

SEED = 7


def check(name: str, found: Found, *, full_only: bool = False) -> Check:
    def answer(_: Bench) -> Found:
        return found

    return Check(name, Heading.CODE, f"is {name} so?", "it is", "made up", answer, full_only)


def stop(_: Bench) -> Found:
    message = "a wheel came off"
    raise ValueError(message)


GOOD = check("good", at_most(0.25, 1.0, "found 0.25", SEED))
BAD = check("bad", at_most(2.5, 1.0, "found 2.5"))
LONG = check("long", at_most(0.5, 1.0, "found 0.5"), full_only=True)
STOPS = Check("stops", Heading.VALIDATION, "does it stop?", "it does not", "made up", stop)


def evidence(*checks: Check, quick: bool = True) -> Evidence:
    return run_checks(checks, seed=SEED, quick=quick)


def outcomes(found: Evidence) -> dict[str, Outcome]:
    return {one.id: one.outcome for one in found.checks}


def test_a_check_passes_fails_or_is_not_run() -> None:
    found = evidence(GOOD, BAD, LONG, STOPS)
    assert outcomes(found) == {
        "good": Outcome.PASSED,
        "bad": Outcome.FAILED,
        "long": Outcome.NOT_RUN,
        "stops": Outcome.FAILED,
    }
    assert found.checks[2].found == FULL_ONLY
    assert found.checks[3].found == "stopped with ValueError: a wheel came off"
    assert not found.passed
    assert outcomes(evidence(LONG, quick=False)) == {"long": Outcome.PASSED}


def test_a_number_that_is_not_one_fails() -> None:
    assert at_most(float("nan"), 1.0, "nothing").passed is False


@pytest.mark.parametrize(
    ("needs", "adequacy"),
    [
        (("good",), Adequacy.SHOWN),
        (("good", "long"), Adequacy.NOT_SHOWN),
        (("good", "nowhere"), Adequacy.NOT_SHOWN),
        (("good", "long", "bad"), Adequacy.CONTRADICTED),
    ],
)
def test_a_context_needs_its_checks_to_have_run_and_passed(
    needs: tuple[str, ...], adequacy: Adequacy
) -> None:
    context = replace(CONTEXTS[0], needs=needs)
    assert weigh(context, evidence(GOOD, BAD, LONG).checks).adequacy is adequacy


@pytest.mark.parametrize(
    ("influence", "consequence", "risk"),
    [(1, 1, 1), (1, 2, 2), (2, 2, 2), (1, 3, 2), (2, 3, 3), (3, 3, 3)],
)
def test_risk_grows_with_influence_and_consequence(
    influence: int, consequence: int, risk: int
) -> None:
    context: Context = replace(
        CONTEXTS[0], influence=Level(influence), consequence=Level(consequence)
    )
    assert context.risk == risk


def test_every_check_has_its_own_name_and_its_place() -> None:
    names = [one.id for one in ALL_CHECKS]
    assert len(set(names)) == len(names)
    headings = [one.heading for one in ALL_CHECKS]
    assert list(dict.fromkeys(headings)) == list(Heading)
    assert headings == sorted(headings, key=list(Heading).index)


def test_what_a_context_needs_is_there_and_higher_risk_needs_more() -> None:
    names = {one.id for one in ALL_CHECKS}
    by_name = {context.id: context for context in CONTEXTS}
    assert all(set(context.needs) <= names for context in CONTEXTS)
    order = [by_name[name] for name in ("attribution", "forecast", "regimen")]
    for low, high in pairwise(order):
        assert low.risk < high.risk
        assert set(low.needs) < set(high.needs)


def test_the_page_has_every_heading_and_says_what_was_found() -> None:
    page = evidence_document(evidence(GOOD, LONG, STOPS))
    assert [section.id for section in page.sections] == [
        "question", "context", "risk", "outcome", "code", "calculation", "calibration",
        "validation", "uncertainty", "adequacy",
    ]  # fmt: skip
    text = reading.section_text(page, "code")
    for words in ("is good so?", "it is. made up", "found 0.25", "passed", str(SEED), FULL_ONLY):
        assert words in text
    assert "2 checks" not in reading.section_text(page, "outcome")
    assert "Of three checks, 1 passed, 1 failed and 1 was not run." in reading.text_of(page)


def test_the_text_follows_the_numbers() -> None:
    before = evidence(GOOD)
    after = evidence(check("good", at_most(0.75, 1.0, "found 0.75", SEED)))
    old, new = (reading.text_of(evidence_document(one)) for one in (before, after))
    assert "found 0.25" in old
    assert "found 0.25" not in new
    assert "found 0.75" in new
    assert json.loads(evidence_json(after))["checks"][0]["value"] == 0.75


def test_a_failure_stands_at_the_top_and_in_its_row() -> None:
    page = evidence_document(evidence(GOOD, BAD))
    outcome = reading.section(page, "outcome")
    assert outcome.blocks[0] == Paragraph("One check failed: bad.", Tone.BANNER)
    rows = [r for b in reading.section(page, "code").blocks if isinstance(b, Table) for r in b.rows]
    assert [row.mark for row in rows] == [Mark.PLAIN, Mark.FAILED]
    assert "FAILED" in rows[1].cells
    assert "  FAILED   bad" in "\n".join(evidence_lines(evidence(GOOD, BAD)))


@pytest.mark.parametrize("name", ["page.html", "page.pdf", "page.json"])
def test_the_suffix_decides_the_format(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write_evidence(evidence(GOOD, BAD), path)
    begins = {"page.html": b"<!DOCTYPE html>", "page.pdf": b"%PDF", "page.json": b"{"}
    assert path.read_bytes().startswith(begins[name])


def test_a_failed_check_ends_the_command_with_1_and_the_page_is_written(
    lymphocast: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "ALL_CHECKS", (GOOD, BAD))
    done = lymphocast("verify", "--quick", "-o", str(tmp_path / "page.html"))
    assert done.code == 1
    assert done.err.splitlines()[-1] == "error: one check failed: bad"
    assert "found 2.5" in (tmp_path / "page.html").read_text(encoding="utf-8")
    printed = lymphocast("verify", "--quick", "--json", "--seed", "11")
    assert printed.code == 1
    content = json.loads(printed.out)
    assert (content["passed"], content["quick"], content["seed"]) == (False, True, 11)


def test_without_a_failure_the_command_ends_with_0(
    lymphocast: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "ALL_CHECKS", (GOOD, LONG))
    done = lymphocast("verify", "--quick")
    assert done.code == 0
    assert "passed   good" in done.out
    assert "not run  long" in done.out
    assert lymphocast("verify", "-o", "page.docx").code == 2
