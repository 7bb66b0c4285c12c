"""NONMEM-style CSV files of event records.

The first line names the columns. TIME is required and is in days; ID, EVID, AMT, RATE, II, ADDL,
SS, CMT, DV and MDV are read if present (upper or lower case), for a fit also DVID, CENS and LLOQ,
and so are the covariates asked for; other columns are ignored. What the records mean stands in
:mod:`lymphocast.dataset.events`.

Conventions:

- An empty cell, ``.`` and ``NA`` are no value: 0 for the dose items, none for DV and covariates.
- Without EVID a record is a dose if AMT, RATE or SS is not 0, else an other-type event if MDV is
  1, else an observation. DV counts only on an observation with MDV 0.
- CMT is the 1-based position of a state, or a name. 0 or none is the first state for a dose and
  nothing for other records. An observation may name an output as well as a state.
- DVID names the output or state that an observation is of, where CMT does not; a number is the
  1-based position of an output.
- CENS is 1 if DV is a limit that the observation lies below, -1 if above, as in nlmixr2 and
  Monolix. A DV below LLOQ is such an observation too, whatever it is.
- Without ID there is one individual, ``1``. Records of one individual stand together.

Numbers are decimal, with an optional exponent; NaN and infinities are refused.
"""

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import NamedTuple, final

from lymphocast.dataset.events import (
    MODELLED_DURATION,
    MODELLED_RATE,
    MOST_DOSES,
    Censoring,
    CovariateRule,
    EventKind,
    EventRecord,
    EventTable,
    Fault,
    SteadyState,
    fault_of,
)
from lymphocast.errors import RecordError

SIZE_LIMIT = 256 * 2**20  # bytes
ITEMS = ("ID", "TIME", "EVID", "AMT", "RATE", "II", "ADDL", "SS", "CMT", "DV", "MDV")
OBSERVED_ITEMS = ("DVID", "CENS", "LLOQ")
NOTHING = frozenset({"", ".", "NA"})
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@final
@dataclass(frozen=True)
class Names:
    """The names that a file may use.

    Parameters
    ----------
    states
        The model's states in its order, which CMT counts.
    outputs
        What an observation may name besides.
    covariates
        Columns that are read besides NONMEM's.
    rated, timed
        States for which the model sets a rate, and a duration of input: RATE = -1 and -2 are
        refused elsewhere. ``None`` refuses neither.
    fitted
        Whether DVID, CENS and LLOQ are read, which say what an observation is of and worth.
    """

    states: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    rated: frozenset[str] | None = None
    timed: frozenset[str] | None = None
    fitted: bool = False


@final
class _Row(NamedTuple):
    """One line: its number and its cells by upper-case column name."""

    file: str
    line: int
    cells: Mapping[str, str]

    def wrong(self, fault: Fault) -> RecordError:
        empty = fault.found == "0" and self.given(fault.item) is None
        found = f"{'nothing' if empty else fault.found} in column {fault.item}"
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
    return tuple(iterate_events(path, names, rule))


def iterate_events(
    path: Path,
    names: Names,
    rule: CovariateRule = CovariateRule.LAST_CARRIED_FORWARD,
) -> Iterator[EventTable]:
    """Yield what :func:`read_events` returns, holding one individual at a time.

    Raises
    ------
    RecordError
        At the first thing that is wrong, when it is reached.
    """
    seen: set[str] = set()
    own: list[_Row] = []
    for row in _rows(_lines(path), path.name, names):
        name = _id(row)
        if own and name != _id(own[0]):
            yield _table(own, names, rule)
            own = []
        if not own and name in seen:
            needed = "the records of one individual together"
            raise row.wrong(Fault("ID", f"'{_short(name)}' a second time", needed))
        seen.add(name)
        own.append(row)
    if not own:
        raise RecordError(path.name, None, "no record", "a line of column names and records")
    yield _table(own, names, rule)


