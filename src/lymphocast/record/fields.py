"""Mappings and lists of a case file: their keys, and the objects that are built from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import final

from lymphocast.errors import RecordError
from lymphocast.record.kinds import JsonObject, Kind, Scope, shown, text_of
from lymphocast.record.misread import Misread
from lymphocast.record.yamltree import Items, Node, Scalar, Table


@final
@dataclass(frozen=True)
class Field:
    """One key of a mapping.

    Parameters
    ----------
    key
        The key in the file.
    kind
        What stands there.
    meaning
        One line for the schema and the documentation.
    required
        Whether the key must be present.
    default
        The value of an absent key.
    attribute
        The attribute of the built object, if it differs from the key.
    unless
        Other keys whose presence makes a required one optional, because they say the same.
    short
        Whether this is a short form, which ``expand`` writes out: neither read nor written.
    """

    key: str
    kind: Kind
    meaning: str
    required: bool = True
    default: object = None
    attribute: str = ""
    unless: tuple[str, ...] = ()
    short: bool = False

    @property
    def name(self) -> str:
        """The attribute of the built object."""
        return self.attribute or self.key


@final
@dataclass(frozen=True)
class Group(Kind):
    """A mapping with known keys; ``make`` builds the object and may raise ``Misread``."""

    fields: tuple[Field, ...]
    make: Callable[..., object]

    @cached_property
    def _known(self) -> Mapping[str, Field]:
        return {f.key: f for f in self.fields}

    @cached_property
    def _lasting(self) -> tuple[tuple[str, Field], ...]:
        return tuple((f.name, f) for f in self.fields if not f.short)

    @cached_property
    def _defaults(self) -> Mapping[str, object]:
        return {name: f.default for name, f in self._lasting}

    @cached_property
    def _required(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.required)

    def check(self, node: Node, scope: Scope) -> None:
        """Refuse a node of another shape."""
        if not isinstance(node, Table):
            keys = ", ".join(f.key for f in self.fields)
            raise scope.error(node, "a text or list", f"a mapping with the keys {keys}")
        known, found = self._known, set()
        for key, line, value in node.entries:
            f = known.get(key)
            if f is None:
                raise RecordError(scope.file, line, *_unknown(key, tuple(known)))
            found.add(key)
            if f.required or not _absent(value, f):
                f.kind.check(value, scope)
        for f in self._required:
            if f.key not in found and not any(_given(node.get(key)) for key in f.unless):
                raise scope.error(node, f"no key '{f.key}'", f"'{f.key}': {f.meaning}")

    def read(self, node: Node, scope: Scope) -> object:
        """Return the value of a node whose shape has been checked."""
        values, known = dict(self._defaults), self._known
        for key, _, value in node.entries if isinstance(node, Table) else ():
            # A group may read some keys of a mapping whose shape another has checked.
            f = known.get(key)
            if f is not None and not f.short and not _absent(value, f):
                values[f.attribute or key] = f.kind.read(value, scope)
        try:
            return self.make(**values)
        except Misread as error:
            raise scope.error(node, error.found, error.needed) from None

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        pairs = ((f, getattr(value, name)) for name, f in self._lasting)
        return {
            f.key: f.kind.write(v)
            for f, v in pairs
            if f.required or (v is not f.default and v != f.default)
        }

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        either = [
            {"anyOf": [{"required": [key]} for key in (f.key, *f.unless)]}
            for f in self._required
            if f.unless
        ]
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [f.key for f in self._required if not f.unless],
            "properties": {f.key: _described(f) for f in self.fields},
            **({"allOf": either} if either else {}),
        }


def _absent(node: Node | None, f: Field) -> bool:
    """Return whether an optional key is missing or says *not stated*."""
    return not f.required and (node is None or (isinstance(node, Scalar) and node.empty))


def _given(node: Node | None) -> bool:
    """Return whether a key says anything."""
    return node is not None and not (isinstance(node, Scalar) and node.empty)


def _unknown(key: str, known: tuple[str, ...]) -> tuple[str, str]:
    """Return what is found and needed where a key is unknown."""
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"'{near[0]}' (the nearest known key)" if near else f"one of {', '.join(known)}"
    return f"the unknown key {shown(key)}", hint


def _described(f: Field) -> JsonObject:
    """Return the schema of one key; an optional one may also be null."""
    if f.required:
        return {**f.kind.schema(), "title": f.meaning}
    return {"anyOf": [f.kind.schema(), {"type": "null"}], "title": f.meaning}


@final
@dataclass(frozen=True)
class Listing(Kind):
    """A list of mappings or texts of one kind."""

    of: Kind
    least: int = 0

    def check(self, node: Node, scope: Scope) -> None:
        """Refuse a node of another shape."""
        if not isinstance(node, Items):
            raise scope.error(node, "a text or mapping", "a list (each item begins with '- ')")
        if len(node.items) < self.least:
            raise scope.error(
                node, "an empty list", f"at least {self.least} item{'s' if self.least > 1 else ''}"
            )
        for item in node.items:
            self.of.check(item, scope)

    def read(self, node: Node, scope: Scope) -> tuple[object, ...]:
        """Return the value of a node whose shape has been checked."""
        items = node.items if isinstance(node, Items) else ()
        return tuple(self.of.read(item, scope) for item in items)

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        return [self.of.write(v) for v in value] if isinstance(value, tuple) else []

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "array", "items": self.of.schema(), "minItems": self.least}


@final
@dataclass(frozen=True)
class Reasons(Kind):
    """A mapping from the names of choices to the reason of each."""

    names: tuple[str, ...]

    def check(self, node: Node, scope: Scope) -> None:
        """Refuse a node of another shape."""
        if not isinstance(node, Table):
            raise scope.error(node, "a text or list", "a mapping from a choice to its reason")
        for entry in node.entries:
            if entry.key not in self.names:
                raise RecordError(scope.file, entry.line, *_unknown(entry.key, self.names))
            text_of(entry.value, scope)

    def read(self, node: Node, scope: Scope) -> tuple[tuple[str, str], ...]:
        """Return the value of a node whose shape has been checked."""
        entries = node.entries if isinstance(node, Table) else ()
        given = {entry.key: text_of(entry.value, scope) for entry in entries}
        return tuple((name, given[name]) for name in self.names if name in given)

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        return dict(value) if isinstance(value, tuple) else {}

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        reasons = {name: {"type": "string"} for name in self.names}
        return {"type": "object", "additionalProperties": False, "properties": reasons}
