"""A record as a bundle of FHIR R4, in JSON."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, final
from uuid import NAMESPACE_URL, uuid5

from lymphocast.interchange.exchange import Exported, lost
from lymphocast.interchange.fhir_bundle.clinical import (
    write_adverse_event,
    write_condition,
    write_patient,
)
from lymphocast.interchange.fhir_bundle.codes import RECORD_ID, SECTION
from lymphocast.interchange.fhir_bundle.concepts import Json, own_concept
from lymphocast.interchange.fhir_bundle.cultures import write_culture
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.interchange.fhir_bundle.index import NO_INDEX, Entry, context_of
from lymphocast.interchange.fhir_bundle.measurements import write_measurement
from lymphocast.interchange.fhir_bundle.medications import write_administration, write_missed
from lymphocast.interchange.fhir_bundle.natively import native_facts, write_source
from lymphocast.interchange.fhir_bundle.observations import (
    write_event,
    write_plain_finding,
    write_symptom,
    write_workup,
)
from lymphocast.interchange.fhir_bundle.overlay import overlay
from lymphocast.interchange.fhir_bundle.reading import read_bundle
from lymphocast.record.casefile import case_tree
from lymphocast.record.events import Finding
from lymphocast.record.patient import PatientRecord
from lymphocast.record.schema import SECTIONS

Item = Mapping[str, Any]
LONGEST_ID: Final = 64  # of a resource, in the specification
LINKS: Final = {
    "Observation": "derivedFrom",
    "MedicationStatement": "derivedFrom",
    "AdverseEvent": "referenceDocument",
    "Condition": "evidence",
}
"""Where each type of resource says which document it stands in."""


def _finding(fact: Finding, item: Item) -> Json:
    """Return a finding: a condition if the record says of what, or whether it was there."""
    plain = fact.term is None and fact.presence is None
    return write_plain_finding(fact, item) if plain else write_condition(fact, item)


_WRITERS: Final[Mapping[str, Callable[[Any, Item], Json]]] = {
    "events": write_event,
    "administrations": write_administration,
    "missed_doses": write_missed,
    "measurements": write_measurement,
    "cultures": write_culture,
    "symptoms": write_symptom,
    "adverse_events": write_adverse_event,
    "findings": _finding,
    "workup": write_workup,
}


@final
@dataclass(frozen=True)
class Writer:
    """The writing of one record."""

    record: PatientRecord
    tree: Item

    def bundle(self) -> Json:
        """Return the bundle."""
        return {
            "resourceType": "Bundle",
            "identifier": {"system": RECORD_ID, "value": self.record.id},
            "type": "collection",
            "entry": [*self._entries()],
        }

    def _entries(self) -> Iterator[Json]:
        """Return the entries: the person, the sources, the case, the facts in their order."""
        person = write_patient(self.record.demographics)
        yield self._entry("patient", self.record.id, person, self.tree.get("patient", {}))
        for source in self.tree["sources"]:
            yield self._entry("sources", source["id"], write_source(source), source)
        head = {key: self.tree[key] for key in ("id", "title", "modelling") if key in self.tree}
        yield self._entry("case", self._spare_id(), self._basic("case"), head)
        for section in SECTIONS:
            yield from self._facts(section.key, getattr(self.record, section.name))

    def _facts(self, section: str, facts: tuple[Any, ...]) -> Iterator[Json]:
        """Return the facts of one section."""
        write = _WRITERS.get(section)
        for fact, item in zip(facts, self.tree.get(section, ()), strict=True):
            resource = self._basic(section) if write is None else write(fact, item)
            yield self._entry(section, item["id"], resource, item)

    def _entry(self, section: str, name: str, resource: Json, item: Item) -> Json:
        """Return an entry with the identity of a resource and what it does not say natively."""
        kind = str(resource["resourceType"])
        whole: Json = {"resourceType": kind, "id": _resource_id(name), **resource}
        if section != "patient":
            whole["subject"] = {"reference": self._url("patient", self.record.id)}
            whole |= self._links(kind, item)
        whole["extension"] = [overlay(section, item, _natively(section, whole))]
        return {"fullUrl": self._url(section, name), "resource": whole}

    def _links(self, kind: str, item: Item) -> Json:
        """Return the references to the documents in which a fact stands."""
        names = dict.fromkeys(p["source"] for p in item.get("provenance", ()))
        key = LINKS.get(kind)
        if key is None or not names:
            return {}
        references = [{"reference": self._url("sources", name)} for name in names]
        return {key: [{"detail": references}] if key == "evidence" else references}

    def _basic(self, section: str) -> Json:
        """Return a resource for what FHIR has no resource of its own for."""
        return {"resourceType": "Basic", "code": own_concept(SECTION, section, section)}

    def _url(self, section: str, name: str) -> str:
        """Return the address of a resource in this bundle."""
        return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{RECORD_ID}/{self.record.id}/{section}/{name}')}"

    def _spare_id(self) -> str:
        """Return an identifier that no fact has."""
        taken = {item["id"] for s in SECTIONS for item in self.tree.get(s.key, ())}
        name = "case"
        while name in taken:
            name += "-file"
        return name


def _natively(section: str, resource: Json) -> Mapping[str, object]:
    """Return what a reader takes from the native elements."""
    kind = str(resource["resourceType"])
    if section == "case":
        return {}
    entry = Entry(kind, Element(resource, "", kind))
    try:
        facts = native_facts(kind, entry.resource, context_of(entry, NO_INDEX), section)
    except NotHeldError:
        return {}
    return next((keys for found, keys in facts if found == section), {})


def _resource_id(name: str) -> str:
    """Return the id of a resource; a name that is too long is cut and told apart by a checksum."""
    if len(name) <= LONGEST_ID:
        return name
    return f"{name[: LONGEST_ID - 9].strip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def write_bundle(record: PatientRecord) -> Exported:
    """Return a record as a bundle, and what of it does not come back when it is read."""
    bundle = Writer(record, case_tree(record)).bundle()
    content = json.dumps(bundle, ensure_ascii=False, indent=1).encode()
    (back,) = read_bundle(content, f"{record.id}.json").records
    return Exported(content, lost(record, back, "FHIR has no place for it"))
