"""Observations: which part of a case file each belongs to; symptoms, events, work-up, findings."""

import re
from collections.abc import Mapping
from typing import Final

from lymphocast.interchange.fhir_bundle.codes import (
    GRADE,
    INTERPRETATION,
    SECTION,
    TERM_CODES,
    checked_status,
)
from lymphocast.interchange.fhir_bundle.concepts import (
    Concept,
    Json,
    concept,
    concept_of,
    own_concept,
)
from lymphocast.interchange.fhir_bundle.cultures import is_culture, read_culture
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.interchange.fhir_bundle.facts import Fact, fact_id, unless_empty
from lymphocast.interchange.fhir_bundle.index import Context
from lymphocast.interchange.fhir_bundle.measurements import notes_of, observed, read_measurements
from lymphocast.interchange.fhir_bundle.times import moment, native, when_stated
from lymphocast.record.events import Event, Finding, Symptom, SymptomGrade, WorkupItem, WorkupStatus
from lymphocast.record.names import TERMS, codes_of

ABSENT_REASON: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
SYMPTOMS: Final = frozenset(
    {
        "cough",
        "recurrent bronchitis",
        "haemoptysis",
        "dyspnoea",
        "fever",
        "fatigue",
        "weight loss",
        "night sweats",
    }
)
"""Terms that are symptoms of the infection."""
_PRESENT: Final = frozenset({"present", "yes", "true"})
_ABSENT: Final = frozenset({"absent", "no", "false"})
_TESTS: Final = {"hiv": re.compile(r"\bhiv", re.I), "htlv": re.compile(r"\bhtlv", re.I)}
_SIMPLE: Final = ("valueString", "valueTime")
_SIGNS: Final = {"positive": "POS", "negative": "NEG"}


def read_observation(resource: Element, context: Context, section: str | None) -> list[Fact]:
    """Return the facts that an Observation states."""
    checked_status(resource, "Observation")
    code_element = resource.child("code")
    if code_element is None:
        resource.fail("code", "nothing", "'code' (required): what was observed")
    code = concept_of(code_element)
    resource.use("category")
    section = section or _section(resource, code)
    if section == "measurements":
        return read_measurements(resource, context, code)
    if section == "cultures":
        return read_culture(resource, context, code)
    readers = {
        "symptoms": _symptom,
        "events": _event,
        "workup": _workup,
        "findings": _finding,
    }
    reader = readers.get(section)
    if reader is None:
        resource.fail("extension", f"the section '{section}'", f"one of {', '.join(readers)}")
    return [(section, reader(resource, code))]


def _section(resource: Element, code: Concept) -> str:
    """Return the part of a case file that an Observation of other software belongs to."""
    if is_culture(code):
        return "cultures"
    parts = resource.data.get("component")
    parts = parts if isinstance(parts, list) else []
    measured = (p.get("valueQuantity") for p in parts if isinstance(p, Mapping))
    if resource.has("valueQuantity") or any(value is not None for value in measured):
        return "measurements"
    if _test(code) is not None:
        return "workup"
    if code.named(TERMS, TERM_CODES) in SYMPTOMS and _presence(resource) == "present":
        return "symptoms"
    return "findings"


def _test(code: Concept) -> str | None:
    """Return the item of the work-up that a test belongs to."""
    return next((name for name, test in _TESTS.items() if test.search(code.text or "")), None)


def _presence(resource: Element) -> str | None:
    """Return whether a finding was there, if the value says no more than that."""
    value = resource.data.get("valueBoolean")
    if isinstance(value, bool):
        return "present" if value else "absent"
    value = resource.data.get("valueCodeableConcept")
    if not isinstance(value, dict):
        return None
    words = (concept_of(Element(value, "", "")).text or "").casefold()
    words = words.removesuffix(" (qualifier value)")
    return "present" if words in _PRESENT else "absent" if words in _ABSENT else None


def _known_term(code: Concept) -> str | None:
    """Return a term that the criteria know."""
    name = code.named(TERMS, TERM_CODES)
    return name if name is not None and TERMS.find(name) is not None else None


def _symptom(resource: Element, code: Concept) -> dict[str, object]:
    at, note = observed(resource)
    value = concept_of(resource.child("valueCodeableConcept"))
    resource.truth("valueBoolean")
    grade = value.code_in(GRADE)
    words = value.text if grade is not None else code.text
    own = code.code_in(SECTION) is not None
    return {
        "id": fact_id(resource, "Observation"),
        "what": words or code.text or "symptom",
        "grade": grade or str(SymptomGrade.PRESENT),
        "at": at.day,
        **unless_empty(term=None if own else code.named(TERMS, TERM_CODES), codes=list(code.codes)),
        **note,
    }


