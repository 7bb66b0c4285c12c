"""Tables of facts: the sections of a case file as sheets of rows, whatever file holds them.

A row whose first cell begins with ``#`` is a comment: it is not read, and the account says so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import final

from lymphocast.errors import ExchangeError, RecordError
from lymphocast.interchange.columns import (
    Column,
    Value,
    column_named,
    flat,
    known_columns,
    split_items,
)
from lymphocast.interchange.exchange import Dropped, Imported
from lymphocast.record.casefile import build_node, case_tree
from lymphocast.record.fields import Group, Listing
from lymphocast.record.kinds import CLOCK, Day, Kind, Text, Time
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, Measure, YesNo
from lymphocast.record.patient import PatientRecord
from lymphocast.record.schema import CASE
from lymphocast.record.yamltree import Entry, Items, Node, Scalar, Table
from lymphocast.units import number_text

CASE_SHEET = "case"
COMMENT = "#"
IS_COMMENT = f"a row whose first cell begins with {COMMENT} is a comment"
_WHOLE_CASE = Group(tuple(f for f in CASE.fields if not isinstance(f.kind, Group | Listing)), dict)
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
_LINE = re.compile(r"\bline (\d+)")


def _groups() -> Iterator[tuple[str, Group]]:
    yield CASE_SHEET, _WHOLE_CASE
    for f in CASE.fields:
        kind = f.kind.of if isinstance(f.kind, Listing) else f.kind
        if isinstance(kind, Group):
            yield f.key, kind


SHEETS: Mapping[str, Group] = MappingProxyType(dict(_groups()))
"""The sheets of a case by name: what stands in a row of each."""
ONE_ROW = frozenset(
    {CASE_SHEET, *(f.key for f in CASE.fields if isinstance(f.kind, Group))},
)
"""Sheets that hold one thing."""


@cache
def columns_in(section: str) -> Mapping[str, Column]:
    """Return every column of a section by name."""
    return known_columns(SHEETS[section])


@final
@dataclass(frozen=True)
class Cell:
    """One cell that is not empty: what stands there, where, and how a date is shown."""

    value: Value | date | time
    place: str
    shown_as: str = ""

    @property
    def text(self) -> str:
        """The value as text with single blanks."""
        return " ".join(str(self.value).split())


@final
@dataclass(frozen=True)
class Row:
    """One row: its place, and its cells that are not empty by their position."""

    place: str
    cells: Mapping[int, Cell]


@final
@dataclass(frozen=True)
class Sheet:
    """A sheet as it was read; ``shared`` says that its columns belong to several sections."""

    name: str
    place: str
    header: Mapping[int, Cell]
    rows: Sequence[Row]
    shared: bool = False


@final
@dataclass(frozen=True)
class WrittenSheet:
    """A sheet to be written: columns, and for each row a value or ``None`` in each."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value | None, ...], ...]


def written_sheets(record: PatientRecord) -> tuple[WrittenSheet, ...]:
    """Return the sheets of a record: those with facts, with the columns that they use."""
    tree = case_tree(record)
    whole = {f.key: tree[f.key] for f in _WHOLE_CASE.fields if f.key in tree}
    found = [_written(CASE_SHEET, [whole])]
    for name in SHEETS:
        value = tree.get(name)
        if value:
            rows = [value] if isinstance(value, Mapping) else value
            found.append(_written(name, rows if isinstance(rows, Sequence) else ()))
    return tuple(found)


def _written(name: str, rows: Sequence[Mapping[str, object]]) -> WrittenSheet:
    """Return one section as a sheet."""
    order: dict[str, tuple[tuple[int, ...], Column]] = {}
    values: list[dict[str, Value]] = []
    for row in rows:
        cells: dict[str, Value] = {}
        for column, place, value in flat(SHEETS[name], row):
            order.setdefault(column.name, (place, column))
            cells[column.name] = value
        values.append(cells)
    columns = tuple(column for _, column in sorted(order.values(), key=lambda pair: pair[0]))
    filled = tuple(tuple(cells.get(c.name) for c in columns) for cells in values)
    return WrittenSheet(name, columns, filled)


