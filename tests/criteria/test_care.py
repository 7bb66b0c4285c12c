"""The CARE checklist (2013): what the founding case shows, and what an entry of it changes."""

from lymphocast.criteria.assessment import Standing
from lymphocast.criteria.care import care_coverage, care_rows, care_table
from lymphocast.record.patient import PatientRecord
from tests.criteria.facts import stated, with_sections
from tests.record.cases import founding, rich, small


def open_items(record: PatientRecord) -> set[str]:
    return {row.item for row in care_rows(record) if row.status is not Standing.MET}


def test_the_thirteen_items_are_there() -> None:
    items = {row.item.rstrip("abc") for row in care_rows(small())}
    assert items == {str(i) for i in range(1, 14)}


def test_the_founding_case_lacks_what_an_abstract_lacks() -> None:
    # Items 1, 12 and 13 are not evidenced, 9 and 10 only in part; the introduction, the keywords
    # and an examination stand in no part that was read.
    assert open_items(founding()) == {"1", "2", "4", "5c", "6", "9b", "9c", "10b", "12", "13"}


def test_an_entry_of_reporting_fills_its_item() -> None:
    entry = stated("view", "item: patient-perspective, what: the patient agreed")
    assert "12" in open_items(small())
    assert "12" not in open_items(with_sections(reporting=entry))


def test_the_words_case_report_make_a_title() -> None:
    assert "1" not in open_items(rich())
    assert "1" in open_items(small())


def test_coverage_counts_the_rows() -> None:
    coverage = care_coverage(founding())
    assert coverage.status is Standing.NOT_ESTABLISHED
    assert coverage.result == "10/20"
    assert len(coverage.missing) == 10


def test_the_table_is_ready_for_a_manuscript() -> None:
    lines = care_table(care_rows(founding()))
    assert lines[0] == "| Item | Topic | What is asked for | Where |"
    assert len(lines) == 22
    assert all(line.count("|") == 5 for line in lines)
    assert any("trojan-2009-page: abstract" in line for line in lines)
    assert "not in this record" in lines[-1]
