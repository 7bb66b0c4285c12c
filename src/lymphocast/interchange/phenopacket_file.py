"""The file of a GA4GH Phenopacket: bytes to a checked message as plain values.

JSON, or YAML of the same shape. Three steps can refuse it: the text, its shape as the protocol
buffers of version 2 define it, and the version that it states. A key that version 2 does not
define is no error: it is listed. What comes out is the canonical JSON form, in which every key is
in camel case and an empty value is left out.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import final

from google.protobuf.descriptor import (
    Descriptor,
    FieldDescriptor,
)
from google.protobuf.json_format import (
    MessageToDict,
    ParseDict,
    ParseError,
)
from phenopackets.schema.v2.phenopackets_pb2 import Cohort, Family, Phenopacket

from lymphocast.errors import ExchangeError, RecordError
from lymphocast.interchange.exchange import Dropped
from lymphocast.record.yamltree import Items, Node, Table, read_tree

SIZE_LIMIT = 20_000_000
"""Largest file in bytes: a cohort of some hundred long packets."""
DEPTH_LIMIT = 40
"""Deepest nesting; the genomic interpretations of version 2 need about twenty levels."""
NEEDED = "a Phenopacket, Family or Cohort of version 2"
UNKNOWN = "version 2 of the Phenopacket schema has no such field"
_PLAIN_MESSAGES = frozenset({"google.protobuf.Timestamp"})
_OLD_FIELDS = frozenset({"genes", "variants", "htsFiles", "hts_files"})
_OLD_SUBJECT = frozenset({"ageAtCollection", "ageRangeAtCollection", "age_at_collection"})
_NESTED = re.compile(r"Failed to parse (\w+) field: ")
_AT = re.compile(r"\s+at \"?[\w.\[\]]+\"?\.*$")


@final
class Kind(StrEnum):
    """What a file holds."""

    PHENOPACKET = "Phenopacket"
    FAMILY = "Family"
    COHORT = "Cohort"


_MESSAGES = {Kind.PHENOPACKET: Phenopacket, Kind.FAMILY: Family, Kind.COHORT: Cohort}


@final
@dataclass(frozen=True)
class PacketFile:
    """A message in canonical JSON form, and the keys of the file that its schema does not have."""

    kind: Kind
    content: Mapping[str, object]
    unknown: tuple[Dropped, ...]


def read_packet_file(content: bytes, name: str) -> PacketFile:
    """Return the message that a file holds.

    Raises
    ------
    ExchangeError
        If it is no message of version 2: the file, the place, what was found, what is needed.
    """
    tree = _tree(content, name)
    kind = _kind_of(tree, name)
    _refuse_other_versions(tree, name)
    shape = _Shape(name)
    shaped = shape.message(tree, _MESSAGES[kind].DESCRIPTOR, "", 0)
    try:
        message = ParseDict(shaped, _MESSAGES[kind]())
    except (ParseError, ValueError, TypeError) as error:
        raise _not_parsed(str(error), name) from None
    return PacketFile(kind, MessageToDict(message), tuple(shape.unknown))


def shown(value: object) -> str:
    """Return a value of a packet as one short text: its label, its id, or what it holds."""
    if isinstance(value, Mapping):
        for key in ("label", "id", "description"):
            if isinstance(value.get(key), str):
                return shown(value[key])
        inner = [item for item in value.values() if isinstance(item, Mapping)]
        return shown(inner[0]) if len(inner) == 1 == len(value) else ", ".join(map(shown, value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"{len(value)} item{'' if len(value) == 1 else 's'}"
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def _tree(content: bytes, name: str) -> Mapping[str, object]:
    """Return the mapping that a file holds."""
    if len(content) > SIZE_LIMIT:
        raise ExchangeError(name, None, "a file above 20 MB", "a Phenopacket of at most 20 MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"the byte 0x{content[error.start]:02X}, which is not UTF-8"
        raise ExchangeError(name, f"byte {error.start}", found, "JSON or YAML in UTF-8") from None
    if not text.strip():
        raise ExchangeError(name, None, "an empty file", NEEDED)
    tree = _json(text, name) if text.lstrip()[0] in "{[" else _yaml(text, name)
    if not isinstance(tree, Mapping):
        found = "a list" if isinstance(tree, list) else "one value"
        raise ExchangeError(name, None, found, NEEDED)
    return tree


def _json(text: str, name: str) -> object:
    """Return the value of a JSON text in which each key stands once."""

    def paired(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) < len(pairs):
            counted = Counter(key for key, _ in pairs)
            twice = counted.most_common(1)[0][0]
            raise ExchangeError(name, None, f"the key '{shown(twice)}' twice", "each key once")
        return made

    def constant(word: str) -> object:
        raise ExchangeError(name, None, f"the number {word}", "numbers that are finite")

    try:
        value: object = json.loads(text, object_pairs_hook=paired, parse_constant=constant)
    except json.JSONDecodeError as error:
        found = f"text that is not JSON ({error.msg})"
        raise ExchangeError(name, f"line {error.lineno}", found, "JSON or YAML") from None
    except RecursionError:
        raise _too_deep(name) from None
    except ValueError:
        found = "a whole number of thousands of digits"
        raise ExchangeError(name, None, found, "numbers that can be read") from None
    return value


def _yaml(text: str, name: str) -> object:
    """Return the value of a YAML text: every scalar is a text, and nothing is ``None``."""
    try:
        return _plain(read_tree(text, name, DEPTH_LIMIT))
    except RecordError as error:
        place = None if error.line is None else f"line {error.line}"
        raise ExchangeError(name, place, error.found, error.needed) from None


def _plain(node: Node) -> object:
    """Return a tree as mappings, lists and texts."""
    if isinstance(node, Table):
        return {entry.key: _plain(entry.value) for entry in node.entries}
    if isinstance(node, Items):
        return [_plain(item) for item in node.items]
    return None if node.empty else node.text


def _kind_of(tree: Mapping[str, object], name: str) -> Kind:
    """Return what a file holds, by the keys that only one kind of message has."""
    person = "subject" in tree
    if not person and {"proband", "relatives", "pedigree"} & tree.keys():
        return Kind.FAMILY
    if not person and "members" in tree:
        return Kind.COHORT
    if person or {"metaData", "meta_data"} & tree.keys():
        return Kind.PHENOPACKET
    keys = ", ".join(shown(key) for key in list(tree)[:6])
    found = f"a mapping without subject and metaData (its keys: {keys})"
    raise ExchangeError(name, None, found, NEEDED)


def _refuse_other_versions(tree: Mapping[str, object], name: str) -> None:
    """Refuse a message of version 1, or of one that is not known."""
    for path, packet in _packets(tree):
        version = _version(packet)
        if version and not version.startswith("2"):
            found = f"version {shown(version)} of the Phenopacket schema"
            raise ExchangeError(name, f"{path}metaData", found, f"{NEEDED}{_CONVERT}")
        subject = packet.get("subject")
        old = _OLD_FIELDS & packet.keys()
        if isinstance(subject, Mapping):
            old = old | (_OLD_SUBJECT & subject.keys())
        if old and not version:
            found = f"the field '{min(old)}' of version 1 of the Phenopacket schema"
            raise ExchangeError(name, f"{path or 'the packet'}".rstrip("."), found, NEEDED)


_CONVERT = "; phenopacket-tools converts version 1 into version 2"


def _packets(tree: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
    """Return every packet of a message with its path, the message itself first."""
    inner = [("proband.", tree.get("proband"))]
    for key in ("relatives", "members"):
        items = tree.get(key)
        if isinstance(items, list):
            inner.extend((f"{key}[{index}].", item) for index, item in enumerate(items))
    return [("", tree), *((path, item) for path, item in inner if isinstance(item, Mapping))]


def _version(packet: Mapping[str, object]) -> str:
    """Return the version of the schema that a packet states, if it does."""
    meta = packet.get("metaData", packet.get("meta_data"))
    if not isinstance(meta, Mapping):
        return ""
    stated = meta.get("phenopacketSchemaVersion", meta.get("phenopacket_schema_version"))
    return str(stated).strip() if isinstance(stated, str | float | int) else ""


def _too_deep(name: str) -> ExchangeError:
    """Return the error of a file that is nested too deeply."""
    found = "nesting that is too deep"
    return ExchangeError(name, None, found, f"at most {DEPTH_LIMIT} levels")


def _not_parsed(text: str, name: str) -> ExchangeError:
    """Return the error of a value that the schema does not allow, with its place."""
    place = ".".join(_NESTED.findall(text)) or None
    reason = _AT.sub("", _NESTED.sub("", text).rstrip(". ")).rstrip(". ")
    reason = reason.replace("org.phenopackets.schema.v2.core.", "")
    if len(reason) > 200:
        reason = f"{reason[:199]}…"
    return ExchangeError(name, place, reason, NEEDED)


@final
@dataclass
class _Shape:
    """Walks a tree beside the schema: keeps what the schema has, lists what it has not."""

    file: str
    unknown: list[Dropped] = field(default_factory=list)

    def message(
        self, tree: Mapping[str, object], schema: Descriptor, path: str, depth: int
    ) -> dict[str, object]:
        """Return the keys of a message that its schema has."""
        if depth > DEPTH_LIMIT:
            raise _too_deep(self.file)
        fields = {f.json_name: f for f in schema.fields} | {f.name: f for f in schema.fields}
        kept: dict[str, object] = {}
        for key, value in tree.items():
            known = fields.get(key)
            place = f"{path}.{key}" if path else key
            if known is None:
                self.unknown.append(Dropped(shown(place), shown(value), UNKNOWN))
            elif value is not None:
                self._once(kept, known, place)
                kept[known.json_name] = self._value(value, known, place, depth)
        return kept

    def _once(self, kept: Mapping[str, object], known: FieldDescriptor, place: str) -> None:
        """Refuse a field that stands in camel case and in snake case."""
        if known.json_name in kept:
            found = f"'{known.json_name}' and '{known.name}', which are one field"
            raise ExchangeError(self.file, place, found, "each field once")

    def _value(self, value: object, known: FieldDescriptor, place: str, depth: int) -> object:
        """Return the value of one field."""
        if known.message_type is not None and known.message_type.GetOptions().map_entry:
            return self._table(value, place)
        if not known.is_repeated:
            return self._single(value, known, place, depth)
        if not isinstance(value, list):
            raise ExchangeError(self.file, place, shown(value), "a list")
        items = enumerate(value)
        return [self._single(item, known, f"{place}[{i}]", depth) for i, item in items]

    def _single(self, value: object, known: FieldDescriptor, place: str, depth: int) -> object:
        """Return one message or scalar."""
        schema = known.message_type
        if schema is not None and schema.full_name not in _PLAIN_MESSAGES:
            return self.message(self._table(value, place), schema, place, depth + 1)
        if isinstance(value, Mapping | list) or value is None:
            found = "nothing" if value is None else shown(value)
            raise ExchangeError(self.file, place, found, "one text or number")
        if known.type == FieldDescriptor.TYPE_BOOL and value in ("true", "false"):
            return value == "true"
        return value

    def _table(self, value: object, place: str) -> Mapping[str, object]:
        """Return a value that must be a mapping."""
        if not isinstance(value, Mapping):
            found = "nothing" if value is None else shown(value)
            raise ExchangeError(self.file, place, found, "a mapping")
        return value
