"""Check: everything that the rules and the published definitions say of one record.

Issues come in the order in which a reader must act on them: errors, whether the last fall is
real, whether the diagnosis is established, contradictions, what was given in which units,
treatment against the guideline, and then the rest. Assessments come by theme. Every alternative
timeline of the record is checked as well, and what it changes is kept.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import final

from lymphocast.criteria.assessment import Assessment, Theme
from lymphocast.criteria.care import CareRow, care_coverage, care_rows
from lymphocast.criteria.causality import causality
from lymphocast.criteria.ctcae import ctcae
from lymphocast.criteria.culture import outcomes
from lymphocast.criteria.dose import tolerated_doses
from lymphocast.criteria.hold import hold_rules
from lymphocast.criteria.icl import IclAssessment, assess_icl, icl_issue, icl_readings
from lymphocast.criteria.monitoring import monitoring
from lymphocast.criteria.ntm import treatment_issues
from lymphocast.criteria.ntm_diagnosis import ntm_diagnosis
from lymphocast.criteria.rcv import ReferenceChange, consecutive_changes, last_fall
from lymphocast.errors import RecordError
from lymphocast.record.casefile import no_collection
from lymphocast.record.issue import Issue, Severity
from lymphocast.record.patient import PatientRecord
from lymphocast.record.timelines import moved_to
from lymphocast.record.validate import validate

ORDER = (
    "reference-change",
    "icl-not-met",
    "icl-not-established",
    "duration-contradiction",
    "date-contradiction",
    "sources-disagree",
    "figure-reading",
    "share-beside-count",
    "product-ambiguity",
    "unit-ambiguity",
    "macrolide-monotherapy",
    "fewer-than-three-drugs",
    "macrolide-with-rifamycin",
    "treatment-shorter-than-guideline",
    "timing-confounded",
    "count-after-stop-exceeds-on-treatment",
    "overlapping-stretches",
    "doses-missed-undated",
    "doses-missed-dated",
    "doses-before-count",
    "data-not-read",
    "corrected",
    "spelling",
    "method-assumed",
)
"""Rules in the order of their urgency; an error of any rule comes first."""


@final
@dataclass(frozen=True)
class TimelineView:
    """What an alternative timeline changes: issues that go, issues that come, other statuses.

    ``refused`` says why the record cannot be read so; it is empty otherwise.
    """

    id: str
    label: str
    gone: tuple[Issue, ...] = ()
    new: tuple[Issue, ...] = ()
    changed: tuple[Assessment, ...] = ()
    refused: str = ""


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
    assessments
        Every published criterion applied to the record, by theme.
    care
        The CARE checklist, ready for a manuscript.
    timelines
        What the alternative timelines of the record change.
    """

    record_id: str
    title: str
    sha256: str
    issues: tuple[Issue, ...]
    icl: IclAssessment
    changes: tuple[ReferenceChange, ...]
    assessments: tuple[Assessment, ...] = ()
    care: tuple[CareRow, ...] = ()
    timelines: tuple[TimelineView, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether an issue stops a fit."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)


@no_collection()
def check(record: PatientRecord) -> CheckReport:
    """Apply every rule and definition to a record, and to its alternative timelines."""
    issues, assessments = _issues(record), assess(record)
    return CheckReport(
        record_id=record.id,
        title=record.title,
        sha256=record.sha256,
        issues=issues,
        icl=assess_icl(record),
        changes=consecutive_changes(record),
        assessments=assessments,
        care=care_rows(record),
        timelines=tuple(
            _view(record, t.id, t.label, issues, assessments) for t in record.timelines
        ),
    )


def assess(record: PatientRecord) -> tuple[Assessment, ...]:
    """Apply every published criterion to a record; the results come by theme."""
    found = (
        *icl_readings(record),
        *ntm_diagnosis(record),
        *tolerated_doses(record),
        *hold_rules(record),
        *monitoring(record),
        *ctcae(record),
        *causality(record),
        *outcomes(record),
        care_coverage(record),
    )
    return tuple(sorted(found, key=lambda a: tuple(Theme).index(a.theme)))


def _issues(record: PatientRecord) -> tuple[Issue, ...]:
    """Return every doubt about a record, the most urgent first."""
    issues = (
        *last_fall(record, consecutive_changes(record)),
        *icl_issue(record, assess_icl(record)),
        *validate(record),
        *treatment_issues(record),
    )
    return tuple(sorted(issues, key=_urgency))


def _urgency(issue: Issue) -> tuple[bool, int]:
    """Return the place of an issue in the order of urgency."""
    place = ORDER.index(issue.rule) if issue.rule in ORDER else len(ORDER)
    return issue.severity is not Severity.ERROR, place


def _view(
    record: PatientRecord,
    timeline: str,
    label: str,
    issues: tuple[Issue, ...],
    assessments: tuple[Assessment, ...],
) -> TimelineView:
    """Return what one alternative timeline changes."""
    try:
        moved = moved_to(record, timeline)
    except RecordError as error:
        return TimelineView(timeline, label, refused=str(error))
    other, now = _issues(moved), assess(moved)
    before, after = {_key(i) for i in issues}, {_key(i) for i in other}
    noted = {"method-assumed"}  # which nominal days are possible follows from the reading itself
    known = {(a.criterion, a.facts, a.status, a.result) for a in assessments}
    return TimelineView(
        timeline,
        label,
        gone=tuple(i for i in issues if i.rule not in noted and _key(i) not in after),
        new=tuple(i for i in other if i.rule not in noted and _key(i) not in before),
        changed=tuple(a for a in now if (a.criterion, a.facts, a.status, a.result) not in known),
    )


def _key(issue: Issue) -> tuple[str, str]:
    """Return what makes two issues the same under two readings."""
    return issue.rule, issue.path


def check_json(report: CheckReport) -> Mapping[str, object]:
    """Return a report as JSON for machines."""
    return {
        "record": {
            "id": report.record_id,
            "title": report.title,
            "sha256": report.sha256,
            "issues": [asdict(issue) for issue in report.issues],
        },
        "criteria": {
            "icl": asdict(report.icl),
            "assessments": [asdict(a) for a in report.assessments],
            "care": [asdict(row) for row in report.care],
        },
        "changes": [asdict(change) for change in report.changes],
        "timelines": [asdict(view) for view in report.timelines],
        "has_errors": report.has_errors,
    }
