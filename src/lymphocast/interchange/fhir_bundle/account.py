"""The account of what of a bundle did not become part of a record."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from lymphocast.interchange.exchange import Dropped
from lymphocast.interchange.fhir_bundle.element import Element, shown

_NUMBERED = re.compile(r"\[[0-9]+\]")


@final
@dataclass
class Account:
    """Resources that were not read, each by itself, and elements, those of one name together."""

    resources: list[Dropped] = field(default_factory=list)
    elements: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)

    def resource(self, element: Element, why: str) -> None:
        """Note that a resource is not in any record."""
        self.resources.append(Dropped(element.place, name_of(element), why))

    def fact(self, place: str, what: str, why: str) -> None:
        """Note that a fact cannot stand in a case file."""
        self.resources.append(Dropped(place, what, why))

    def unused(self, kind: str, element: Element) -> None:
        """Note what of a resource nobody has read."""
        for path, value, why in element.unused():
            self.element(kind, element.place, path, value, why)

    def element(self, kind: str, place: str, path: str, value: object, why: str) -> None:
        """Note one element that was not read."""
        key = (f"{kind} {_NUMBERED.sub('', path)}", why)
        self.elements.setdefault(key, []).append((f"{place} {path}", shown(value)))

    def lines(self) -> tuple[Dropped, ...]:
        """Return the account."""
        found = list(self.resources)
        for (name, why), places in self.elements.items():
            (place, value), number = places[0], len(places)
            if number == 1:
                found.append(Dropped(place, value, why))
            else:
                found.append(Dropped(name, f"{number} of them, the first {value} in {place}", why))
        return tuple(found)


def name_of(element: Element) -> str:
    """Return what a resource is about, in a few words."""
    for key in ("code", "medicationCodeableConcept", "event", "type"):
        concept = element.data.get(key)
        if isinstance(concept, Mapping):
            codings = concept.get("coding")
            first = codings[0] if isinstance(codings, list) and codings else None
            display = first.get("display") if isinstance(first, Mapping) else None
            text = concept.get("text") or display
            if isinstance(text, str):
                return shown(text)
    return shown(element.data.get("resourceType"))
