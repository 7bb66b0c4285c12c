"""Check: everything that the rules and the published definitions say of one record.

Issues come in the order in which a reader must act on them: errors, whether the last fall is
real, whether the diagnosis is established, contradictions, what was given in which units,
treatment against the guideline, and then the rest.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import final

from lymphocast.criteria.icl import IclAssessment, assess_icl, icl_issue
from lymphocast.criteria.ntm import treatment_issues
from lymphocast.criteria.rcv import (
    ReferenceChange,
    change_sentence,
    consecutive_changes,
    last_fall,
)
from lymphocast.record.patient import PatientRecord
from lymphocast.record.proposed import proposal_issues
from lymphocast.record.validate import Issue, Severity, validate

ORDER = (
    "reference-change",
    "icl-not-met",
    "icl-not-established",
    "duration-contradiction",
    "date-contradiction",
    "product-ambiguity",
    "unit-ambiguity",
    "macrolide-monotherapy",
    "treatment-shorter-than-guideline",
    "timing-confounded",
    "count-after-stop-exceeds-on-treatment",
    "overlapping-stretches",
    "doses-missed-undated",
    "data-not-read",
    "spelling",
    "method-assumed",
    "proposed",
)
"""Rules in the order of their urgency; an error of any rule comes first."""


@final
@dataclass(frozen=True)
class CheckReport:
    """What the rules say of one record.

    Parameters
    ----------
    record_id, title, sha256
        The record that was checked.
    issues
        In the order in which a reader must act on them.
    icl
        The definition of idiopathic CD4 lymphopenia applied to the record.
    changes
        Reference change values of consecutive CD4 counts, in order of time.
    """

    record_id: str
    title: str
    sha256: str
    issues: tuple[Issue, ...]
    icl: IclAssessment
    changes: tuple[ReferenceChange, ...]

    @property
    def has_errors(self) -> bool:
        """Whether an issue stops a fit."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)


def check(record: PatientRecord) -> CheckReport:
    """Apply every rule and definition to a record."""
    changes = consecutive_changes(record)
    icl = assess_icl(record)
    issues = (
        *last_fall(record, changes),
        *icl_issue(record, icl),
        *validate(record),
        *treatment_issues(record),
        *proposal_issues(record),
    )
    ordered = tuple(sorted(issues, key=_urgency))
    return CheckReport(record.id, record.title, record.sha256, ordered, icl, changes)


def _urgency(issue: Issue) -> tuple[bool, int]:
    """Return the place of an issue in the order of urgency."""
    place = ORDER.index(issue.rule) if issue.rule in ORDER else len(ORDER)
    return issue.severity is not Severity.ERROR, place


def check_lines(report: CheckReport) -> tuple[str, ...]:
    """Return a report as plain lines for people."""
    lines = [f"{report.record_id}: {report.title}", ""]
    for issue in report.issues:
        lines.append(f"{issue.severity.upper()} {issue.rule} [{issue.path}]")
        lines.append(f"  {issue.message}")
        if issue.locators:
            lines.append(f"  at {'; '.join(issue.locators)}")
    lines += ["", f"Idiopathic CD4 lymphopenia, {report.icl.edition}: {report.icl.status}"]
    lines += [f"  {item.status:<10}  {item.name}: {item.why}" for item in report.icl.items]
    lines += ["", "Consecutive counts:"]
    lines += [f"  {change_sentence(change)}" for change in report.changes]
    lines += ["", ", ".join(_tally(report, severity) for severity in Severity)]
    return tuple(lines)


def _tally(report: CheckReport, severity: Severity) -> str:
    """Count the issues of one severity, in words."""
    number = sum(issue.severity is severity for issue in report.issues)
    word = "note" if severity is Severity.INFO else severity.value
    return f"{number} {word}{'' if number == 1 else 's'}"


def check_json(report: CheckReport) -> Mapping[str, object]:
    """Return a report as JSON for machines."""
    return {
        "record": {
            "id": report.record_id,
            "title": report.title,
            "sha256": report.sha256,
            "issues": [asdict(issue) for issue in report.issues],
        },
        "criteria": {"icl": asdict(report.icl)},
        "changes": [asdict(change) for change in report.changes],
        "has_errors": report.has_errors,
    }
