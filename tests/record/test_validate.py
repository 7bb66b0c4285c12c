"""Rules: the inconsistencies of the founding case are found, consistent statements are not.

The oracle is the arithmetic of the source's own dates, done by hand on the calendar.
"""

from dataclasses import replace
from datetime import date

import pytest

from lymphocast.record.context import Context, Limit
from lymphocast.record.issue import Issue, Severity
from lymphocast.record.patient import PatientRecord
from lymphocast.record.validate import validate
from lymphocast.record.when import When
from lymphocast.units import Quantity
from tests.record.cases import SMALL, changed, founding, small

CASE = founding()
STATED = "provenance: [{source: paper, locator: abstract, method: stated}]"


def found(record: PatientRecord, rule: str) -> list[Issue]:
    return [issue for issue in validate(record) if issue.rule == rule]


def duration(record: PatientRecord, name: str) -> list[Issue]:
    return [i for i in found(record, "duration-contradiction") if i.path.startswith(name)]


@pytest.mark.parametrize(
    ("name", "stated", "apart", "same_ends", "bridged"),
    [
        # Early February (1-10) to May: 10 Feb to 1 May is 81 d, 1 Feb to 31 May 120 d.
        ("clarithromycin-before-il2", "4 months", "2.66 to 3.94", "2.96 to 3.65", True),
        # May to July: 31 May to 1 Jul is 31 d, 1 May to 31 Jul 91 d.
        ("titration-length", "3 months", "1.02 to 2.99", "2.00", True),
        # May 2004 to July 2007: 31 May to 1 Jul is 1126 d, 1 May to 31 Jul 1186 d.
        ("il2-length", "35 months", "36.99 to 38.97", "37.98", False),
    ],
)
def test_a_stated_length_against_its_dates(
    name: str, stated: str, apart: str, same_ends: str, bridged: bool
) -> None:
    (issue,) = duration(CASE, name)
    assert issue.severity is Severity.WARNING
    for part in (f"{stated} are stated", f"{apart} months apart", same_ends):
        assert part in issue.message
    assert ("could bridge" in issue.message) is bridged
    assert issue.locators == ("trojan-2009-page: abstract", "trojan-2009-page: Fig. 1 legend")


def test_the_months_are_those_of_the_calendar() -> None:
    for (first, last), (low, high) in {
        ("clarithromycin-start", "il2-start"): (81, 120),
        ("il2-start", "il2-maintenance-legend"): (31, 91),
        ("il2-start", "il2-stop"): (1126, 1186),
        ("clarithromycin-start", "clarithromycin-stop"): (254, 273),
        ("il2-start", "symptoms-resolved"): (123, 162),
    }.items():
        span = CASE.days_between(first, last)
        assert (span.shortest, span.longest) == (low, high)


@pytest.mark.parametrize(
    "name", ["therapy-to-count", "therapy-to-resolution", "therapy-to-negative-culture"]
)
def test_five_months_of_therapy_contradict_nothing(name: str) -> None:
    assert not duration(CASE, name)


def test_a_length_along_an_anchor_is_compared_with_the_anchor_alone() -> None:
    text = f"durations:\n  - {{id: course, start: start, stop: stop, length: 6 mo, {STATED}}}\n"
    assert not duration(small(SMALL + text), "course")
    assert duration(small(SMALL + changed("6 mo", "7 mo", text)), "course")
    assert not duration(small(SMALL + changed("6 mo", "26 wk", text)), "course")


def test_two_dates_of_one_event() -> None:
    again = f"  - {{id: start-again, what: start, at: 2020-03, same_as: start, {STATED}}}\n"
    record = small(changed("administrations:", f"{again}administrations:"))
    (issue,) = found(record, "date-contradiction")
    assert "2020-01-01 to 2020-01-31 and also 2020-03-01" in issue.message
    assert not found(CASE, "date-contradiction")


def test_the_product_is_in_doubt() -> None:
    (issue,) = found(CASE, "product-ambiguity")
    assert "'pegylated' (trojan-2009-page: abstract)" in issue.message
    assert "not named elsewhere (trojan-2009-page: Fig. 1 legend)" in issue.message
    assert "'il2-titration' gives it every day" in issue.message
    assert "'il2-full'" not in issue.message


def test_a_product_that_is_named_everywhere_is_not_in_doubt() -> None:
    weekly = small(changed("per: 1 d", "per: 7 d\n    product: pegylated"))
    assert not found(weekly, "product-ambiguity")
    assert found(
        small(changed("per: 1 d", "per: 1 d\n    product: pegylated")), "product-ambiguity"
    )


def test_units_without_a_system() -> None:
    (issue,) = found(CASE, "unit-ambiguity")
    assert "600000 U, 11 MU" in issue.message
    assert "recalled, not verified" in issue.message
    assert not found(small(changed("1 MU", "1 MIU")), "unit-ambiguity")


def test_improvement_began_with_two_drugs() -> None:
    (issue,) = found(CASE, "timing-confounded")
    assert "2.7 to 3.9 months after clarithromycin" in issue.message
    alone = replace(CASE, administrations=CASE.administrations_of("interleukin-2"))
    assert not found(alone, "timing-confounded")


