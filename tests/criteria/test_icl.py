"""The definition of idiopathic CD4 lymphopenia on records that do and do not show it."""

import pytest

from lymphocast.criteria.icl import (
    EXCLUSIONS,
    FractionOf,
    IclOptions,
    IclStatus,
    ItemStatus,
    assess_icl,
    icl_issue,
    icl_readings,
)
from lymphocast.record.patient import PatientRecord
from tests.record.cases import SMALL, changed, founding, small

STATED = "provenance: [{source: paper, locator: abstract, method: stated}]"


def with_workup(status: str, text: str = SMALL) -> str:
    items = "".join(f"  - {{id: {k}, what: {k}, status: {status}, {STATED}}}\n" for k in EXCLUSIONS)
    return f"{text}workup:\n{items}"


def with_count(value: str, at: str, text: str, analyte: str = "CD4") -> str:
    fact = f"  - {{id: cd4-more, analyte: {analyte}, value: {value}, at: {at}, {STATED}}}\n"
    return changed("measurements:\n", f"measurements:\n{fact}", text)


def status(text: str, options: IclOptions | None = None) -> IclStatus:
    record: PatientRecord = small(text)
    return (assess_icl(record, options) if options else assess_icl(record)).status


def test_the_founding_case_does_not_establish_it() -> None:
    record = founding()
    found = assess_icl(record)
    assert found.status is IclStatus.NOT_ESTABLISHED
    assert found.edition == "CDC 1992"
    low, repeated, *exclusions = found.items
    assert (low.status, low.facts) == (ItemStatus.MET, ("cd4-presenting",))
    assert repeated.status is ItemStatus.NOT_STATED
    assert {item.status for item in exclusions} == {ItemStatus.NOT_STATED}
    assert len(found.missing) == 3
    assert "second low count" in found.missing[0]
    assert "HIV" in found.missing[1]
    assert "GATA2" in found.missing[2]
    (issue,) = icl_issue(record, found)
    assert issue.rule == "icl-not-established"
    assert "states the diagnosis" in issue.message


def test_counts_on_treatment_are_not_held_against_it() -> None:
    # Three later counts are normal; none of them may turn the verdict into "not met".
    assert not any(i.status is ItemStatus.NOT_MET for i in assess_icl(founding()).items)


def test_two_low_counts_six_weeks_apart_and_every_exclusion_meet_it() -> None:
    text = with_count("200 /uL", "2019-08", with_workup("negative"))
    record = small(text)
    found = assess_icl(record)
    assert found.status is IclStatus.MET
    assert found.missing == ()
    assert icl_issue(record, found) == ()


@pytest.mark.parametrize("at", ["2019-12", "2019-11", "late 2019-10"])
def test_two_low_counts_too_close_do_not(at: str) -> None:
    text = with_count("200 /uL", at, with_workup("negative"))
    assert status(text) is IclStatus.NOT_ESTABLISHED


def test_the_gap_is_an_option() -> None:
    text = with_count("200 /uL", "2019-10", with_workup("negative"))
    assert status(text) is IclStatus.NOT_ESTABLISHED
    assert status(text, IclOptions(gap_days=0)) is IclStatus.MET


def test_the_threshold_is_below_not_at() -> None:
    at = with_count("300 /uL", "2019-08", with_workup("negative", changed("150 /uL", "300 /uL")))
    assert status(at) is IclStatus.NOT_MET
    assert status(at, IclOptions(count_below=301.0)) is IclStatus.MET


def test_a_positive_exclusion_refuses_it() -> None:
    text = with_workup("negative").replace(
        "what: hiv, status: negative", "what: hiv, status: positive"
    )
    text = with_count("200 /uL", "2019-08", text)
    record = small(text)
    found = assess_icl(record)
    assert found.status is IclStatus.NOT_MET
    (issue,) = icl_issue(record, found)
    assert issue.rule == "icl-not-met"
    assert "hiv: positive" in issue.message


def test_low_percentages_serve_as_well_but_only_of_the_chosen_denominator() -> None:
    one = with_workup("negative", changed("150 /uL", "500 /uL"))
    two = with_count("15 %", "2019-08", one, "CD4 of T cells")
    two = two.replace("id: cd4-more", "id: cd4-other")
    text = with_count("15 %", "2019-04", two, "CD4 of T cells")
    assert status(text) is IclStatus.MET
    assert status(text, IclOptions(percent_of=FractionOf.LYMPHOCYTES)) is not IclStatus.MET


def test_no_count_before_treatment_leaves_it_open() -> None:
    text = with_workup("negative", changed("at: 2019-12", "at: 2020-01"))
    found = assess_icl(small(text))
    assert found.status is IclStatus.NOT_ESTABLISHED
    assert "before treatment" in found.missing[0]


def test_other_recorded_exclusions_count() -> None:
    text = with_workup("negative").replace("id: gata2", "id: cvid", 1)
    found = assess_icl(small(text))
    assert "no cvid" not in found.missing
    assert any(item.facts == ("cvid",) for item in found.items)
    assert any("GATA2" in missing for missing in found.missing)


def test_every_reading_of_the_definition_is_shown() -> None:
    # 1 November to 12 December 2019 is 41 days: enough only without the six weeks.
    text = with_count(
        "200 /uL", "2019-11-01", with_workup("negative", changed("2019-12", "2019-12-12"))
    )
    readings = icl_readings(small(text))
    assert [r.status.value for r in readings] == ["not_established"] * 2 + ["met"] * 2
    assert "42 days between" in readings[0].name
    assert "CD4 of lymphocytes" in readings[1].name
    later = changed("at: 2019-11-01", "at: 2019-10-31", text)
    assert {r.status.value for r in icl_readings(small(later))} == {"met"}


def test_a_count_that_hangs_on_the_start_is_before_it_however_wide_the_start() -> None:
    def counts_as_untreated(at: str) -> bool:
        text = with_workup("negative", changed("at: 2019-12", f"at: {at}"))
        return "cd4-first" in assess_icl(small(text)).items[0].facts

    assert counts_as_untreated("start - 61 d +/- 60 d")
    assert not counts_as_untreated("start - 60 d +/- 60 d")  # perhaps on the day of the first dose
