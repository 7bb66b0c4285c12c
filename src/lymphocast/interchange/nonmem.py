"""NONMEM-style CSV files: event records in, simulated trajectories out.

The first line names the columns. TIME is required and is in days; ID, EVID, AMT, RATE, II, ADDL,
SS, CMT, DV and MDV are read if present (upper or lower case), and so are the covariates asked
for; other columns are ignored. What the records mean stands in :mod:`lymphocast.dataset.events`.

Conventions:

- An empty cell, ``.`` and ``NA`` are no value: 0 for the dose items, none for DV and covariates.
- Without EVID a record is a dose if AMT, RATE or SS is not 0, else an other-type event if MDV is
  1, else an observation. DV counts only on an observation with MDV 0.
- CMT is the 1-based position of a state, or a name. 0 or none is the first state for a dose and
  nothing for other records. An observation may name an output as well as a state.
- Without ID there is one individual, ``1``. Records of one individual stand together.

Numbers are decimal, with an optional exponent; NaN and infinities are refused.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import NamedTuple, final

from lymphocast.dataset.events import (
    MOST_DOSES,
    CovariateRule,
    EventKind,
    EventRecord,
    EventTable,
    Fault,
    SteadyState,
    fault_of,
)
from lymphocast.errors import RecordError, UsageError
from lymphocast.files import write_whole

SIZE_LIMIT = 256 * 2**20  # bytes
ITEMS = ("ID", "TIME", "EVID", "AMT", "RATE", "II", "ADDL", "SS", "CMT", "DV", "MDV")
NOTHING = frozenset({"", ".", "NA"})
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@final
@dataclass(frozen=True)
class Names:
    """The names that a file may use: states in the model's order, outputs, covariates."""

    states: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()


@final
class _Row(NamedTuple):
    """One line: its number and its cells by upper-case column name."""

    file: str
    line: int
    cells: Mapping[str, str]

    def wrong(self, fault: Fault) -> RecordError:
        found = f"{fault.found} in column {fault.item}"
        return RecordError(self.file, self.line, found, fault.needed)

    def given(self, column: str) -> str | None:
        """The cell's text, or ``None`` if it holds no value."""
        text = self.cells.get(column, "")
        return None if text in NOTHING else text

    def number(self, column: str) -> float | None:
        """The cell's finite number, or ``None``."""
        text = self.given(column)
        if text is None:
            return None
        value = float(text) if NUMBER.fullmatch(text) else float("nan")
        if not isfinite(value):
            raise self.wrong(Fault(column, f"'{_short(text)}'", "a finite number, or nothing"))
        return value

    def whole(self, column: str, low: int, high: int) -> int | None:
        """The cell's whole number between two bounds, or ``None``."""
        value = self.number(column)
        if value is None:
            return None
        if value != int(value) or not low <= value <= high:
            needed = f"a whole number from {low} to {high}"
            raise self.wrong(Fault(column, f"'{_short(self.cells[column])}'", needed))
        return int(value)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def read_events(
    path: Path,
    names: Names,
    rule: CovariateRule = CovariateRule.LAST_CARRIED_FORWARD,
) -> tuple[EventTable, ...]:
    """Return one table of event records for each individual, in the file's order.

    Parameters
    ----------
    path
        A CSV file.
    names
        The names that CMT and the covariate columns may use.
    rule
        What covariates are between records.

    Raises
    ------
    RecordError
        At the first thing that is wrong: file, line, column, what stands there and what is
        needed.
    """
    text = _text(path)
    rows = list(_rows(text, path.name, names))
    if not rows:
        raise RecordError(path.name, None, "no record", "a line of column names and records")
    tables = []
    for begin, end in _individuals(rows):
        tables.append(_table(rows[begin:end], names, rule))
    return tuple(tables)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        reason = error.strerror or "an error"
        raise RecordError(path.name, None, reason.lower(), "a file that can be read") from error
    if len(content) > SIZE_LIMIT:
        needed = f"at most {SIZE_LIMIT // 2**20} MB"
        raise RecordError(path.name, None, "a larger file", needed)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecordError(path.name, line, "bytes that are not UTF-8", "UTF-8 text") from error


def _rows(text: str, file: str, names: Names) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] | None = None
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            line = reader.line_num
            if columns is None:
                columns = _columns(stripped, file, line, names)
                continue
            if len(stripped) != len(columns):
                found, needed = f"{len(stripped)} cells", f"{len(columns)}, one for each column"
                raise RecordError(file, line, found, needed)
            yield _Row(file, line, dict(zip(columns, stripped, strict=True)))
    except csv.Error as error:
        raise RecordError(file, reader.line_num, str(error), "comma-separated text") from error


def _columns(cells: Sequence[str], file: str, line: int, names: Names) -> list[str]:
    """The column names, with those that are read in their known spelling."""
    known = {name.upper(): name for name in (*names.covariates, *ITEMS)}
    columns = [known.get(cell.upper(), cell) for cell in cells]
    twice = sorted({c for c in columns if columns.count(c) > 1 and c in known.values()})
    if twice:
        raise RecordError(file, line, f"two columns named {twice[0]}", "one")
    missing = [name for name in ("TIME", *names.covariates) if name not in columns]
    if missing:
        listed = _short(", ".join(columns))
        needed = f"a column named {missing[0]}"
        raise RecordError(file, line, f"the columns {listed}", needed)
    return columns


