"""Files of random effects: the covariance matrix that the field calls OMEGA.

CSV: the first line names the parameters; then comes one line for each, in that order: the full
symmetric matrix, or its lower triangle. A first column may repeat the names (its heading is then
empty, as spreadsheets and R write it). All effects are log-normal.

::

    clearance,volume
    0.09
    0.03,0.04

YAML or JSON: variances by parameter; covariances of pairs, 0 where left out; and how an effect
changes its parameter (``log-normal``, ``additive`` or ``logit``), log-normal where left out.

::

    variances: {clearance: 0.09, volume: 0.04, bioavailability: 0.2}
    covariances: {clearance: {volume: 0.03}}
    transforms: {bioavailability: logit}

What the numbers mean stands in :mod:`lymphocast.models.random_effects`. NONMEM, mrgsolve and
rxode2 hold the same matrix; a coefficient of variation or a correlation is not accepted for it.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import NamedTuple, final

from lymphocast.errors import RecordError, UsageError
from lymphocast.interchange.nonmem import NOTHING, NUMBER
from lymphocast.models.random_effects import EffectTransform, RandomEffects, covariance_fault
from lymphocast.record.yamltree import Entry, Node, Scalar, Table, read_tree

SIZE_LIMIT = 1_000_000  # bytes; a matrix of a hundred parameters needs a tenth of it
SUFFIXES = (".csv", ".yaml", ".yml", ".json")
UNKNOWN = "a name without a variance,"
SECTIONS = ("variances", "covariances", "transforms")


def read_omega(path: Path) -> RandomEffects:
    """Return the random effects that a file describes; its suffix says how it is written.

    Raises
    ------
    UsageError
        If the suffix is none of ``.csv``, ``.yaml``, ``.yml``, ``.json``.
    RecordError
        At the first thing that is wrong: file, line, what stands there and what is needed.
    """
    if path.suffix.lower() not in SUFFIXES:
        msg = f"random effects from '{path}': found suffix '{path.suffix}'; needed one of "
        raise UsageError(msg + ", ".join(SUFFIXES))
    text = _text(path)
    if not text.strip():
        raise RecordError(path.name, None, "an empty file", "a covariance matrix")
    if path.suffix.lower() == ".csv":
        return _from_csv(text, path.name)
    return _from_tree(read_tree(text, path.name), path.name)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        reason = (error.strerror or "an error").lower()
        raise RecordError(path.name, None, reason, "a file that can be read") from error
    if len(content) > SIZE_LIMIT:
        raise RecordError(path.name, None, "a file over 1 MB", "a covariance matrix")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecordError(path.name, line, "bytes that are not UTF-8", "UTF-8 text") from error


@final
class _Line(NamedTuple):
    """One line of a CSV file: its number and its cells."""

    number: int
    cells: list[str]


def _from_csv(text: str, file: str) -> RandomEffects:
    filled = list(_lines(text, file))
    if not filled:
        raise RecordError(file, None, "a file of empty cells", "a covariance matrix")
    head, *lines = filled
    named = head.cells[0] == ""
    names = tuple(head.cells[1:] if named else head.cells)
    _check_names(names, file, head.number)
    if len(lines) != len(names):
        found = f"{len(lines)} lines of numbers below {len(names)} names"
        raise RecordError(file, None, found, "one for each name")
    rows = [_numbers(line, names, i, named, file) for i, line in enumerate(lines)]
    full = len(rows[0]) == len(names)
    for i, (line, row) in enumerate(zip(lines, rows, strict=True)):
        needed = len(names) if full else i + 1
        if len(row) != needed:
            form = "full matrix" if full else "lower triangle"
            found = f"{len(row)} numbers in the row of {names[i]}"
            raise RecordError(file, line.number, found, f"{needed}, as the {form} has")
    if not full:
        rows = [[rows[max(i, j)][min(i, j)] for j in range(len(rows))] for i in range(len(rows))]
    return _checked(names, rows, (), file, [line.number for line in lines])


def _lines(text: str, file: str) -> Iterator[_Line]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield _Line(reader.line_num, stripped)
    except csv.Error as error:
        raise RecordError(file, reader.line_num, str(error), "comma-separated text") from error


def _check_names(names: Sequence[str], file: str, line: int) -> None:
    for i, name in enumerate(names):
        if not name or NUMBER.fullmatch(name):
            found = f"'{name}' in column {i + 1}"
            raise RecordError(file, line, found, "a first line of parameter names")
        if name in names[:i]:
            raise RecordError(file, line, f"two columns named {name}", "one")


def _numbers(line: _Line, names: Sequence[str], i: int, named: bool, file: str) -> list[float]:
    """The numbers of one row, without the empty cells behind them."""
    cells = line.cells
    if named:
        if cells[0] != names[i]:
            found = f"'{cells[0]}' before row {i + 1}"
            raise RecordError(file, line.number, found, f"'{names[i]}', as in the first line")
        cells = cells[1:]
    while cells and cells[-1] in NOTHING:
        cells = cells[:-1]
    if len(cells) > len(names):
        raise RecordError(file, line.number, f"{len(cells)} cells", f"at most {len(names)}")
    return [
        _number(cell, f"row {names[i]}, column {names[j]}", file, line.number)
        for j, cell in enumerate(cells)
    ]


def _number(text: str, where: str, file: str, line: int) -> float:
    value = float(text) if NUMBER.fullmatch(text) else float("nan")
    if not isfinite(value):
        shown = text if len(text) <= 40 else f"{text[:37]}..."
        raise RecordError(file, line, f"'{shown}' in {where}", "a finite number")
    return value


def _checked(
    names: tuple[str, ...],
    rows: Sequence[Sequence[float]],
    transforms: tuple[EffectTransform, ...],
    file: str,
    lines: Sequence[int],
) -> RandomEffects:
    """The random effects, or an error at the line of the row at fault."""
    fault = covariance_fault(names, rows)
    if fault is not None:
        found = f"{fault.found} in row {names[fault.row]}, column {names[fault.column]}"
        raise RecordError(file, lines[fault.row], found, fault.needed)
    return RandomEffects(names, tuple(map(tuple, rows)), transforms)


def _from_tree(tree: Node, file: str) -> RandomEffects:
    sections = _table(tree, "the file", file)
    for entry in sections:
        _known(entry, SECTIONS, "the section", file)
    found = {entry.key: _table(entry.value, entry.key, file) for entry in sections}
    variances = found.get("variances", ())
    if not variances:
        raise RecordError(file, tree.line, "no variances", "a variance for each effect, by name")
    names = tuple(entry.key for entry in variances)
    rows = [[0.0] * len(names) for _ in names]
    lines = [entry.line for entry in variances]
    for i, entry in enumerate(variances):
        rows[i][i] = _variance(entry, file)
    for entry in found.get("covariances", ()):
        _known(entry, names, UNKNOWN, file)
        for other in _table(entry.value, f"covariances of {entry.key}", file):
            _set_pair(rows, lines, names, entry.key, other, file)
    transforms = [EffectTransform.LOG_NORMAL] * len(names)
    for entry in found.get("transforms", ()):
        _known(entry, names, UNKNOWN, file)
        transforms[names.index(entry.key)] = _transform(entry, file)
    return _checked(names, rows, tuple(transforms), file, lines)


def _variance(entry: Entry, file: str) -> float:
    value = _scalar(entry, f"the variance of {entry.key}", file)
    if value < 0.0:
        found = f"{value:g} for the variance of {entry.key}"
        raise RecordError(file, entry.line, found, "0 or more")
    return value


def _set_pair(
    rows: list[list[float]],
    lines: list[int],
    names: Sequence[str],
    one: str,
    entry: Entry,
    file: str,
) -> None:
    _known(entry, names, UNKNOWN, file)
    i, j = names.index(one), names.index(entry.key)
    if i == j or rows[i][j] != 0.0:
        again = "a variance among the covariances" if i == j else "the pair a second time"
        found = f"{one} and {entry.key}: {again}"
        raise RecordError(file, entry.line, found, "each pair once")
    rows[i][j] = rows[j][i] = _scalar(entry, f"the covariance of {one} and {entry.key}", file)
    lines[max(i, j)] = entry.line


def _table(node: Node, what: str, file: str) -> tuple[Entry, ...]:
    if isinstance(node, Scalar) and node.empty:
        return ()
    if not isinstance(node, Table):
        raise RecordError(file, node.line, f"{what} without names", "values by name")
    return node.entries


def _known(entry: Entry, known: Sequence[str], what: str, file: str) -> None:
    if entry.key not in known:
        near = get_close_matches(entry.key, known, 1)
        needed = f"'{near[0]}'?" if near else f"one of {', '.join(known)}"
        raise RecordError(file, entry.line, f"{what} '{entry.key}'", needed)


def _scalar(entry: Entry, what: str, file: str) -> float:
    if not isinstance(entry.value, Scalar):
        raise RecordError(file, entry.line, f"no number for {what}", "a finite number")
    return _number(entry.value.text, what, file, entry.value.line)


def _transform(entry: Entry, file: str) -> EffectTransform:
    text = entry.value.text if isinstance(entry.value, Scalar) else ""
    if text not in set(EffectTransform):
        found = f"transform '{text}' of {entry.key}"
        raise RecordError(file, entry.line, found, f"one of {', '.join(EffectTransform)}")
    return EffectTransform(text)
