"""check: what a reader must act on first comes first; one report, two ways of printing it."""

import json
import subprocess
import sys

from lymphocast.criteria.check import check, check_json, check_lines
from lymphocast.record.issue import Severity
from tests.conftest import ROOT
from tests.record.cases import changed, founding, small

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
    text = "\n".join(check_lines(REPORT))
    for part in (
        "596 -> 378 /uL is a fall of 37 % (z = -1.94), not beyond",
        "within 46 % (log form -37 / +58 %",
        "not established by this record",
        "not_established",
        "172 -> 553 /uL is a rise of 222 %",
        "0 errors, 13 warnings, 3 notes",
    ):
        assert part in text
    assert text.index("596 -> 378") < text.index("not established")


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
