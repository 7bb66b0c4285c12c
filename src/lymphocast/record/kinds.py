"""Kinds of values in a case file: each reads a node, writes a value and describes itself.

A kind is the only place that knows how one sort of value is written. The reader, the writer and
the JSON Schema are three walks over the same table of fields (``schema.py``).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import final

from lymphocast.errors import RecordError
from lymphocast.record.misread import Misread
from lymphocast.record.names import NameTable, canonical, misspelt
from lymphocast.record.when import IDENTIFIER, TIME_FORMS, TIME_PATTERN, When, parse_when
from lymphocast.record.yamltree import Node, Scalar

JsonObject = Mapping[str, object]
_ID = re.compile(IDENTIFIER)
_CODE = r"[A-Za-z][A-Za-z0-9._]*:[A-Za-z0-9][A-Za-z0-9._/-]*"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"


@final
@dataclass(frozen=True)
class Scope:
    """What a kind must know of the rest of the case.

    Parameters
    ----------
    file
        Name of the case file, for errors.
    sources
        Identifiers of the declared sources.
    ids
        Section of every fact, by identifier.
    times
        Resolved time of every dated fact, by identifier.
    """

    file: str
    sources: frozenset[str] = frozenset()
    ids: Mapping[str, str] | None = None
    times: Mapping[str, When] | None = None

    def error(self, node: Node, found: str, needed: str) -> RecordError:
        """Return the error of one node."""
        return RecordError(self.file, node.line, found, needed)


class Kind(ABC):
    """How one sort of value is read, written and described."""

    @abstractmethod
    def read(self, node: Node, scope: Scope) -> object:
        """Return the value of a node; ``RecordError`` if it is not one of this kind."""

    @abstractmethod
    def schema(self) -> JsonObject:
        """Return the JSON Schema of this kind."""

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        return str(value)

    def check(self, node: Node, scope: Scope) -> None:
        """Refuse a node of the wrong shape, before any value is read."""
        _scalar(node, scope)


def shown(text: str) -> str:
    """Quote a text of the file, shortened if it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _scalar(node: Node, scope: Scope) -> Scalar:
    """Return a node that must be a single text."""
    if isinstance(node, Scalar):
        return node
    raise scope.error(node, "a list or mapping", "one text or number")


def text_of(node: Node, scope: Scope) -> str:
    """Return the text of a node with its white space collapsed."""
    scalar = _scalar(node, scope)
    text = " ".join(scalar.text.split())
    if not text or scalar.empty:
        raise scope.error(node, "nothing", "a text")
    if not text.isprintable():
        bad = next(c for c in text if not c.isprintable())
        raise scope.error(node, f"the control character U+{ord(bad):04X}", "printable text")
    return text


@final
@dataclass(frozen=True)
class Text(Kind):
    """Any printable text; white space is collapsed."""

    def read(self, node: Node, scope: Scope) -> str:
        """Return the value of a node."""
        return text_of(node, scope)

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string", "minLength": 1}


@final
@dataclass(frozen=True)
class Identifier(Kind):
    """A name in lower case, unique in its case file."""

    def read(self, node: Node, scope: Scope) -> str:
        """Return the value of a node."""
        text = text_of(node, scope)
        if _ID.fullmatch(text) is None or len(text) > 80:
            needed = "an id of lower-case letters, digits and single hyphens, such as cd4-month-5"
            raise scope.error(node, shown(text), needed)
        return text

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": f"^{IDENTIFIER}$", "maxLength": 80}


@final
@dataclass(frozen=True)
class SourceRef(Kind):
    """The identifier of a declared source."""

    def read(self, node: Node, scope: Scope) -> str:
        """Return the value of a node."""
        text = text_of(node, scope)
        if text not in scope.sources:
            known = ", ".join(sorted(scope.sources)[:8])
            raise scope.error(node, f"the source {shown(text)}", f"a declared source ({known})")
        return text

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string"}


