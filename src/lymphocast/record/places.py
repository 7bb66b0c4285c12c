"""Where in its case file a fact stands for which a record is refused.

A record keeps no lines. Where it is refused after it was read, whoever knows its file says so here,
and the line is looked up in the file.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lymphocast.errors import RecordError, record_name
from lymphocast.record.yamltree import Items, Node, Scalar, Table, read_tree

FIT_SUFFIX = ".nc"


@contextmanager
def placed(files: Mapping[str, Path]) -> Iterator[None]:
    """Name file and line in the error of a record that is refused inside.

    Parameters
    ----------
    files
        The file of each record by the record's identifier: a case file, or a fit file, which has no
        lines.
    """
    try:
        yield
    except RecordError as error:
        path = {record_name(name): file for name, file in files.items()}.get(error.file)
        if path is None:
            raise
        line = line_of(path, error.place) if error.place else None
        raise RecordError(path.name, line, error.found, error.needed, error.place) from None


def line_of(path: Path, place: tuple[str, ...]) -> int | None:
    """Return the line of a place in a case file, or of what holds it as far down as it is written.

    ``None`` for a fit file, or if nothing of the place is written.
    """
    if path.suffix.lower() == FIT_SUFFIX:
        return None
    node: Node | None = read_tree(path.read_text(encoding="utf-8-sig"), path.name)
    line = None
    for name in place:
        found = _below(node, name)
        if found is None:
            break
        line, node = found
    return line


def _below(node: Node | None, name: str) -> tuple[int, Node] | None:
    """Return what a key or an identifier names, and its line."""
    if isinstance(node, Table):
        return next(((e.line, e.value) for e in node.entries if e.key == name), None)
    if isinstance(node, Items):
        return next(((item.line, item) for item in node.items if _is(item, name)), None)
    return None


def _is(node: Node, name: str) -> bool:
    named = node.get("id") if isinstance(node, Table) else None
    return isinstance(named, Scalar) and named.text == name
