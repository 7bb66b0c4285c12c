"""Cultures as Observations: the result as value, what the laboratory adds as components."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from lymphocast.interchange.fhir_bundle.codes import (
    CULTURE_CODES,
    DRUG_CODES,
    INTERPRETATION,
    MYCOBACTERIAL_CULTURE,
    ORGANISM_CODES,
    PART,
)
from lymphocast.interchange.fhir_bundle.concepts import (
    Concept,
    Json,
    as_text,
    concept,
    concept_of,
    own_concept,
    quantity,
    quantity_of,
)
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.interchange.fhir_bundle.facts import Fact, fact_id, unless_empty
from lymphocast.interchange.fhir_bundle.index import Context
from lymphocast.interchange.fhir_bundle.measurements import (
    LABORATORY,
    comparator_of,
    limit_of,
    observed,
    specimen,
    specimen_of,
)
from lymphocast.interchange.fhir_bundle.times import native
from lymphocast.record.events import Culture, CultureResult, Mic, Susceptibility
from lymphocast.record.names import DRUGS, ORGANISMS, codes_of
from lymphocast.units import Quantity, commensurable

SOUGHT: Final = "culture for "
_CULTURE = re.compile(r"\bcultures?\b", re.IGNORECASE)
_SIGNS: Final = {"positive": "10828004", "negative": "260385009"}
_LETTERS: Final = {"S": "susceptible", "I": "intermediate", "R": "resistant"}


def is_culture(code: Concept) -> bool:
    """Return whether an Observation of this code is a culture."""
    known = any(c in CULTURE_CODES for c in code.codes)
    return known or _CULTURE.search(code.text or "") is not None


def read_culture(resource: Element, context: Context, code: Concept) -> list[Fact]:
    """Return the culture that an Observation reports."""
    at, note = observed(resource)
    result, grown, codes = _result(resource)
    sought = _sought(code) if _sought(code) is not None else grown
    if code.codes and not any(c in CULTURE_CODES for c in code.codes):
        resource.spare("code")
    examined = specimen_of(resource, context) or _specimen_in(code)
    if sought is None or examined is None:
        missing = "which organism was sought" if sought is None else "what was cultured"
        message = f"nothing says {missing}"
        raise NotHeldError(message)
    organism = grown if grown is not None and code.text != f"{SOUGHT}{sought}" else sought
    item = {
        "id": fact_id(resource, "Observation"),
        "specimen": examined,
        "organism": organism,
        "result": result,
        "at": at.day,
        **unless_empty(codes=codes),
        **_parts(resource),
        **unless_empty(medium=concept_of(resource.child("method")).text),
        **note,
    }
    return [("cultures", item)]


def _result(resource: Element) -> tuple[str, str | None, list[str]]:
    """Return the result, and the organism with its codes if the value names one."""
    value = concept_of(resource.child("valueCodeableConcept"))
    words = value.text or resource.words("valueString")
    value = value if value.text else Concept(words)
    flag = next((concept_of(i).sign for i in resource.children("interpretation")), None)
    if (words or "").casefold() == str(CultureResult.CONTAMINATED):
        return str(CultureResult.CONTAMINATED), None, []
    if value.sign is not None or words is None:
        sign = value.sign or flag
        if sign is None:
            message = "a culture without a result"
            raise NotHeldError(message)
        return sign, None, []
    sign = "negative" if flag == "negative" else "positive"
    return sign, value.named(ORGANISMS, ORGANISM_CODES), list(value.codes)


def _sought(code: Concept) -> str | None:
    """Return the organism that a culture of this code seeks."""
    text = code.text or ""
    if text.startswith(SOUGHT):
        return text.removeprefix(SOUGHT)
    return next((CULTURE_CODES[c] for c in code.codes if c in CULTURE_CODES), None)


def _specimen_in(code: Concept) -> str | None:
    """Return the specimen that the name of a test says."""
    words = (code.text or "").casefold()
    return next((name for name in ("sputum", "blood", "urine") if name in words), None)


def _parts(resource: Element) -> dict[str, object]:
    """Return what the components of a culture say."""
    found: dict[str, object] = {}
    mics = []
    for part in resource.children("component"):
        name = concept_of(part.child("code"))
        kind = name.code_in(PART)
        if kind == "mic":
            mics.append(_mic(part, name))
        elif kind == "score":
            found[kind] = part.whole("valueInteger")
        elif kind == "time_to_positivity":
            found[kind] = _incubation(part)
        elif kind == "species":
            species = concept_of(part.child("valueCodeableConcept"))
            found[kind] = species.named(ORGANISMS, ORGANISM_CODES)
            found["codes"] = list(species.codes)
        elif kind in {"smear", "genotype"}:
            found[kind] = part.words("valueString")
        else:
            part.spare(*part.data)
    return unless_empty(**found, mics=mics)


def _mic(part: Element, name: Concept) -> dict[str, object]:
    """Return one minimum inhibitory concentration."""
    below = part.child("valueQuantity")
    if below is None:
        part.fail("valueQuantity", "nothing", "a concentration")
    value, comparator = quantity_of(below)
    letters = (concept_of(i).code_in(INTERPRETATION) for i in part.children("interpretation"))
    letter = next((s for s in letters if s in _LETTERS), None)
    drug = next((DRUG_CODES[c] for c in name.codes if c in DRUG_CODES), name.text)
    return unless_empty(
        drug=drug,
        value=as_text(value),
        limit=limit_of(comparator),
        interpretation=_LETTERS.get(letter or ""),
    )


def _incubation(part: Element) -> str | None:
    below = part.child("valueQuantity")
    if below is None:
        return None
    value, _ = quantity_of(below)
    return as_text(value.to("d")) if commensurable(value.unit, "d") else None


def write_culture(fact: Culture, item: Mapping[str, object]) -> Json:
    """Return cultures as an Observation."""
    mycobacterial = fact.organism.casefold().startswith("mycobacteri")
    codes = (MYCOBACTERIAL_CULTURE,) if mycobacterial else ()
    found: Json = {
        "resourceType": "Observation",
        "status": "final",
        "category": [LABORATORY],
        "contained": [specimen(fact.specimen)],
        "code": concept(f"{SOUGHT}{fact.organism}", codes),
        **native("effective", str(item["at"]), fact.at),
        "valueCodeableConcept": _value(fact),
        "specimen": {"reference": "#specimen"},
    }
    if fact.medium is not None:
        found["method"] = {"text": fact.medium}
    parts = [*_components(fact)]
    return {**found, "component": parts} if parts else found


def _value(fact: Culture) -> Json:
    """Return the result of a culture."""
    code = _SIGNS.get(str(fact.result))
    return concept(str(fact.result), () if code is None else (f"SNOMED:{code}",))


def _components(fact: Culture) -> Iterator[Json]:
    """Return what the laboratory adds to the result."""
    if fact.species is not None:
        known = codes_of(fact.species, ORGANISMS)
        yield {
            "code": own_concept(PART, "species", "species"),
            "valueCodeableConcept": concept(fact.species, known, fact.codes),
        }
    for key, text in (("smear", fact.smear), ("genotype", fact.genotype)):
        if text is not None:
            yield {"code": own_concept(PART, key, key), "valueString": text}
    if fact.score is not None:
        code = own_concept(PART, "score", "semi-quantitative score, 0 to 6")
        yield {"code": code, "valueInteger": fact.score}
    if fact.time_to_positivity is not None:
        code = own_concept(PART, "time_to_positivity", "time to positivity")
        yield {"code": code, "valueQuantity": quantity(Quantity(fact.time_to_positivity, "d"))}
    yield from (_mic_component(mic) for mic in fact.mics)


def _mic_component(mic: Mic) -> Json:
    """Return a minimum inhibitory concentration as a component."""
    kind = {"system": PART, "code": "mic", "display": "minimum inhibitory concentration"}
    named = concept(mic.drug, codes_of(mic.drug, DRUGS))
    codings = named.get("coding")
    part: Json = {
        "code": {
            "coding": [kind, *(codings if isinstance(codings, list) else [])],
            "text": mic.drug,
        },
        "valueQuantity": quantity(mic.value, comparator_of(mic.limit)),
    }
    if mic.interpretation is not None:
        letter = next(
            k for k, word in _LETTERS.items() if Susceptibility(word) is mic.interpretation
        )
        part["interpretation"] = [{"coding": [{"system": INTERPRETATION, "code": letter}]}]
    return part
