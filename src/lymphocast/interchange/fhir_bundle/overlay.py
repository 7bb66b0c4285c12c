"""The extension that carries what native elements of FHIR do not say of a fact.

Its URL is :data:`CASE_FILE`; its parts are the keys of the fact in a case file, nested as they
are there, a list as one part for each item. ``section`` names the part of the case file to which
the fact belongs. ``not-stated`` names a key that a reader would take from the native elements
although the case file does not state it (a code that is ours and not the source's).

Only what differs is written: a resource is first read without the extension, as one of any other
software would be, and compared with the fact that it was written from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from lymphocast.interchange.fhir_bundle.codes import CASE_FILE
from lymphocast.interchange.fhir_bundle.concepts import Json
from lymphocast.interchange.fhir_bundle.element import Element
from lymphocast.record.fields import Field, Group, Listing, Reasons
from lymphocast.record.kinds import Kind
from lymphocast.record.parts import Saying
from lymphocast.record.schema import CASE, MODELLING, PATIENT, SECTIONS, SOURCES
from lymphocast.units import number_text

SECTION_KEY: Final = "section"
NOT_STATED: Final = "not-stated"
EMPTY: Final = "empty"
_VALUES: Final = ("valueString", "valueBoolean", "valueInteger", "valueDecimal")


def _groups() -> Mapping[str, Group]:
    """Return the keys of each sort of fact."""
    found = {f.key: f.kind.of for f in SECTIONS if isinstance(f.kind, Listing)}
    named = (f for f in CASE.fields if f.key in {"id", "title"})
    head = Group((*named, Field("modelling", MODELLING, "", required=False)), dict)
    every = {**found, "patient": PATIENT, "sources": SOURCES, "case": head}
    return {key: group for key, group in every.items() if isinstance(group, Group)}


GROUPS: Final = _groups()


@final
@dataclass(frozen=True)
class Overlay:
    """What the extension of one resource says."""

    section: str
    keys: Mapping[str, object]
    not_stated: frozenset[str]

    def over(self, fact: Mapping[str, object]) -> dict[str, object]:
        """Return a fact as its native elements tell it, with what the extension adds."""
        kept = {key: value for key, value in fact.items() if key not in self.not_stated}
        return {**kept, **self.keys}


def overlay_of(resource: Element) -> Overlay | None:
    """Return what this project's extension says of a resource; ``None`` if it has none."""
    own = None
    for extension in resource.children("extension"):
        if extension.data.get("url") == CASE_FILE and own is None:
            extension.use("url")
            own = _read(extension)
        else:
            extension.spare(*extension.data)
    return own


def overlay(section: str, fact: Mapping[str, object], native: Mapping[str, object]) -> Json:
    """Return the extension for what of a fact its native elements do not say."""
    parts: list[Json] = [{"url": SECTION_KEY, "valueCode": section}]
    parts += [{"url": NOT_STATED, "valueCode": key} for key in native if key not in fact]
    for key, value in fact.items():
        if not _same(value, native.get(key)):
            parts += _parts(key, value)
    return {"url": CASE_FILE, "extension": parts}


def _same(one: object, other: object) -> bool:
    """Return whether two values are the same in a case file."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(v, other[k]) for k, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one is not None and type(one) is type(other) and one == other


def _parts(key: str, value: object) -> list[Json]:
    """Return a key as parts of an extension."""
    if isinstance(value, list):
        return [part for item in value for part in _parts(key, item)] or [_empty(key)]
    if isinstance(value, Mapping):
        inner = [part for k, v in value.items() for part in _parts(k, v)]
        return [{"url": key, "extension": inner} if inner else _empty(key)]
    if isinstance(value, bool):
        return [{"url": key, "valueBoolean": value}]
    if isinstance(value, int):
        return [{"url": key, "valueInteger": value}]
    if isinstance(value, float):
        return [{"url": key, "valueDecimal": value}]
    return [{"url": key, "valueString": str(value)}]


def _empty(key: str) -> Json:
    return {"url": key, "valueCode": EMPTY}


def _read(extension: Element) -> Overlay:
    """Read the extension of one fact."""
    section: str | None = None
    hidden, rest = set(), []
    for part in extension.children("extension"):
        url = part.text("url")
        if url == SECTION_KEY:
            section = part.code("valueCode", tuple(GROUPS), required=True)
        elif url == NOT_STATED:
            hidden.add(part.text("valueCode") or "")
        else:
            rest.append(part)
    if section is None:
        extension.fail("extension", "no part 'section'", f"one of {', '.join(GROUPS)}")
    return Overlay(section, _keys(GROUPS[section], rest), frozenset(hidden))


def _keys(group: Group, parts: Sequence[Element]) -> dict[str, object]:
    """Return the keys of one mapping."""
    known = {f.key: f.kind for f in group.fields if not f.short}
    found: dict[str, object] = {}
    for part in parts:
        key = part.text("url")
        kind = known.get(key or "")
        if key is None or kind is None:
            part.fail("url", f"'{key}'", f"one of {', '.join(known)}")
        if isinstance(kind, Listing):
            items = found.setdefault(key, [])
            if isinstance(items, list) and not _says_empty(part):
                items.append(_value(kind.of, part))
        elif key in found:
            part.fail("url", f"'{key}' a second time", "each key once")
        else:
            found[key] = _value(kind, part)
    return found


def _says_empty(part: Element) -> bool:
    if part.data.get("valueCode") != EMPTY:
        return False
    part.use("valueCode")
    return True


def _value(kind: Kind, part: Element) -> object:
    """Return what one part says."""
    group = kind.group if isinstance(kind, Saying) else kind
    if isinstance(group, Group):
        return {} if _says_empty(part) else _keys(group, part.children("extension"))
    if isinstance(group, Reasons):
        if _says_empty(part):
            return {}
        items = part.children("extension")
        return {item.text("url") or "": _plain(item) for item in items}
    return _plain(part)


def _plain(part: Element) -> object:
    """Return the single value of a part."""
    key = part.first(*_VALUES)
    if key is None:
        part.fail("value[x]", "nothing", f"one of {', '.join(_VALUES)}")
    if key == "valueString":
        return part.text(key)
    if key == "valueBoolean":
        return part.truth(key)
    if key == "valueInteger":
        return part.whole(key)
    number = part.number(key)
    return None if number is None else number_text(number)