def read_sheets(sheets: Sequence[Sheet], name: str) -> Imported:
    """Return the record that sheets hold.

    Raises
    ------
    ExchangeError
        At the first thing that is wrong: sheet, row and column, what stands there, what is needed.
    """
    reading = _Reading(name)
    root = reading.case(sheets)
    try:
        record = build_node(root, name)
    except RecordError as error:
        place = reading.place(error.line)
        found = _LINE.sub(lambda m: reading.place(int(m[1])) or m[0], error.found)
        raise ExchangeError(name, place, found, error.needed) from None
    return Imported((record,), tuple(reading.dropped))


def near_name(text: str, known: Sequence[str]) -> str:
    """Say which of the known names is nearest."""
    near = get_close_matches(text.casefold(), known, n=1, cutoff=0.5)
    return f"'{near[0]}' (the nearest known name)" if near else f"one of {', '.join(known)}"


def plain_name(text: str) -> str:
    """Return the name of a sheet without capitals and blanks."""
    return "_".join(text.casefold().split())


@final
@dataclass
class _Branch:
    """A mapping or a list that is being filled; a list has numbers as keys."""

    line: int
    items: dict[str | int, "Node | _Branch"] = field(default_factory=dict)


@final
class _Reading:
    """Builds the tree of a case from sheets; every node's line is the number of its place."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: list[str] = []
        self.dropped: list[Dropped] = []

    def line(self, place: str) -> int:
        """Return the number under which a place is kept."""
        self.places.append(place)
        return len(self.places)

    def place(self, line: int | None) -> str | None:
        """Return the place of a number."""
        known = line is not None and 1 < line <= len(self.places)
        return self.places[line - 1] if known and line is not None else None

    def wrong(self, place: str, found: str, needed: str) -> ExchangeError:
        """Return the error of one place."""
        return ExchangeError(self.name, place, found, needed)

    def case(self, sheets: Sequence[Sheet]) -> Table:
        """Return the tree of the whole case."""
        self.line("the whole file")
        entries: dict[str, Entry] = {}
        for sheet in sheets:
            for entry in self.entries(sheet):
                if entry.key in entries:
                    raise self.wrong(sheet.place, f"'{entry.key}' a second time", "it once")
                entries[entry.key] = entry
        if "id" not in entries:
            found = f"no row in '{CASE_SHEET}'"
            raise ExchangeError(self.name, None, found, "one row with the id and title of the case")
        return Table(tuple(entries.values()), 1)

    def entries(self, sheet: Sheet) -> Iterator[Entry]:
        """Return what a sheet adds to the case."""
        columns = self.columns(sheet)
        rows = [row for row in sheet.rows if self.counts(row, sheet)]
        if sheet.name in ONE_ROW and len(rows) > 1:
            raise self.wrong(rows[1].place, "a second row", f"one row in '{sheet.name}'")
        tables = [self.fact(row, columns) for row in rows]
        if not tables:
            return
        if sheet.name == CASE_SHEET:
            yield from tables[0].entries
        elif sheet.name in ONE_ROW:
            yield Entry(sheet.name, tables[0].line, tables[0])
        else:
            yield Entry(sheet.name, tables[0].line, Items(tuple(tables), tables[0].line))

    def counts(self, row: Row, sheet: Sheet) -> bool:
        """Return whether a row holds a fact; a comment is listed."""
        if not row.cells:
            return False
        first = row.cells.get(min(sheet.header, default=0))
        if sheet.shared or first is None or not first.text.startswith(COMMENT):
            return True
        self.dropped.append(Dropped(row.place, first.text[:60], IS_COMMENT))
        return False

    def columns(self, sheet: Sheet) -> Mapping[int, Column]:
        """Return the columns of a sheet by position."""
        found: dict[int, Column] = {}
        seen: dict[tuple[object, ...], str] = {}
        used = {at for row in sheet.rows for at in row.cells} if sheet.shared else sheet.header
        for at, cell in sheet.header.items():
            if at not in used:
                continue
            try:
                column = column_named(columns_in(sheet.name), cell.text)
            except Misread as error:
                place = f"{cell.place}, rows of '{sheet.name}'" if sheet.shared else cell.place
                raise self.wrong(place, error.found, error.needed) from None
            key = (*column.path, column.unit)
            if key in seen:
                raise self.wrong(cell.place, f"the column '{cell.text}' a second time", "it once")
            seen[key] = cell.text
            found[at] = column
        return found

    def fact(self, row: Row, columns: Mapping[int, Column]) -> Table:
        """Return the tree of one row."""
        root = _Branch(self.line(row.place))
        units = {columns[at].path: cell for at, cell in row.cells.items() if self.unit(at, columns)}
        for at, cell in row.cells.items():
            if at not in columns:
                raise self.wrong(cell.place, f"'{cell.text[:60]}'", "a name above it in the header")
            column = columns[at]
            if not column.unit:
                node = self.node(cell, column.kind, units.pop(column.path, None))
                self.put(root, column.path, node)
        for cell in units.values():
            raise self.wrong(cell.place, f"the unit '{cell.text[:60]}'", "a number before it")
        node = _closed(root)
        assert isinstance(node, Table)  # noqa: S101  (the keys of a row are words)
        return node

    @staticmethod
    def unit(at: int, columns: Mapping[int, Column]) -> bool:
        """Return whether a position holds units."""
        return at in columns and columns[at].unit

    def put(self, root: _Branch, path: Sequence[str | int], node: Node) -> None:
        """Put a value where its path leads."""
        branch = root
        for step in path[:-1]:
            inner = branch.items.setdefault(step, _Branch(root.line))
            assert isinstance(inner, _Branch)  # noqa: S101  (two columns never share a path)
            branch = inner
        branch.items[path[-1]] = node

    def node(self, cell: Cell, kind: Kind, unit: Cell | None) -> Node:
        """Return the node of a cell."""
        line = self.line(cell.place)
        try:
            text = cell_text(cell, kind.of if isinstance(kind, Listing) else kind)
        except Misread as error:
            raise self.wrong(cell.place, error.found, error.needed) from None
        if isinstance(kind, Listing):
            return Items(tuple(Scalar(item, line) for item in split_items(text)), line)
        return Scalar(f"{text} {unit.text}" if unit is not None else text, line)


def _closed(branch: _Branch) -> Node:
    """Return a finished branch as a mapping or a list."""
    nodes = {
        key: _closed(item) if isinstance(item, _Branch) else item
        for key, item in branch.items.items()
    }
    if all(isinstance(key, int) for key in nodes):
        return Items(tuple(nodes[key] for key in sorted(nodes, key=int)), branch.line)
    entries = (Entry(str(key), branch.line, node) for key, node in nodes.items())
    return Table(tuple(entries), branch.line)


def cell_text(cell: Cell, kind: Kind) -> str:
    """Return what a cell says in the words of a case file.

    Raises
    ------
    Misread
        If a date or a percentage stands where it cannot be told what is meant.
    """
    value = cell.value
    if isinstance(value, datetime | date | time):
        return _moment_text(value, cell.shown_as, kind)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if "%" in cell.shown_as:
            found = f"{number_text(value)} shown as a percentage"
            raise Misread(found=found, needed="a plain number, with % as its unit")
        return number_text(value)
    if isinstance(kind, YesNo) and cell.text.lower() in {"true", "false"}:
        return cell.text.lower()
    return cell.text


def _moment_text(value: date | time, shown_as: str, kind: Kind) -> str:
    """Return a date as exactly as its cell shows it."""
    if isinstance(value, time):
        if kind is CLOCK and value.second == 0:
            return f"{value:%H:%M}"
        raise Misread(found=f"the time of day {value}", needed="text")
    if isinstance(kind, Measure | Days) or not isinstance(kind, Time | Day | Text):
        raise Misread(found=f"a cell formatted as a date ({value})", needed="a cell of text")
    if isinstance(value, datetime) and value.time() != time():
        raise Misread(found=f"the date and time {value}", needed="a day without a time of day")
    shown = _QUOTED.sub("", shown_as).lower()
    if "y" not in shown and shown not in {"", "general"}:
        found = f"a date that its cell shows without a year ({shown_as})"
        raise Misread(found=found, needed="a format with the year, or text such as 2004-05-14")
    month = f"{value.year:04d}-{value.month:02d}"
    if "d" in shown or not {"m", "y"} & set(shown):
        return f"{month}-{value.day:02d}"
    return month if "m" in shown else f"{value.year:04d}"
