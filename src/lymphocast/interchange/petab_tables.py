"""The tab-separated tables of a PEtab problem: rows of text by column, with their lines."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, final

from lymphocast.errors import ExchangeError

SIZE_LIMIT: Final = 50_000_000
"""Bytes; the largest measurement table of the benchmark collection has 5 million."""

EMPTY: Final = frozenset({"", "nan", "NaN", "NA"})
"""Cells that state nothing."""


@final
@dataclass(frozen=True)
class Row:
    """One row of a table.

    Parameters
    ----------
    file, line
        Where it stands.
    cells
        Text by column, stripped; a cell that states nothing is not there.
    """

    file: str
    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """Return a cell, or nothing."""
        return self.cells.get(column, "")

    def needed(self, column: str) -> str:
        """Return a cell that must be there."""
        if column not in self.cells:
            self.refuse("nothing", f"a value in '{column}'")
        return self.cells[column]

    def number(self, column: str) -> float:
        """Return a number that must be there."""
        text = self.needed(column)
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if math.isnan(found):
            self.refuse(f"'{text}' in '{column}'", "a number")
        return found

    def refuse(self, found: str, needed: str) -> NoReturn:
        """Say what is wrong with this row.

        Raises
        ------
        ExchangeError
            Always.
        """
        raise ExchangeError(self.file, f"line {self.line}", found, needed)


def read_rows(paths: Iterable[Path], needed: Sequence[str]) -> tuple[Row, ...]:
    """Return the rows of some files of one kind.

    Raises
    ------
    ExchangeError
        If a file cannot be read, a column is missing or named twice, or a row has too many cells.
    """
    return tuple(row for path in paths for row in _rows(path, needed))


def read_text(path: Path) -> str:
    """Return a file as text.

    Raises
    ------
    ExchangeError
        If it is no UTF-8, or too large.
    FileNotFoundError
        If it is not there.
    """
    content = path.read_bytes()
    if len(content) > SIZE_LIMIT:
        raise ExchangeError(path.name, None, f"{len(content)} bytes", f"at most {SIZE_LIMIT}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"a byte {content[error.start]:#04x}"
        raise ExchangeError(path.name, f"line {line}", found, "text in UTF-8") from error


def _rows(path: Path, needed: Sequence[str]) -> Iterable[Row]:
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        place = f"line {reader.line_num}"
        raise ExchangeError(path.name, place, f"'{error}'", "a table") from error
    if not lines:
        raise ExchangeError(path.name, None, "nothing", f"columns {', '.join(needed)}")
    header = [name.strip() for name in lines[0][1]]
    missing = [name for name in needed if name not in header]
    if missing:
        raise ExchangeError(path.name, "line 1", f"no column '{missing[0]}'", "one of that name")
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise ExchangeError(path.name, "line 1", f"two columns '{twice[0]}'", "one")
    for line, cells in lines[1:]:
        if len(cells) > len(header):
            raise ExchangeError(
                path.name, f"line {line}", f"{len(cells)} cells", f"at most {len(header)}"
            )
        found = {n: c.strip() for n, c in zip(header, cells, strict=False) if n}
        kept = {n: c for n, c in found.items() if c not in EMPTY}
        if kept:
            yield Row(path.name, line, kept)
