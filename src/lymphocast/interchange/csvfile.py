"""CSV: a case as one table with a column ``section``, or as a .zip of one table a section.

Read are commas, semicolons and tabs, whichever the header has; UTF-8 with or without a byte-order
mark and UTF-16 with one; any line ends. Written are commas, UTF-8 with a mark (which spreadsheets
ask for) and CRLF (RFC 4180).

A text that a spreadsheet would run as a formula is written behind an apostrophe, which the reader
takes off again. A cell that begins with ``=`` is refused on reading.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Final

from lymphocast.errors import ExchangeError, RecordError
from lymphocast.interchange.archive import members_of
from lymphocast.interchange.citation import decoded
from lymphocast.interchange.columns import Value
from lymphocast.interchange.exchange import Dropped, Exported, Imported, lost
from lymphocast.interchange.tables import (
    COMMENT,
    IS_COMMENT,
    SHEETS,
    Cell,
    Row,
    Sheet,
    WrittenSheet,
    columns_in,
    near_name,
    plain_name,
    read_sheets,
    written_sheets,
)
from lymphocast.interchange.workbook import MOST_COLUMNS, MOST_ROWS
from lymphocast.record.patient import PatientRecord
from lymphocast.units import number_text

SECTION: Final = "section"
README: Final = "readme"  # what every column wants; not read
SIZE_LIMIT = 32 * 2**20
"""Largest CSV file in bytes."""
DELIMITERS = (",", ";", "\t")
GUARD = "'"
RUN = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20", GUARD)
"""What a cell may not begin with (OWASP, CSV injection), and the guard itself."""
NEEDED = "a case as CSV, with a column 'section' (of events, lymphocast check tells the meaning)"
WHY = "a cell of CSV cannot hold it"
EPOCH = (1980, 1, 1, 0, 0, 0)  # of members: the earliest date that a zip can state


def read_csv(content: bytes, name: str) -> Imported:
    """Read a record from one CSV table with a column ``section``.

    Raises
    ------
    ExchangeError
        At the first thing that is wrong: line and column, what stands there, what is needed.
    """
    sheet = _table(content, name, "")
    at = section_column(sheet.header)
    if at is None:
        found = f"the columns {', '.join(c.text for c in sheet.header.values())}"[:200]
        raise ExchangeError(name, "line 1", found, NEEDED)
    sheets, dropped = _split(sheet, at, name)
    read = read_sheets(sheets, name)
    return Imported(read.records, (*dropped, *read.dropped))


def write_csv(record: PatientRecord) -> Exported:
    """Write a record as one CSV table, and read it back to say what it could not hold."""
    content = csv_bytes(joined(written_sheets(record)))
    (back,) = read_csv(content, f"{record.id}.csv").records
    return Exported(content, lost(record, back, WHY))


def read_zip(content: bytes, name: str) -> Imported:
    """Read a record from a .zip of CSV tables, one a section.

    Raises
    ------
    ExchangeError
        At the first thing that is wrong: member, line and column, what stands there.
    """
    sheets: list[Sheet] = []
    dropped: list[Dropped] = []
    for member, table in members_of(content, name, "a .zip of CSV files").items():
        path = PurePosixPath(member)
        title = plain_name(path.stem)
        if title == README:
            continue
        if path.name.startswith("."):
            dropped.append(Dropped(member, f"{len(table)} bytes", "it is no table of facts"))
            continue
        if title not in SHEETS or path.suffix.lower() != ".csv":
            needed = near_name(path.name, [f"{known}.csv" for known in SHEETS])
            raise ExchangeError(name, None, f"the unknown member '{member}'", needed)
        if any(sheet.name == title for sheet in sheets):
            raise ExchangeError(name, member, f"a second '{title}.csv'", "one table a section")
        sheets.append(_table(table, name, member, title))
    read = read_sheets(sheets, name)
    return Imported(read.records, (*dropped, *read.dropped))


def write_zip(record: PatientRecord) -> Exported:
    """Write a record as a .zip of CSV tables, and read it back to say what it could not hold."""
    content = zip_bytes(written_sheets(record))
    (back,) = read_zip(content, f"{record.id}.zip").records
    return Exported(content, lost(record, back, WHY))


def zip_bytes(sheets: Sequence[WrittenSheet], readme: Sequence[Sequence[str]] = ()) -> bytes:
    """Return a .zip with one CSV a sheet; the same sheets give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        tables = [(f"{s.name}.csv", [tuple(c.name for c in s.columns), *s.rows]) for s in sheets]
        for name, rows in ([("README.csv", readme)] if readme else []) + tables:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, csv_bytes(rows))
    return out.getvalue()


