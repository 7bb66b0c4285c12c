"""Facts of a record as elements of a packet."""

from collections.abc import Iterator, Mapping, Sequence

from lymphocast.interchange.phenopacket_features import GRADE
from lymphocast.interchange.phenopacket_laboratory import CULTURE, MIC, PERSON
from lymphocast.interchange.phenopacket_sources import evidence_of
from lymphocast.interchange.phenopacket_terms import (
    ADVERSE_EVENT,
    CONTAMINATED,
    NEGATIVE,
    POSITIVE,
    Json,
    class_of,
    named,
    own,
    unit_class,
)
from lymphocast.interchange.phenopacket_times import time_element
from lymphocast.record.adverse import AdverseEvent
from lymphocast.record.analytes import ANALYTES
from lymphocast.record.context import NormalRange
from lymphocast.record.events import (
    Culture,
    CultureResult,
    Finding,
    Measurement,
    Presence,
    Symptom,
    SymptomGrade,
    WorkupItem,
    WorkupStatus,
)
from lymphocast.record.names import TERMS
from lymphocast.record.patient import Demographics
from lymphocast.record.provenance import Provenance, Source
from lymphocast.units import Quantity

Sources = Mapping[str, Source]
_DISEASES = frozenset(
    {"idiopathic CD4 lymphopenia", "mycobacterial lung disease", "opportunistic infection"}
)
"""Terms of findings that are diseases."""
_DISEASE_CODES = frozenset({"MONDO", "OMIM", "ORPHA", "Orphanet", "DOID", "ICD10", "ICD10CM"})
"""Prefixes of terminologies of diseases."""
_RESULTS = {
    CultureResult.POSITIVE: POSITIVE,
    CultureResult.NEGATIVE: NEGATIVE,
    CultureResult.CONTAMINATED: CONTAMINATED,
}


def is_disease(finding: Finding) -> bool:
    """Return whether a finding names a disease."""
    prefixes = {code.partition(":")[0] for code in finding.codes[:1]}
    return finding.term in _DISEASES or bool(prefixes & _DISEASE_CODES)


def finding_of(finding: Finding, sources: Sources) -> Json:
    """Return a finding as a phenotypic feature."""
    feature = _named(finding)
    if finding.presence is Presence.ABSENT:
        feature["excluded"] = True
    if finding.at is not None:
        feature["onset"] = time_element(finding.at)
    return _with_evidence(feature, finding.provenance, sources)


def disease_of(finding: Finding) -> Json:
    """Return a finding as a disease."""
    disease: Json = {"term": class_of(finding.term or finding.what, finding.codes, TERMS)}
    if finding.presence is Presence.ABSENT:
        disease["excluded"] = True
    if finding.at is not None:
        disease["onset"] = time_element(finding.at)
    return disease


def symptom_of(symptom: Symptom, sources: Sources) -> Json:
    """Return a state of symptoms as a phenotypic feature with the state as its modifier.

    The words of a state without a term are themselves the feature, so that nothing is excluded
    or resolved but what the words say.
    """
    feature = _named(symptom) | {"modifiers": [own(symptom.grade)]}
    gone = symptom.term is not None and symptom.grade is SymptomGrade.RESOLVED
    if symptom.term is not None and symptom.grade is SymptomGrade.ASYMPTOMATIC:
        feature["excluded"] = True
    feature["resolution" if gone else "onset"] = time_element(symptom.at)
    return _with_evidence(feature, symptom.provenance, sources)


def adverse_of(event: AdverseEvent, sources: Sources) -> Json:
    """Return an adverse event as a phenotypic feature."""
    feature = _named(event) | {
        "modifiers": [named(ADVERSE_EVENT)],
        "onset": time_element(event.at),
    }
    if event.until is not None:
        feature["resolution"] = time_element(event.until)
    if event.grade is not None:
        feature["severity"] = own(f"{GRADE}{event.grade}")
    return _with_evidence(feature, event.provenance, sources)


