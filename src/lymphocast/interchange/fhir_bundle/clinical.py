"""Patients, conditions and adverse events."""

from collections.abc import Mapping
from typing import Final

from lymphocast.interchange.fhir_bundle.codes import (
    ACTUALITY,
    CLINICAL,
    GENDERS,
    OUTCOMES,
    TERM_CODES,
    VERIFICATION,
)
from lymphocast.interchange.fhir_bundle.concepts import Concept, Json, concept, concept_of
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.interchange.fhir_bundle.facts import Fact, fact_id, unless_empty
from lymphocast.interchange.fhir_bundle.index import Context
from lymphocast.interchange.fhir_bundle.measurements import notes_of
from lymphocast.interchange.fhir_bundle.medications import described, medicine_of
from lymphocast.interchange.fhir_bundle.times import containing, moment, native, when_stated
from lymphocast.record.adverse import AdverseEvent, Outcome
from lymphocast.record.events import Finding, Presence
from lymphocast.record.names import DRUGS, TERMS, codes_of
from lymphocast.record.patient import Demographics

_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
CLINICAL_STATUS: Final = f"{_TERMINOLOGY}/condition-clinical"
VERIFICATION_STATUS: Final = f"{_TERMINOLOGY}/condition-ver-status"
SERIOUSNESS: Final = f"{_TERMINOLOGY}/adverse-event-seriousness"
SEVERITY: Final = f"{_TERMINOLOGY}/adverse-event-severity"
OUTCOME: Final = f"{_TERMINOLOGY}/adverse-event-outcome"
_PRESENCE: Final = {
    "confirmed": Presence.PRESENT,
    "refuted": Presence.ABSENT,
    "unconfirmed": Presence.UNCERTAIN,
    "provisional": Presence.UNCERTAIN,
    "differential": Presence.UNCERTAIN,
}
_VERIFIED: Final = {
    Presence.PRESENT: "confirmed",
    Presence.ABSENT: "refuted",
    Presence.UNCERTAIN: "unconfirmed",
}
_OUTCOMES: Final = {
    "resolved": Outcome.RESOLVED,
    "recovering": Outcome.RECOVERING,
    "ongoing": Outcome.ONGOING,
    "resolvedWithSequelae": Outcome.SEQUELAE,
    "fatal": Outcome.FATAL,
}
_SEVERITIES: Final = {1: "mild", 2: "moderate", 3: "severe", 4: "severe", 5: "severe"}


def read_patient(resource: Element) -> dict[str, object]:
    """Return the person."""
    born = moment(resource, "birthDate")
    sex = resource.code("gender", GENDERS)
    resource.use("text")
    return unless_empty(sex=sex, born=None if born is None else born.day)


def write_patient(person: Demographics) -> Json:
    """Return the person; a date of birth as exactly as FHIR can say it."""
    born = None if person.born is None else containing(person.born)
    found = unless_empty(gender=person.sex, birthDate=born)
    return {"resourceType": "Patient", **found}


def _coded(resource: Element, key: str, system: str, allowed: tuple[str, ...]) -> str | None:
    """Return the code of a required code list that stands in a codeable concept."""
    if isinstance(resource.data.get(key), str):
        resource.fail(key, "a bare code, as in STU3", "a CodeableConcept (R4)")
    stated = resource.child(key)
    if stated is None:
        return None
    found = concept_of(stated)
    code = found.code_in(system)
    if code is not None and code not in allowed:
        resource.fail(key, f"the code '{code}'", f"one of {', '.join(allowed)}")
    return code


def _term(code: Concept) -> str | None:
    """Return a term that the criteria know."""
    name = code.named(TERMS, TERM_CODES)
    return name if name is not None and TERMS.find(name) is not None else None


def read_condition(resource: Element, context: Context) -> list[Fact]:
    """Return a condition as a finding."""
    if not resource.has("subject"):
        resource.fail("subject", "nothing", "'subject' (required): whose it is")
    verified = _coded(resource, "verificationStatus", VERIFICATION_STATUS, VERIFICATION)
    course = _coded(resource, "clinicalStatus", CLINICAL_STATUS, CLINICAL)
    if verified == "entered-in-error":
        message = "verificationStatus entered-in-error: it was entered in error"
        raise NotHeldError(message)
    code = concept_of(resource.child("code"))
    resource.use("category")
    if code.text is None:
        message = "nothing names the condition"
        raise NotHeldError(message)
    at = when_stated(resource, "onset")
    course = None if course == "active" else course
    note = ", ".join(filter(None, (course, notes_of(resource))))
    item = {
        "id": fact_id(resource, "Condition"),
        "what": f"{code.text} ({note})" if note else code.text,
        **unless_empty(
            at=None if at is None else at.day,
            term=_term(code),
            presence=str(_PRESENCE[verified]) if verified is not None else None,
            codes=list(code.codes),
        ),
    }
    return [("findings", item)]


