"""Columns of a table of facts: how the nested keys of a case file become flat ones.

One rule for every section, derived from the table of fields:

- a key inside a mapping is named with a point: ``context.laboratory``;
- a list of mappings has one group of columns an item, numbered from the second on:
  ``provenance.source``, ``provenance.2.source``;
- a list of texts is one cell, its items separated by ``;`` (``;;`` is a semicolon inside an item);
- a quantity has its number in one cell and its unit in the next: ``value``, ``value.unit``; the
  unit may also stand behind the number in the first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import final

from lymphocast.record.fields import Field, Group, Listing, Reasons
from lymphocast.record.kinds import JsonObject, Kind, Text
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, Measure
from lymphocast.record.parts import Saying

UNIT = "unit"
SEPARATOR = "; "
AMENDMENTS = frozenset({"corrections", "disagreements"})
"""Keys that a template leaves out: they are read and written, but seldom begun by hand."""

Step = str | int
Value = str | int | float | bool


@final
@dataclass(frozen=True)
class Column:
    """One column of a section.

    Parameters
    ----------
    name
        What stands in the header.
    path
        The keys that lead to the value; a number is the place of an item in a list, from 0.
    kind
        What stands in a cell; a list of texts for a cell with several.
    meaning
        One line for people.
    required
        Whether a row must fill it.
    unit
        Whether it holds the unit of the column before it.
    """

    name: str
    path: tuple[Step, ...]
    kind: Kind
    meaning: str
    required: bool = False
    unit: bool = False


def columns_of(group: Group, *, amendments: bool = True) -> tuple[Column, ...]:
    """Return the columns of a section, each list of mappings with one item."""
    return tuple(_columns(group, (), amendments=amendments, required=True))


def _columns(
    group: Group, before: tuple[Step, ...], *, amendments: bool, required: bool
) -> Iterator[Column]:
    for f in group.fields:
        if f.short or (f.key in AMENDMENTS and not amendments):
            continue
        path, needed = (*before, f.key), required and f.required and not f.unless
        inner, steps = _inside(f.kind)
        if inner is not None:
            yield from _columns(inner, (*path, *steps), amendments=amendments, required=needed)
        else:
            yield from _leaves(f, path, needed)


def _leaves(f: Field, path: tuple[Step, ...], required: bool) -> Iterator[Column]:
    """Return the column of a key that holds one value, or its two columns."""
    yield Column(header_of(path), path, f.kind, f.meaning, required)
    if isinstance(f.kind, Measure | Days):
        meaning = f"unit of {f.key}"
        yield Column(header_of((*path, UNIT)), path, f.kind, meaning, required, unit=True)


def _inside(kind: Kind) -> tuple[Group | None, tuple[Step, ...]]:
    """Return the mapping that a kind holds, and the step to its first item if it is a list."""
    if isinstance(kind, Listing):
        inner, _ = _inside(kind.of)
        return inner, (0,) if inner is not None else ()
    if isinstance(kind, Saying):
        return kind.group, ()
    if isinstance(kind, Reasons):
        fields = tuple(Field(name, Text(), f"reason of {name}", False) for name in kind.names)
        return Group(fields, dict), ()
    return (kind, ()) if isinstance(kind, Group) else (None, ())


def header_of(path: Sequence[Step]) -> str:
    """Return the header of a path: the first item of a list is not numbered."""
    return ".".join(str(s + 1) if isinstance(s, int) else s for s in path if s != 0)


def column_named(known: Mapping[str, Column], header: str) -> Column:
    """Return the column that a header names, of the known columns of a section.

    Raises
    ------
    Misread
        If the section has no such column; the nearest one is named.
    """
    words = [word.strip() for word in header.split(".")]
    plain = ".".join(word for word in words if not word.isdecimal())
    column = known.get(plain)
    numbers = [int(word) for word in words if word.isdecimal() and len(word) < 5]
    path = _numbered(column, words) if column is not None else None
    if column is None or path is None or 0 in numbers:
        near = get_close_matches(plain, known, n=1, cutoff=0.5)
        hint = f"'{near[0]}' (the nearest known column)" if near else f"one of {', '.join(known)}"
        raise Misread(found=f"the unknown column '{header[:60]}'", needed=hint)
    return Column(header, path, column.kind, column.meaning, column.required, column.unit)


def known_columns(group: Group) -> Mapping[str, Column]:
    """Return every column of a section by name, short forms included."""
    found = {column.name: column for column in columns_of(group)}
    found.update({c.name: c for f in group.fields if f.short for c in _short_columns(f)})
    return found


def _short_columns(f: Field) -> Iterator[Column]:
    """Return the columns of a short form, which is read and never written."""
    inner, steps = _inside(f.kind)
    if inner is not None:
        yield from _columns(inner, (f.key, *steps), amendments=True, required=False)


def _numbered(column: Column, words: Sequence[str]) -> tuple[Step, ...] | None:
    """Return a column's path with the numbers that stand in a header; ``None`` if misplaced."""
    path: list[Step] = []
    rest = list(words[: len(words) - column.unit])
    for step in column.path:
        if isinstance(step, int):
            path.append(int(rest.pop(0)) - 1 if rest and rest[0].isdecimal() else 0)
        elif rest and rest[0] == step:
            path.append(rest.pop(0))
        else:
            return None
    return None if rest else tuple(path)


def flat(group: Group, row: JsonObject) -> Iterator[tuple[Column, tuple[int, ...], Value]]:
    """Return the cells of one fact: column, place in the order of the schema, value."""
    yield from _flat(group, row, (), ())


def _flat(
    group: Group, row: JsonObject, path: tuple[Step, ...], order: tuple[int, ...]
) -> Iterator[tuple[Column, tuple[int, ...], Value]]:
    for place, f in enumerate(group.fields):
        value = row.get(f.key)
        if value is None:
            continue
        here, at = (*path, f.key), (*order, place)
        inner, steps = _inside(f.kind)
        if inner is None:
            yield from _cells(f, here, at, value)
        elif steps and isinstance(value, Sequence):
            for number, item in enumerate(value):
                yield from _flat(inner, item, (*here, number), (*at, number))
        elif isinstance(value, Mapping):
            yield from _flat(inner, value, here, at)


def _cells(
    f: Field, path: tuple[Step, ...], order: tuple[int, ...], value: object
) -> Iterator[tuple[Column, tuple[int, ...], Value]]:
    """Return the one or two cells of a key that holds one value."""
    first, *unit = _leaves(f, path, f.required)
    if unit:
        number, _, code = str(value).partition(" ")
        yield first, (*order, 0), float(number)
        yield unit[0], (*order, 1), code
    elif isinstance(f.kind, Listing) and isinstance(value, Sequence):
        yield first, order, SEPARATOR.join(str(item).replace(";", ";;") for item in value)
    elif isinstance(value, bool | int | float):
        yield first, order, value
    else:
        yield first, order, str(value)


def split_items(text: str) -> list[str]:
    """Return the texts of a cell that holds several."""
    items, start = [], 0
    for match in re.finditer(r";;|;", text):
        if match[0] == ";":
            items.append(text[start : match.start()])
            start = match.end()
    items.append(text[start:])
    return [item.strip().replace(";;", ";") for item in items if item.strip()]
