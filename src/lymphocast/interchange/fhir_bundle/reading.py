"""A bundle of FHIR R4, or a single resource, as the records of its patients."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final

from lymphocast.errors import ExchangeError
from lymphocast.interchange.citation import squeezed
from lymphocast.interchange.exchange import Imported
from lymphocast.interchange.fhir_bundle.account import Account
from lymphocast.interchange.fhir_bundle.cases import Case, Item, built
from lymphocast.interchange.fhir_bundle.codes import BUNDLE_TYPES
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError, shown
from lymphocast.interchange.fhir_bundle.index import (
    RESOURCE_TYPE,
    Context,
    Entry,
    Index,
    context_of,
    local_part,
)
from lymphocast.interchange.fhir_bundle.json_bytes import read_json
from lymphocast.interchange.fhir_bundle.medications import carried_out
from lymphocast.interchange.fhir_bundle.natively import FACTS, native_facts
from lymphocast.interchange.fhir_bundle.overlay import Overlay, overlay_of
from lymphocast.record.casefile import no_collection

OWN: Final = ("Basic", "DocumentReference")
"""Types that are read if they carry this project's extension."""
REFERRED: Final = ("Medication", "Specimen")
"""Types that are read where another resource refers to them."""
READ: Final = ("Patient", *FACTS)
WRITTEN: Final = frozenset(
    {
        "actuality",
        "category",
        "code",
        "component",
        "contained",
        "content",
        "dataAbsentReason",
        "date",
        "derivedFrom",
        "description",
        "dosage",
        "effectiveDateTime",
        "effectivePeriod",
        "event",
        "evidence",
        "identifier",
        "medicationCodeableConcept",
        "medicationReference",
        "method",
        "note",
        "onsetDateTime",
        "onsetPeriod",
        "outcome",
        "performer",
        "referenceDocument",
        "referenceRange",
        "seriousness",
        "severity",
        "specimen",
        "status",
        "statusReason",
        "subject",
        "suspectEntity",
        "valueCodeableConcept",
        "valueQuantity",
        "valueString",
        "verificationStatus",
    }
)
"""Elements that this package writes: with its extension, nothing in them is left to list."""
NEEDED: Final = f"a Bundle of R4, or one of {', '.join(READ)}"
CARRIED_OUT: Final = "another resource says what was taken or given of it, with its dose"
TRANSPORT: Final = ("total", "link", "timestamp", "identifier", "type")


@final
@dataclass
class Reader:
    """The reading of one file."""

    index: Index
    origin: Element
    account: Account = field(default_factory=Account)
    cases: dict[str, Case] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    carried_out: set[str] = field(default_factory=set)

    def read(self) -> Imported:
        """Return the records of the file."""
        for entry in self.index.of_kind("Patient"):
            self._patient(entry)
        self.carried_out = carried_out(self.index)
        alone = next(iter(self.cases)) if len(self.cases) == 1 else None
        for entry in self.index.entries:
            if entry.kind != "Patient":
                self._resource(entry, alone)
        for entry in self.index.entries:
            self._settle(entry)
        self.account.unused("Bundle", self.origin)
        if not self.cases:
            first = next(iter(self.account.lines()), None)
            found = "no patient and no fact of one" + ("" if first is None else f" ({first})")
            raise ExchangeError(self.index.file, None, found, NEEDED)
        records = built(self.cases.values(), self.origin, self.account)
        return Imported(records, self.account.lines())

    def _patient(self, entry: Entry) -> None:
        """Begin the record of one patient."""
        case = Case(entry.resource)
        try:
            own = overlay_of(entry.resource)
            ((_, person),) = native_facts("Patient", entry.resource, Context(self.index), None)
            case.person = person if own is None else own.over(person)
            case.own = own is not None
        except NotHeldError as why:
            self._refuse(entry.resource, str(why))
        self.cases[entry.key] = case

    def _refuse(self, resource: Element, why: str) -> None:
        """Note a resource that is not read; what stands in it needs no lines of its own."""
        self.account.resource(resource, why)
        self.refused.add(resource.place)

    def _resource(self, entry: Entry, alone: str | None) -> None:
        """Read one resource into the record of its patient."""
        resource = entry.resource
        if entry.kind not in FACTS and entry.kind not in OWN:
            return
        try:
            own = overlay_of(resource) if resource.has("extension") else None
            if own is None and entry.kind in OWN:
                return
            context = context_of(entry, self.index)
            case = self._case(entry, context, alone)
            if own is None and entry.key in self.carried_out:
                raise NotHeldError(CARRIED_OUT)
            items = self._items(entry, context, own)
        except NotHeldError as why:
            self._refuse(resource, str(why))
            return
        for element, remark in context.remarks if own is None else ():
            self.account.resource(element, remark)
        case.items += items

    def _items(self, entry: Entry, context: Context, own: Overlay | None) -> list[Item]:
        """Return the facts of one resource."""
        if own is None:
            facts = native_facts(entry.kind, entry.resource, context, None)
            return [Item(section, keys, entry) for section, keys in facts]
        try:
            facts = native_facts(entry.kind, entry.resource, context, own.section)
        except NotHeldError:
            facts = []
        entry.resource.close(*WRITTEN & entry.resource.data.keys())
        native = next((keys for section, keys in facts if section == own.section), {})
        return [Item(own.section, own.over(native), entry, own=True)]

    def _case(self, entry: Entry, context: Context, alone: str | None) -> Case:
        """Return the record that a resource belongs to."""
        reference = entry.resource.child("subject")
        if reference is None:
            if alone is None:
                message = "no patient is named"
                raise NotHeldError(message)
            return self.cases[alone]
        subject = context.resolve(reference)
        if subject is not None:
            if subject.kind != "Patient":
                message = f"its subject is a {subject.kind}, no patient"
                raise NotHeldError(message)
            reference.use("display", "identifier")
            if subject.key not in self.cases:
                self._patient(subject)
            return self.cases[subject.key]
        text = reference.text("reference") or reference.words("display")
        reference.use("display")
        local = local_part(text or "") or text
        if local is None or not (local.startswith("Patient/") or "/" not in local):
            message = f"its subject is {shown(local)}, no patient"
            raise NotHeldError(message)
        if local not in self.cases:
            self.cases[local] = Case(Element({"id": local.rpartition("/")[2]}, self.index.file, ""))
            why = "the patient is not in the file; nothing is known but the facts"
            self.account.element(entry.kind, entry.resource.place, ".subject", local, why)
        return self.cases[local]

    def _settle(self, entry: Entry) -> None:
        """List what nobody has read of one resource."""
        resource = entry.resource
        if resource.place in self.refused:
            return
        if resource.touched:
            self.account.unused(entry.kind, resource)
        elif entry.kind in REFERRED:
            self.account.resource(resource, "nothing that is read refers to it")
        elif entry.kind not in READ:
            self.account.resource(resource, f"{entry.kind} is a type that is not read")


