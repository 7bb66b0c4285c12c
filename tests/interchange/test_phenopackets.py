"""Phenopackets: nothing is lost unlisted, and nothing that a file holds is a traceback."""

import copy
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lymphocast.errors import ExchangeError, LymphocastError
from lymphocast.interchange.exchange import Dropped, Imported
from lymphocast.interchange.phenopackets import read_phenopacket, write_phenopacket
from lymphocast.record.casefile import build_case, case_tree, find_case, read_case
from lymphocast.record.patient import PatientRecord
from tests.interchange.records import packet_records, records

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


def content(record: PatientRecord) -> dict[str, Counter[str]]:
    """Return every fact of a record but for its name and its place in the source."""
    tree = case_tree(record)
    found: dict[str, Counter[str]] = {}
    for section, facts in tree.items():
        if isinstance(facts, list) and section != "sources":
            kept = ({k: v for k, v in f.items() if k not in {"id", "provenance"}} for f in facts)
            found[section] = Counter(json.dumps(fact, sort_keys=True) for fact in kept)
    return found


@settings(max_examples=25, deadline=None)
@given(packet_records())
def test_what_a_packet_can_hold_comes_back(record: PatientRecord) -> None:
    exported = write_phenopacket(record)
    assert [d for d in exported.dropped if not d.where.endswith(".id")] == []
    imported = read_phenopacket(exported.content, "back.json")
    assert imported.dropped == ()
    (back,) = imported.records
    assert back.demographics == record.demographics or not case_tree(record).get("patient")
    again = write_phenopacket(back)
    assert again.dropped == ()
    assert read_phenopacket(again.content, "back.json").records == (back,)


@settings(max_examples=15, deadline=None)
@given(packet_records())
def test_facts_are_the_same_without_asking_the_account(record: PatientRecord) -> None:
    (back,) = read_phenopacket(write_phenopacket(record).content, "back.json").records
    ours, theirs = content(record), content(back)
    for section in ("administrations", "cultures", "workup"):
        # Times are written in their shortest form, so only exact days compare as they stand.
        if section == "administrations":
            assert ours.get(section) == theirs.get(section)
        assert len(getattr(record, section)) == len(getattr(back, section))
    days = sorted(
        (m.analyte, str(m.value), m.at.earliest, m.at.latest) for m in record.measurements
    )
    assert days == sorted(
        (m.analyte, str(m.value), m.at.earliest, m.at.latest) for m in back.measurements
    )
    states = sorted((s.what, s.grade, s.at.earliest, s.at.latest) for s in record.symptoms)
    assert states == sorted((s.what, s.grade, s.at.earliest, s.at.latest) for s in back.symptoms)


@settings(max_examples=25, deadline=None)
@given(records())
def test_every_fact_of_any_record_is_written_or_listed(record: PatientRecord) -> None:
    exported = write_phenopacket(record)
    (back,) = read_phenopacket(exported.content, "back.json").records
    lost = " ".join(item.where for item in exported.dropped)
    for section in ("measurements", "findings", "workup", "symptoms", "adverse_events"):
        facts = getattr(record, section)
        gone = [fact.id for fact in facts if f"{section}[{fact.id}] " in f"{lost} "]
        if getattr(back, section):
            assert len(facts) == len(getattr(back, section)) + len(gone)
        elif facts:
            assert section in lost
    assert "events" in lost
    assert "title" in lost


def test_the_founding_case_loses_what_a_packet_cannot_say() -> None:
    exported = write_phenopacket(read_case(find_case("trojan-2009")))
    lost = told(exported.dropped)
    assert {"title", "modelling", "timelines", "claims", "patient.ancestry"} <= lost.keys()
    assert "measurements[cd4-stop-6].at" in lost  # the anchor is lost, the days are not
    assert not any(where.startswith("measurements") and "value" in where for where in lost)
    packet = json.loads(exported.content)
    assert packet["metaData"]["externalReferences"][0]["id"] == "PMID:19438596"
    # Four years pass: 39 is not the age at the last encounter.
    assert "timeAtLastEncounter" not in packet["subject"]
    assert packet["measurements"][0]["assay"]["label"] == "age when first described"


def test_a_packet_names_every_terminology_that_it_uses() -> None:
    packet = json.loads(write_phenopacket(read_case(find_case("trojan-2009"))).content)
    declared = {resource["namespacePrefix"] for resource in packet["metaData"]["resources"]}
    text = json.dumps(packet)
    used = {
        prefix for prefix in ("HP", "LOINC", "UCUM", "NCIT", "ECO", "PMID") if f'"{prefix}:' in text
    }
    assert used <= declared
    assert "lymphocast" in declared