def _event(resource: Element, code: Concept) -> dict[str, object]:
    at, note = observed(resource)
    what = resource.words("valueString") or code.text or "event"
    return {"id": fact_id(resource, "Observation"), "what": what, "at": at.day, **note}


def _workup(resource: Element, code: Concept) -> dict[str, object]:
    value = concept_of(resource.child("valueCodeableConcept"))
    text = resource.words("valueString")
    flags = [concept_of(flag).sign for flag in resource.children("interpretation")]
    words = value.text or text
    last = Concept((words or "").rpartition(" ")[2])  # "HIV positive"
    sign = next(filter(None, (value.sign, Concept(text).sign, last.sign, *flags)), None)
    if sign is None and words:
        message = f"a result ({words}) that is neither positive nor negative"
        raise NotHeldError(message)
    reason = concept_of(resource.child("dataAbsentReason"))
    if sign is None and reason.text is None:
        message = "no result"
        raise NotHeldError(message)
    at = when_stated(resource, "effective")
    return {
        "id": fact_id(resource, "Observation") if code.code_in(SECTION) else _test(code),
        "what": code.text,
        "status": sign or str(WorkupStatus.NOT_STATED),
        **unless_empty(at=None if at is None else at.day, codes=list(code.codes)),
    }


def _finding(resource: Element, code: Concept) -> dict[str, object]:
    at = when_stated(resource, "effective")
    own = code.code_in(SECTION) is not None
    presence = None if own else _presence(resource)
    value = None if presence is not None else _value_text(resource)
    if presence is not None:
        resource.use("valueBoolean", "valueCodeableConcept")
    elif value is None:
        raise NotHeldError(_why_no_value(resource))
    text = notes_of(resource)
    what = (value or "") if own else ": ".join(filter(None, (code.text, value)))
    return {
        "id": fact_id(resource, "Observation"),
        "what": f"{what} ({text})" if text else what,
        **unless_empty(
            at=None if at is None else at.day,
            term=_known_term(code) if presence is not None else None,
            presence=presence,
            codes=list(code.codes),
        ),
    }


def _value_text(resource: Element) -> str | None:
    """Return a value that is words, a number or a time, as words."""
    value = concept_of(resource.child("valueCodeableConcept")).text
    for key in _SIMPLE:
        value = value or resource.words(key)
    number = resource.number("valueInteger")
    stated = moment(resource, "valueDateTime")
    if value is None and number is not None:
        return f"{number:g}"
    return stated.day if value is None and stated is not None else value


def _why_no_value(resource: Element) -> str:
    """Say why an Observation has no value that a case file can hold."""
    other = next((k for k in resource.data if k.startswith("value") and resource.has(k)), None)
    if other is not None:
        return f"a {other} has no place in a case file"
    reason = concept_of(resource.child("dataAbsentReason")).text
    if reason is not None:
        return f"no value: {reason}"
    if resource.has("hasMember"):
        return "a panel without a value of its own; its members are facts of their own"
    return "no value"


def write_symptom(fact: Symptom, item: Mapping[str, object]) -> Json:
    """Return a state of symptoms as an Observation."""
    own = own_concept(SECTION, "symptoms", "symptoms")
    code = own if fact.term is None else concept(fact.term, codes_of(fact.term, TERMS), fact.codes)
    return {
        **_plain(code, item, fact),
        "valueCodeableConcept": own_concept(GRADE, str(fact.grade), fact.what),
    }


def write_event(fact: Event, item: Mapping[str, object]) -> Json:
    """Return a dated happening as an Observation."""
    return {**_plain(own_concept(SECTION, "events", "event"), item, fact), "valueString": fact.what}


def write_plain_finding(fact: Finding, item: Mapping[str, object]) -> Json:
    """Return a finding that only words describe as an Observation."""
    code = own_concept(SECTION, "findings", "finding")
    return {**_plain(code, item, fact), "valueString": fact.what}


def write_workup(fact: WorkupItem, item: Mapping[str, object]) -> Json:
    """Return an item of the work-up as an Observation."""
    code = concept(fact.what, (), fact.codes)
    listed = code.setdefault("coding", [])
    if isinstance(listed, list):
        listed.append({"system": SECTION, "code": "workup"})
    found = _plain(code, item, fact)
    sign = _SIGNS.get(str(fact.status))
    if sign is None:
        reason: Json = {"coding": [{"system": ABSENT_REASON, "code": "unknown"}]}
        return {**found, "dataAbsentReason": reason}
    result = {"coding": [{"system": INTERPRETATION, "code": sign}], "text": str(fact.status)}
    return {**found, "valueCodeableConcept": result}


def _plain(
    code: Json, item: Mapping[str, object], fact: Symptom | Event | Finding | WorkupItem
) -> Json:
    """Return an Observation without its value."""
    when = {} if fact.at is None else native("effective", str(item["at"]), fact.at)
    return {"resourceType": "Observation", "status": "final", "code": code, **when}
