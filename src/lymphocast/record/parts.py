"""Parts that many sections of a case file share: identity, time, place, and amendments.

An amendment keeps what a fact once said (a correction) or what another source says of it (a
disagreement); both name one key of the fact's own mapping.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

from lymphocast.record import build
from lymphocast.record.context import Correction, Disagreement
from lymphocast.record.fields import Field, Group, Listing
from lymphocast.record.kinds import (
    CODE,
    Choice,
    Day,
    Identifier,
    JsonObject,
    Kind,
    Printed,
    Scope,
    SourceRef,
    Text,
    Time,
    Word,
)
from lymphocast.record.provenance import Method
from lymphocast.record.yamltree import Node, Table


def optional(key: str, kind: Kind, meaning: str, default: object = None) -> Field:
    """Return a key that may be left out."""
    return Field(key, kind, meaning, required=False, default=default)


ID = Field("id", Identifier(), "name of this fact, unique in the file")
WHAT = Field("what", Text(), "what it is, in the source's words")
AT = Field("at", Time(), "when; an interval or a time that hangs on another fact")
PROVENANCE = Listing(
    Group(
        (
            Field("source", SourceRef(), "id of a source"),
            Field("locator", Text(), "place in it, such as abstract"),
            Field("method", Choice(Method), "how the fact was obtained there"),
            optional("note", Text(), "derivation, or reason of an assumption", ""),
        ),
        build.provenance,
    ),
    least=1,
)
FROM = Field("provenance", PROVENANCE, "who states it, where, by what method")
CODES = optional("codes", Listing(CODE), "codes that the source gives, such as LOINC:24467-3", ())
PRINTED = optional("printed", Listing(Text()), "the name as sources misprint it", ())


@final
@dataclass(frozen=True)
class Saying(Kind):
    """What another source says of one key, read as that key is and kept in canonical form."""

    group: Group
    kinds: Mapping[str, Kind]

    def check(self, node: Node, scope: Scope) -> None:
        """Refuse a node of another shape."""
        self.group.check(node, scope)

    def read(self, node: Node, scope: Scope) -> Disagreement:
        """Return the value of a node whose shape has been checked."""
        read = self.group.read(node, scope)
        says = node.get("says") if isinstance(node, Table) else None
        assert isinstance(read, Disagreement)  # noqa: S101  (what the group makes)
        assert says is not None  # noqa: S101  (the key is required)
        kind = self.kinds[read.key]
        value = kind.read(says, scope)
        plain = value.name if isinstance(value, Printed) else kind.write(value)
        text = str(plain).lower() if isinstance(plain, bool) else str(plain)
        return replace(read, says=text)

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        return self.group.write(value)

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return self.group.schema()


def amendable(*fields: Field) -> tuple[Field, ...]:
    """Return the keys of a fact with those for its corrections and disagreements."""
    plain = {f.key: f.kind for f in fields if f.key != "id" and _single(f.kind)}
    key = Field("key", Word(tuple(plain)), "key of this fact")
    corrections = Group(
        (
            key,
            Field("was", Text(), "what stood there"),
            Field("by", Text(), "who changed it"),
            optional("day", Day(), "day of the change"),
            optional("why", Text(), "reason of the change", ""),
        ),
        Correction,
    )
    sayings = Group((key, Field("says", Text(), "what stands there"), FROM), Disagreement)
    return (
        *fields,
        optional("corrections", Listing(corrections), "changes made to this fact", ()),
        optional(
            "disagreements",
            Listing(Saying(sayings, plain)),
            "what other sources say of this fact",
            (),
        ),
    )


def _single(kind: Kind) -> bool:
    """Return whether a kind is written as one text or number."""
    return not isinstance(kind, Group | Listing)