def _individuals(rows: Sequence[_Row]) -> Iterator[tuple[int, int]]:
    """Begin and end of each individual's rows."""
    seen: set[str] = set()
    begin = 0
    for i, row in enumerate(rows):
        own = _id(row)
        if i and own != _id(rows[i - 1]):
            yield begin, i
            begin = i
        if i == begin:
            if own in seen:
                needed = "the records of one individual together"
                raise row.wrong(Fault("ID", f"'{_short(own)}' a second time", needed))
            seen.add(own)
    yield begin, len(rows)


def _id(row: _Row) -> str:
    if "ID" not in row.cells:
        return "1"
    text = row.given("ID")
    if text is None:
        raise row.wrong(Fault("ID", "nothing", "the individual's name or number"))
    return text


def _table(rows: Sequence[_Row], names: Names, rule: CovariateRule) -> EventTable:
    records: list[EventRecord] = []
    total = 0
    for row in rows:
        record = _record(row, names)
        fault = fault_of(record, records[-1] if records else None)
        if fault is not None:
            raise row.wrong(fault)
        total += 1 + record.additional
        if total > MOST_DOSES:
            needed = f"at most {MOST_DOSES} records and further doses for one individual"
            raise row.wrong(Fault("ADDL", f"{total} in all", needed))
        records.append(record)
    for i, name in enumerate(names.covariates):
        if all(record.covariates[i] is None for record in records):
            needed = f"a value of {name} for individual '{_id(rows[0])}'"
            raise rows[0].wrong(Fault(name, "nothing", needed))
    return EventTable(_id(rows[0]), tuple(records), names.covariates, rule)


def _record(row: _Row, names: Names) -> EventRecord:
    time = row.number("TIME")
    if time is None:
        raise row.wrong(Fault("TIME", "nothing", "the time in days"))
    kind = _kind(row)
    missing = bool(row.whole("MDV", 0, 1))
    observed = kind is EventKind.OBSERVATION and not missing
    return EventRecord(
        time=time,
        kind=kind,
        compartment=_compartment(row, kind, names),
        amount=row.number("AMT") or 0.0,
        rate=row.number("RATE") or 0.0,
        interval=row.number("II") or 0.0,
        additional=row.whole("ADDL", 0, MOST_DOSES) or 0,
        steady_state=SteadyState(row.whole("SS", 0, 2) or 0),
        value=row.number("DV") if observed else None,
        covariates=tuple(row.number(name) for name in names.covariates),
    )


def _kind(row: _Row) -> EventKind:
    stated = row.whole("EVID", 0, 4)
    if stated is not None:
        return EventKind(stated)
    if "EVID" in row.cells:
        raise row.wrong(Fault("EVID", "nothing", "a whole number from 0 to 4, or no such column"))
    if any(row.number(item) for item in ("AMT", "RATE", "SS")):
        return EventKind.DOSE
    return EventKind.OTHER if row.whole("MDV", 0, 1) else EventKind.OBSERVATION


def _compartment(row: _Row, kind: EventKind, names: Names) -> str:
    text = row.given("CMT")
    if text is None or (NUMBER.fullmatch(text) and float(text) == 0.0):
        if kind.doses and not names.states:
            raise row.wrong(Fault("CMT", "no compartment", "a model with a state to dose"))
        return names.states[0] if kind.doses else ""
    known = names.states if kind.doses else (*names.states, *names.outputs)
    if text in known:
        return text
    if NUMBER.fullmatch(text):
        position = row.whole("CMT", 1, max(len(names.states), 1))
        if position is not None and position <= len(names.states):
            return names.states[position - 1]
    near = get_close_matches(text, known, 1)
    listed = ", ".join(f"{i} ({name})" for i, name in enumerate(names.states, 1))
    needed = f"'{near[0]}'?" if near else f"one of {listed or 'no compartments'}"
    raise row.wrong(Fault("CMT", f"'{_short(text)}'", needed))


@final
@dataclass(frozen=True)
class SimulatedRows:
    """One individual's rows of a simulation: times, a table by column name, and a status."""

    id: str
    times: Sequence[float]
    columns: Mapping[str, Sequence[float]]
    status: str


def write_simulation(path: Path, rows: Sequence[SimulatedRows]) -> None:
    """Write simulated trajectories as CSV: ID, TIME, one column for each name, STATUS.

    Numbers are written with the digits that give back the same float; a value that could not be
    computed is ``.``, and STATUS then says why. The file is complete or absent.

    Raises
    ------
    UsageError
        If the individuals have different columns, or a column has not one value for each time.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    columns = list(rows[0].columns) if rows else []
    writer.writerow(["ID", "TIME", *columns, "STATUS"])
    for individual in rows:
        if list(individual.columns) != columns:
            msg = f"individual '{individual.id}': columns differ from the first individual's"
            raise UsageError(msg)
        uneven = [n for n, c in individual.columns.items() if len(c) != len(individual.times)]
        if uneven:
            msg = f"individual '{individual.id}': '{uneven[0]}' has not one value for each time"
            raise UsageError(msg)
        for i, time in enumerate(individual.times):
            values = [_cell(individual.columns[name][i]) for name in columns]
            writer.writerow([individual.id, _cell(time), *values, individual.status])
    write_whole(path, text.getvalue().encode("utf-8"))


def _cell(value: float) -> str:
    return repr(float(value)) if isfinite(value) else "."
