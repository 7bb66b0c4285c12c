"""FHIR R4: a record comes back as it was, and what is written is right for other software."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from lymphocast.interchange.fhir import read_fhir, write_fhir
from lymphocast.record.casefile import build_case, case_tree
from lymphocast.record.patient import PatientRecord
from tests.record.cases import founding, rich, small
from tests.record.generated import record_of

RECORDS = {"small": small(), "founding": founding(), "rich": rich()}
CASE_FILE = "https://lymphocast.org/fhir/StructureDefinition/case-file"
SEEDS = 6  # in a block; a record takes a tenth of a second


def bundle_of(record: PatientRecord) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(write_fhir(record).content)
    return written


def resources(record: PatientRecord) -> dict[str, dict[str, Any]]:
    """Return the resources by their ids."""
    return {e["resource"]["id"]: e["resource"] for e in bundle_of(record)["entry"]}


def assert_whole(record: PatientRecord) -> None:
    """Assert that writing and reading loses nothing, and that the format's library agrees."""
    written = write_fhir(record)
    assert written.dropped == ()
    back = read_fhir(written.content, "back.json")
    assert back.records == (record,)
    assert back.dropped == ()
    Bundle.model_validate_json(written.content)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_comes_back_as_it_was(name: str) -> None:
    assert_whole(RECORDS[name])


@pytest.mark.parametrize("block", range(4))
def test_any_record_comes_back_as_it_was(block: int) -> None:
    for seed in range(block * SEEDS, (block + 1) * SEEDS):
        assert_whole(record_of(seed))


def test_a_case_with_one_fact_and_questions_comes_back() -> None:
    stated = [{"source": "a", "locator": "x", "method": "proposed"}]
    tree = {
        "id": "case",
        "title": "T",
        "sources": [{"id": "a", "citation": "A"}],
        "questions": [
            {"id": "case-file", "text": "which?", "choices": ["1", "2"], "provenance": stated}
        ],
    }
    assert_whole(build_case(tree, "one"))


def test_every_reference_leads_to_a_resource_of_the_bundle() -> None:
    bundle = bundle_of(RECORDS["rich"])
    addresses = {entry["fullUrl"] for entry in bundle["entry"]}
    assert len(addresses) == len(bundle["entry"])
    for entry in bundle["entry"]:
        inside = {f"#{item['id']}" for item in entry["resource"].get("contained", ())}
        for reference in references(entry["resource"]):
            assert reference in addresses | inside


def references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [r for item in value.values() for r in references(item)]
    return [r for item in value for r in references(item)] if isinstance(value, list) else []


def test_a_count_is_an_observation_that_others_understand() -> None:
    first = resources(RECORDS["rich"])["cd4-first"]
    assert first["code"]["coding"][0] == {
        "system": "http://loinc.org",
        "code": "24467-3",
        "userSelected": True,
    }
    assert first["effectiveDateTime"] == "2015-08-10"
    assert first["valueQuantity"] == {
        "value": 150,
        "unit": "/uL",
        "system": "http://unitsofmeasure.org",
        "code": "/uL",
    }
    assert first["referenceRange"][0]["low"]["value"] == 500
    assert first["method"] == {"text": "single-platform flow cytometry"}
    below = resources(RECORDS["rich"])["serum-il2"]
    assert below["valueQuantity"]["comparator"] == "<"
    assert below["contained"][0]["type"]["text"] == "blood"


def test_a_time_that_fhir_cannot_say_is_the_period_that_it_allows() -> None:
    found = resources(RECORDS["founding"])
    assert found["cd4-presenting"]["effectivePeriod"] == {
        "start": "2003-10-01",
        "end": "2004-04-30",
    }
    assert found["clarithromycin-start"]["effectivePeriod"] == {
        "start": "2004-02-01",
        "end": "2004-02-10",
    }
    stop = RECORDS["founding"].when_of("cd4-stop-6")
    assert found["cd4-stop-6"]["effectivePeriod"] == {
        "start": str(stop.earliest),
        "end": str(stop.latest),
    }
    assert found["il2-stop"]["effectiveDateTime"] == "2007-07"


