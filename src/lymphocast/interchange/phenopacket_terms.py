"""Ontology classes of a packet: codes, units, routes, rhythms of doses, resources.

An ontology class needs an identifier ``PREFIX:code``. A name that has no code in a public
terminology gets one of our own, ``lymphocast:name-in-lower-case``: the name stands in the label,
and a reader of ours takes the label only. Codes of other terminologies come from the record
itself, from the tables of names, or from the tables here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from lymphocast.interchange.phenopacket_place import Place
from lymphocast.printed_units import ALIASES, plain_signs
from lymphocast.record.dosing import Cycle, parse_dosing
from lymphocast.record.kinds import CODE
from lymphocast.record.misread import Misread
from lymphocast.record.names import NameTable, codes_of
from lymphocast.units import UNITS, number_text

OWN = "lymphocast"
"""Prefix of the names that have no code in a public terminology."""
NO_VERSION = "not recorded"
_SLUG = re.compile(r"[^a-z0-9]+")
_CODE = re.compile(CODE.pattern)

Json = dict[str, object]


@final
@dataclass(frozen=True)
class Term:
    """A name with its code, if it has one that a record can hold."""

    label: str
    code: str | None


@final
@dataclass(frozen=True)
class Resource:
    """A terminology: its name, its address, and what stands before a code in an address."""

    name: str
    url: str
    iri: str


RESOURCES: Mapping[str, Resource] = MappingProxyType(
    {
        "ATC": Resource(
            "Anatomical Therapeutic Chemical classification",
            "https://atcddd.fhi.no/atc_ddd_index/",
            "https://atcddd.fhi.no/atc_ddd_index/?code=",
        ),
        "DOI": Resource("Digital Object Identifier", "https://doi.org/", "https://doi.org/"),
        "ECO": Resource(
            "Evidence and Conclusion Ontology",
            "http://purl.obolibrary.org/obo/eco.owl",
            "http://purl.obolibrary.org/obo/ECO_",
        ),
        "HP": Resource(
            "Human Phenotype Ontology",
            "http://purl.obolibrary.org/obo/hp.owl",
            "http://purl.obolibrary.org/obo/HP_",
        ),
        "LOINC": Resource(
            "Logical Observation Identifiers Names and Codes",
            "https://loinc.org",
            "https://loinc.org/",
        ),
        "MEDDRA": Resource(
            "Medical Dictionary for Regulatory Activities",
            "https://www.meddra.org",
            "http://purl.bioontology.org/ontology/MEDDRA/",
        ),
        "MONDO": Resource(
            "Mondo Disease Ontology",
            "http://purl.obolibrary.org/obo/mondo.owl",
            "http://purl.obolibrary.org/obo/MONDO_",
        ),
        "NCBITaxon": Resource(
            "NCBI organismal classification",
            "http://purl.obolibrary.org/obo/ncbitaxon.owl",
            "http://purl.obolibrary.org/obo/NCBITaxon_",
        ),
        "NCIT": Resource(
            "NCI Thesaurus OBO Edition",
            "http://purl.obolibrary.org/obo/ncit.owl",
            "http://purl.obolibrary.org/obo/NCIT_",
        ),
        "OMIM": Resource(
            "Online Mendelian Inheritance in Man", "https://omim.org", "https://omim.org/entry/"
        ),
        "PMID": Resource(
            "PubMed", "https://pubmed.ncbi.nlm.nih.gov/", "https://pubmed.ncbi.nlm.nih.gov/"
        ),
        "RXNORM": Resource(
            "RxNorm",
            "https://www.nlm.nih.gov/research/umls/rxnorm/",
            "http://purl.bioontology.org/ontology/RXNORM/",
        ),
        "SNOMEDCT": Resource(
            "SNOMED Clinical Terms", "http://snomed.info/sct", "http://snomed.info/id/"
        ),
        "UCUM": Resource(
            "Unified Code for Units of Measure", "https://ucum.org", "https://ucum.org/"
        ),
        OWN: Resource(
            "Names of this packet that have no code in a public terminology",
            f"urn:{OWN}",
            f"urn:{OWN}:",
        ),
    }
)
"""Terminologies by the prefix of their codes."""

ROUTES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "subcutaneous": ("NCIT:C38299", "Subcutaneous Route of Administration"),
        "intravenous": ("NCIT:C38276", "Intravenous Route of Administration"),
        "intramuscular": ("NCIT:C28161", "Intramuscular Route of Administration"),
        "oral": ("NCIT:C38288", "Oral Route of Administration"),
        "inhalation": ("NCIT:C38216", "Inhalation Route of Administration"),
        "topical": ("NCIT:C38304", "Topical Route of Administration"),
    }
)
"""Routes by their word; the codes are those of the schema's pages and of CDISC (C66729)."""
_ROUTE_OF = {code: word for word, (code, _) in ROUTES.items()}

