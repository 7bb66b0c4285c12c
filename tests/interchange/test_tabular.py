"""Spreadsheets and CSV: nothing is lost, nothing runs, and what is wrong is named by its cell."""

import csv
import io
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from lymphocast.errors import ExchangeError
from lymphocast.interchange.columns import split_items
from lymphocast.interchange.csvfile import read_csv, read_zip, write_csv, write_zip
from lymphocast.interchange.exchange import Exported, Imported
from lymphocast.interchange.readme import readme_rows
from lymphocast.interchange.template import TEMPLATES, template
from lymphocast.interchange.workbook import read_xlsx, write_xlsx
from lymphocast.record.casefile import parse_case
from lymphocast.record.patient import PatientRecord
from lymphocast.record.schema import SECTIONS
from tests.interchange.workbooks import (
    CASE,
    FROM,
    PLACE,
    SOURCES,
    case_book,
    measured,
    member,
    repacked,
    workbook,
)
from tests.record.cases import changed, founding, rich, small
from tests.record.generated import AWKWARD, records

Write = Callable[[PatientRecord], Exported]
Read = Callable[[bytes, str], Imported]
FORMATS: dict[str, tuple[Write, Read]] = {
    "xlsx": (write_xlsx, read_xlsx),
    "csv": (write_csv, read_csv),
    "zip": (write_zip, read_zip),
}
HEAD = "section,id,title,citation,what,at,provenance.source,provenance.locator,provenance.method\n"
CSV = HEAD + "case,small,A case,,,,,,\nsources,chart,,Invented,,,,,\n"


def moment(*parts: int) -> datetime:
    """Return a date as spreadsheets store it, without a time zone."""
    return datetime(*parts)  # noqa: DTZ001


def refused(read: Callable[[bytes, str], Imported], content: bytes | str) -> ExchangeError:
    """Return the error of a file that cannot be read."""
    with pytest.raises(ExchangeError) as raised:
        read(content.encode() if isinstance(content, str) else content, "file")
    assert str(raised.value).count("\n") == 0
    return raised.value


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=10, deadline=None)
@given(record=records())
def test_a_record_comes_back_whole(kind: str, record: PatientRecord) -> None:
    write, read = FORMATS[kind]
    written = write(record)
    assert written.dropped == ()
    assert read(written.content, "again") == Imported((record,), ())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("record", [founding(), rich()], ids=["founding", "rich"])
def test_whole_cases_come_back(kind: str, record: PatientRecord) -> None:
    write, read = FORMATS[kind]
    assert read(write(record).content, "again").records == (record,)


def test_what_a_cell_cannot_hold_is_named() -> None:
    record = small(changed("title: A small case", f"title: {'long ' * 8000}end"))
    (lost,) = write_xlsx(record).dropped
    assert lost.where == "title"
    assert "a cell of a spreadsheet" in lost.why
    assert write_csv(record).dropped == ()


def test_there_is_one_sheet_for_each_section() -> None:
    book = load_workbook(io.BytesIO(template("xlsx")))
    keys = [f.key for f in SECTIONS]
    assert book.sheetnames == ["case", "sources", "patient", *keys, "modelling", "README"]


def test_the_readme_tells_what_every_column_wants() -> None:
    told = {row[:2]: row[2:] for row in readme_rows() if len(row) == 5}
    assert told["measurements", "value"][0] == ""  # a point of a figure does as well
    assert told["events", "at"][:2] == (
        "yes",
        "when; an interval or a time that hangs on another fact",
    )
    assert told["cultures", "result"][2] == "one of positive, negative, contaminated"
    assert ("events", "disagreements.provenance.source") in told


@pytest.mark.parametrize("kind", [k for k in TEMPLATES if k != "yaml"])
def test_a_template_holds_no_fact(kind: str) -> None:
    error = refused(FORMATS[kind][1], template(kind))
    assert "no row in 'case'" in error.found


def test_the_yaml_template_holds_no_fact_and_its_examples_can_be_uncommented() -> None:
    text = template("yaml").decode()
    kept = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line.split(":")[0] for line in kept if line] == ["id", "title"]
    filled = changed("id:  #", "id: a #", changed("title:  #", "title: b #", text))
    sources = changed("# sources:\n#   - id: a-name\n#     citation:",
                      "sources:\n  - id: a-name\n    citation:", filled)  # fmt: skip
    assert parse_case(sources, "filled").sources[0].id == "a-name"


