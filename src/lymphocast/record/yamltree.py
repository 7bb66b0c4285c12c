"""The tree of a case file: YAML (or JSON) whose scalars stay text and whose lines are kept.

The tree is built from the parser's events with a stack of our own, so that aliases, anchors, tags,
a second document, duplicate keys and deep nesting are refused where they stand, before anything
is expanded. No scalar is converted: ``no`` stays the text ``no``, ``2004-02`` stays a month.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import NamedTuple, final

import yaml

from lymphocast.errors import RecordError

PARSER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)
"""The parser in C where PyYAML was built with it: the same events, nine times as fast."""
SIZE_LIMIT = 5_000_000
"""Largest case file in bytes."""
DEPTH_LIMIT = 12
"""Deepest nesting; a case needs seven levels."""
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.1 counts as not printable; a byte-order mark inside the text is let through."""


@final
class Scalar(NamedTuple):
    """A text with its line; ``plain`` means that it stood without quotes."""

    text: str
    line: int
    plain: bool = False

    @property
    def empty(self) -> bool:
        """Whether this says *not stated*: nothing at all, ``null`` or ``~``."""
        return self.plain and self.text in {"", "~", "null"}


@final
class Items(NamedTuple):
    """A list."""

    items: tuple["Node", ...]
    line: int


@final
class Entry(NamedTuple):
    """One key of a mapping with its value."""

    key: str
    line: int
    value: "Node"


@final
@dataclass(frozen=True)
class Table:
    """A mapping, in the file's order."""

    entries: tuple[Entry, ...]
    line: int

    @cached_property
    def _values(self) -> dict[str, "Node"]:
        return {entry.key: entry.value for entry in self.entries}

    def get(self, key: str) -> "Node | None":
        """Return the value of a key; ``None`` if the mapping lacks it."""
        return self._values.get(key)


Node = Scalar | Items | Table


@final
@dataclass
class _Frame:
    """A list or mapping that is still being read."""

    mapping: bool
    line: int
    items: list[Node] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    key: Scalar | None = None

    def closed(self) -> Node:
        """Return the finished list or mapping."""
        if self.mapping:
            return Table(tuple(self.entries), self.line)
        return Items(tuple(self.items), self.line)


@final
class _Builder:
    """Builds the tree event by event."""

    def __init__(self, name: str, depth: int) -> None:
        self.name, self.depth = name, depth
        self.stack: list[_Frame] = []
        self.root: Node | None = None
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        """Add one event of the parser."""
        mark = event.start_mark
        line = mark.line + 1 if mark is not None else 1
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor is not None or event.tag is not None:
                self._check(event, line)
            self._add(Scalar(event.value, line, bool(event.implicit[0])))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._check(event, line)
            self._open(isinstance(event, yaml.MappingStartEvent), line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._add(self.stack.pop().closed())
        elif isinstance(event, yaml.AliasEvent):
            raise self._refused(line, f"the alias '*{event.anchor}'")
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise RecordError(self.name, line, "a second document", "one case in one file")

    def _refused(self, line: int, found: str) -> RecordError:
        needed = "plain keys, lists and texts (no anchors, aliases or tags)"
        return RecordError(self.name, line, found, needed)

    def _check(self, event: yaml.NodeEvent, line: int) -> None:
        """Refuse anchors and tags."""
        if event.anchor is not None:
            raise self._refused(line, f"the anchor '&{event.anchor}'")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._refused(line, f"the tag '{tag}'")

    def _open(self, mapping: bool, line: int) -> None:
        """Begin a list or a mapping."""
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.mapping and frame.key is None:
            raise RecordError(self.name, line, "a list or mapping as a key", "a word as a key")
        if len(self.stack) >= self.depth:
            needed = f"at most {self.depth} levels"
            raise RecordError(self.name, line, "nesting that is too deep", needed)
        self.stack.append(_Frame(mapping, line))

    def _add(self, node: Node) -> None:
        """Put a finished node where it belongs."""
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        if not frame.mapping:
            frame.items.append(node)
        elif frame.key is not None:
            frame.entries.append(Entry(frame.key.text, frame.key.line, node))
            frame.key = None
        elif isinstance(node, Scalar):
            self._take_key(frame, node)

    def _take_key(self, frame: _Frame, key: Scalar) -> None:
        """Remember a key until its value comes."""
        first = frame.lines.setdefault(key.text, key.line)
        if len(frame.lines) == len(frame.entries):
            found = f"the key '{key.text}' a second time (first on line {first})"
            raise RecordError(self.name, key.line, found, "each key once")
        frame.key = key


def finite_number(text: str) -> float | None:
    """Return the finite number that a text is, or ``None``."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def read_tree(text: str, name: str, depth: int = DEPTH_LIMIT) -> Node:
    """Return the tree of one YAML or JSON document, nested at most ``depth`` levels.

    Raises
    ------
    RecordError
        If the text is empty, too large, not YAML, or uses what a case file may not.
    """
    if len(text) > SIZE_LIMIT or len(text.encode("utf-8", "replace")) > SIZE_LIMIT:
        raise too_large(name)
    _refuse_controls(text, name)
    root = _build(text, name, depth)
    if root is None or (isinstance(root, Scalar) and root.empty):
        raise RecordError(name, 1, "an empty file", "a case: at least id, title and sources")
    return root


def plain_tree(value: object) -> Node:
    """Return the tree of plain mappings, lists and values, as if it had been written on line 1.

    Keys whose value is ``None`` are left out.
    """
    if isinstance(value, str):
        return Scalar(value, 1)
    if isinstance(value, dict | Mapping):  # asking for a dict first takes a tenth of the time
        kept = [(str(key), item) for key, item in value.items() if item is not None]
        return Table(tuple([Entry(key, 1, plain_tree(item)) for key, item in kept]), 1)
    if isinstance(value, list | tuple):
        return Items(tuple([plain_tree(item) for item in value]), 1)
    return Scalar(str(value).lower() if isinstance(value, bool) else str(value), 1)


def too_large(name: str) -> RecordError:
    """Return the error of a file above the size limit."""
    return RecordError(
        name, None, "a file above 5 MB", f"a case file of at most {SIZE_LIMIT // 1_000_000} MB"
    )


def _refuse_controls(text: str, name: str) -> None:
    """Refuse what YAML does not let stand in a text, before a parser counts it in bytes."""
    match = _CONTROL.search(text)
    if match is None:
        return
    line = text.count("\n", 0, match.start()) + 1
    if match[0] == "\0":
        raise RecordError(name, line, "a NUL character", "text in UTF-8")
    found = f"the control character U+{ord(match[0]):04X}"
    raise RecordError(name, line, found, "printable text in UTF-8")


def _build(text: str, name: str, depth: int) -> Node | None:
    """Feed the parser's events to a builder."""
    # A raw tab cannot stand inside a JSON string, so in JSON every tab is white space; YAML
    # refuses tabs as indentation.
    text = text.replace("\t", " ") if text.lstrip().startswith("{") else text
    builder = _Builder(name, depth)
    try:
        for event in yaml.parse(text, Loader=PARSER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        found = f"text that is not YAML ({error.problem or error.context})"
        raise RecordError(name, line, found, "YAML or JSON") from None
    except (ValueError, OverflowError) as error:
        # The scanner turns an escape beyond Unicode, or an endless version number, into these.
        raise RecordError(name, None, f"an unreadable escape ({error})", "YAML or JSON") from None
    return builder.root