POSITIVE = ("LOINC:LA6576-8", "Positive")
NEGATIVE = ("LOINC:LA6577-6", "Negative")
CONTAMINATED = (f"{OWN}:contaminated", "Contaminated")
_RESULTS: Mapping[str, str] = MappingProxyType(
    {"positive": "positive", "present": "positive", "detected": "positive"}
    | {"negative": "negative", "absent": "negative", "not detected": "negative"}
    | {"contaminated": "contaminated"}
)
ADVERSE_EVENT = ("NCIT:C41331", "Adverse Event")
"""The class by which the schema's own tools mark an adverse event."""
STATED = ("ECO:0000033", "author statement supported by traceable reference")

_RHYTHMS: Mapping[tuple[int, float], tuple[str, str]] = MappingProxyType(
    {
        (1, 1.0): ("NCIT:C125004", "Once Daily"),
        (2, 1.0): ("NCIT:C64496", "Twice Daily"),
        (3, 1.0): ("NCIT:C64527", "Three Times Daily"),
        (4, 1.0): ("NCIT:C64530", "Four Times Daily"),
        (1, 21.0): ("NCIT:C64535", "Every Three Weeks"),
    }
)
"""Doses in days, and the class of the schema's pages."""
LONGEST_RHYTHM = 80
"""Characters of the longest words for how often doses are given."""
_RHYTHM_OF = {code: rhythm for rhythm, (code, _) in _RHYTHMS.items()}
_DAYS = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?) d"
_OWN_RHYTHM = re.compile(rf"(\d+) per {_DAYS}(?: for {_DAYS} every {_DAYS})?")

_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "UO:0000022": "mg",
        "UO:0000316": "/uL",
        "NCIT:C28253": "mg",
        "NCIT:C49670": "mm[Hg]",
        "NCIT:C67388": "L/min",
    }
)
"""Units of other terminologies that the schema's pages use."""
_UNIT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "milligram": "mg",
        "gram": "g",
        "microgram": "ug",
        "kilogram": "kg",
        "cells per microliter": "/uL",
        "millimeter of mercury": "mm[Hg]",
        "percentage": "%",
    }
)
_DOTTED = re.compile(r"([^.]+)\.([A-Za-z]+\d?)-1")


@final
@dataclass(frozen=True)
class Rhythm:
    """So many doses in each period of ``per`` days, perhaps in cycles."""

    doses: int
    per: float
    cycle: Cycle | None = None


def slug(text: str, longest: int = 60) -> str:
    """Return a text as letters, digits and single hyphens; perhaps empty."""
    return _SLUG.sub("-", text.lower()).strip("-")[:longest].strip("-")


def own(label: str, key: str = "") -> Json:
    """Return the class of a name that has no public code."""
    return {"id": f"{OWN}:{key or slug(label) or 'name'}", "label": label}


def named(pair: tuple[str, str]) -> Json:
    """Return the class of a code and its label."""
    return {"id": pair[0], "label": pair[1]}


def class_of(label: str, codes: tuple[str, ...], table: NameTable | None = None) -> Json:
    """Return the class of a name: under the record's code, the table's, or one of our own."""
    known = codes or (codes_of(label, table) if table is not None else ())
    return {"id": known[0], "label": label} if known else own(label)