def action_of_events(events: Sequence[AdverseEvent], drug: str) -> list[Json]:
    """Return the classes of the adverse events that a drug is suspected of, each once."""
    classes: list[Json] = []
    for event in events:
        made = class_of(event.term or event.what, event.codes, TERMS)
        if drug in event.suspects and made not in classes:
            classes.append(made)
    return classes


def measurement_of(measurement: Measurement) -> Json:
    """Return a measurement with its time."""
    return _number(measurement) | {"timeObserved": time_element(measurement.at)}


def sample_of(measurement: Measurement, person: str) -> Json:
    """Return a measurement in a named specimen as a biosample."""
    return {
        "id": measurement.id,
        "individualId": person,
        "sampledTissue": own(measurement.specimen or ""),
        "timeOfCollection": time_element(measurement.at),
        "measurements": [_number(measurement)],
    }


def culture_of(culture: Culture, person: str) -> Json:
    """Return a culture as a biosample."""
    result: Json = {
        "assay": own(f"{CULTURE}{culture.organism}"),
        "value": {"ontologyClass": named(_RESULTS[culture.result])},
    }
    mics: list[Json] = [
        {"assay": own(f"{MIC}{mic.drug}"), "value": {"quantity": _quantity(mic.value)}}
        for mic in culture.mics
        if mic.limit is None
    ]
    return {
        "id": culture.id,
        "individualId": person,
        "sampledTissue": own(culture.specimen),
        "timeOfCollection": time_element(culture.at),
        "measurements": [result, *mics],
    }


def result_of_workup(item: WorkupItem) -> Json:
    """Return an item of the work-up as a measurement with a result in words."""
    code = class_of(item.what, item.codes) if item.codes else own(item.what, item.id)
    result = POSITIVE if item.status is WorkupStatus.POSITIVE else NEGATIVE
    test: Json = {"assay": code, "value": {"ontologyClass": named(result)}}
    return test if item.at is None else test | {"timeObserved": time_element(item.at)}


def person_measurements(person: Demographics, *, age: bool) -> Iterator[Json]:
    """Return what is measured of the person, without a time."""
    for name, (key, _) in PERSON.items():
        value = getattr(person, key)
        if isinstance(value, Quantity) and (age or key != "age"):
            assay = class_of(name, (), ANALYTES)
            yield {"assay": assay, "value": {"quantity": _quantity(value)}}


def _number(measurement: Measurement) -> Json:
    """Return a measurement without its time."""
    quantity = _quantity(measurement.value)
    limits = _limits(measurement.normal)
    if limits is not None:
        quantity["referenceRange"] = limits
    number: Json = {
        "assay": class_of(measurement.analyte, measurement.codes, ANALYTES),
        "value": {"quantity": quantity},
    }
    note = measurement.context.note if measurement.context is not None else ""
    return number | {"description": note} if note else number


def _quantity(value: Quantity) -> Json:
    """Return a number with its unit."""
    return {"unit": unit_class(value.unit), "value": value.value}


def _limits(normal: NormalRange | None) -> Json | None:
    """Return limits of normal, which have one unit.

    A range has two numbers, and 0 for one that is not given: harmless below, false above.
    """
    if normal is None or normal.high is None:
        return None
    unit = normal.high.unit
    limits: Json = {"unit": unit_class(unit), "high": normal.high.value}
    return limits if normal.low is None else limits | {"low": normal.low.to(unit).value}


def _named(fact: Finding | Symptom | AdverseEvent) -> Json:
    """Return the type of a feature, and the source's words where they say more."""
    feature: Json = {"type": class_of(fact.term or fact.what, fact.codes, TERMS)}
    return feature if fact.term is None else feature | {"description": fact.what}


def _with_evidence(feature: Json, provenance: Sequence[Provenance], sources: Sources) -> Json:
    """Return a feature with the places in which sources other than the packet state it."""
    evidence = [evidence_of(p, sources) for p in provenance if p.source in sources]
    return feature | {"evidence": evidence} if evidence else feature