def test_the_same_record_gives_the_same_bytes_and_a_moment_can_be_given() -> None:
    record = only(PACKET)
    assert write_phenopacket(record).content == write_phenopacket(record).content
    made = write_phenopacket(record, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)).content
    assert json.loads(made)["metaData"]["created"] == "2024-01-02T03:04:05Z"
    # Without a moment: the last day that the record knows.
    plain = json.loads(write_phenopacket(record).content)
    assert plain["metaData"]["created"] == "2020-06-01T00:00:00Z"


def test_a_value_below_a_limit_is_not_written_as_a_plain_one() -> None:
    tree: Any = case_tree(only(PACKET))
    tree["measurements"][0]["limit"] = "below"
    exported = write_phenopacket(build_case(tree, "limit"))
    assert b"172" not in exported.content
    assert "measurements" in told(exported.dropped)


def test_every_element_lands_in_its_section() -> None:
    imported = read(PACKET)
    (record,) = imported.records
    assert (record.id, record.title) == ("packet-1", "Phenopacket packet-1")
    assert [s.pmid for s in record.sources] == [None, "123"]
    assert str(record.demographics.age) == "39 a"
    assert record.demographics.sex == "female"
    (count,) = record.measurements
    assert (count.analyte, str(count.value), count.at.text) == ("CD4", "172 /uL", "2020-03")
    assert count.normal is not None
    assert (str(count.normal.low), str(count.normal.high)) == ("500 /uL", "1500 /uL")
    assert count.provenance[0].locator == "measurements[0]"
    (stretch,) = record.administrations
    assert (stretch.drug, str(stretch.amount), stretch.per) == ("clarithromycin", "1000 mg", 1.0)
    assert (stretch.divided, stretch.route, stretch.stop.text) == (2, "oral", "2020-06-01")
    fever, cough, diabetes = record.findings
    assert (fever.term, fever.presence, fever.at and fever.at.text) == (
        "fever",
        "present",
        "2020-03-01",
    )
    assert (fever.provenance[0].source, fever.provenance[0].locator) == ("pmid-123", "page 4")
    assert (cough.term, cough.presence, cough.at) == ("cough", "absent", None)
    assert (diabetes.codes, diabetes.presence) == (("MONDO:0005148",), "absent")


def test_an_age_becomes_days_through_the_date_of_birth() -> None:
    diabetes = only(PACKET).findings[2]
    # Born on 29 February 1980: 14 from 28 February 1994, which has no 29th, to the day before 15.
    assert diabetes.at is not None
    assert (str(diabetes.at.earliest), str(diabetes.at.latest)) == ("1994-02-28", "1995-02-27")
    assert diabetes.provenance[0].method == "derived"


@pytest.mark.parametrize(
    ("time", "days"),
    [
        ({"timestamp": "2020-03-01T08:30:00Z"}, "2020-03-01"),
        ({"age": {"iso8601duration": "P14Y3M"}}, "1994-05-29/1994-06-28"),
        ({"age": {"iso8601duration": "P1W"}}, "1980-03-07/1980-03-13"),
        ({"age": {"iso8601duration": "P40Y1M2D"}}, "2020-03-31"),
        (
            {"ageRange": {"start": {"iso8601duration": "P1Y"}, "end": {"iso8601duration": "P2Y"}}},
            "1981-02-28/1983-02-27",
        ),
        ({"age": {"iso8601duration": "forty"}}, None),
        ({"age": {"iso8601duration": "P9000Y"}}, None),
        ({"gestationalAge": {"weeks": 20}}, None),
        ({"ontologyClass": {"id": "HP:0003577", "label": "Congenital onset"}}, None),
        (
            {"interval": {"start": "2020-03-02T00:00:00Z", "end": "2020-03-01T00:00:00Z"}},
            None,
        ),
    ],
)
def test_each_form_of_a_time_is_read_or_listed(time: Packet, days: str | None) -> None:
    packet = changed()
    packet["phenotypicFeatures"][0]["onset"] = time
    imported = read(packet)
    at = imported.records[0].findings[0].at
    assert (at.text if at else None) == days
    assert ("phenotypicFeatures[0].onset" in told(imported.dropped)) is (days is None)


