"""CSV files of simulations: trajectories and individual parameters, written row by row.

Numbers are written with the digits that give back the same float; a value that could not be
computed is ``.``, and STATUS then says why. A file is complete or absent.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import final

from lymphocast.errors import UsageError
from lymphocast.files import replacing


@final
@dataclass(frozen=True)
class SimulatedRows:
    """One individual's rows: times, a table by column name, and a status.

    ``replicate`` counts simulated individuals of one in the event file, from 1.
    """

    id: str
    times: Sequence[float]
    columns: Mapping[str, Sequence[float]]
    status: str
    replicate: int = 1


@final
@dataclass(frozen=True)
class ParameterRow:
    """One individual's parameter values, in the order of the file's columns."""

    id: str
    values: Sequence[float]
    replicate: int = 1


@contextmanager
def simulation_writer(
    path: Path, columns: Sequence[str], *, replicates: bool = False
) -> Iterator[Callable[[SimulatedRows], None]]:
    """Yield a function that writes one individual's rows: ID, REP, TIME, the columns, STATUS.

    The file takes its place when the block succeeds. REP is left out without ``replicates``.
    """
    before = ["ID", "REP", "TIME"] if replicates else ["ID", "TIME"]
    with _table(path, [*before, *columns, "STATUS"]) as write:

        def write_rows(rows: SimulatedRows) -> None:
            _check(rows, columns)
            own = [rows.id, str(rows.replicate)] if replicates else [rows.id]
            for i, time in enumerate(rows.times):
                values = [_cell(rows.columns[name][i]) for name in columns]
                write([*own, _cell(time), *values, rows.status])

        yield write_rows


@contextmanager
def parameter_writer(
    path: Path, parameters: Sequence[str], *, replicates: bool = False
) -> Iterator[Callable[[ParameterRow], None]]:
    """Yield a function that writes one individual's parameters: ID, REP, then one column each."""
    with _table(path, [*(["ID", "REP"] if replicates else ["ID"]), *parameters]) as write:

        def write_row(row: ParameterRow) -> None:
            own = [row.id, str(row.replicate)] if replicates else [row.id]
            write([*own, *map(_cell, row.values)])

        yield write_row


@contextmanager
def _table(path: Path, header: Sequence[str]) -> Iterator[Callable[[Sequence[str]], object]]:
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        yield writer.writerow


def _check(rows: SimulatedRows, columns: Sequence[str]) -> None:
    if list(rows.columns) != list(columns):
        msg = f"individual '{rows.id}': columns differ from those of the file"
        raise UsageError(msg)
    uneven = [n for n, c in rows.columns.items() if len(c) != len(rows.times)]
    if uneven:
        msg = f"individual '{rows.id}': '{uneven[0]}' has not one value for each time"
        raise UsageError(msg)


def _cell(value: float) -> str:
    return repr(float(value)) if isfinite(value) else "."