def write_condition(fact: Finding, item: Mapping[str, object]) -> Json:
    """Return a finding as a condition."""
    known = () if fact.term is None else codes_of(fact.term, TERMS)
    found: Json = {"resourceType": "Condition", "code": concept(fact.what, known, fact.codes)}
    if fact.presence is not None:
        code = _VERIFIED[fact.presence]
        found["verificationStatus"] = {"coding": [{"system": VERIFICATION_STATUS, "code": code}]}
    if fact.at is not None:
        found.update(native("onset", str(item["at"]), fact.at))
    return found


def read_adverse_event(resource: Element, context: Context) -> list[Fact]:
    """Return an adverse event."""
    if resource.has("status") or resource.has("code"):
        found = "the element 'status' or 'code' of R5"
        resource.fail("status", found, "an AdverseEvent of R4, with 'event'")
    actual = resource.code("actuality", ACTUALITY, required=True)
    if not resource.has("subject"):
        resource.fail("subject", "nothing", "'subject' (required): whom it befell")
    if actual == "potential":
        message = "actuality potential: it did not happen"
        raise NotHeldError(message)
    event = concept_of(resource.child("event"))
    if event.text is None:
        message = "nothing says what happened"
        raise NotHeldError(message)
    at = moment(resource, "date") or moment(resource, "detected")
    if at is None:
        message = "no time, which an adverse event needs"
        raise NotHeldError(message)
    outcome = _coded(resource, "outcome", OUTCOME, OUTCOMES)
    serious = (_coded(resource, "seriousness", SERIOUSNESS, _SERIOUS) or "").casefold()
    item = {
        "id": fact_id(resource, "AdverseEvent"),
        "what": event.text,
        "at": at.day,
        **unless_empty(
            term=_term(event),
            suspects=_suspects(resource, context),
            outcome=str(_OUTCOMES[outcome]) if outcome in _OUTCOMES else None,
            codes=list(event.codes),
        ),
        **({"serious": serious == "serious"} if serious else {}),
    }
    return [("adverse_events", item)]


_SERIOUS: Final = ("serious", "non-serious", "Serious", "Non-serious")
# The official code list has small letters, its own example capital ones.


def _suspects(resource: Element, context: Context) -> list[str]:
    """Return the drugs under suspicion."""
    found = []
    for entity in resource.children("suspectEntity"):
        reference = entity.child("instance")
        if reference is None:
            entity.fail("instance", "nothing", "'instance' (required): what is suspected")
        entry = context.resolve(reference)
        words = reference.words("display")
        if entry is not None and entry.kind == "Medication":
            found.append(described(entry, words).drug)
        elif entry is not None and entry.kind.startswith("Medication"):
            found.append(medicine_of(entry.resource, context).drug)
        elif words is not None:
            known = DRUGS.find(words)
            found.append(words if known is None else known.canonical)
        else:
            entity.spare("instance")
    return list(dict.fromkeys(found))


def write_adverse_event(fact: AdverseEvent, item: Mapping[str, object]) -> Json:
    """Return an adverse event; FHIR has no place for an uncertain day but a coarser date."""
    found: Json = {
        "resourceType": "AdverseEvent",
        "actuality": "actual",
        "event": concept(
            fact.what, () if fact.term is None else codes_of(fact.term, TERMS), fact.codes
        ),
        **unless_empty(date=containing(fact.at)),
    }
    if fact.grade is not None and fact.grade in _SEVERITIES:
        found["severity"] = _of(SEVERITY, _SEVERITIES[fact.grade])
    if fact.outcome is not None:
        code = next(k for k, value in _OUTCOMES.items() if value is fact.outcome)
        found["outcome"] = _of(OUTCOME, code)
    if fact.serious is not None:
        found["seriousness"] = _of(SERIOUSNESS, "serious" if fact.serious else "non-serious")
    inside = [
        {"resourceType": "Medication", "id": f"suspect-{n}", "code": concept(s, codes_of(s, DRUGS))}
        for n, s in enumerate(fact.suspects, start=1)
    ]
    if inside:
        found["contained"] = inside
        found["suspectEntity"] = [
            {"instance": {"reference": f"#{medicine['id']}"}} for medicine in inside
        ]
    return found


def _of(system: str, code: str) -> Json:
    """Return a code of one of the lists of FHIR."""
    return {"coding": [{"system": system, "code": code}]}
