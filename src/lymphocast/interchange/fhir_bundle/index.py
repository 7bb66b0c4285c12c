"""The resources of a bundle, and what a reference in one of them leads to.

A reference is resolved as the specification of R4 says: ``#id`` among the contained resources,
an absolute address among the ``fullUrl``, a relative one against the address of the entry that it
stands in, and else by type and id.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from lymphocast.errors import ExchangeError
from lymphocast.interchange.fhir_bundle.element import Element, shown

_REST = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?")
RESOURCE_TYPE = re.compile(r"[A-Z][A-Za-z]{2,40}")


@final
@dataclass(frozen=True)
class Entry:
    """One resource with the address that its entry gives it."""

    kind: str
    resource: Element
    url: str = ""

    @property
    def local(self) -> str:
        """Type and id."""
        return f"{self.kind}/{self.resource.data.get('id', '')}"

    @property
    def root(self) -> str:
        """The address against which relative references are read; empty if there is none."""
        return self.url.removesuffix(self.local) if self.url.endswith(self.local) else ""

    @property
    def key(self) -> str:
        """What tells this resource from every other of the file."""
        return self.url or self.local


@final
@dataclass
class Index:
    """Every resource of a file by address, and by type and id."""

    file: str
    entries: list[Entry] = field(default_factory=list)
    by_url: dict[str, Entry] = field(default_factory=dict)
    by_local: dict[str, Entry] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Add a resource; two of them cannot have one address."""
        if entry.url:
            if entry.url in self.by_url:
                found = f"the fullUrl {shown(entry.url)} a second time"
                raise ExchangeError(self.file, entry.resource.place, found, "each fullUrl once")
            self.by_url[entry.url] = entry
        self.entries.append(entry)
        self.by_local.setdefault(entry.local, entry)

    def of_kind(self, kind: str) -> Iterator[Entry]:
        """Return the resources of one type."""
        return (entry for entry in self.entries if entry.kind == kind)

    def find(self, reference: str, root: str) -> Entry | None:
        """Return the resource that a reference leads to; ``root`` as of the entry it stands in."""
        near = self.by_url.get(f"{root}{reference}") or self.by_url.get(reference)
        if near is not None:
            return near
        local = local_part(reference)
        if local is None:
            return None
        known = self.by_url.get(f"{root}{local}") or self.by_local.get(local)
        elsewhere = reference.startswith(("http:", "https:")) and "/_history/" not in reference
        return None if known is not None and known.url and elsewhere else known


@final
@dataclass(frozen=True)
class Context:
    """What a reader of one resource must know of the rest of the file."""

    index: Index
    root: str = ""
    contained: Mapping[str, Entry] = field(default_factory=dict)
    remarks: list[tuple[Element, str]] = field(default_factory=list)

    def remark(self, element: Element, why: str) -> None:
        """Note that something was read as less than it says."""
        self.remarks.append((element, why))

    def resolve(self, reference: Element | None) -> Entry | None:
        """Return the resource that a reference leads to; ``None`` if it is not in the file."""
        if reference is None:
            return None
        text = reference.text("reference")
        reference.use("type")
        if text is None:
            return None
        if text.startswith("#"):
            return self.contained.get(text[1:])
        return self.index.find(text, self.root)


NO_INDEX: Final = Index("")


def context_of(entry: Entry, index: Index) -> Context:
    """Return the context of one resource: its address and what it contains."""
    inside: dict[str, Entry] = {}
    for item in entry.resource.children("contained"):
        kind, name = item.text("resourceType"), item.text("id")
        if kind is None or name is None:
            item.fail("id", "a contained resource without type or id", "both of them")
        item.use("text")
        inside[name] = Entry(kind, item)
    return Context(index, entry.root, inside)


def local_part(address: str) -> str | None:
    """Return type and id at the end of an address."""
    match = _REST.fullmatch(address)
    return None if match is None else match[1]
