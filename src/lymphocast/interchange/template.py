"""Empty templates of a case: a spreadsheet, CSV or YAML, with example lines that are not read.

Columns, meanings and forms come from the table of fields; an example line is a comment, in every
format.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lymphocast.errors import UsageError
from lymphocast.interchange.columns import AMENDMENTS, SEPARATOR, Column, Value, columns_of
from lymphocast.interchange.csvfile import csv_bytes, joined, zip_bytes
from lymphocast.interchange.readme import readme_rows, unit_of
from lymphocast.interchange.tables import CASE_SHEET, COMMENT, ONE_ROW, SHEETS, WrittenSheet
from lymphocast.interchange.workbook import workbook_bytes
from lymphocast.record.fields import Listing
from lymphocast.record.kinds import (
    CLOCK,
    Choice,
    Day,
    FactRef,
    Identifier,
    Kind,
    Named,
    NamedAsPrinted,
    Pattern,
    SourceRef,
    Time,
    Word,
)
from lymphocast.record.numbers import Days, Measure, Number, Whole, YesNo
from lymphocast.record.yamltext import yaml_lines

TEMPLATES: Final = ("xlsx", "csv", "zip", "yaml")
EXAMPLE = f"{COMMENT} example: "


def template(kind: str) -> bytes:
    """Return an empty template: ``xlsx``, ``csv``, ``zip`` or ``yaml``.

    Raises
    ------
    UsageError
        If there is no template of this format.
    """
    if kind == "xlsx":
        return workbook_bytes(_sheets(), readme_rows())
    if kind == "csv":
        return csv_bytes(_one_table())
    if kind == "zip":
        return zip_bytes(_sheets(), readme_rows())
    if kind == "yaml":
        return _yaml().encode("utf-8")
    message = f"no template '{kind}'; needed one of {', '.join(TEMPLATES)}"
    raise UsageError(message)


def example_of(column: Column) -> Value:
    """Return an example of what may stand in a column."""
    kind = column.kind.of if isinstance(column.kind, Listing) else column.kind
    if column.unit:
        return unit_of(column)
    if isinstance(kind, Choice):
        return str(next(iter(kind.options)))
    if isinstance(kind, Word):
        return kind.words[0]
    if isinstance(kind, Named | NamedAsPrinted):
        return kind.table.names[0].canonical
    if isinstance(kind, Pattern):
        return "08:30" if kind is CLOCK else "LOINC:24467-3"
    simple: dict[type[Kind], Value] = {
        Identifier: "a-name",
        SourceRef: "chart",
        FactRef: "a-name",
        Time: "2020-05",
        Day: "2020-05-14",
        Measure: 7,
        Days: 7,
        Number: 1.5,
        Whole: 1,
        YesNo: True,
    }
    return simple.get(type(kind), column.meaning)


def _sheets() -> tuple[WrittenSheet, ...]:
    """Return every sheet with one example line."""
    return tuple(
        WrittenSheet(name, columns, (_example_row(columns),))
        for name, columns in (
            (name, columns_of(group, amendments=False)) for name, group in SHEETS.items()
        )
    )


def _example_row(columns: Sequence[Column]) -> tuple[Value, ...]:
    """Return an example line, marked in its first cell."""
    first, *rest = (example_of(column) for column in columns)
    return (f"{EXAMPLE}{first}", *rest)


def _one_table() -> list[tuple[Value | None, ...]]:
    """Return the template as one table, marked in the column ``section``."""
    plain = [
        WrittenSheet(s.name, s.columns, (tuple(example_of(c) for c in s.columns),))
        for s in _sheets()
    ]
    header, *rows = joined(plain)
    return [header, *((f"{EXAMPLE}{row[0]}", *row[1:]) for row in rows)]


def _yaml() -> str:
    """Return the template as YAML: two keys to fill in, the rest as comments."""
    lines = [f"{COMMENT} {line}" for line in _YAML_HEAD]
    for f in SHEETS[CASE_SHEET].fields:
        lines.append(f"{f.key}:  {COMMENT} {f.meaning}")
    for name in SHEETS:
        if name != CASE_SHEET:
            lines += ["", *(f"{COMMENT} {line}" for line in _yaml_section(name))]
    return "\n".join(lines) + "\n"


_YAML_HEAD: Final = (
    "A case file. Every line that begins with # is an example or a comment: it is not read.",
    "Fill in id and title, then take away the marks of the lines that you need and put your facts",
    "in their place. Leave out what is not stated. docs/case-file.md explains every key.",
)


def _yaml_section(name: str) -> Iterator[str]:
    """Return an example of one section as YAML."""
    tree: dict[str, object] = {}
    for column in columns_of(SHEETS[name], amendments=False):
        if not column.unit and AMENDMENTS.isdisjoint(column.path):
            _put(tree, column.path, _plain_example(column))
    row = _listed(tree)
    yield from yaml_lines(name, row if name in ONE_ROW else [row])


def _plain_example(column: Column) -> object:
    """Return the example of a column as a case file writes it."""
    value = example_of(column)
    if isinstance(column.kind, Listing):
        return str(value).split(SEPARATOR)
    unit = f" {unit_of(column)}" if isinstance(column.kind, Measure | Days) else ""
    return f"{value}{unit}" if unit else value


def _put(tree: dict[str, object], path: Sequence[str | int], value: object) -> None:
    """Put a value where its path leads; the places of lists are keys for now."""
    for step in path[:-1]:
        inner = tree.setdefault(str(step), {})
        assert isinstance(inner, dict)  # noqa: S101  (two columns never share a path)
        tree = inner
    tree[str(path[-1])] = value


def _listed(value: object) -> object:
    """Return a tree whose mappings with the key 0 are lists."""
    if not isinstance(value, Mapping):
        return value
    inner = {key: _listed(item) for key, item in value.items()}
    return [inner["0"]] if list(inner) == ["0"] else inner
