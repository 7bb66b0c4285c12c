"""Code lists of FHIR R4 that are required, code systems, and codes that this package reads.

Required bindings (http://hl7.org/fhir/R4/terminologies.html#required) are checked here, because
the Python library of the format accepts any text in their place.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.record.analytes import ANALYTES
from lymphocast.record.names import DRUGS, ORGANISMS, TERMS, NameTable

OURS: Final = "https://lymphocast.org/fhir"
"""Identifies this project's extension and code systems; nothing need stand at the address."""
CASE_FILE: Final = f"{OURS}/StructureDefinition/case-file"
SECTION: Final = f"{OURS}/CodeSystem/section"
GRADE: Final = f"{OURS}/CodeSystem/symptom-grade"
PART: Final = f"{OURS}/CodeSystem/culture-part"
RECORD_ID: Final = f"{OURS}/record"
UCUM: Final = "http://unitsofmeasure.org"
SNOMED: Final = "http://snomed.info/sct"
INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"

BUNDLE_TYPES: Final = (
    "document",
    "message",
    "transaction",
    "transaction-response",
    "batch",
    "batch-response",
    "history",
    "searchset",
    "collection",
)
GENDERS: Final = ("male", "female", "other", "unknown")
COMPARATORS: Final = ("<", "<=", ">=", ">")
TIME_UNITS: Final = ("s", "min", "h", "d", "wk", "mo", "a")
ACTUALITY: Final = ("actual", "potential")
INTENTS: Final = (
    "proposal",
    "plan",
    "order",
    "original-order",
    "reflex-order",
    "filler-order",
    "instance-order",
    "option",
)
STATUSES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Observation": (
            "registered",
            "preliminary",
            "final",
            "amended",
            "corrected",
            "cancelled",
            "entered-in-error",
            "unknown",
        ),
        "MedicationAdministration": (
            "in-progress",
            "not-done",
            "on-hold",
            "completed",
            "entered-in-error",
            "stopped",
            "unknown",
        ),
        "MedicationStatement": (
            "active",
            "completed",
            "entered-in-error",
            "intended",
            "stopped",
            "on-hold",
            "unknown",
            "not-taken",
        ),
        "MedicationRequest": (
            "active",
            "on-hold",
            "cancelled",
            "completed",
            "entered-in-error",
            "stopped",
            "draft",
            "unknown",
        ),
        "Medication": ("active", "inactive", "entered-in-error"),
        "Specimen": ("available", "unavailable", "unsatisfactory", "entered-in-error"),
        "DocumentReference": ("current", "superseded", "entered-in-error"),
    }
)
"""The required code list of each resource's ``status``."""
NO_FACT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "entered-in-error": "it was entered in error",
        "cancelled": "it was cancelled",
        "registered": "no result is there yet",
        "intended": "it was only intended",
        "draft": "it is a draft",
        "on-hold": "it was on hold",
    }
)
"""Why a resource of such a status states no fact."""
UNSETTLED: Final = frozenset({"preliminary", "unknown"})
"""Statuses of facts that may still change: they are listed."""
CLINICAL: Final = ("active", "recurrence", "relapse", "inactive", "remission", "resolved")
VERIFICATION: Final = (
    "unconfirmed",
    "provisional",
    "differential",
    "confirmed",
    "refuted",
    "entered-in-error",
)
OUTCOMES: Final = (
    "resolved",
    "recovering",
    "ongoing",
    "resolvedWithSequelae",
    "fatal",
    "unknown",
)

PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "http://loinc.org": "LOINC",
        "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
        "http://www.whocc.no/atc": "ATC",
        "http://human-phenotype-ontology.org": "HP",
        "http://www.ncbi.nlm.nih.gov/taxonomy": "NCBITaxon",
        SNOMED: "SNOMED",
        "http://terminology.hl7.org/CodeSystem/mdr": "MEDDRA",
        "http://hl7.org/fhir/sid/icd-10": "ICD10",
        "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
        "http://hl7.org/fhir/sid/ndc": "NDC",
    }
)
"""The prefix of a case file's code for each code system."""
SYSTEMS: Final[Mapping[str, str]] = MappingProxyType({p: s for s, p in PREFIXES.items()})


def _by_code(table: NameTable, more: Mapping[str, str] = MappingProxyType({})) -> Mapping[str, str]:
    """Return the canonical names of a table by their codes."""
    own = {code: name.canonical for name in reversed(table.names) for code in name.codes}
    return MappingProxyType({**own, **more})


# Codes that mean a known name but are not the ones that this package writes.
ANALYTE_CODES: Final = _by_code(
    ANALYTES,
    {
        "LOINC:6690-2": "leukocytes",  # by automated count, as the next four
        "LOINC:731-0": "lymphocytes",
        "LOINC:751-8": "neutrophils",
        "LOINC:711-2": "eosinophils",
        "LOINC:777-3": "platelets",
        "LOINC:3141-9": "body weight",  # measured
        "LOINC:2708-6": "oxygen saturation",  # arterial
    },
)
DRUG_CODES: Final = _by_code(DRUGS)
ORGANISM_CODES: Final = _by_code(ORGANISMS, {"NCBITaxon:120793": "Mycobacterium avium complex"})
TERM_CODES: Final = _by_code(TERMS)
SPECIMEN_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {"SNOMED:119334006": "sputum", "SNOMED:119297000": "blood"}
)
CULTURE_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "LOINC:543-9": "mycobacteria",
        "LOINC:6463-4": "bacteria",
        "LOINC:634-6": "bacteria",
        "LOINC:624-7": "bacteria",
        "LOINC:6460-0": "bacteria",
        "LOINC:600-7": "bacteria",
        "LOINC:630-4": "bacteria",
        "LOINC:580-1": "fungi",
    }
)
"""LOINC codes of cultures, and what each seeks."""
MYCOBACTERIAL_CULTURE: Final = "LOINC:543-9"
POSITIVE: Final = frozenset({"SNOMED:10828004", "SNOMED:260373001", "POS", "DET"})
NEGATIVE: Final = frozenset({"SNOMED:260385009", "SNOMED:260415000", "NEG", "ND"})
"""Positive and detected; negative and not detected."""


def checked_status(resource: Element, kind: str) -> str:
    """Return the status of a resource; one that states no fact is not held."""
    status = resource.code("status", STATUSES[kind], required=True)
    reason = NO_FACT.get(status or "")
    if reason is not None:
        message = f"status {status}: {reason}"
        raise NotHeldError(message)
    if status in UNSETTLED:
        resource.spare("status")
    return status or ""
