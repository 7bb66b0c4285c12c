"""What the native elements of one resource say, as facts of a case file.

The same readers serve bundles of other software and our own: the writer asks them what a resource
says without this project's extension, and puts the rest into it.
"""

from collections.abc import Mapping
from typing import Final

from lymphocast.interchange.fhir_bundle.clinical import (
    read_adverse_event,
    read_condition,
    read_patient,
)
from lymphocast.interchange.fhir_bundle.codes import STATUSES
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.interchange.fhir_bundle.facts import Fact, fact_id, unless_empty
from lymphocast.interchange.fhir_bundle.index import Context
from lymphocast.interchange.fhir_bundle.medications import read_medication
from lymphocast.interchange.fhir_bundle.observations import read_observation

DOI: Final = "https://doi.org"
PMID: Final = "https://pubmed.ncbi.nlm.nih.gov"
MEDICINES: Final = ("MedicationAdministration", "MedicationStatement", "MedicationRequest")
FACTS: Final = ("Observation", "Condition", *MEDICINES, "AdverseEvent")
"""The types of resources that state facts of a patient."""


def native_facts(kind: str, resource: Element, context: Context, section: str | None) -> list[Fact]:
    """Return the facts of a resource; ``section`` is where our own extension says it belongs.

    Raises
    ------
    NotHeldError
        If it states no fact, or none that a case file can hold.
    ExchangeError
        If it is not as R4 needs it to be.
    """
    _refuse_modified(resource)
    resource.use("text")
    if kind == "Observation":
        return read_observation(resource, context, section)
    if kind in MEDICINES:
        return read_medication(kind, resource, context)
    if kind == "Condition":
        return read_condition(resource, context)
    if kind == "AdverseEvent":
        return read_adverse_event(resource, context)
    if kind == "Patient":
        return [("patient", read_patient(resource))]
    if kind == "DocumentReference":
        return [("sources", _read_source(resource))]
    return [(section or "", {"id": fact_id(resource, kind)})]


def _refuse_modified(resource: Element) -> None:
    """Refuse what FHIR forbids to use without understanding it."""
    for key in ("modifierExtension", "implicitRules"):
        if resource.has(key):
            message = f"'{key}' changes its meaning"
            raise NotHeldError(message)


def _read_source(resource: Element) -> dict[str, object]:
    """Return a document as a source."""
    resource.code("status", STATUSES["DocumentReference"], required=True)
    known: dict[str, str | None] = {}
    for identifier in resource.children("identifier"):
        known[identifier.text("system") or ""] = identifier.text("value")
    resource.use("content")
    found = {"id": fact_id(resource, "DocumentReference")}
    citation = resource.words("description")
    return {**found, **unless_empty(citation=citation, doi=known.get(DOI), pmid=known.get(PMID))}


def write_source(item: Mapping[str, object]) -> dict[str, object]:
    """Return a source as a document."""
    systems = ((DOI, item.get("doi")), (PMID, item.get("pmid")))
    identifiers = [{"system": system, "value": value} for system, value in systems if value]
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        **unless_empty(identifier=identifiers),
        "description": item["citation"],
        "content": [{"attachment": {"title": item["citation"]}}],
    }