@final
@dataclass(frozen=True)
class FactRef(Kind):
    """The identifier of a fact of one section, or of any dated fact if ``section`` is empty."""

    section: str = ""

    def read(self, node: Node, scope: Scope) -> str:
        """Return the value of a node."""
        text = text_of(node, scope)
        times, ids = scope.times or {}, scope.ids or {}
        if not (ids.get(text) == self.section if self.section else text in times):
            known = [i for i, s in ids.items() if s == self.section] if self.section else [*times]
            near = get_close_matches(text, known, n=1)
            hint = f"; the nearest is '{near[0]}'" if near else ""
            what = f"a fact in '{self.section}'" if self.section else "a dated fact"
            raise scope.error(node, f"the id {shown(text)}", f"the id of {what}{hint}")
        return text

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string"}


@final
@dataclass(frozen=True)
class Choice(Kind):
    """One word of an enumeration."""

    options: type[StrEnum]

    def read(self, node: Node, scope: Scope) -> StrEnum:
        """Return the value of a node."""
        text = text_of(node, scope)
        try:
            return self.options(text)
        except ValueError:
            words = [str(option) for option in self.options]
            near = get_close_matches(text, words, n=1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            needed = f"one of {', '.join(words)}{hint}"
            raise scope.error(node, shown(text), needed) from None

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"enum": [str(option) for option in self.options]}


@final
@dataclass(frozen=True)
class Printed:
    """A canonical name and, if the file misspells it, how the file prints it."""

    name: str
    misspelling: str | None


@final
@dataclass(frozen=True)
class Named(Kind):
    """A name that may be printed in several ways; read as its canonical form."""

    table: NameTable

    def read(self, node: Node, scope: Scope) -> str:
        """Return the value of a node."""
        return canonical(text_of(node, scope), self.table)

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string", "minLength": 1}


@final
@dataclass(frozen=True)
class NamedAsPrinted(Kind):
    """As ``Named``, but a misspelling is remembered."""

    table: NameTable

    def read(self, node: Node, scope: Scope) -> Printed:
        """Return the value of a node."""
        text = text_of(node, scope)
        return Printed(canonical(text, self.table), text if misspelt(text, self.table) else None)

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string", "minLength": 1}


@final
@dataclass(frozen=True)
class Time(Kind):
    """A time of the grammar in ``when.py``, resolved through its anchors."""

    def read(self, node: Node, scope: Scope) -> When:
        """Return the value of a node."""
        text = text_of(node, scope)
        try:
            return parse_when(text, scope.times or {})
        except Misread as error:
            raise scope.error(node, error.found, error.needed) from None

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        return value.text if isinstance(value, When) else str(value)

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": ["string", "integer"], "pattern": TIME_PATTERN, "description": TIME_FORMS}


@final
@dataclass(frozen=True)
class Day(Kind):
    """One day of the calendar."""

    def read(self, node: Node, scope: Scope) -> date:
        """Return the value of a node."""
        text = text_of(node, scope)
        try:
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
                message = "not of the form year-month-day"
                raise ValueError(message)
            return date.fromisoformat(text)
        except ValueError as error:
            raise scope.error(node, shown(text), f"a day such as 2004-05-14 ({error})") from None

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


@final
@dataclass(frozen=True)
class Pattern(Kind):
    """A text of one form, such as a code or a time of day."""

    pattern: str
    needed: str

    def read(self, node: Node, scope: Scope) -> str:
        """Return the value of a node."""
        text = text_of(node, scope)
        if re.fullmatch(self.pattern, text) is None:
            raise scope.error(node, shown(text), self.needed)
        return text

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": f"^{self.pattern}$", "description": self.needed}


CODE = Pattern(_CODE, "a code with its system, such as LOINC:24467-3 or NCBITaxon:1764")
CLOCK = Pattern(_CLOCK, "a time of day such as 08:30")


@final
@dataclass(frozen=True)
class Word(Kind):
    """One of some words, such as the keys of a mapping."""

    words: tuple[str, ...]

    def read(self, node: Node, scope: Scope) -> str:
        """Return the value of a node."""
        text = text_of(node, scope)
        if text not in self.words:
            near = get_close_matches(text, self.words, n=1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            raise scope.error(node, shown(text), f"one of {', '.join(self.words)}{hint}")
        return text

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"enum": list(self.words)}