@pytest.mark.parametrize(
    ("stated", "age"),
    [
        ("P39Y", "39 a"),
        ("P30M", "30 mo"),
        ("P2Y6M", "30 mo"),
        ("P3W", "3 wk"),
        ("P1Y1D", "366.25 d"),
        ("P0D", None),
        ("old", None),
    ],
)
def test_an_age_keeps_its_unit(stated: str, age: str | None) -> None:
    packet = changed()
    packet["subject"]["timeAtLastEncounter"] = {"age": {"iso8601duration": stated}}
    imported = read(packet)
    found = imported.records[0].demographics.age
    assert (str(found) if found else None) == age
    assert ("subject.timeAtLastEncounter" in told(imported.dropped)) is (age is None)


def test_procedures_and_results_in_words_have_their_sections() -> None:
    packet = changed(
        medicalActions=[
            {
                "procedure": {
                    "code": {"id": "NCIT:C116648", "label": "Tracheal Intubation"},
                    "performed": {"timestamp": "2020-03-22T00:00:00Z"},
                }
            },
            {"radiationTherapy": {"modality": {"id": "X:1", "label": "x"}, "dosage": 4}},
            {"treatment": {"agent": {"id": "X:2", "label": "tocilizumab"}}},
        ],
        measurements=[
            {
                "assay": {"id": "LOINC:5802-4", "label": "Nitrite in urine"},
                "value": {"ontologyClass": {"id": "NCIT:C25626", "label": "Present"}},
            },
            {
                "assay": {"id": "LOINC:5802-4", "label": "Nitrite in urine"},
                "value": {"ontologyClass": {"id": "X:3", "label": "trace"}},
            },
            {"assay": {"id": "LOINC:29463-7", "label": "weight"}, "value": {"quantity": KG}},
        ],
    )
    imported = read(packet)
    (record,) = imported.records
    assert [f.what for f in record.findings if f.codes == ("NCIT:C116648",)]
    assert [(w.what, w.status) for w in record.workup] == [("Nitrite in urine", "positive")]
    assert str(record.demographics.weight) == "71 kg"
    lost = told(imported.dropped)
    assert {"medicalActions[1]", "medicalActions[2].treatment", "measurements[1]"} <= lost.keys()


def test_an_age_without_a_date_of_birth_is_listed() -> None:
    packet = changed()
    del packet["subject"]["dateOfBirth"]
    imported = read(packet)
    assert imported.records[0].findings[2].at is None
    assert "date of birth" in told(imported.dropped)["diseases[0].onset"]


def test_an_adverse_event_needs_a_feature_that_dates_it() -> None:
    assert told(read(PACKET).dropped)["medicalActions[0].adverseEvents[0]"]
    packet = changed(phenotypicFeatures=[NAUSEA])
    imported = read(packet)
    (event,) = imported.records[0].adverse_events
    assert (event.what, event.suspects, event.until and event.until.text) == (
        "Nausea",
        ("clarithromycin",),
        "2020-04-09",
    )
    assert imported.dropped == ()


def test_a_death_is_a_finding() -> None:
    packet = changed()
    packet["subject"]["vitalStatus"] = {
        "status": "DECEASED",
        "timeOfDeath": {"timestamp": "2021-01-01T00:00:00Z"},
        "causeOfDeath": {"id": "MONDO:0100096", "label": "COVID-19"},
    }
    assert [f.what for f in only(packet).findings][-1] == "died: COVID-19"


def test_what_a_record_has_no_place_for_is_listed_with_its_path() -> None:
    packet = changed(
        files=[{"uri": "file://x.vcf"}], interpretations=[{"id": "i", "progressStatus": "SOLVED"}]
    )
    packet["subject"]["karyotypicSex"] = "XX"
    packet["measurements"][0]["procedure"] = {"code": {"id": "NCIT:C1", "label": "venepuncture"}}
    packet["measurements"][0]["colour"] = "red"
    packet["measurements"][0]["timeObserved"] = {"timestamp": "2020-03-01T08:30:00Z"}
    packet["medicalActions"][0]["treatmentIntent"] = {"id": "NCIT:C2", "label": "cure"}
    packet["medicalActions"][0]["treatment"]["drugType"] = "PRESCRIPTION"
    packet["phenotypicFeatures"][0]["severity"] = {"id": "HP:0012825", "label": "Mild"}
    lost = told(read(packet).dropped)
    assert {
        "files",
        "interpretations",
        "subject.karyotypicSex",
        "measurements[0].procedure",
        "measurements[0].colour",
        "measurements[0].timeObserved.timestamp",
        "medicalActions[0].treatmentIntent",
        "medicalActions[0].treatment.drugType",
        "phenotypicFeatures[0].severity",
    } <= lost.keys()