def _lines(path: Path) -> Iterator[str]:
    """The file's lines with their ends."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if os.fstat(file.fileno()).st_size > SIZE_LIMIT:
                needed = f"at most {SIZE_LIMIT // 2**20} MB"
                raise RecordError(path.name, None, "a larger file", needed)
            yield from file
    except OSError as error:
        reason = error.strerror or "an error"
        raise RecordError(path.name, None, reason.lower(), "a file that can be read") from error
    except UnicodeDecodeError as error:
        found, needed = "bytes that are not UTF-8", "UTF-8 text"
        raise RecordError(path.name, _undecodable_line(path), found, needed) from error


def _undecodable_line(path: Path) -> int | None:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return None


def _rows(lines: Iterator[str], file: str, names: Names) -> Iterator[_Row]:
    reader = csv.reader(lines, strict=True)
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
    items = (*ITEMS, *OBSERVED_ITEMS) if names.fitted else ITEMS
    known = {name.upper(): name for name in (*names.covariates, *items)}
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
        fault = fault_of(record, records[-1] if records else None) or _unmodelled(record, names)
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


def _unmodelled(record: EventRecord, names: Names) -> Fault | None:
    """A rate or duration that is left to a model which sets none."""
    for rate, what, states in (
        (MODELLED_RATE, "rate", names.rated),
        (MODELLED_DURATION, "duration", names.timed),
    ):
        if record.rate == rate and states is not None and record.compartment not in states:
            needed = f"a {what} in the record: the model sets no {what} for '{record.compartment}'"
            return Fault("RATE", f"{rate:g}", needed)
    return None


def _record(row: _Row, names: Names) -> EventRecord:
    time = row.number("TIME")
    if time is None:
        raise row.wrong(Fault("TIME", "nothing", "the time in days"))
    kind = _kind(row)
    missing = bool(row.whole("MDV", 0, 1))
    observed = kind is EventKind.OBSERVATION and not missing
    value, censoring = _observation(row, names) if observed else (None, Censoring.NONE)
    return EventRecord(
        time=time,
        kind=kind,
        compartment=_compartment(row, kind, names),
        amount=row.number("AMT") or 0.0,
        rate=row.number("RATE") or 0.0,
        interval=row.number("II") or 0.0,
        additional=row.whole("ADDL", 0, MOST_DOSES) or 0,
        steady_state=SteadyState(row.whole("SS", 0, 2) or 0),
        value=value,
        covariates=tuple(row.number(name) for name in names.covariates),
        censoring=censoring,
    )


def _observation(row: _Row, names: Names) -> tuple[float | None, Censoring]:
    """The observation, or the limit that it lies beyond."""
    value = row.number("DV")
    if not names.fitted:
        return value, Censoring.NONE
    limit = row.number("LLOQ")
    stated = Censoring(row.whole("CENS", -1, 1) or 0)
    if value is None or limit is None or stated is not Censoring.NONE or value >= limit:
        return value, stated
    return limit, Censoring.BELOW


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
    if (
        names.fitted
        and kind is EventKind.OBSERVATION
        and (endpoint := row.given("DVID")) is not None
    ):
        return _endpoint(row, endpoint, names)
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
    listed = [f"{i} ({name})" for i, name in enumerate(names.states, 1)]
    raise _unknown(row, "CMT", text, known, listed or ["no compartments"])


def _endpoint(row: _Row, text: str, names: Names) -> str:
    """What DVID names."""
    known = (*names.outputs, *names.states)
    if text in known:
        return text
    if NUMBER.fullmatch(text):
        position = row.whole("DVID", 1, max(len(names.outputs), 1))
        if position is not None and position <= len(names.outputs):
            return names.outputs[position - 1]
    listed = [f"{i} ({name})" for i, name in enumerate(names.outputs, 1)]
    raise _unknown(row, "DVID", text, known, listed or ["no outputs"])


def _unknown(
    row: _Row, column: str, text: str, known: Sequence[str], listed: Sequence[str]
) -> RecordError:
    near = get_close_matches(text, known, 1)
    needed = f"'{near[0]}'?" if near else f"one of {', '.join(listed)}"
    return row.wrong(Fault(column, f"'{_short(text)}'", needed))