def read_bundle(content: bytes, name: str) -> Imported:
    """Return the records of a file.

    Raises
    ------
    ExchangeError
        If it is not FHIR R4 in JSON: where, what was found, what is needed.
    """
    try:
        with no_collection():
            return _read(content, name)
    except NotHeldError as why:
        raise ExchangeError(name, None, str(why), NEEDED) from None
    except RecursionError:
        raise ExchangeError(name, None, "nesting that is too deep", NEEDED) from None


def _read(content: bytes, name: str) -> Imported:
    """Return the records of a file whose nesting is not too deep."""
    root = Element(read_json(content, name), name, "")
    kind = root.text("resourceType")
    if kind is None or RESOURCE_TYPE.fullmatch(kind) is None:
        found = "no 'resourceType'" if kind is None else f"the resourceType {shown(kind)}"
        raise ExchangeError(name, None, found, NEEDED)
    index = Index(name)
    if kind == "Bundle":
        _fill(index, root)
        return Reader(index, root).read()
    if kind not in READ:
        found = f"a {kind} alone, which states no fact of a patient"
        raise ExchangeError(name, None, found, NEEDED)
    index.add(Entry(kind, Element(root.data, name, _local(kind, root.text("id")))))
    return Reader(index, Element({}, name, "")).read()


def _local(kind: str, name: str | None) -> str:
    """Return type and id of a resource for messages."""
    return squeezed(f"{kind}/{name[:64]}") if name else kind


def _fill(index: Index, root: Element) -> None:
    """Put the resources of a bundle into the index."""
    kind = root.code("type", BUNDLE_TYPES, required=True)
    if kind == "history":
        needed = "one version of each resource"
        raise ExchangeError(index.file, "Bundle .type", "a history", needed)
    root.use("resourceType", *TRANSPORT)
    for entry in _entries(root):
        index.add(entry)


def _entries(root: Element) -> Iterator[Entry]:
    """Return the resources of a bundle with their addresses."""
    for number, item in enumerate(root.children("entry")):
        url = item.text("fullUrl") or ""
        item.use("link", "search", "request", "response")
        data = item.data.get("resource")
        item.use("resource")
        if data is None:
            continue
        place = f"entry[{number}]"
        if not isinstance(data, dict):
            raise ExchangeError(root.file, f"{place} .resource", shown(data), "a resource")
        kind, name = data.get("resourceType"), data.get("id")
        if not isinstance(kind, str) or RESOURCE_TYPE.fullmatch(kind) is None:
            found = f"the resourceType {shown(kind)}" if kind is not None else "no 'resourceType'"
            raise ExchangeError(root.file, place, found, "the type of a resource, as Observation")
        if name is not None and not isinstance(name, str):
            raise ExchangeError(root.file, f"{place} {kind} .id", shown(name), "a text")
        local = _local(kind, name)
        yield Entry(kind, Element(data, root.file, f"{place} {local}"), url)