@pytest.mark.parametrize(
    ("unit", "value", "kept"),
    [
        ({"id": "UCUM:10*9/L", "label": "x"}, 0.2, "0.2 10*9/L"),
        ({"id": "NCIT:C67245", "label": "Thousand Cells"}, 1.4, None),
        ({"id": "UCUM:mg", "label": "mg"}, 1.4, None),
        ({"id": "UCUM:/uL", "label": "/uL"}, 0.0, None),
        ({"id": "UCUM:/uL", "label": "/uL"}, -3.0, None),
        ({"id": "UCUM:/uL", "label": "/uL"}, "NaN", None),
    ],
)
def test_a_number_is_kept_only_if_it_can_be_of_its_analyte(
    unit: Packet, value: object, kept: str | None
) -> None:
    packet = changed()
    packet["measurements"][0]["value"] = {"quantity": {"unit": unit, "value": value}}
    imported = read(packet)
    assert [str(m.value) for m in imported.records[0].measurements] == ([kept] if kept else [])
    assert ("measurements[0]" in told(imported.dropped)) is (kept is None)


@pytest.mark.parametrize(
    ("label", "doses", "per"),
    [
        ("Twice Daily", 2, 1.0),
        ("Every Three Weeks", 1, 21.0),
        ("every 12 h", 2, 1.0),
        ("three times weekly", 3, 7.0),
        ("3 per 10.5 d", 3, 10.5),
        ("as needed", None, None),
        ("0 per 1 d", None, None),
    ],
)
def test_how_often_doses_are_given_is_read_from_words(
    label: str, doses: int | None, per: float | None
) -> None:
    packet = changed()
    dose = packet["medicalActions"][0]["treatment"]["doseIntervals"][0]
    dose["scheduleFrequency"] = {"id": "X:1", "label": label}
    given = read(packet).records[0].administrations
    assert [(a.divided, a.per) for a in given] == ([] if doses is None else [(doses, per)])


def test_a_culture_is_a_biosample_and_a_complex_value_is_several_measurements() -> None:
    packet = changed(
        biosamples=[
            {
                "id": "sputum-1",
                "individualId": "packet-1",
                "sampledTissue": {"id": "UBERON:0007311", "label": "sputum"},
                "timeOfCollection": {"timestamp": "2020-02-01T00:00:00Z"},
                "measurements": [
                    {
                        "assay": {"id": "X:1", "label": "culture of M. avium complex"},
                        "value": {"ontologyClass": {"id": "X:2", "label": "Positive"}},
                    }
                ],
            }
        ],
        measurements=[
            {
                "assay": {"id": "CMO:0000003", "label": "blood pressure measurement"},
                "complexValue": {
                    "typedQuantities": [
                        {
                            "type": {"id": "NCIT:C25298", "label": "Systolic Blood Pressure"},
                            "quantity": {
                                "unit": {"id": "NCIT:C49670", "label": "Millimeter of Mercury"},
                                "value": 125.0,
                            },
                        }
                    ]
                },
                "timeObserved": {"timestamp": "2021-01-01T00:00:00Z"},
            }
        ],
    )
    record = only(packet)
    (culture,) = record.cultures
    assert (culture.id, culture.organism, culture.result) == (
        "sputum-1",
        "Mycobacterium avium complex",
        "positive",
    )
    assert [(m.analyte, str(m.value)) for m in record.measurements] == [
        ("systolic blood pressure", "125 mm[Hg]")
    ]


def test_characters_that_a_record_cannot_hold_are_taken_out_and_listed() -> None:
    packet = changed()
    packet["diseases"][0]["term"]["label"] = "type\u200b2 \x00diabetes"
    imported = read(packet)
    assert imported.records[0].findings[2].what == "type 2 diabetes"
    assert "printable" in told(imported.dropped)["diseases[0].term.label"]


def test_a_misprinted_drug_is_remembered_as_printed() -> None:
    packet = changed()
    agent = packet["medicalActions"][0]["treatment"]["agent"]
    agent["label"] = "clathromycin"
    (stretch,) = only(packet).administrations
    assert (stretch.drug, stretch.printed, stretch.codes) == (
        "clarithromycin",
        ("clathromycin",),
        (),
    )


def test_a_total_that_is_no_number_is_listed() -> None:
    packet = changed()
    dose = packet["medicalActions"][0]["treatment"]["doseIntervals"][0]
    dose["quantity"]["value"] = 1e308
    imported = read(packet)
    assert imported.records[0].administrations == ()
    assert "medicalActions[0].treatment.doseIntervals[0]" in told(imported.dropped)