def test_a_treatment_is_a_statement_with_one_dose_and_its_rhythm() -> None:
    full = resources(RECORDS["founding"])["clarithromycin"]
    assert full["resourceType"] == "MedicationStatement"
    dosage = full["dosage"][0]
    assert dosage["timing"]["repeat"] == {"frequency": 2, "period": 1, "periodUnit": "d"}
    assert dosage["doseAndRate"][0]["doseQuantity"]["value"] == 500
    assert full["effectivePeriod"] == {"start": "2004-02-01", "end": "2004-10-31"}
    codes = {c["system"]: c["code"] for c in full["medicationCodeableConcept"]["coding"]}
    assert codes == {
        "http://www.nlm.nih.gov/research/umls/rxnorm": "21212",
        "http://www.whocc.no/atc": "J01FA09",
    }


def test_a_dose_that_is_not_constant_has_no_rhythm_that_others_would_misread() -> None:
    found = resources(RECORDS["rich"])
    for name in ("il2-cycles", "il2-raised"):
        assert "timing" not in found[name]["dosage"][0]
    assert "5 d of every 56 d" in found["il2-cycles"]["dosage"][0]["text"]


def test_units_without_a_unit_system_claim_no_code_of_ucum() -> None:
    dose = resources(RECORDS["founding"])["il2-full"]["dosage"][0]["doseAndRate"][0]["doseQuantity"]
    assert "system" not in dose
    assert dose["unit"] == "M[arb'U]"


def test_missed_doses_are_statements_that_were_not_taken() -> None:
    found = resources(RECORDS["rich"])
    assert {found[name]["status"] for name in ("il2-held", "il2-missed")} == {"not-taken"}
    assert found["il2-held"]["effectivePeriod"] == {"start": "2016-06-06", "end": "2016-06-20"}
    assert found["il2-held"]["statusReason"] == [{"text": "Eosinophilia."}]
    unknown = resources(RECORDS["founding"])["il2-missed"]
    assert not any(key.startswith("effective") for key in unknown)


def test_the_extension_says_only_what_native_elements_do_not() -> None:
    second = resources(RECORDS["rich"])["cd4-second"]
    (extension,) = second["extension"]
    assert extension["url"] == CASE_FILE
    assert {part["url"] for part in extension["extension"]} == {
        "section",
        "not-stated",  # the LOINC code, which is ours and not the source's
        "provenance",
    }


def test_without_its_extensions_a_bundle_is_still_read() -> None:
    bundle = bundle_of(RECORDS["rich"])
    for entry in bundle["entry"]:
        entry["resource"].pop("extension")
    back = read_fhir(json.dumps(bundle).encode(), "plain.json")
    (record,) = back.records
    rich_counts = [(m.value, m.at.earliest) for m in RECORDS["rich"].measurements if m.codes]
    assert rich_counts == [
        (m.value, m.at.earliest) for m in record.measurements if m.id == "cd4-first"
    ]
    assert len(record.measurements) == len(RECORDS["rich"].measurements)
    assert [c.result for c in record.cultures] == [c.result for c in RECORDS["rich"].cultures]
    assert {a.drug for a in record.administrations} <= set(RECORDS["rich"].drugs())
    assert {m.id for m in record.missed_doses} == {m.id for m in RECORDS["rich"].missed_doses}
    assert any(d.why == "Basic is a type that is not read" for d in back.dropped)


def test_a_value_that_other_software_corrected_is_taken() -> None:
    bundle = bundle_of(RECORDS["small"])
    for entry in bundle["entry"]:
        if entry["resource"]["id"] == "cd4-first":
            entry["resource"]["valueQuantity"]["value"] = 151
            entry["resource"]["interpretation"] = [{"text": "low"}]
    back = read_fhir(json.dumps(bundle).encode(), "corrected.json")
    assert str(back.records[0].measurement("cd4-first").value) == "151 /uL"
    (line,) = back.dropped
    assert line.where.endswith("Observation/cd4-first .interpretation")


def test_two_of_our_bundles_in_one_are_two_records() -> None:
    both = bundle_of(RECORDS["founding"])
    both["entry"] += bundle_of(RECORDS["rich"])["entry"]
    back = read_fhir(json.dumps(both).encode(), "both.json")
    assert back.records == (RECORDS["founding"], RECORDS["rich"])


def test_what_is_written_does_not_depend_on_the_day() -> None:
    assert write_fhir(RECORDS["small"]) == write_fhir(build_case(case_tree(small()), "again"))