def term_of(place: Place) -> Term | None:
    """Return the name and code of an ontology class; ``None`` if it is absent."""
    if not place:
        return None
    code, label = place.text("id"), place.text("label")
    if code.startswith(f"{OWN}:"):
        return Term(label or code.removeprefix(f"{OWN}:"), None)
    if code and _CODE.fullmatch(code) is None:
        if label:
            place.note("id", code, "no code of the form SYSTEM:code")
        return Term(label or code, None)
    return Term(label or code, code or None)


def new_codes(term: Term, name: str, table: NameTable) -> list[str]:
    """Return the code of a term, unless the table has it for that name already."""
    if term.code is None or term.code in codes_of(name, table):
        return []
    return [term.code]


def name_in(term: Term, table: NameTable) -> str | None:
    """Return the canonical name of a term, by its label or its code, if the table has it."""
    by_label = table.find(term.label)
    if by_label is not None:
        return by_label.canonical
    return next((n.canonical for n in table if term.code and term.code in n.codes), None)


def unit_of(place: Place) -> str | None:
    """Return the UCUM code of a unit; ``None`` if nothing tells it."""
    term = place.text("id"), place.text("label")
    prefix, _, code = term[0].partition(":")
    spellings = [_UNITS.get(term[0], "")]
    if prefix.upper() == "UCUM":
        spellings += [code, _DOTTED.sub(r"\1/\2", code)]
    spellings += [_UNIT_LABELS.get(term[1].casefold(), ""), term[1]]
    for spelling in map(plain_signs, spellings):
        # Not ``unit_named``: its search for the nearest unit is too slow for each of thousands.
        if spelling in UNITS:
            return spelling
        if spelling in ALIASES:
            return ALIASES[spelling]
    return None


def unit_class(code: str) -> Json:
    """Return the class of a UCUM unit."""
    return {"id": f"UCUM:{code}", "label": code}


def route_of(term: Term) -> str:
    """Return the word of a route."""
    return _ROUTE_OF.get(term.code or "", term.label)


def route_class(route: str) -> Json:
    """Return the class of a route."""
    known = ROUTES.get(route.casefold())
    return own(route) if known is None or route != route.casefold() else named(known)


def result_of(term: Term) -> str | None:
    """Return ``positive``, ``negative`` or ``contaminated``; ``None`` for any other word."""
    by_code = {POSITIVE[0]: "positive", NEGATIVE[0]: "negative"}.get(term.code or "")
    return by_code or _RESULTS.get(term.label.casefold())


def rhythm_of(term: Term) -> Rhythm | None:
    """Return how often doses are given, by the code or the words; ``None`` if it is not clear."""
    known = _RHYTHM_OF.get(term.code or "")
    if known is not None:
        return Rhythm(*known)
    if len(term.label) > LONGEST_RHYTHM:
        return None
    match = _OWN_RHYTHM.fullmatch(term.label)
    if match is not None:
        cycle = Cycle(float(match[3]), float(match[4])) if match[3] else None
        return Rhythm(int(match[1]), float(match[2]), cycle)
    try:
        # The grammar of doses reads a rhythm behind an amount; the amount plays no part.
        said = parse_dosing(f"1 mg {term.label}")
    except Misread:
        return None
    doses = said.divided if said.divided > 1 else round(said.amount.value)
    return Rhythm(doses, said.per, said.cycle)


def rhythm_class(rhythm: Rhythm) -> Json:
    """Return the class of how often doses are given."""
    known = _RHYTHMS.get((rhythm.doses, rhythm.per))
    if known is not None and rhythm.cycle is None:
        return named(known)
    words = f"{rhythm.doses} per {number_text(rhythm.per)} d"
    if rhythm.cycle is not None:
        days, every = number_text(rhythm.cycle.days), number_text(rhythm.cycle.every)
        words = f"{words} for {days} d every {every} d"
    return own(words)
