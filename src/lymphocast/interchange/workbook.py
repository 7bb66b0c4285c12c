"""Spreadsheets (.xlsx): a case with one sheet a section.

Text stays text: cells that a spreadsheet would run are written as text and marked as such, times
stand in cells formatted as text. Formulas are refused on reading, also where a value was saved
beside them: a value is only as good as the program that computed it last.
"""

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any, Final

from lymphocast.errors import ExchangeError
from lymphocast.interchange.archive import members_of, refuse_doctypes
from lymphocast.interchange.columns import Column, Value
from lymphocast.interchange.exchange import Exported, Imported, lost
from lymphocast.interchange.readme import readme_rows
from lymphocast.interchange.tables import (
    SHEETS,
    Cell,
    Row,
    Sheet,
    WrittenSheet,
    near_name,
    plain_name,
    read_sheets,
    written_sheets,
)
from lymphocast.record.fields import Listing
from lymphocast.record.kinds import Day, Text, Time
from lymphocast.record.patient import PatientRecord

README: Final = "README"
NEEDED = "a spreadsheet (.xlsx) with one sheet a section"
MOST_ROWS = 20_000
"""Rows of one sheet."""
MOST_COLUMNS = 2_000
"""Columns of one sheet."""
WIDEST = 60  # characters of a column's width
CELL_LIMIT = 32_767  # characters in a cell: the limit of the format (ECMA-376, Excel)
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_RUN: Final = ("=", "+", "-", "@")
WHY = "a cell of a spreadsheet cannot hold it"


def read_xlsx(content: bytes, name: str) -> Imported:
    """Read a record from a spreadsheet.

    Raises
    ------
    ExchangeError
        At the first thing that is wrong: sheet, row and column, what stands there, what is needed.
    """
    refuse_doctypes(members_of(content, name, NEEDED), name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that a record does not use
            sheets = list(_sheets(content, name))
    except ExchangeError:
        raise
    except Exception as error:
        # The library has no exception of its own: a damaged part may raise anything.
        why = " ".join(str(error).split())[:200]
        found = f"a spreadsheet that cannot be read ({type(error).__name__}: {why})"
        raise ExchangeError(name, None, found, NEEDED) from None
    return read_sheets(sheets, name)


def write_xlsx(record: PatientRecord) -> Exported:
    """Write a record as a spreadsheet, and read it back to say what it could not hold.

    Raises
    ------
    ExchangeError
        If no sheet can hold it.
    """
    content = workbook_bytes(written_sheets(record), readme_rows())
    (back,) = read_xlsx(content, f"{record.id}.xlsx").records
    return Exported(content, lost(record, back, WHY))


def workbook_bytes(sheets: Sequence[WrittenSheet], readme: Sequence[Sequence[str]]) -> bytes:
    """Return the bytes of a spreadsheet, a sheet README last."""
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "lymphocast"
    first = book.active
    if first is not None:
        book.remove(first)
    for sheet in sheets:
        rows = [tuple(column.name for column in sheet.columns), *sheet.rows]
        _fill(book.create_sheet(sheet.name), rows, sheet.columns)
    _fill(book.create_sheet(README), readme, ())
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(page: Any, rows: Sequence[Sequence[Value | None]], columns: Sequence[Column]) -> None:  # noqa: ANN401 (a worksheet)
    """Write rows, the first one as a header."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for at, row in enumerate(rows, 1):
        for place, value in enumerate(row, 1):
            if value is not None:
                cell = page.cell(at, place)
                _write(cell, value)
                if at == 1:
                    cell.font = Font(bold=True)
    for place in range(1, len(rows[0]) + 1):
        letter = get_column_letter(place)
        longest = max(len(str(row[place - 1] or "")) for row in rows if len(row) >= place)
        page.column_dimensions[letter].width = min(longest + 2, WIDEST)
        if place <= len(columns) and _worded(columns[place - 1]):
            page.column_dimensions[letter].number_format = "@"
    page.freeze_panes = "B2"


def _worded(column: Column) -> bool:
    """Return whether what is typed into a column must stay text, such as 2004-05."""
    kind = column.kind.of if isinstance(column.kind, Listing) else column.kind
    return column.unit or isinstance(kind, Time | Day | Text)


def _write(cell: Any, value: Value) -> None:  # noqa: ANN401 (a cell of openpyxl)
    """Write one value; text never becomes a formula."""
    if not isinstance(value, str):
        cell.value = value
        return
    cell.value = _ESCAPE.sub("_x005F_", value)[:CELL_LIMIT]
    cell.data_type = "s"
    cell.number_format = "@"
    if value.startswith(_RUN):
        cell.quotePrefix = True


def _sheets(content: bytes, name: str) -> Iterator[Sheet]:
    """Return the sheets that have a row; an unknown one is refused unless it is empty."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True)
    for page in book.worksheets:
        title = plain_name(page.title)
        if title == README.lower():
            continue
        page.reset_dimensions()
        sheet = _sheet(page, title, name)
        if not sheet.header and not sheet.rows:
            continue
        if title not in SHEETS:
            found = f"the unknown {sheet.place}"
            raise ExchangeError(name, None, found, near_name(title, (*SHEETS, README)))
        yield sheet


def _sheet(page: Any, title: str, name: str) -> Sheet:  # noqa: ANN401 (a worksheet)
    """Return one sheet with its cells that are not empty."""
    place = f"sheet '{' '.join(page.title.split())}'"
    header: Mapping[int, Cell] = {}
    rows: list[Row] = []
    for number, cells in enumerate(page.iter_rows(), 1):
        if number > MOST_ROWS:
            raise ExchangeError(name, place, "more rows", f"at most {MOST_ROWS}")
        if any(cell.value is not None for cell in cells[MOST_COLUMNS:]):
            raise ExchangeError(name, place, "more columns", f"at most {MOST_COLUMNS}")
        where = f"{place}, row {number}"
        found = {
            at: _cell(cell, _where(where, header, at), name)
            for at, cell in enumerate(cells)
            if cell.value is not None and str(cell.value).strip()
        }
        if number == 1:
            header = found
        elif found:
            rows.append(Row(where, found))
    return Sheet(title, place, header, tuple(rows))


def _where(row: str, header: Mapping[int, Cell], at: int) -> str:
    """Return the place of a cell."""
    from openpyxl.utils import get_column_letter

    named = f"column '{header[at].text}'" if at in header else f"column {get_column_letter(at + 1)}"
    return f"{row}, {named}"


def _cell(cell: Any, place: str, name: str) -> Cell:  # noqa: ANN401 (a cell of openpyxl)
    """Return what a cell holds."""
    value = cell.value
    if cell.data_type == "f":
        found = f"the formula {' '.join(str(value).split())[:60]}"
        raise ExchangeError(name, place, found, "the value itself (paste it as a value)")
    if cell.data_type == "e":
        raise ExchangeError(name, place, f"the error {value}", "a value")
    if isinstance(value, timedelta):
        raise ExchangeError(name, place, f"the length of time {value}", "text such as 36 h")
    if isinstance(value, str):
        return Cell(_ESCAPED.sub(lambda m: chr(int(m[1], 16)), value), place)
    if isinstance(value, bool | int | float | date | time):
        return Cell(value, place, cell.number_format or "")
    raise ExchangeError(name, place, f"a cell of an unknown sort ({type(value).__name__})", "text")
