"""A small packet with every element that a record has a section for, and ways to change it."""

import copy
import json
from typing import Any

from lymphocast.interchange.exchange import Dropped, Imported
from lymphocast.interchange.phenopackets import read_phenopacket
from lymphocast.record.patient import PatientRecord

Packet = dict[str, Any]
KG = {"unit": {"id": "UCUM:kg", "label": "kg"}, "value": 71.0}
HP_FEVER = {"id": "HP:0001945", "label": "Fever"}
META: Packet = {
    "created": "2021-05-14T10:35:00Z",
    "createdBy": "A curator",
    "phenopacketSchemaVersion": "2.0",
    "resources": [{"id": "hp", "name": "HPO", "namespacePrefix": "HP"}],
    "externalReferences": [{"id": "PMID:123", "description": "A paper."}],
}
PACKET: Packet = {
    "id": "packet-1",
    "subject": {
        "id": "packet-1",
        "sex": "FEMALE",
        "dateOfBirth": "1980-02-29T00:00:00Z",
        "timeAtLastEncounter": {"age": {"iso8601duration": "P39Y"}},
    },
    "phenotypicFeatures": [
        {
            "type": HP_FEVER,
            "onset": {"timestamp": "2020-03-01T00:00:00Z"},
            "evidence": [
                {
                    "evidenceCode": {
                        "id": "ECO:0000033",
                        "label": "author statement supported by traceable reference",
                    },
                    "reference": {"id": "PMID:123", "description": "page 4"},
                }
            ],
        },
        {"type": {"id": "HP:0012735", "label": "Cough"}, "excluded": True},
    ],
    "measurements": [
        {
            "assay": {"id": "LOINC:24467-3", "label": "CD3+CD4+ cells [#/volume] in Blood"},
            "value": {
                "quantity": {
                    "unit": {"id": "UO:0000316", "label": "cells per microliter"},
                    "value": 172.0,
                    "referenceRange": {
                        "unit": {"id": "UCUM:/uL", "label": "/uL"},
                        "low": 500.0,
                        "high": 1500.0,
                    },
                }
            },
            "timeObserved": {
                "interval": {"start": "2020-03-01T00:00:00Z", "end": "2020-03-31T23:59:59Z"}
            },
        }
    ],
    "diseases": [
        {
            "term": {"id": "MONDO:0005148", "label": "type 2 diabetes mellitus"},
            "excluded": True,
            "onset": {"age": {"iso8601duration": "P14Y"}},
        }
    ],
    "medicalActions": [
        {
            "treatment": {
                "agent": {"id": "RXNORM:21212", "label": "clarithromycin"},
                "routeOfAdministration": {
                    "id": "NCIT:C38288",
                    "label": "Oral Route of Administration",
                },
                "doseIntervals": [
                    {
                        "quantity": {"unit": {"id": "UCUM:mg", "label": "mg"}, "value": 500.0},
                        "scheduleFrequency": {"id": "NCIT:C64496", "label": "Twice Daily"},
                        "interval": {
                            "start": "2020-04-01T00:00:00Z",
                            "end": "2020-06-01T00:00:00Z",
                        },
                    }
                ],
            },
            "adverseEvents": [{"id": "HP:0002018", "label": "Nausea"}],
        }
    ],
    "metaData": META,
}
NAUSEA = {
    "type": {"id": "HP:0002018", "label": "Nausea"},
    "onset": {"timestamp": "2020-04-03T00:00:00Z"},
    "resolution": {"timestamp": "2020-04-09T00:00:00Z"},
}


def read(packet: object, name: str = "p.json") -> Imported:
    """Read a packet given as plain values."""
    return read_phenopacket(json.dumps(packet).encode(), name)


def changed(**parts: object) -> Packet:
    """Return the packet with other elements."""
    return {**copy.deepcopy(PACKET), **parts}


def only(packet: Packet) -> PatientRecord:
    """Return the one record of a packet."""
    (record,) = read(packet).records
    return record


def told(dropped: tuple[Dropped, ...]) -> dict[str, str]:
    """Return what was lost, by place."""
    return {item.where: item.why for item in dropped}