def test_a_filled_template_is_a_record_and_its_examples_are_listed() -> None:
    book = load_workbook(io.BytesIO(template("xlsx")))
    book["case"].append(["mine", "My case"])
    book["sources"].append(["chart", "The chart"])
    out = io.BytesIO()
    book.save(out)
    read = read_xlsx(out.getvalue(), "mine.xlsx")
    assert read.records[0].title == "My case"
    assert len(read.dropped) == len(book.sheetnames) - 1  # an example in each but README
    assert read.dropped[0].where == "sheet 'case', row 2"


# Cells as spreadsheets store them


@pytest.mark.parametrize(
    ("value", "shown", "text"),
    [
        (moment(2004, 5, 14), "yyyy-mm-dd", "2004-05-14"),
        (date(2004, 5, 14), "d-mmm-yy", "2004-05-14"),
        (moment(2004, 5, 1), "mmm-yy", "2004-05"),
        (moment(2004, 5, 1), '[$-409]mmmm" "yyyy', "2004-05"),
        (moment(2004, 1, 1), "yyyy", "2004"),
        (2004, "General", "2004"),
        ("  2004-05  ", "General", "2004-05"),
    ],
)
def test_a_time_is_as_exact_as_its_cell_shows_it(value: object, shown: str, text: str) -> None:
    content = case_book({"measurements!E2": shown}, measurements=measured(value))
    (record,) = read_xlsx(content, "a.xlsx").records
    assert record.measurements[0].at.text == text


@pytest.mark.parametrize(
    ("value", "shown", "found"),
    [
        (moment(2004, 5, 14), "d-mmm", "without a year"),
        (moment(2004, 5, 14, 8, 30), "yyyy-mm-dd hh:mm", "date and time"),
        (time(8, 30), "hh:mm", "time of day"),
        (2004.05, "General", "'2004.05'"),
    ],
)
def test_a_time_that_is_not_clear_is_refused(value: object, shown: str, found: str) -> None:
    content = case_book({"measurements!E2": shown}, measurements=measured(value))
    error = refused(read_xlsx, content)
    assert found in error.found
    assert error.place == "sheet 'measurements', row 2, column 'at'"


def test_numbers_and_their_units_stand_in_two_cells_or_in_one() -> None:
    for value, unit in ((150, "/uL"), (150.0, "cells/mm3"), ("150 /uL", None), (" 150 ", "/uL")):
        content = case_book(measurements=measured("2004", value, unit))
        (record,) = read_xlsx(content, "a.xlsx").records
        assert str(record.measurements[0].value) == "150 /uL"


@pytest.mark.parametrize(
    ("value", "unit", "shown", "found"),
    [
        (0.17, "%", "0%", "shown as a percentage"),
        (moment(2004, 5, 1), "/uL", "mmm-yy", "formatted as a date"),
        (None, "/uL", "General", "the unit '/uL'"),
        (150, "mg", "General", "unit 'mg'"),
        (150, None, "General", "not a number with a unit"),
        (True, "/uL", "General", "true /uL"),
    ],
)
def test_a_number_that_is_not_what_it_seems_is_refused(
    value: object, unit: object, shown: str, found: str
) -> None:
    rows = measured("2004", value, unit)
    error = refused(read_xlsx, case_book({"measurements!C2": shown}, measurements=rows))
    assert found in error.found
    assert "row 2" in str(error.place)


@pytest.mark.parametrize("truth", [True, "TRUE", "true"])
def test_truth_is_read_as_spreadsheets_write_it(truth: object) -> None:
    header, row = measured("2004")
    rows = ((*header, "context.fever"), (*row, truth))
    (record,) = read_xlsx(case_book(measurements=rows), "a.xlsx").records
    assert record.measurements[0].context is not None
    assert record.measurements[0].context.fever is True


def test_several_places_and_items_have_numbered_columns_and_semicolons() -> None:
    second = tuple(name.replace(".", ".2.") for name in PLACE)
    changes = ("corrections.key", "corrections.was", "corrections.by")
    header = ("id", "what", "at", *PLACE, *second, *changes)
    other = ("chart", "page 2", "stated")
    row = ("start", "a start", "2004", *FROM, *other, "at", "2005", "A. Author")
    (record,) = read_xlsx(case_book(events=(header, row)), "a.xlsx").records
    assert [p.locator for p in record.events[0].provenance] == ["page 1", "page 2"]
    assert record.events[0].corrections[0].was == "2005"


@given(st.lists(st.text(st.characters(categories=["L", "Po"]), min_size=1), min_size=1))
def test_items_with_semicolons_come_back(items: list[str]) -> None:
    assert split_items("; ".join(item.replace(";", ";;") for item in items)) == items


