"""One packet to the plain tree of a case file, and what of the packet the tree does not hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from lymphocast.interchange.exchange import Dropped
from lymphocast.interchange.phenopacket_features import Features, Suspicions
from lymphocast.interchange.phenopacket_laboratory import Laboratory
from lymphocast.interchange.phenopacket_place import Place
from lymphocast.interchange.phenopacket_sources import PACKET, Names, Reading, citation_of
from lymphocast.interchange.phenopacket_terms import NO_VERSION, RESOURCES, Json
from lymphocast.interchange.phenopacket_times import age_of, age_text, day_of
from lymphocast.interchange.phenopacket_treatments import Treatments

_SEX = {"MALE": "male", "FEMALE": "female", "OTHER_SEX": "other"}
NO_AGE = "a record has the age as a number of years"


@final
@dataclass(frozen=True)
class PacketTree:
    """The tree of a case file, and what of the packet it does not hold."""

    tree: Json
    dropped: tuple[Dropped, ...]


def read_packet(packet: Mapping[str, object], path: str) -> PacketTree:
    """Return the case of one packet; ``path`` is where the packet stands in its message."""
    place = Place(packet, path)
    subject = place.inner("subject")
    printed = place.text("id") or subject.text("id") or PACKET
    name = Names().take(printed, PACKET)
    if name != printed:
        place.note("id", printed, f"becomes '{name}': the name of a case is in lower case")
    if subject.text("id") not in {"", printed, name}:
        subject.note("id", subject.text("id"), "a record has one name, that of the packet")
    reading = _reading(place, name)
    patient = _patient(subject, reading)
    tree: Json = {"id": name, "title": citation_of(name), "sources": reading.sources}
    tree |= _facts(place, subject, reading, patient)
    if patient:
        tree["patient"] = patient | {"provenance": reading.provenance(subject)}
    return PacketTree(tree, tuple(place.left()))


def _facts(place: Place, subject: Place, reading: Reading, patient: Json) -> Json:
    """Return the sections of a case."""
    suspicions = Suspicions()
    laboratory = Laboratory(reading, patient)
    treatments = Treatments(reading, suspicions)
    features = Features(reading, suspicions)
    for action in place.items("medicalActions"):
        treatments.action(action)
    features.features(place.items("phenotypicFeatures"))
    for disease in place.items("diseases"):
        features.disease(disease)
    features.death(subject.inner("vitalStatus"))
    for measurement in place.items("measurements"):
        laboratory.measurement(measurement)
    for sample in place.items("biosamples"):
        if sample.value.get("individualId") in {subject.value.get("id"), None}:
            sample.text("individualId")
        laboratory.biosample(sample)
    suspicions.drop_rest()
    return {
        "administrations": treatments.administrations,
        "measurements": laboratory.measurements,
        "cultures": laboratory.cultures,
        "symptoms": features.symptoms,
        "adverse_events": features.adverse_events,
        "findings": [*features.findings, *treatments.findings],
        "workup": laboratory.workup,
    }


def _reading(place: Place, name: str) -> Reading:
    """Return the sources of a packet and its date of birth."""
    meta = place.inner("metaData")
    meta.text("phenopacketSchemaVersion")
    parts = (("created", meta.text("created")), ("by", meta.text("createdBy")))
    said = " ".join(f"{word} {text}" for word, text in parts if text)
    sender = meta.text("submittedBy")
    note = "; ".join([said] * bool(said) + [f"submitted by {sender}"] * bool(sender))
    packet: Json = {"id": PACKET, "citation": citation_of(name), "note": note or None}
    reading = Reading([packet])
    for reference in meta.items("externalReferences"):
        reading.add_source(reference)
    for resource in meta.items("resources"):
        _resource(resource)
    return reading


def _resource(resource: Place) -> None:
    """Read a terminology: its codes name it, so that only an unknown one or a version is a loss."""
    prefix = resource.text("namespacePrefix")
    said = (resource.value.get("id"), resource.value.get("name"))
    if prefix in RESOURCES or said == (prefix.lower(), prefix):
        for key in ("id", "name", "url", "iriPrefix"):
            resource.text(key)
    if resource.text("version") not in {"", NO_VERSION}:
        found = resource.text("version")
        resource.note("version", found, "a record keeps codes, not the version of their system")


def _patient(subject: Place, reading: Reading) -> Json:
    """Return what a packet says of the person."""
    born = day_of(subject, "dateOfBirth")
    reading.born = born
    seen = subject.inner("timeAtLastEncounter")
    age = None
    if "age" in seen.value:
        stated = age_of(seen.inner("age"))
        age = None if stated is None else age_text(stated)
        if age is None:
            seen.drop(NO_AGE)
    sex = _SEX.get(str(subject.value.get("sex", "")))
    if sex is not None:
        subject.text("sex")
    stated_of: Json = {"age": age, "sex": sex, "born": str(born) if born else None}
    return {key: value for key, value in stated_of.items() if value is not None}