def test_a_count_after_the_stop_exceeds_the_one_on_treatment() -> None:
    (issue,) = found(CASE, "count-after-stop-exceeds-on-treatment")
    assert issue.path == "cd4-stop-6, cd4-month-5"
    higher = tuple(
        replace(m, value=Quantity(600.0, "/uL")) if m.id == "cd4-month-5" else m
        for m in CASE.measurements
    )
    exceeded = replace(CASE, measurements=higher)
    assert not found(exceeded, "count-after-stop-exceeds-on-treatment")
    limited = tuple(
        replace(m, limit=Limit.BELOW) if m.id == "cd4-stop-6" else m for m in CASE.measurements
    )
    below = replace(CASE, measurements=limited)
    assert not found(below, "count-after-stop-exceeds-on-treatment")


def test_what_is_not_in_the_record() -> None:
    (missed,) = found(CASE, "doses-missed-undated")
    assert "dates unknown" in missed.message
    (unread,) = found(CASE, "data-not-read")
    assert "Fig. 1" in unread.message


def counts_asked_for(record: PatientRecord) -> list[str]:
    return [i for issue in found(record, "doses-before-count") for i in issue.path.split(", ")]


def test_missed_doses_before_a_count_on_treatment_are_asked_for() -> None:
    (issue,) = found(CASE, "doses-before-count")
    assert (issue.severity, issue.path) == (Severity.INFO, "cd4-month-5")
    assert issue.message.startswith(
        "Were doses of interleukin-2 missed in the days or weeks before"
    )
    assert "they are reported without dates" in issue.message
    assert "trojan-2009-page: Fig. 1 legend" in issue.locators
    (silent,) = found(replace(CASE, missed_doses=()), "doses-before-count")
    assert "the record does not say" in silent.message


def test_what_the_record_says_of_missed_doses_is_not_asked() -> None:
    (missed,) = CASE.missed_doses
    day = When(date(2004, 9, 1), date(2004, 9, 1))
    dated = replace(missed, dates_known=True, dates=(day,))
    assert not counts_asked_for(replace(CASE, missed_doses=(dated,)))
    assert counts_asked_for(replace(CASE, missed_doses=(dated, missed)))
    other = replace(dated, drug="clarithromycin")
    assert counts_asked_for(replace(CASE, missed_doses=(other,)))
    told = Context(since_dose=Quantity(36.0, "h"))
    counts = tuple(replace(m, context=told) for m in CASE.measurements)
    assert not counts_asked_for(replace(CASE, measurements=counts))


@pytest.mark.parametrize(
    ("first", "last", "asked"),
    [
        ("2004-05-31", "2004-05-31", False),  # on a day on which it may have begun
        ("2004-06-01", "2004-06-01", True),
        ("2004-06-01", "2004-07-15", True),
        ("2007-07-01", "2007-07-01", True),  # before the first day on which it may have stopped
        ("2007-07-01", "2007-07-02", False),
    ],
)
def test_only_counts_that_were_certainly_on_treatment_are_asked_for(
    first: str, last: str, asked: bool
) -> None:
    at = When(date.fromisoformat(first), date.fromisoformat(last))
    counts = tuple(replace(m, at=at) for m in CASE.measurements if m.id == "cd4-month-5")
    assert bool(counts_asked_for(replace(CASE, measurements=counts))) == asked


def test_a_count_in_a_pause_of_the_drug_is_not_asked_about() -> None:
    ramp, full = CASE.administrations_of("interleukin-2")
    begin, end = date(2005, 1, 1), date(2005, 1, 31)
    later = replace(full, start=When(end, end))
    paused = replace(ramp, stop=When(begin, begin))
    for day, asked in ((begin, True), (date(2005, 1, 2), False), (end, True)):
        (count,) = (m for m in CASE.measurements if m.id == "cd4-month-5")
        counts = (replace(count, at=When(day, day)),)
        record = replace(CASE, administrations=(paused, later), measurements=counts)
        assert bool(counts_asked_for(record)) == asked


def test_misprints_are_read_and_reported() -> None:
    said = {issue.message for issue in found(CASE, "spelling")}
    assert "'clathromycin' is read as clarithromycin." in said
    assert any(text.startswith("'Myobacterium") for text in said)
    assert all(issue.severity is Severity.INFO for issue in found(CASE, "spelling"))


def test_assumptions_are_listed() -> None:
    (issue,) = found(CASE, "method-assumed")
    for part in ("steps of il2-titration", "day of culture-negative", "entry_below"):
        assert part in issue.message
    assert not found(small(), "method-assumed")


def test_a_count_in_the_wrong_unit_is_an_error() -> None:
    (issue,) = found(small(changed("0.4 10^9/L", "0.4 /uL")), "implausible-value")
    assert issue.severity is Severity.ERROR
    assert issue.path == "cd4-second"
    assert not found(small(), "implausible-value")


def test_stretches_that_overlap() -> None:
    again = SMALL[SMALL.index("  - id: drug") : SMALL.index("measurements:")]
    text = changed("measurements:", again.replace("id: drug", "id: more") + "measurements:")
    (issue,) = found(small(text), "overlapping-stretches")
    assert issue.path == "drug, more"
    assert not found(CASE, "overlapping-stretches")


def test_rules_may_be_chosen() -> None:
    assert validate(CASE, ()) == ()
    assert {i.rule for i in validate(CASE)} == {
        "duration-contradiction",
        "product-ambiguity",
        "unit-ambiguity",
        "timing-confounded",
        "count-after-stop-exceeds-on-treatment",
        "doses-missed-undated",
        "doses-before-count",
        "data-not-read",
        "spelling",
        "method-assumed",
    }