# What is wrong is named with its place


@pytest.mark.parametrize(
    ("sheets", "place", "needed"),
    [
        ({"event": measured("2004")}, None, "'events' (the nearest known name)"),
        ({"events": (("id", "waht"), ("a", "b"))}, "sheet 'events', row 1, column B",
         "'what' (the nearest known column)"),
        ({"events": (("id", "id"), ("a", "b"))}, "sheet 'events', row 1, column B", "it once"),
        ({"events": (("id",), ("a", "b"))}, "sheet 'events', row 2, column B", "header"),
        ({"events": (("id", "at"), ("a", "2004"))}, "sheet 'events', row 2", "'what': what it is"),
        ({"case": (*CASE, ("b", "c"))}, "sheet 'case', row 3", "one row in 'case'"),
        ({"events": (("id", "provenance.0.source"), ("a", "b"))},
         "sheet 'events', row 1, column B", "provenance.source"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_sheet_row_and_column(
    sheets: dict[str, Any], place: str | None, needed: str
) -> None:
    error = refused(read_xlsx, workbook({"case": CASE, "sources": SOURCES, **sheets}))
    assert error.place == place
    assert needed in error.needed


def test_an_id_that_occurs_twice_names_both_rows() -> None:
    header, row = measured("2004")
    error = refused(read_xlsx, case_book(measurements=(header, row, row)))
    assert error.place == "sheet 'measurements', row 3, column 'id'"
    assert "first on sheet 'measurements', row 2, column 'id'" in error.found


def test_an_empty_sheet_that_a_program_adds_is_no_error() -> None:
    assert read_xlsx(case_book(Sheet1=((),)), "a.xlsx").records[0].id == "small"


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("", None, "empty"),
        ("id,title\na,b\n", "line 1", "id, title"),
        (CSV.replace("citation", "citaton"), "line 1, column 4", "citaton"),
        (CSV + "evnts,a,,,b,2004,chart,p,stated\n", "line 4", "evnts"),
        (CSV + "events,a,,,b,2004-13,chart,p,stated\n", "line 4, column 'at'", "2004-13"),
        (CSV + "events,a,,x,b,2004,chart,p,stated\n", "line 1, column 4, rows of 'events'",
         "'citation'"),
        (CSV + 'events,a,,,"b\n', "line 4", "no CSV"),
        (CSV + ",a,,,b,2004,chart,p,stated\n", "line 4", "no section"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_csv_is_named_with_line_and_column(
    text: str, place: str | None, found: str
) -> None:
    error = refused(read_csv, text)
    assert error.place == place
    assert found in error.found


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-16"),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace("\n", "\r").encode(),
        CSV.replace(",", ";").encode(),
        CSV.replace(",", "\t").encode("utf-16"),
        ("\n" + CSV + "\n# note,anything,,,,,,,\n").encode(),
    ],
    ids=["bom", "utf-16", "crlf", "cr", "semicolons", "tabs", "blank-and-comment"],
)
def test_csv_is_read_as_programs_save_it(content: bytes) -> None:
    assert read_csv(content, "a.csv").records[0].title == "A case"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (CSV.replace("A case", "\u00c9t\u00e9").encode("latin-1"), "not UTF-8"),
        (CSV.encode("utf-16")[:-1], "not UTF-16"),
        (CSV.encode() + b"\0", "NUL"),
    ],
)
def test_another_encoding_is_one_clear_error(content: bytes, found: str) -> None:
    assert found in refused(read_csv, content).found


# Nothing runs


