"""A CD4 percentage and a CD4 count of one sample say how many cells there were in all."""

import pytest

from lymphocast.record.issue import Issue, Severity
from lymphocast.record.validate import validate
from tests.record.cases import changed, small

STATED = "provenance: [{source: paper, locator: abstract, method: stated}]"


def said(*rows: str, day: str = "2019-12-05") -> tuple[Issue, ...]:
    """Return the statements of the small case whose first count, 150 /uL, has an exact day."""
    facts = "".join(f"  - {{{row}, at: {day}, {STATED}}}\n" for row in rows)
    text = changed("at: 2019-12\n", "at: 2019-12-05\n") + facts
    return tuple(i for i in validate(small(text)) if i.rule == "share-beside-count")


SHARE = "id: share, analyte: CD4%, value: 12 %"  # 150 / 0.12 = 1250


def test_a_share_and_a_count_say_how_many_cells_there_were() -> None:
    (issue,) = said(SHARE)
    assert issue.severity is Severity.INFO
    assert issue.path == "share, cd4-first"
    assert "mean 1250 /uL lymphocytes; the record holds no such count" in issue.message
    (other,) = said("id: share, analyte: CD4 of T cells, value: 20 %")
    assert "mean 750 /uL CD3" in other.message


@pytest.mark.parametrize(
    ("whole", "severity"),
    [
        (1250, Severity.INFO),
        (1499, Severity.INFO),
        (1501, Severity.WARNING),
        (1001, Severity.INFO),
        (999, Severity.WARNING),
    ],
)
def test_the_recorded_whole_agrees_within_a_fifth_or_is_doubted(
    whole: int, severity: Severity
) -> None:
    (issue,) = said(SHARE, f"id: all, analyte: lymphocytes, value: {whole} /uL")
    assert issue.severity is severity
    assert issue.path == "share, cd4-first, all"
    assert ("misread" in issue.message) is (severity is Severity.WARNING)


def test_units_do_not_matter() -> None:
    (issue,) = said(SHARE, "id: all, analyte: lymphocytes, value: 1.25 10^9/L")
    assert "recorded are 1250 /uL (+0%): they agree" in issue.message


def test_nothing_is_said_of_another_day_a_limit_or_a_month() -> None:
    assert said(SHARE, day="2019-12-06") == ()
    assert said(SHARE, day="2019-12") == ()
    assert said(f"{SHARE}, limit: below") == ()
    assert said() == ()
