"""A record as the plain message of a packet: the person, the treatments, the metadata.

Only what the schema has a field for is written. What would come out false is left out as well: a
value that is only known to lie below a limit, a finding that is uncertain, the age of the first
description where the record goes on for a year or more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from typing import final

from lymphocast.interchange.phenopacket_facts import (
    action_of_events,
    adverse_of,
    culture_of,
    disease_of,
    finding_of,
    is_disease,
    measurement_of,
    person_measurements,
    result_of_workup,
    sample_of,
    symptom_of,
)
from lymphocast.interchange.phenopacket_sources import (
    CREATED_BY,
    PACKET,
    citation_of,
    reference_of,
)
from lymphocast.interchange.phenopacket_terms import (
    NO_VERSION,
    RESOURCES,
    Json,
    Rhythm,
    class_of,
    rhythm_class,
    route_class,
    unit_class,
)
from lymphocast.interchange.phenopacket_times import WHOLE_DAY, age_element, interval
from lymphocast.record.events import Administration, Presence, WorkupStatus
from lymphocast.record.names import DRUGS
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Source
from lymphocast.units import Quantity

SCHEMA = "2.0"
DAYS_OF_AGE = 365
"""Days after which an age in years can have changed."""
_SEX = {"male": "MALE", "female": "FEMALE", "other": "OTHER_SEX"}


@final
@dataclass
class Written:
    """A packet, and the identifiers of what stands in it, in the order of its elements."""

    packet: Json
    order: dict[str, list[str]] = field(default_factory=dict)

    def add(self, section: str, name: str) -> None:
        """Remember that a fact was written."""
        self.order.setdefault(section, []).append(name)


def packet_of(record: PatientRecord, created: datetime | None) -> Written:
    """Return the packet of a record."""
    written = Written({"id": record.id})
    sources = sources_of(record)
    written.packet |= {
        "subject": _subject(record),
        "phenotypicFeatures": list(_features(record, sources, written)),
        "measurements": list(_measurements(record, written)),
        "biosamples": list(_biosamples(record, written)),
        "diseases": list(_diseases(record, written)),
        "medicalActions": list(_actions(record, written)),
    }
    written.packet["metaData"] = _metadata(record, sources, created, written)
    return written


def sources_of(record: PatientRecord) -> Mapping[str, Source]:
    """Return the sources of a record that are not this packet itself."""
    own = (PACKET, citation_of(record.id))
    return {s.id: s for s in record.sources if (s.id, s.citation) != own}


def is_brief(record: PatientRecord) -> bool:
    """Return whether the age of the first description surely holds to the end of the record."""
    times = [fact.at for fact in record.dated() if fact.at is not None]
    times += [t for a in record.administrations for t in (a.start, a.stop)]
    if not times:
        return True
    first, last = min(t.earliest for t in times), max(t.latest for t in times)
    return (last - first).days < DAYS_OF_AGE


def _subject(record: PatientRecord) -> Json:
    """Return the individual."""
    person = record.demographics
    subject: Json = {"id": record.id}
    if person.born is not None and person.born.earliest == person.born.latest:
        subject["dateOfBirth"] = f"{person.born.earliest}{WHOLE_DAY[0]}"
    age = _age_at_last_encounter(record)
    if age is not None:
        subject["timeAtLastEncounter"] = age
    if person.sex in _SEX:
        subject["sex"] = _SEX[person.sex]
    return subject


def _age_at_last_encounter(record: PatientRecord) -> Json | None:
    """Return the age as the time of the last encounter, if it is surely that too."""
    age = record.demographics.age
    return None if age is None or not is_brief(record) else age_element(age)


def _features(
    record: PatientRecord, sources: Mapping[str, Source], written: Written
) -> Iterator[Json]:
    """Return symptoms, adverse events and findings as phenotypic features."""
    for symptom in record.symptoms:
        written.add("symptoms", symptom.id)
        yield symptom_of(symptom, sources)
    for event in record.adverse_events:
        written.add("adverse_events", event.id)
        yield adverse_of(event, sources)
    for finding in record.findings:
        if finding.presence is not Presence.UNCERTAIN and not is_disease(finding):
            written.add("findings", finding.id)
            yield finding_of(finding, sources)


def _diseases(record: PatientRecord, written: Written) -> Iterator[Json]:
    """Return findings that name a disease."""
    for finding in record.findings:
        if finding.presence is not Presence.UNCERTAIN and is_disease(finding):
            written.add("findings", finding.id)
            yield disease_of(finding)


def _measurements(record: PatientRecord, written: Written) -> Iterator[Json]:
    """Return numbers of the person, measurements without a specimen, results of the work-up."""
    in_subject = _age_at_last_encounter(record) is not None
    yield from person_measurements(record.demographics, age=not in_subject)
    for measurement in record.measurements:
        if measurement.limit is None and measurement.specimen is None:
            written.add("measurements", measurement.id)
            yield measurement_of(measurement)
    for item in record.workup:
        if item.status is not WorkupStatus.NOT_STATED:
            written.add("workup", item.id)
            yield result_of_workup(item)


def _biosamples(record: PatientRecord, written: Written) -> Iterator[Json]:
    """Return cultures, and measurements in a named specimen."""
    for culture in record.cultures:
        written.add("cultures", culture.id)
        yield culture_of(culture, record.id)
    for measurement in record.measurements:
        if measurement.limit is None and measurement.specimen is not None:
            written.add("measurements", measurement.id)
            yield sample_of(measurement, record.id)


def _actions(record: PatientRecord, written: Written) -> Iterator[Json]:
    """Return treatments: stretches of the same drug, route and codes that follow each other."""
    told: set[str] = set()
    for _, group in groupby(record.administrations, lambda a: (a.drug, a.route, a.codes)):
        stretches = list(group)
        drug = stretches[0].drug
        action: Json = {"treatment": _treatment(stretches)}
        events = [] if drug in told else action_of_events(record.adverse_events, drug)
        if events:
            action["adverseEvents"] = events
        told.add(drug)
        for stretch in stretches:
            written.add("administrations", stretch.id)
        yield action


def _treatment(stretches: list[Administration]) -> Json:
    """Return one treatment with its dose intervals."""
    first = stretches[0]
    treatment: Json = {"agent": class_of(first.drug, first.codes, DRUGS)}
    if first.route is not None:
        treatment["routeOfAdministration"] = route_class(first.route)
    return treatment | {"doseIntervals": [_dose(stretch) for stretch in stretches]}


def _dose(stretch: Administration) -> Json:
    """Return one stretch of treatment, from its first possible day to its last."""
    dose: Quantity = stretch.one_dose
    return {
        "quantity": {"unit": unit_class(dose.unit), "value": dose.value},
        "scheduleFrequency": rhythm_class(Rhythm(stretch.divided, stretch.per, stretch.cycle)),
        "interval": interval(stretch.start.earliest, stretch.stop.latest),
    }


def _metadata(
    record: PatientRecord,
    sources: Mapping[str, Source],
    created: datetime | None,
    written: Written,
) -> Json:
    """Return who made the packet and when, its terminologies and its publications."""
    references: list[Json] = []
    seen: set[object] = set()
    for source in sources.values():
        reference = reference_of(source)
        if reference["id"] not in seen:
            seen.add(reference["id"])
            written.add("sources", source.id)
            references.append({**reference, "description": source.citation})
    meta: Json = {"createdBy": CREATED_BY, "phenopacketSchemaVersion": SCHEMA}
    stamp = _stamp(record, created)
    if stamp is not None:
        meta["created"] = stamp
    if references:
        meta["externalReferences"] = references
    prefixes = {*_prefixes(written.packet), *_prefixes({"references": references})}
    return meta | {"resources": [_resource(prefix) for prefix in sorted(prefixes)]}


def _stamp(record: PatientRecord, created: datetime | None) -> str | None:
    """Return when the packet was made, or else the last day that the record knows."""
    if created is not None:
        moment = created if created.tzinfo is None else created.astimezone(UTC)
        return f"{moment.replace(tzinfo=None, microsecond=0).isoformat()}Z"
    days: list[date] = [fact.at.latest for fact in record.dated() if fact.at is not None]
    days += [a.stop.latest for a in record.administrations]
    return f"{max(days)}{WHOLE_DAY[0]}" if days else None


def _prefixes(value: object) -> Iterator[str]:
    """Return the prefix of every class and reference in a packet."""
    if isinstance(value, Mapping):
        name = value.get("id")
        if isinstance(name, str) and {"label", "description"} & value.keys():
            yield name.partition(":")[0]
        for item in value.values():
            yield from _prefixes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _prefixes(item)


def _resource(prefix: str) -> Json:
    """Return the terminology of a prefix."""
    known = RESOURCES.get(prefix)
    named: Json = {"id": prefix.lower(), "name": prefix, "namespacePrefix": prefix}
    if known is not None:
        named |= {"name": known.name, "url": known.url, "iriPrefix": known.iri}
    return named | {"version": NO_VERSION}
