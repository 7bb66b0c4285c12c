"""Phenopackets written: nothing is lost unlisted, and nothing false is written."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings

from lymphocast.interchange.phenopackets import read_phenopacket, write_phenopacket
from lymphocast.record.casefile import build_case, case_tree, find_case, read_case
from lymphocast.record.patient import PatientRecord
from tests.interchange.packets import PACKET, only, told
from tests.interchange.records import packet_records, records


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
    assert {"title", "modelling", "patient.ancestry"} <= lost.keys()
    assert any(where.startswith("timelines[") for where in lost)
    assert any(where.startswith("claims[") for where in lost)
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
    assert "measurements[measurement-1]" in told(exported.dropped)
