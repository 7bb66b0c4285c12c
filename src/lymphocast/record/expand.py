"""Short forms of a case file, written out before anything else reads it.

Two forms stand for longer ones. A ``ladder`` of doses becomes one stretch of treatment a rung; a
measurement with ``read_off`` gets the value, time and error that its figure's calibration gives.
What the file writes itself is never replaced. The written-out tree is what a record holds, so its
canonical form reads back as the same record.
"""

from collections.abc import Iterator
from typing import TypeVar

from lymphocast.record.figure import Figure, FigurePoint, ReadOff, read_point
from lymphocast.record.kinds import Kind, Scope, text_of
from lymphocast.record.misread import Misread
from lymphocast.record.schema_clinical import CALIBRATION, READ_OFF
from lymphocast.record.yamltree import Entry, Items, Node, Scalar, Table
from lymphocast.units import number_text

K = TypeVar("K")
DOSE_KEYS = frozenset({"dosing", "amount", "per", "divided", "cycle"})
REPLACED = frozenset({"ladder", "id", "start", "stop"})


def expanded(root: Table, scope: Scope) -> Table:
    """Return a tree whose shape is checked, with its short forms written out.

    Raises
    ------
    RecordError
        If a figure's calibration cannot be used, or a ladder has no rungs.
    """
    figures = {figure.id: figure for figure in _figures(root, scope)}
    entries = []
    for entry in root.entries:
        if entry.key == "administrations" and isinstance(entry.value, Items):
            tables = [t for item in entry.value.items for t in _rungs(item, scope)]
            entry = _section(entry, tables)
        elif entry.key == "measurements" and isinstance(entry.value, Items):
            items = [_read(item, figures, scope) for item in entry.value.items]
            entry = _section(entry, items)
        entries.append(entry)
    return Table(tuple(entries), root.line)


def _section(entry: Entry, items: list[Node]) -> Entry:
    """Return a section with other items."""
    return Entry(entry.key, entry.line, Items(tuple(items), entry.value.line))


def _rungs(item: Node, scope: Scope) -> Iterator[Node]:
    """Return one stretch of treatment for each rung of a ladder, or the stretch itself."""
    ladder = item.get("ladder") if isinstance(item, Table) else None
    if not isinstance(item, Table) or not isinstance(ladder, Items):
        yield item
        return
    rungs = [rung for rung in ladder.items if isinstance(rung, Table)]
    own = [e.key for e in item.entries if e.key in DOSE_KEYS]
    if own:
        needed = "the doses on the rungs of the ladder only"
        raise scope.error(item, f"'{own[0]}' beside a ladder", needed)
    rest = [e for e in item.entries if e.key not in REPLACED]
    name = text_of(item.get("id") or item, scope)
    for place, rung in enumerate(rungs):
        later = rungs[place + 1].get("start") if place + 1 < len(rungs) else item.get("stop")
        line = rung.line
        entries = [
            Entry("id", line, Scalar(name if place == 0 else f"{name}-rung-{place + 1}", line)),
            Entry("start", line, rung.get("start") or rung),
            Entry("stop", line, later or rung),
            *[e for e in rung.entries if e.key in DOSE_KEYS],
            *rest,
        ]
        yield Table(tuple(entries), line)


def _figures(root: Table, scope: Scope) -> Iterator[Figure]:
    """Return the calibrations of the figures, without their sources."""
    node = root.get("figures")
    for item in node.items if isinstance(node, Items) else ():
        yield _value(CALIBRATION, item, scope, Figure)


def _value(kind: Kind, node: Node, scope: Scope, type_: type[K]) -> K:
    """Return the value of a node of a known kind."""
    value = kind.read(node, scope)
    assert isinstance(value, type_)  # noqa: S101  (what the kind builds)
    return value


def _read(item: Node, figures: dict[str, Figure], scope: Scope) -> Node:
    """Return a measurement with what its figure gives, where the file does not say it."""
    place = item.get("read_off") if isinstance(item, Table) else None
    if not isinstance(item, Table) or place is None or (isinstance(place, Scalar) and place.empty):
        return item
    read = _value(READ_OFF, place, scope, ReadOff)
    if read.figure not in figures:
        known = ", ".join(figures) or "none"
        raise scope.error(place, f"the figure '{read.figure}'", f"a declared figure ({known})")
    try:
        point = read_point(figures[read.figure], read.x, read.y)
    except Misread as error:
        raise scope.error(place, error.found, error.needed) from None
    given = {entry.key for entry in item.entries if not _empty(entry.value)}
    kept = [entry for entry in item.entries if entry.key in given]
    new = [
        Entry(key, place.line, Scalar(text, place.line))
        for key, text in point_texts(point)
        if key not in given
    ]
    return Table((*kept, *new), item.line)


def _empty(node: Node) -> bool:
    """Return whether a key says nothing."""
    return isinstance(node, Scalar) and node.empty


def point_texts(point: FigurePoint) -> tuple[tuple[str, str], ...]:
    """Return the keys of a measurement that a point gives."""
    error = number_text(point.reading_error)
    return (("value", str(point.value)), ("at", point.at), ("reading_error", error))
