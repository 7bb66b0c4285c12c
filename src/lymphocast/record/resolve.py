"""Names and times of a case file: every id once, every anchor found, no anchor in a circle."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

from lymphocast.errors import RecordError
from lymphocast.record.fields import Field
from lymphocast.record.kinds import Identifier, Scope, text_of
from lymphocast.record.misread import Misread
from lymphocast.record.when import TimeText, When, anchors_of, parse_time, resolve
from lymphocast.record.yamltree import Items, Node, Scalar, Table


@final
@dataclass(frozen=True)
class Dated:
    """A fact whose time is still a text."""

    time: TimeText
    text: str
    line: int | None


def scope_of(root: Table, sections: tuple[Field, ...], name: str) -> Scope:
    """Return the identifiers and resolved times of a case whose shape is already checked.

    Raises
    ------
    RecordError
        If an identifier occurs twice, an anchor does not exist or hangs on itself, or a time
        cannot be read.
    """
    plain = Scope(name)
    sources = _unique(((item, "sources") for item in _items(root, "sources")), plain)
    facts = [(item, f.key) for f in sections for item in _items(root, f.key)]
    ids = _unique(iter(facts), plain)
    # A timeline is another reading of an event's time, not a fact that others could hang on.
    dated = [(item, key) for item, key in facts if key != "timelines"]
    times = _resolved(_texts(dated, plain), name)
    return Scope(name, frozenset(sources), ids, times)


def check_timelines(root: Table, sections: tuple[Field, ...], name: str) -> None:
    """Refuse an alternative reading that would make an event hang on itself."""
    if root.get("timelines") is None:
        return
    plain = Scope(name)
    facts = [(item, f.key) for f in sections for item in _items(root, f.key)]
    texts = _texts([(item, key) for item, key in facts if key != "timelines"], plain)
    for timeline in _items(root, "timelines"):
        changed = dict(texts)
        for reading in (timeline, *_items(timeline, "also")):
            event, at = reading.get("event"), reading.get("at")
            if isinstance(event, Scalar) and isinstance(at, Scalar):
                changed[text_of(event, plain)] = _text(at, plain)
        if changed:
            _resolved(changed, name)


def resolved_times(texts: Mapping[str, str], name: str) -> Mapping[str, When]:
    """Return the time of each fact, resolved through its anchors.

    Raises
    ------
    RecordError
        If an anchor does not exist or hangs on itself; ``name`` stands for the record.
    """
    return _resolved({fact: Dated(parse_time(t), t, None) for fact, t in texts.items()}, name)


def _items(root: Table, key: str) -> Iterator[Table]:
    """Return the mappings of one section."""
    node = root.get(key)
    items: tuple[Node, ...] = node.items if isinstance(node, Items) else ()
    return (item for item in items if isinstance(item, Table))


def _unique(items: Iterator[tuple[Table, str]], scope: Scope) -> Mapping[str, str]:
    """Return the section of each identifier."""
    sections: dict[str, str] = {}
    lines: dict[str, int] = {}
    for item, section in items:
        node = item.get("id")
        if node is None:
            continue
        name = Identifier().read(node, scope)
        if name in sections:
            found = f"the id '{name}' a second time (first on line {lines[name]})"
            raise scope.error(node, found, "an id that occurs once")
        sections[name], lines[name] = section, node.line
    return sections


def _texts(items: list[tuple[Table, str]], scope: Scope) -> Mapping[str, Dated]:
    """Return the time of each fact that has a key ``at``."""
    texts = {}
    for item, _ in items:
        name, at = item.get("id"), item.get("at")
        if isinstance(name, Scalar) and isinstance(at, Scalar) and not at.empty:
            texts[text_of(name, scope)] = _text(at, scope)
    return texts


def _text(node: Scalar, scope: Scope) -> Dated:
    """Read the text of one time."""
    text = text_of(node, scope)
    try:
        return Dated(parse_time(text), text, node.line)
    except Misread as error:
        raise scope.error(node, error.found, error.needed) from None


def _resolved(texts: Mapping[str, Dated], name: str) -> Mapping[str, When]:
    """Resolve every time through its anchors, whatever their order in the file.

    The walk keeps its own stack: a chain of anchors may be longer than Python's.
    """
    times: dict[str, When] = {}
    for start in texts:
        stack = [start]
        on_stack = {start}
        while stack:
            dated = texts[stack[-1]]
            waiting = next((a for a in anchors_of(dated.time) if a not in times), None)
            if stack[-1] in times or waiting is None:
                times.setdefault(stack[-1], _when(dated, times, name))
                on_stack.discard(stack.pop())
                continue
            if waiting not in texts or waiting in on_stack:
                raise _bad_anchor(waiting, stack, dated, name)
            stack.append(waiting)
            on_stack.add(waiting)
    return times


def _bad_anchor(waiting: str, stack: list[str], dated: Dated, name: str) -> RecordError:
    """Return the error of an anchor that does not exist or hangs on itself."""
    if waiting in stack:
        circle = [*stack[stack.index(waiting) :], waiting]
        shown = " -> ".join(circle if len(circle) <= 8 else [*circle[:4], "...", *circle[-3:]])
        needed = "at least one of these times on the calendar"
        return RecordError(name, dated.line, f"a circle of anchors ({shown})", needed)
    needed = "the id of a dated fact of this record"
    return RecordError(name, dated.line, f"the anchor '{waiting}', which does not exist", needed)


def _when(dated: Dated, times: Mapping[str, When], name: str) -> When:
    """Resolve one time whose anchors are known."""
    try:
        return resolve(dated.time, dated.text, times)
    except Misread as error:
        raise RecordError(name, dated.line, error.found, error.needed) from None
