"""check: what a reader must act on first comes first; one report, two ways of printing it."""

import json
import subprocess
import sys

from lymphocast.criteria.assessment import Standing
from lymphocast.criteria.check import check, check_json
from lymphocast.criteria.printing import WIDTH, check_lines
from lymphocast.record.issue import Severity
from tests.conftest import ROOT
from tests.record.cases import SMALL, changed, founding, rich, small

REPORT = check(founding())


def test_the_order_of_the_issues() -> None:
    rules = list(dict.fromkeys(issue.rule for issue in REPORT.issues))
    assert rules == [
        "reference-change",
        "icl-not-established",
        "duration-contradiction",
        "product-ambiguity",
        "unit-ambiguity",
        "macrolide-monotherapy",
        "treatment-shorter-than-guideline",
        "timing-confounded",
        "count-after-stop-exceeds-on-treatment",
        "doses-missed-undated",
        "doses-before-count",
        "data-not-read",
        "spelling",
        "method-assumed",
    ]
    assert len(REPORT.issues) == len(rules) + 3


def test_the_founding_case_has_warnings_and_no_errors() -> None:
    assert not REPORT.has_errors
    assert {issue.severity for issue in REPORT.issues} == {Severity.WARNING, Severity.INFO}


def test_an_error_comes_before_everything() -> None:
    report = check(small(changed("0.4 10^9/L", "0.4 /uL")))
    assert report.has_errors
    assert report.issues[0].rule == "implausible-value"


def test_people_read_the_arithmetic() -> None:
    text = " ".join(" ".join(check_lines(REPORT)).split())
    for part in (
        "596 -> 378 /uL is a fall of 37 % (z = -1.94), not beyond",
        "within 46 % (log form -37 / +58 %",
        "not established by this record",
        "Idiopathic CD4 lymphopenia, CDC 1992: not established",
        "172 -> 553 /uL is a rise of 222 %",
        "0 errors, 13 warnings, 4 notes",
    ):
        assert part in text
    assert text.index("596 -> 378") < text.index("not established")


def test_what_must_be_acted_on_first_stands_first() -> None:
    lines = check_lines(REPORT)
    headings = [line for line in lines if line and line == line.upper() and " " in line]
    assert headings == [
        "ACT ON FIRST",
        "IS THE DIAGNOSIS ESTABLISHED?",
        "CONTRADICTIONS AND DOUBTS IN THE RECORD",
        "SAFETY (INFORMATION, NOT ADVICE)",
        "OUTCOME OF THE INFECTION",
        "CONSECUTIVE COUNTS",
        "READ AS 'THIRTY-FIVE-MONTHS'",
        "CASE REPORT",
    ]
    assert "TREATMENT" in lines
    assert lines[-1] == "0 errors, 13 warnings, 4 notes"
    assert max(len(line) for line in lines) <= WIDTH


def test_urgent_findings_stand_beside_the_errors() -> None:
    text = changed("0.4 10^9/L", "0.19 10^9/L")
    first = [line for line in check_lines(check(small(text)))[2:8] if line]
    assert first[0] == "ACT ON FIRST"
    assert any("last CD4 count below 200" in line for line in first)


def test_every_error_comes_first() -> None:
    text = changed("0.4 10^9/L", "0.4 /uL")
    lines = check_lines(check(small(text)))
    assert lines[3].startswith("ERROR implausible-value")


def test_the_founding_case_establishes_little() -> None:
    met = {a.criterion for a in REPORT.assessments if a.status is Standing.MET}
    assert met == {
        "ntm-diagnosis.clinical",
        "ctcae.cd4-lymphocytes-decreased",
        "ntm-outcome.improvement",
        "ntm-outcome.clinical-cure",
    }
    for a in REPORT.assessments:
        assert bool(a.missing) <= (a.status is not Standing.MET)
        assert a.edition.name
        assert a.edition.source
        if a.status is Standing.NOT_ESTABLISHED:
            assert a.missing, a.criterion


def test_every_fact_that_decides_is_a_fact_of_the_record() -> None:
    for record in (founding(), rich()):
        known = {f.id for f in (*record.dated(), *record.findings, *record.workup)}
        known |= {a.id for a in record.administrations}
        for a in check(record).assessments:
            assert set(a.facts) <= known


def test_the_other_timeline_loses_its_contradiction() -> None:
    (view,) = REPORT.timelines
    assert [i.path for i in view.gone] == ["il2-length: il2-start, il2-stop"]
    assert view.new == ()
    assert view.changed == ()


def test_a_timeline_that_cannot_be_read_says_why() -> None:
    timeline = """\
timelines:
  - id: backwards
    label: it stopped before it began
    event: stop
    at: 2019-06
    provenance: [{source: paper, locator: abstract, method: stated}]
"""
    report = check(small(SMALL + timeline))
    assert "before start" in report.timelines[0].refused
    assert "the record cannot be read so" in "\n".join(check_lines(report))


def test_machines_read_every_assessment() -> None:
    data = json.loads(json.dumps(check_json(check(rich()))))
    rows = data["criteria"]["assessments"]
    assert {"criterion", "status", "facts", "edition", "missing", "why"} <= set(rows[0])
    assert {r["status"] for r in rows} == {"met", "not_met", "not_established"}
    assert any(r["edition"]["recalled"] for r in rows)
    assert len(data["criteria"]["care"]) == 20
    assert data["timelines"][0]["id"] == "as-the-letter-says"


def test_machines_read_the_same_issues() -> None:
    data = json.loads(json.dumps(check_json(REPORT)))
    assert data["criteria"]["icl"]["status"] == "not_established"
    assert data["has_errors"] is False
    assert len(data["changes"]) == 3
    issues = data["record"]["issues"]
    assert [i["rule"] for i in issues] == [i.rule for i in REPORT.issues]
    assert set(issues[0]) == {"severity", "rule", "path", "message", "locators"}


def test_a_record_without_counts_is_checked() -> None:
    text = changed("id: cd4-first\n    analyte: CD4", "id: cd4-first\n    analyte: CD8")
    text = changed("id: cd4-second\n    analyte: CD4", "id: cd4-second\n    analyte: CD8", text)
    report = check(small(text))
    assert report.changes == ()
    assert check_lines(report)


def test_checking_a_record_loads_no_numerical_library() -> None:
    code = (
        "import sys; from lymphocast.criteria.check import check; "
        "from lymphocast.record.casefile import find_case, read_case; "
        "check(read_case(find_case('trojan-2009'))); "
        "sys.exit(any(m in sys.modules for m in ('jax', 'numpy', 'altair', 'pint')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, check=False
    )
    assert done.returncode == 0
