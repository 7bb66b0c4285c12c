"""Laboratory values as Observations with a quantity, one for each component of a panel."""

from collections.abc import Iterator, Mapping
from typing import Final

from lymphocast.interchange.fhir_bundle.codes import (
    ANALYTE_CODES,
    CATEGORY,
    SPECIMEN_CODES,
    STATUSES,
)
from lymphocast.interchange.fhir_bundle.concepts import (
    Concept,
    Json,
    as_text,
    concept,
    concept_of,
    quantity,
    quantity_of,
)
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.interchange.fhir_bundle.facts import Fact, fact_id, unless_empty
from lymphocast.interchange.fhir_bundle.index import Context
from lymphocast.interchange.fhir_bundle.times import Moment, moment, native, when_stated
from lymphocast.record.analytes import ANALYTES, suits
from lymphocast.record.context import Limit
from lymphocast.record.events import Measurement
from lymphocast.record.names import SPECIMENS, codes_of
from lymphocast.units import Quantity

LABORATORY: Final[Json] = {"coding": [{"system": CATEGORY, "code": "laboratory"}]}
ISSUED: Final = "The day on which the result was issued; that of the draw is not stated."


def limit_of(comparator: str | None) -> str | None:
    """Return on which side of its number a value lies."""
    if comparator is None:
        return None
    return str(Limit.BELOW if comparator.startswith("<") else Limit.ABOVE)


def comparator_of(limit: Limit | None) -> str | None:
    """Return the comparator of FHIR."""
    return None if limit is None else "<" if limit is Limit.BELOW else ">"


def read_measurements(resource: Element, context: Context, code: Concept) -> list[Fact]:
    """Return the value of an Observation, and those of its components."""
    at, note = observed(resource)
    resource.wholly("effectiveDateTime", "effectiveInstant")  # the clock time is kept
    shared = _shared(resource, context, at)
    facts = []
    if resource.has("valueQuantity"):
        facts.append(_measured(resource, code, fact_id(resource, "Observation")))
    parts = resource.children("component")
    for number, part in enumerate(parts, start=1):
        name = concept_of(part.child("code"))
        if not part.has("valueQuantity"):
            part.spare(*part.data)
            continue
        own = f"{fact_id(resource, 'Observation')[:70]}-{number}"
        facts.append(_measured(part, name, own))
    return [("measurements", {**fact, "at": at.day, **shared, **note}) for fact in facts]


def observed(resource: Element) -> tuple[Moment, dict[str, object]]:
    """Return when an Observation was made, and what must be said if that is assumed."""
    at = when_stated(resource, "effective")
    if at is not None:
        return at, {}
    issued = moment(resource, "issued")
    if issued is None:
        message = "no time, which a fact of its sort needs"
        raise NotHeldError(message)
    return Moment(issued.day), {"provenance": ISSUED}


def specimen_of(resource: Element, context: Context) -> str | None:
    """Return what was examined, by its name in the tables or in the words of the file."""
    reference = resource.child("specimen")
    if reference is None:
        return None
    entry = context.resolve(reference)
    if entry is None or entry.kind != "Specimen":
        resource.spare("specimen")
        return reference.words("display")
    entry.resource.code("status", STATUSES["Specimen"])
    entry.resource.use("subject")
    reference.use("display")
    found = concept_of(entry.resource.child("type"))
    return found.named(SPECIMENS, SPECIMEN_CODES)


def specimen(name: str) -> Json:
    """Return a specimen that is contained in its Observation."""
    codes = [code for code, known in SPECIMEN_CODES.items() if known == name]
    kind = concept(name, (*codes_of(name, SPECIMENS), *codes))
    return {"resourceType": "Specimen", "id": "specimen", "type": kind}


def notes_of(resource: Element) -> str:
    """Return the notes of a resource as one text."""
    return " ".join(filter(None, (note.words("text") for note in resource.children("note"))))


def _shared(resource: Element, context: Context, at: Moment) -> dict[str, object]:
    """Return what all values of one Observation share."""
    method = concept_of(resource.child("method"))
    laboratory = next(
        (p.words("display") for p in resource.children("performer") if p.has("display")), None
    )
    about = unless_empty(
        laboratory=laboratory, assay=method.text, time_of_day=at.clock, note=notes_of(resource)
    )
    return unless_empty(context=about, specimen=specimen_of(resource, context))


def _measured(holder: Element, code: Concept, name: str) -> dict[str, object]:
    """Return one value, without what it shares with others of its Observation."""
    below = holder.child("valueQuantity")
    analyte = code.named(ANALYTES, ANALYTE_CODES)
    if analyte is None or below is None:
        message = "nothing says what was measured"
        raise NotHeldError(message)
    value, comparator = quantity_of(below)
    if not value.value > 0:
        message = f"a value of {as_text(value)}; a case file needs a number above 0"
        raise NotHeldError(message)
    if not suits(analyte, value.unit, value.unit):
        message = f"the unit '{value.unit}' does not suit {analyte}"
        raise NotHeldError(message)
    return {
        "id": name,
        "analyte": analyte,
        "value": as_text(value),
        **unless_empty(
            limit=limit_of(comparator),
            normal=_normal(holder, analyte, value),
            codes=list(code.codes),
        ),
    }


def _normal(holder: Element, analyte: str, value: Quantity) -> dict[str, object]:
    """Return the first limits of normal; further ones are for other people."""
    ranges = holder.children("referenceRange")
    for other in ranges[1:]:
        other.spare(*other.data)
    if not ranges:
        return {}
    limits = {key: _limit(ranges[0], key, analyte, value) for key in ("low", "high")}
    ranges[0].use("text")
    low, high = limits["low"], limits["high"]
    if low is not None and high is not None and not low.value < high.to(low.unit).value:
        ranges[0].spare("low", "high")
        return {}
    return {key: as_text(limit) for key, limit in limits.items() if limit is not None}


def _limit(stated: Element, key: str, analyte: str, value: Quantity) -> Quantity | None:
    """Return one limit of normal, if a case file can hold it."""
    below = stated.child(key)
    if below is None:
        return None
    try:
        limit, _ = quantity_of(below)
    except NotHeldError:
        limit = Quantity(0.0, "1")
    if limit.value > 0 and suits(analyte, limit.unit, value.unit):
        return limit
    stated.spare(key)
    return None


def write_measurement(fact: Measurement, item: Mapping[str, object]) -> Json:
    """Return a measurement as an Observation."""
    found: Json = {
        "resourceType": "Observation",
        "status": "final",
        "category": [LABORATORY],
        "code": concept(fact.analyte, codes_of(fact.analyte, ANALYTES), fact.codes),
        **native("effective", str(item["at"]), fact.at),
        "valueQuantity": quantity(fact.value, comparator_of(fact.limit)),
    }
    found.update(_about(fact))
    if fact.normal is not None:
        limits = (("low", fact.normal.low), ("high", fact.normal.high))
        found["referenceRange"] = [{key: quantity(q) for key, q in limits if q is not None}]
    return found


def _about(fact: Measurement) -> Iterator[tuple[str, object]]:
    """Return what surrounds a value."""
    if fact.specimen is not None:
        yield "contained", [specimen(fact.specimen)]
        yield "specimen", {"reference": "#specimen"}
    about = fact.context
    if about is not None and about.laboratory is not None:
        yield "performer", [{"display": about.laboratory}]
    if about is not None and about.assay is not None:
        yield "method", {"text": about.assay}
    if about is not None and about.note:
        yield "note", [{"text": about.note}]