@pytest.mark.parametrize("text", [t for t in AWKWARD if t[0] in "=+-@'"])
def test_no_cell_of_csv_can_run(text: str) -> None:
    record = small(changed("title: A small case", "title: " + repr(text)))
    rows = list(csv.reader(io.StringIO(write_csv(record).content.decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert read_csv(write_csv(record).content, "a.csv").records == (record,)


@pytest.mark.parametrize("text", ["=1+1", "=cmd|' /C calc'!A0", "+1", "@SUM(A1)"])
def test_no_cell_of_a_spreadsheet_is_a_formula(text: str) -> None:
    record = small(changed("title: A small case", "title: " + repr(text)))
    content = write_xlsx(record).content
    assert b"<f>" not in member(content, "xl/worksheets/sheet1.xml")
    cell = load_workbook(io.BytesIO(content))["case"]["B2"]
    assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", text, True)


@pytest.mark.parametrize("formula", ["=1+1", '=HYPERLINK("http://x")'])
def test_a_formula_is_refused_on_reading(formula: str) -> None:
    error = refused(read_xlsx, workbook({"case": (("id", "title"), ("a", formula))}))
    assert error.place == "sheet 'case', row 2, column 'title'"
    assert "formula" in error.found
    assert "formula" in refused(read_csv, f"section,id,title\ncase,a,{formula}\n").found


# Hostile archives


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    huge = b"\0" * (4 * 2**20)
    error = refused(read_xlsx, repacked(case_book(), {"xl/media/image.bin": huge}))
    assert "zip bomb" in error.needed
    small_zip = write_zip(small()).content
    many = {f"a{n}": b"" for n in range(1001)}
    assert "1006 members" in refused(read_zip, repacked(small_zip, many)).found
    dense = {f"{n}": bytes(2**20) for n in range(129)}
    assert "129 MB unpacked" in refused(read_zip, repacked(small_zip, dense)).found


def test_entities_are_refused() -> None:
    good = case_book()
    sheet = member(good, "xl/worksheets/sheet1.xml")
    bad = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>' + sheet
    error = refused(read_xlsx, repacked(good, {"xl/worksheets/sheet1.xml": bad}))
    assert error.place == "xl/worksheets/sheet1.xml"
    assert "document type" in error.found


@pytest.mark.parametrize(
    "name", ["xl/workbook.xml", "[Content_Types].xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"]
)
def test_a_damaged_part_is_one_clear_error(name: str) -> None:
    good = case_book()
    broken = member(good, name)[:-20]
    assert "cannot be read" in refused(read_xlsx, repacked(good, {name: broken})).found


def test_a_sheet_that_claims_a_million_rows_is_refused_quickly() -> None:
    good = case_book()
    sheet = member(good, "xl/worksheets/sheet1.xml")
    far = sheet.replace(b'<row r="2"', b'<row r="1048576"').replace(b'"A2"', b'"A1048576"')
    assert (
        "more rows" in refused(read_xlsx, repacked(good, {"xl/worksheets/sheet1.xml": far})).found
    )


def test_a_zip_of_tables_takes_folders_and_names_what_it_leaves(tmp_path: object) -> None:
    good = write_zip(small()).content
    case = member(good, "case.csv")
    read = read_zip(repacked(good, {"README.csv": b"hello", "__MACOSX/._case.csv": b"x"}), "a.zip")
    assert [d.where for d in read.dropped] == ["__MACOSX/._case.csv"]
    assert "'events.csv'" in refused(read_zip, repacked(good, {"evnts.csv": b"id\n"})).needed
    assert "second" in refused(read_zip, repacked(good, {"more/case.csv": case})).found


def test_the_same_record_gives_the_same_archive() -> None:
    assert write_zip(rich()).content == write_zip(rich()).content


def test_an_archive_that_is_none_is_one_clear_error() -> None:
    for read in (read_xlsx, read_zip):
        for content in (
            b"",
            b"PK\x03\x04",
            b"\xd0\xcf\x11\xe0 an old workbook",
            write_zip(small()).content[:-9],
        ):
            assert "cannot be read" in refused(read, content).found


SEEDS = {kind: write(small()).content for kind, (write, _) in FORMATS.items()}


@settings(max_examples=80, deadline=None)
@given(kind=st.sampled_from(sorted(FORMATS)), data=st.data())
def test_no_bytes_crash_a_reader(kind: str, data: st.DataObject) -> None:
    content = bytearray(SEEDS[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(ExchangeError):
        FORMATS[kind][1](bytes(content), "fuzz")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_xml_crashes_the_reader_of_spreadsheets(data: st.DataObject) -> None:
    names = [
        "xl/workbook.xml",
        "xl/worksheets/sheet1.xml",
        "xl/styles.xml",
        "xl/_rels/workbook.xml.rels",
    ]
    name = data.draw(st.sampled_from(names))
    part = bytearray(member(SEEDS["xlsx"], name))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(part) - 1))
        part[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with suppress(ExchangeError):
        read_xlsx(repacked(SEEDS["xlsx"], {name: bytes(part)}), "fuzz")


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=200), st.integers(0, len(CSV)))
def test_no_text_crashes_the_reader_of_csv(noise: str, at: int) -> None:
    for text in (noise, CSV[:at] + noise + CSV[at:]):
        with suppress(ExchangeError):
            read_csv(text.encode(), "fuzz")