def test_a_family_and_a_cohort_give_one_record_for_each_packet() -> None:
    family = {
        "id": "f",
        "proband": PACKET,
        "relatives": [{"id": "mother", "subject": {"id": "mother"}}],
        "pedigree": {"persons": [{"familyId": "f", "individualId": "mother"}]},
        "metaData": META,
    }
    imported = read(family)
    assert [record.id for record in imported.records] == ["packet-1", "mother"]
    # A relative without metadata of its own shares the family's.
    assert imported.records[1].sources[1].pmid == "123"
    assert "pedigree" in told(imported.dropped)
    cohort = read({"id": "c", "members": [PACKET, PACKET], "metaData": META})
    assert len(cohort.records) == 2
    with pytest.raises(ExchangeError, match="without packets"):
        read({"id": "c", "members": [], "metaData": META})


def test_yaml_and_snake_case_say_the_same_as_json() -> None:
    as_yaml = yaml.safe_dump(PACKET).encode()
    assert read_phenopacket(as_yaml, "p.yaml") == read(PACKET)
    snake = json.dumps(PACKET).replace('"medicalActions"', '"medical_actions"')
    assert read_phenopacket(snake.encode(), "p.json") == read(PACKET)


def test_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = json.dumps(PACKET, indent=1)
    crlf = text.replace("\n", "\r\n").encode("utf-8-sig")
    assert read_phenopacket(crlf, "p.json") == read(PACKET)


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (b"", "an empty file"),
        (b"  \n", "an empty file"),
        (b"[]", "a list"),
        (b"5", "one value"),
        (b"{", "not JSON"),
        (b'{"subject": {"id": "a"', "line 1: found text that is not JSON"),
        (b'{"id": "a", "id": "b", "subject": {}}', "the key 'id' twice"),
        (b'{"subject": {"id": NaN}}', "the number NaN"),
        (b'{"subject": {"id": ' + b"9" * 5000 + b"}}", "thousands of digits"),
        (b"[" * 10_000_000, "too deep"),
        (b'{"subject":' * 2_000 + b"1" + b"}" * 2_000, "too deep|one text"),
        (b" " * 20_000_001, "above 20 MB"),
        (json.dumps(PACKET).encode("utf-16"), "not UTF-8"),
        (b"subject: &a {id: x}\nmetaData: *a", "anchor|alias"),
        (b"subject: \x00", "NUL"),
        (b'{"graphs": []}', "without subject and metaData"),
        (b'{"subject": "x"}', "p, subject: found x; needed a mapping"),
        (b'{"subject": {"sex": "PURPLE"}}', "PURPLE"),
        (b'{"subject": {"dateOfBirth": "soon"}}', "p, subject.dateOfBirth: found"),
        (b'{"subject": {}, "measurements": {}}', "needed a list"),
        (b'{"subject": {}, "measurements": [null]}', r"measurements\[0\]: found nothing"),
        (b'{"subject": {}, "metaData": {}, "meta_data": {}}', "which are one field"),
        (b'{"subject": {"id": "\\ud800"}}', "surrogate"),
        (b'{"subject": {"id": {"a": 1}}}', "needed one text or number"),
        (b'{"subject": {}, "metaData": {"phenopacketSchemaVersion": "1.0"}}', "version 1.0"),
        (b'{"subject": {"ageAtCollection": {}}, "genes": []}', "of version 1"),
    ],
)
def test_a_file_that_is_no_packet_gets_one_clear_error(bad: bytes, match: str) -> None:
    with pytest.raises(ExchangeError, match=match):
        read_phenopacket(bad, "p")


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value of a packet."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    return [path, *(p for key, inner in items for p in _places(inner, (*path, key)))]


ODD_TEXTS = ("", " ", "x" * 500, "NaN", "P9999Y", "\u200b", "a\nb", "\x00", "UCUM:%")
ODD_DAYS = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
ODD_TREES: tuple[object, ...] = (
    [],
    {},
    [[]],
    {"id": "x"},
    [{}],
    {"age": {"iso8601duration": "P3W2D"}},
)
ODD = st.sampled_from([None, True, 0, -1, 1e308, 2**70, *ODD_TEXTS, *ODD_DAYS, *ODD_TREES])


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(_places(changed(phenotypicFeatures=[NAUSEA]))[1:]), ODD)
def test_no_wrong_value_anywhere_is_a_traceback(path: tuple[Any, ...], odd: object) -> None:
    packet: Any = changed(phenotypicFeatures=[copy.deepcopy(NAUSEA)])
    inner = packet
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = odd
    try:
        (record,) = read(packet).records
    except LymphocastError:
        return
    write_phenopacket(record)