def csv_bytes(rows: Sequence[Sequence[Value | None]]) -> bytes:
    """Return rows as CSV in which no cell can run."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([_text(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def joined(sheets: Sequence[WrittenSheet]) -> list[tuple[Value | None, ...]]:
    """Return several sheets as one table: a column ``section``, then every column in use."""
    headers = list(dict.fromkeys(c.name for sheet in sheets for c in sheet.columns))
    rows: list[tuple[Value | None, ...]] = [(SECTION, *headers)]
    for sheet in sheets:
        names = [column.name for column in sheet.columns]
        for row in sheet.rows:
            cells = dict(zip(names, row, strict=True))
            rows.append((sheet.name, *(cells.get(header) for header in headers)))
    return rows


def section_column(header: Mapping[int, Cell]) -> int | None:
    """Return the position of the column ``section``; ``None`` if there is none."""
    return next((at for at, cell in header.items() if plain_name(cell.text) == SECTION), None)


def header_names(content: bytes, name: str) -> tuple[str, ...]:
    """Return the column names of a CSV file, to tell what sort it is.

    Raises
    ------
    ExchangeError
        If it is not text.
    """
    first = next((line for line in text_of(content, name).splitlines() if line.strip()), "")
    return tuple(
        cell.strip() for cell in next(csv.reader([first], delimiter=_delimiter(first)), [])
    )


def text_of(content: bytes, name: str) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a mark; plain line ends.

    Raises
    ------
    ExchangeError
        If it is too large, in another encoding, or holds a NUL.
    """
    if len(content) > SIZE_LIMIT:
        raise ExchangeError(name, None, "a larger file", f"at most {SIZE_LIMIT // 2**20} MB")
    try:
        return decoded(content, name)
    except RecordError as error:
        place = f"line {error.line}" if error.line is not None else None
        needed = "text in UTF-8 (in a spreadsheet: save as CSV UTF-8)"
        raise ExchangeError(name, place, error.found, needed) from None


def _text(value: Value | None) -> str:
    """Return a value as the text of a cell; a number stays a number."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return f"{GUARD}{value}" if value.startswith(RUN) else value


def _delimiter(line: str) -> str:
    """Return the character that separates the names of a header."""
    return max(DELIMITERS, key=line.count)


def _table(content: bytes, name: str, member: str, title: str = "") -> Sheet:
    """Return one table with its cells that are not empty."""
    text = text_of(content, name)
    first = next((line for line in text.split("\n") if line.strip()), "")
    before = f"{member}, " if member else ""
    header: Mapping[int, Cell] | None = None
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first), strict=True)
    try:
        for cells in reader:
            place = f"{before}line {reader.line_num}"
            found = dict(_cells(cells, place, header, name))
            if header is None and found:
                header = found
            elif found:
                rows.append(Row(place, found))
            if len(rows) > MOST_ROWS or len(cells) > MOST_COLUMNS:
                needed = f"at most {MOST_ROWS} rows and {MOST_COLUMNS} columns"
                raise ExchangeError(name, place, "a larger table", needed)
    except csv.Error as error:
        place = f"{before}line {reader.line_num}"
        raise ExchangeError(name, place, f"no CSV ({error})", "comma-separated text") from None
    if header is None:
        raise ExchangeError(name, member or None, "an empty table", "a line of column names")
    return Sheet(title, member or "the table", header, tuple(rows))


def _cells(
    cells: Sequence[str], row: str, header: Mapping[int, Cell] | None, name: str
) -> Iterator[tuple[int, Cell]]:
    """Return the cells of a row that are not empty."""
    for at, raw in enumerate(cells):
        text = raw.strip()
        named = f"'{header[at].text}'" if header is not None and at in header else f"{at + 1}"
        place = f"{row}, column {named}"
        if text.startswith("="):
            needed = "a value; a text that begins with = stands behind an apostrophe"
            found = f"the formula {' '.join(text.split())[:60]}"
            raise ExchangeError(name, place, found, needed)
        if text:
            guarded = text.startswith(GUARD) and text[1:].startswith(RUN)
            yield at, Cell(text[1:] if guarded else text, place)


def _split(sheet: Sheet, at: int, name: str) -> tuple[list[Sheet], list[Dropped]]:
    """Split a table by its column ``section``; comments are listed."""
    header = {place: cell for place, cell in sheet.header.items() if place != at}
    for cell in header.values():
        _refuse_unknown(cell, name)
    own: dict[str, list[Row]] = {}
    dropped: list[Dropped] = []
    for row in sheet.rows:
        said = row.cells.get(at)
        title = plain_name(said.text) if said is not None else ""
        if said is not None and title.startswith(COMMENT):
            dropped.append(Dropped(row.place, said.text[:60], IS_COMMENT))
        elif said is None or title not in SHEETS:
            found = f"the section '{said.text[:60]}'" if said is not None else "no section"
            raise ExchangeError(name, row.place, found, near_name(title, list(SHEETS)))
        else:
            cells = {place: c for place, c in row.cells.items() if place != at}
            own.setdefault(title, []).append(Row(row.place, cells))
    sheets = [Sheet(t, f"section '{t}'", header, rows, shared=True) for t, rows in own.items()]
    return sheets, dropped


def _refuse_unknown(cell: Cell, name: str) -> None:
    """Refuse a column that no section has."""
    words = [word.strip() for word in cell.text.split(".")]
    plain = ".".join(word for word in words if not word.isdecimal())
    known = {column for title in SHEETS for column in columns_in(title)}
    if plain not in known:
        near = get_close_matches(plain, sorted(known), n=1, cutoff=0.5)
        needed = f"'{near[0]}' (the nearest known column)" if near else "a column of a section"
        raise ExchangeError(name, cell.place, f"the unknown column '{cell.text[:60]}'", needed)
