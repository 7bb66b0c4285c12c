"""Medicines given, taken or ordered, and doses that were not given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, final

from lymphocast.interchange.fhir_bundle.codes import (
    DRUG_CODES,
    INTENTS,
    STATUSES,
    checked_status,
)
from lymphocast.interchange.fhir_bundle.concepts import Concept, Json, concept, concept_of
from lymphocast.interchange.fhir_bundle.dosage import (
    Dosage,
    dosage_of,
    single_dose,
    words_of,
    write_dosage,
)
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.interchange.fhir_bundle.facts import ID_LENGTH, Fact, fact_id, unless_empty
from lymphocast.interchange.fhir_bundle.index import Context, Entry, Index
from lymphocast.interchange.fhir_bundle.measurements import notes_of
from lymphocast.interchange.fhir_bundle.times import Moment, between, moment, native, period, span
from lymphocast.record.events import Administration, MissedDoses
from lymphocast.record.names import DRUGS, PRODUCTS, codes_of
from lymphocast.record.when import When

ORDERED: Final = "An order (MedicationRequest); that it was taken as ordered is assumed."
GOES_ON: Final = "No end is stated; that of the day on which it was asserted is assumed."
_VERBS: Final = {
    "MedicationAdministration": "given",
    "MedicationStatement": "taken",
    "MedicationRequest": "ordered",
}
_FOLLOWS: Final = {
    "MedicationAdministration": ("request",),
    "MedicationStatement": ("basedOn", "derivedFrom", "partOf"),
}
"""Where each type refers to the order that it follows, or to the doses that it sums up."""
_DRUG_OF: Final = {
    "aldesleukin": "interleukin-2",
    "pegylated interleukin-2": "interleukin-2",
    "bempegaldesleukin": "interleukin-2",
    "interferon gamma-1b": "interferon-gamma",
    "CYT107": "interleukin-7",
    "amikacin liposome inhalation suspension": "amikacin",
}
"""The drug that each known product is a product of."""


@final
@dataclass(frozen=True)
class Medicine:
    """A drug, its product if one is named, and the codes that the file gives."""

    drug: str
    product: str | None = None
    codes: tuple[str, ...] = ()


def read_medication(kind: str, resource: Element, context: Context) -> list[Fact]:
    """Return the treatment, or the missed doses, that a resource of this type states."""
    newer = resource.first("medication", "occurenceDateTime", "occurencePeriod")
    if newer is not None:
        needed = "medicationCodeableConcept, medicationReference and effective[x] (R4)"
        resource.fail(newer, f"the element '{newer}' of R5", needed)
    status = checked_status(resource, kind)
    medicine = medicine_of(resource, context)
    if status in {"not-done", "not-taken"}:
        return [("missed_doses", _missed(kind, resource, medicine))]
    if kind == "MedicationRequest":
        intent = resource.code("intent", INTENTS, required=True) or ""
        if not intent.endswith("order"):
            message = f"intent {intent}: it was not ordered"
            raise NotHeldError(message)
    return _treatment(kind, resource, medicine, context)


def carried_out(index: Index) -> set[str]:
    """Return what other resources tell again: orders that were followed, single doses summed up.

    An order is not read where what was given or taken of it is in the file, nor a statement that
    is derived from the administrations in the file: a dose would count twice.
    """
    found = set()
    for kind, keys in _FOLLOWS.items():
        for entry in index.of_kind(kind):
            for key in keys if entry.resource.has("dosage") else ():
                for told in _referred(entry, key, index):
                    if told.kind == "MedicationAdministration":
                        found.add(entry.key)
                    elif told.kind == "MedicationRequest":
                        found.add(told.key)
    return found


def _referred(entry: Entry, key: str, index: Index) -> list[Entry]:
    """Return the resources that a key of another refers to."""
    value = entry.resource.data.get(key)
    listed = value if isinstance(value, list) else [value]
    texts = (item.get("reference") for item in listed if isinstance(item, dict))
    found = (index.find(text, entry.root) for text in texts if isinstance(text, str))
    return [told for told in found if told is not None]


def medicine_of(resource: Element, context: Context) -> Medicine:
    """Return what was given: a concept, or a Medication in the file."""
    reference = resource.child("medicationReference")
    if reference is None:
        stated = resource.child("medicationCodeableConcept")
        if stated is None:
            needed = "medicationCodeableConcept or medicationReference (required)"
            resource.fail("medication[x]", "nothing", needed)
        return _named(concept_of(stated))
    entry = context.resolve(reference)
    words = reference.words("display")
    if entry is not None and entry.kind == "Medication":
        return described(entry, words)
    if words is None:
        message = "the medicine that it refers to is not in the file"
        raise NotHeldError(message)
    return _named(Concept(words))


def described(entry: Entry, words: str | None = None) -> Medicine:
    """Return what a Medication describes: by its code, or by its one ingredient."""
    resource = entry.resource
    resource.code("status", STATUSES["Medication"])
    resource.use("text")
    code = concept_of(resource.child("code"))
    found = []
    for ingredient in resource.children("ingredient"):
        found.append(concept_of(ingredient.child("itemCodeableConcept")))
    names = [c for c in found if c.text is not None]
    if len(names) == 1 and (code.text is None or _drug_in(code) is None):
        inner = _named(names[0])
        return Medicine(inner.drug, code.text or inner.product, inner.codes)
    together = ", ".join(c.text or "" for c in names)
    return _named(code if code.text is not None else Concept(words or together or None))


def _named(concept: Concept) -> Medicine:
    """Return the drug that a concept names."""
    if concept.text is None:
        message = "nothing names the medicine"
        raise NotHeldError(message)
    known = PRODUCTS.find(concept.text)
    if known is not None and known.canonical in _DRUG_OF:
        return Medicine(_DRUG_OF[known.canonical], known.canonical, concept.codes)
    drug = _drug_in(concept)
    if drug is None:
        return Medicine(concept.text, None, concept.codes)
    alone = DRUGS.find(concept.text) is not None
    return Medicine(drug, None if alone else concept.text, concept.codes)


def _drug_in(concept: Concept) -> str | None:
    """Return the one known drug that the codes or the words name."""
    coded = next((DRUG_CODES[code] for code in concept.codes if code in DRUG_CODES), None)
    known = DRUGS.find(concept.text or "")
    if coded is not None or known is not None:
        return coded if coded is not None else known.canonical if known is not None else None
    words = set(re.findall(r"[a-z][a-z0-9-]+", (concept.text or "").casefold()))
    found = {name.canonical for word in words if (name := DRUGS.find(word)) is not None}
    return found.pop() if len(found) == 1 else None


def _missed(kind: str, resource: Element, medicine: Medicine) -> dict[str, object]:
    """Return doses that were not given."""
    day = moment(resource, "effectiveDateTime")
    start, stop = period(resource.child("effectivePeriod"))
    reasons = (concept_of(r).text for r in resource.children("statusReason"))
    why = " ".join(filter(None, (*reasons, notes_of(resource))))
    start, stop = start or stop, stop or start
    return {
        "id": fact_id(resource, kind),
        "drug": medicine.drug,
        "dates_known": day is not None or start is not None,
        **unless_empty(
            dates=[] if day is None else [day.day],
            start=None if start is None else start.day,
            stop=None if stop is None else stop.day,
            why=why,
        ),
    }


def _treatment(kind: str, resource: Element, medicine: Medicine, context: Context) -> list[Fact]:
    """Return stretches of treatment, or a finding where no dose is known."""
    start, stop, assumed = _bounds(kind, resource)
    name = fact_id(resource, kind)
    try:
        doses = _doses(kind, resource, (start, stop))
        facts = [
            _stretch(f"{name[: ID_LENGTH - 4]}-{n}" if n > 1 else name, dose, (start, stop))
            for n, dose in enumerate(doses, start=1)
        ]
    except NotHeldError as why:
        context.remark(resource, f"no stretch of treatment: {why}; kept as a finding")
        return [("findings", _told(kind, resource, medicine, between(start, stop)))]
    more = unless_empty(product=medicine.product, codes=list(medicine.codes))
    note = ORDERED if kind == "MedicationRequest" else GOES_ON if assumed else None
    about = {"drug": medicine.drug, **more, **({} if note is None else {"provenance": note})}
    return [("administrations", {**fact, **about}) for fact in facts]


def _bounds(kind: str, resource: Element) -> tuple[Moment | None, Moment | None, bool]:
    """Return begin and end of a treatment, and whether the end is assumed."""
    day = moment(resource, "effectiveDateTime")
    start, stop = period(resource.child("effectivePeriod"))
    stated = resource.first("effectiveDateTime", "effectivePeriod", "_effectiveDateTime")
    if kind == "MedicationAdministration" and stated is None:
        resource.fail("effective[x]", "nothing", "effectiveDateTime or effectivePeriod (required)")
    if day is not None:
        return day, day, False
    if kind == "MedicationStatement" and start is not None and stop is None:
        asserted = moment(resource, "dateAsserted")
        return start, asserted, asserted is not None
    if kind == "MedicationRequest":
        start = moment(resource, "authoredOn")
        return start, None, False
    return start, stop, False


def _doses(kind: str, resource: Element, ends: tuple[Moment | None, Moment | None]) -> list[Dosage]:
    """Return the dosages of a resource."""
    if kind == "MedicationAdministration":
        dosage = resource.child("dosage")
        if dosage is None:
            message = "no dosage"
            raise NotHeldError(message)
        return [Dosage(single_dose(dosage, _days(*ends)))]
    listed = resource.children("dosage" if kind == "MedicationStatement" else "dosageInstruction")
    if not listed:
        message = "no dosage"
        raise NotHeldError(message)
    doses = [dosage_of(dosage) for dosage in listed]
    for dosage in listed:
        dosage.use("sequence")
    if len(doses) > 1 and any(dose.start is None or dose.stop is None for dose in doses):
        message = "several dosages without bounds of their own"
        raise NotHeldError(message)
    return doses


def _days(start: Moment | None, stop: Moment | None) -> int:
    """Return how many days one administration took."""
    if start is None or stop is None or len(start.day) != 10 or len(stop.day) != 10:
        return 1
    return max(1, (date.fromisoformat(stop.day) - date.fromisoformat(start.day)).days)


def _stretch(
    name: str, dose: Dosage, ends: tuple[Moment | None, Moment | None]
) -> dict[str, object]:
    """Return one stretch of treatment."""
    start = dose.start or ends[0]
    stop = dose.stop or ends[1] or dose.end(start)
    if start is None or stop is None:
        message = f"no {'begin' if start is None else 'end'}"
        raise NotHeldError(message)
    return {"id": name, **dose.keys, "start": start.day, "stop": stop.day}


def _told(kind: str, resource: Element, medicine: Medicine, at: str | None) -> dict[str, object]:
    """Return a treatment without a known dose as a finding."""
    listed = {"MedicationAdministration": None, "MedicationStatement": "dosage"}
    key = listed.get(kind, "dosageInstruction")
    if key is None:
        one = resource.child("dosage")
        dosages = [] if one is None else [one]
    else:
        dosages = resource.children(key)
    words = "; ".join(filter(None, (words_of(dosage) for dosage in dosages)))
    product = f" ({medicine.product})" if medicine.product else ""
    what = f"{medicine.drug}{product} {_VERBS[kind]}"
    return {
        "id": fact_id(resource, kind),
        "what": f"{what}: {words}" if words else what,
        **unless_empty(at=at, codes=list(medicine.codes)),
    }


def write_administration(fact: Administration, item: Mapping[str, object]) -> Json:
    """Return a stretch of treatment as a MedicationStatement."""
    return {
        "resourceType": "MedicationStatement",
        "status": "completed",
        **medication(fact.drug, fact.product, fact.codes),
        "effectivePeriod": span(fact.start, fact.stop),
        "dosage": [write_dosage(fact)],
    }


def medication(drug: str, product: str | None, stated: tuple[str, ...] = ()) -> Json:
    """Return the medicine of a resource: a concept, or a product with its ingredient."""
    named = concept(drug, codes_of(drug, DRUGS), stated)
    if product is None:
        return {"medicationCodeableConcept": named}
    inside: Json = {
        "resourceType": "Medication",
        "id": "product",
        "code": concept(product, codes_of(product, PRODUCTS)),
        "ingredient": [{"itemCodeableConcept": named}],
    }
    return {"contained": [inside], "medicationReference": {"reference": "#product"}}


def write_missed(fact: MissedDoses, item: Mapping[str, object]) -> Json:
    """Return doses that were not given as a MedicationStatement of that status."""
    found: Json = {
        "resourceType": "MedicationStatement",
        "status": "not-taken",
        **medication(fact.drug, None),
        **_effective(fact),
    }
    return {**found, "statusReason": [{"text": fact.why}]} if fact.why else found


def _effective(fact: MissedDoses) -> Json:
    """Return when doses were missed."""
    if len(fact.dates) == 1 and fact.start is None:
        return native("effective", fact.dates[0].text, fact.dates[0])
    times = [w for w in (*fact.dates, fact.start, fact.stop) if w is not None]
    if not times:
        return {}
    if not fact.dates and fact.start is not None and fact.stop is not None:
        return {"effectivePeriod": span(fact.start, fact.stop)}
    hull = When(min(w.earliest for w in times), max(w.latest for w in times))
    return native("effective", "", hull)
