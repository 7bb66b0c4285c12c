"""Writing a case file: it reads back as the same record, in short forms and plain words."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings

from lymphocast.errors import UsageError
from lymphocast.record.casefile import case_tree, parse_case, read_case
from lymphocast.record.casewriter import case_json, case_text, write_case
from lymphocast.record.patient import PatientRecord
from tests.record.cases import SMALL, changed, founding, rich, small
from tests.record.generated import records


@settings(max_examples=50, deadline=None)
@given(records())
def test_what_is_written_reads_back_as_the_same_record(record: PatientRecord) -> None:
    assert parse_case(case_text(record), "again") == record
    assert parse_case(case_json(record), "again") == record


@pytest.mark.parametrize("record", [founding(), rich()], ids=["founding", "rich"])
def test_whole_cases_read_back(record: PatientRecord) -> None:
    assert parse_case(case_text(record), "again") == record


def test_any_yaml_reader_sees_texts_where_the_record_has_texts() -> None:
    read = yaml.safe_load(case_text(founding()))
    assert read["sources"][0]["pmid"] == "19438596"
    measured = yaml.safe_load(case_text(rich()))["measurements"][0]
    assert measured["context"]["time_of_day"] == "08:30"


def test_lines_are_short_and_sections_stand_apart() -> None:
    lines = case_text(founding()).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[lines.index("events:") - 1] == ""


def test_a_dose_in_words_a_ladder_and_a_point_are_written_short() -> None:
    text = case_text(rich())
    assert "ladder:\n      - {start: il2-start, dosing: 600 000 IU daily}" in text
    drawn = next(m for m in yaml.safe_load(text)["measurements"] if m["id"] == "cd4-drawn")
    assert set(drawn) == {"id", "analyte", "read_off", "provenance"}


def test_what_a_figure_does_not_give_is_kept() -> None:
    record = rich()
    text = case_text(record)
    point = "read_off: {figure: fig-1, x: 300, y: 150}"
    moved = changed(point, f"value: 499 /uL\n    {point}", text)
    again = parse_case(moved, "moved")
    assert parse_case(case_text(again), "again") == again
    assert again.measurement("cd4-drawn").value.value == 499.0


@pytest.mark.parametrize("name", ["case.yaml", "case.yml", "case.json"])
def test_a_file_is_whole(tmp_path: Path, name: str) -> None:
    write_case(small(), tmp_path / name)
    assert read_case(tmp_path / name) == small()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"found suffix '\.txt'"):
        write_case(small(), tmp_path / "case.txt")


def test_a_record_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(UsageError, match="holds what a case file cannot"):
        case_text(replace(small(), title="two\nlines"))


def test_a_small_case_is_written_as_a_person_wrote_it() -> None:
    written = yaml.safe_load(case_text(small()))
    assert list(written) == ["id", "title", "sources", "events", "administrations", "measurements"]
    assert case_tree(small(SMALL)) == case_tree(parse_case(case_text(small()), "small.yaml"))
