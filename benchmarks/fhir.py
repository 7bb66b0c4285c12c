"""A FHIR bundle of 10 000 Observations, read into a record."""

import json
from typing import Final

from benchmarks.task import PER_EVENT, Task
from lymphocast.interchange.exchange import Imported
from lymphocast.interchange.fhir import read_fhir

OBSERVATIONS: Final = 10_000
BASE: Final = "https://example.org/fhir"
CODES: Final = (("24467-3", "CD4"), ("14135-8", "CD8"), ("26474-7", "lymphocytes"))


def observation(number: int) -> dict[str, object]:
    """Return one count as a laboratory's server gives it, one a day, four weeks to a month."""
    code, text = CODES[number % len(CODES)]
    day = f"{1990 + number // 336}-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": {"versionId": "1"},
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": text},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": f"{day}T08:30:00+01:00",
        "valueQuantity": {
            "value": 300 + number % 97,
            "unit": "cells/uL",
            "system": "http://unitsofmeasure.org",
            "code": "/uL",
        },
    }


def bundle(number: int) -> bytes:
    """Return a bundle of one patient with so many counts."""
    patient: dict[str, object] = {
        "resourceType": "Patient",
        "id": "p",
        "gender": "female",
        "birthDate": "1951",
    }
    resources = [patient, *(observation(i) for i in range(number))]
    entries = [
        {"fullUrl": f"{BASE}/{r['resourceType']}/{r['id']}", "resource": r} for r in resources
    ]
    whole = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    return json.dumps(whole).encode()


def task() -> Task:
    """Return the reading of 10 000 Observations as a task."""
    content = bundle(OBSERVATIONS)

    def run() -> Imported:
        return read_fhir(content, "large.json")

    def errors(result: Imported) -> dict[str, float]:
        (record,) = result.records
        return {
            "counts_lost": float(OBSERVATIONS - len(record.measurements)),
            "dropped": float(len(result.dropped)),
        }

    return Task(run, errors, {"counts_lost": 0.0, "dropped": 0.0}, OBSERVATIONS, PER_EVENT)
