"""Event tables as NONMEM-style CSV, which the reader gives back unchanged.

Columns: ID, TIME (days), EVID, AMT, RATE, II, ADDL, SS, CMT, DV, MDV, then the covariates. An item
that says nothing is ``.``, NONMEM's own sign; in R it is read with ``na.strings = "."``. EVID and
MDV are always written. CMT is a state's position where the states are given, else its name, which
nlmixr2 and mrgsolve read and NONMEM does not.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from lymphocast.dataset.events import EventKind, EventRecord, EventTable
from lymphocast.errors import UsageError
from lymphocast.files import write_whole
from lymphocast.interchange.nonmem import ITEMS, NOTHING
from lymphocast.units import number_text

MISSING: Final = "."
RUN = tuple("=+-@\t\r")


def write_events(path: Path, tables: Sequence[EventTable], states: Sequence[str] = ()) -> None:
    """Write event tables as one file; it appears complete or not at all.

    Parameters
    ----------
    tables
        One for each individual, all with the same covariates.
    states
        The model's states in its order: their positions are written for CMT.

    Raises
    ------
    UsageError
        If there is no table, covariates differ, or an identifier cannot stand in a cell.
    """
    write_whole(path, events_csv(tables, states))


def events_csv(tables: Sequence[EventTable], states: Sequence[str] = ()) -> bytes:
    """Return the bytes that :func:`write_events` writes."""
    covariates = _covariates(tables)
    positions = {name: str(number) for number, name in enumerate(states, 1)}
    rows = [
        _row(_checked(table.id), record, positions) for table in tables for record in table.records
    ]
    return table_bytes((*ITEMS, *covariates), rows)


def table_bytes(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Return a table as CSV with plain line ends and no mark before it, as NM-TRAN asks for."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows((header, *rows))
    return out.getvalue().encode("utf-8")


def item(value: float | None) -> str:
    """Return a number as an item of a record; nothing is ``.``."""
    return MISSING if value is None else number_text(value)


def _row(name: str, record: EventRecord, positions: Mapping[str, str]) -> list[str]:
    """Return one record as the cells of a line."""
    observed = record.kind is EventKind.OBSERVATION and record.value is not None
    doses = (record.amount, record.rate, record.interval, record.additional, record.steady_state)
    return [
        name,
        item(record.time),
        str(int(record.kind)),
        *(item(float(value) or None) for value in doses),
        positions.get(record.compartment, record.compartment) or MISSING,
        item(record.value) if observed else MISSING,
        "0" if observed else "1",
        *map(item, record.covariates),
    ]


def _covariates(tables: Sequence[EventTable]) -> tuple[str, ...]:
    """Return the covariates that all tables have."""
    if not tables:
        message = "no event table to write; needed at least one"
        raise UsageError(message)
    covariates = tables[0].covariates
    for table in tables:
        if table.covariates != covariates:
            own, needed = (", ".join(names) or "none" for names in (table.covariates, covariates))
            message = (
                f"individual '{table.id}' has the covariates {own}; needed {needed}, "
                f"those of '{tables[0].id}'"
            )
            raise UsageError(message)
    names = [table.id for table in tables]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        message = f"two individuals named '{twice}'; needed one table for each"
        raise UsageError(message)
    return covariates


def _checked(name: str) -> str:
    """Return an identifier that a cell can hold."""
    if name in NOTHING or name != name.strip() or name.startswith(RUN) or not name.isprintable():
        message = f"individual '{name}': needed a name without blanks at its ends or a sign first"
        raise UsageError(message)
    return name
