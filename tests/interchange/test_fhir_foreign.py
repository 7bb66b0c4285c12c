"""FHIR R4 of other software: what becomes a fact, what is listed, what is refused."""

import json
from typing import Any

import pytest

from lymphocast.errors import ExchangeError
from lymphocast.interchange.exchange import Imported
from lymphocast.interchange.fhir import read_fhir
from lymphocast.record.casefile import case_tree
from lymphocast.record.patient import PatientRecord

BASE = "https://example.org/fhir"
PATIENT = {"resourceType": "Patient", "id": "P1", "gender": "female", "birthDate": "1971-02"}
SUBJECT = {"reference": "Patient/P1"}
STATEMENT = {"resourceType": "MedicationStatement", "id": "s", "subject": SUBJECT}
AZITHROMYCIN = {"text": "Azithromycin 250 MG Oral Tablet"}
Resource = dict[str, Any]


def bundle(*resources: Resource, **more: object) -> bytes:
    entries = [
        {"fullUrl": f"{BASE}/{r['resourceType']}/{r.get('id', n)}", "resource": r}
        for n, r in enumerate(resources)
    ]
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", **more, "entry": entries}
    ).encode()


def imported(*resources: Resource, **more: object) -> Imported:
    return read_fhir(bundle(PATIENT, *resources, **more), "other.json")


def one(*resources: Resource) -> PatientRecord:
    (record,) = imported(*resources).records
    return record


def observation(**keys: object) -> Resource:
    return {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "24467-3"}]},
        "subject": SUBJECT,
        "effectiveDateTime": "2015-08",
        **keys,
    }


def count(value: float, unit: str = "/uL", **more: object) -> Resource:
    return {"value": value, "system": "http://unitsofmeasure.org", "code": unit, **more}


def refused(*resources: Resource, **more: object) -> str:
    with pytest.raises(ExchangeError) as error:
        imported(*resources, **more)
    return str(error.value)


def whys(found: Imported) -> list[str]:
    return [line.why for line in found.dropped]


def test_a_count_with_its_surroundings() -> None:
    found = observation(
        effectiveDateTime="2015-08-10T08:30:15+01:00",
        valueQuantity=count(150, "{cells}/uL", comparator="<="),
        referenceRange=[{"low": count(500), "high": count(1.5, "10*9/L")}],
        performer=[{"display": "Laboratory A"}],
        method={"text": "flow cytometry"},
        note=[{"text": "Second draw."}],
        specimen={"reference": "Specimen/b"},
    )
    blood = {"coding": [{"system": "http://snomed.info/sct", "code": "119297000"}]}
    specimen = {"resourceType": "Specimen", "id": "b", "type": blood}
    result = imported(found, specimen)
    assert result.dropped == ()
    assert case_tree(result.records[0])["measurements"] == [
        {
            "id": "o",
            "analyte": "CD4",
            "value": "150 /uL",
            "at": "2015-08-10",
            "limit": "below",
            "context": {
                "laboratory": "Laboratory A",
                "assay": "flow cytometry",
                "time_of_day": "08:30",
                "note": "Second draw.",
            },
            "normal": {"low": "500 /uL", "high": "1.5 10*9/L"},
            "specimen": "blood",
            "codes": ["LOINC:24467-3"],
            "provenance": [{"source": "other", "locator": "Observation/o", "method": "stated"}],
        }
    ]


def test_the_person_and_the_source_come_from_the_bundle() -> None:
    result = imported(identifier={"system": "urn:x", "value": "Export 7"}, timestamp="2020-01-01")
    (record,) = result.records
    assert record.id == "p1"
    assert (record.demographics.sex, record.demographics.born) != (None, None)
    assert record.demographics.born is not None
    assert record.demographics.born.text == "1971-02"
    (source,) = record.sources
    assert source.id == "export-7"
    assert "2020-01-01" in source.citation
    assert source.note.startswith("Assumed")


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        ({"effectiveDateTime": "2015"}, "2015"),
        ({"effectiveDateTime": None, "effectiveInstant": "2015-08-10T00:00:00Z"}, "2015-08-10"),
        (
            {
                "effectiveDateTime": None,
                "effectivePeriod": {"start": "2015-08", "end": "2015-09-02"},
            },
            "2015-08/2015-09-02",
        ),
        ({"effectiveDateTime": None, "effectiveTiming": {"event": ["2015-08-10"]}}, "2015-08-10"),
    ],
)
def test_a_time_stays_as_exact_as_it_is(keys: Resource, at: str) -> None:
    record = one(observation(valueQuantity=count(150), **keys))
    assert record.measurement("o").at.text == at


def test_a_day_of_issue_is_taken_as_an_assumption() -> None:
    found = observation(
        effectiveDateTime=None, issued="2015-08-12T10:00:00Z", valueQuantity=count(150)
    )
    (stated,) = one(found).measurement("o").provenance
    assert (stated.method, stated.locator) == ("assumed", "Observation/o")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"status": "entered-in-error"}, "entered in error"),
        ({"status": "cancelled"}, "cancelled"),
        ({"valueQuantity": count(0)}, "needs a number above 0"),
        ({"valueQuantity": count(3, "mg/L")}, "does not suit CD4"),
        ({"valueQuantity": count(3, "[furlong]")}, "not one that a case file knows"),
        ({"effectiveDateTime": None}, "no time"),
        ({"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}, "changes its meaning"),
        ({"subject": {"reference": "Device/d"}}, "no patient"),
        (
            {"valueQuantity": None, "dataAbsentReason": {"text": "clotted"}},
            "no value: clotted",
        ),
    ],
)
def test_what_is_no_fact_is_listed_with_the_reason(keys: Resource, why: str) -> None:
    found = imported(observation(**{"valueQuantity": count(150), **keys}))
    assert found.records[0].measurements == ()
    (line,) = found.dropped
    assert line.where == "entry[1] Observation/o"
    assert why in line.why


def test_a_panel_gives_a_value_for_each_component() -> None:
    share = {"code": {"text": "CD4%"}, "valueQuantity": count(17, "%")}
    cells = {"code": {"text": "CD8"}, "valueQuantity": count(0.4, "10*9/L")}
    panel = observation(code={"text": "T cell subsets"}, component=[share, cells])
    found = {m.analyte: str(m.value) for m in one(panel).measurements}
    assert found == {"CD4 of lymphocytes": "17 %", "CD8": "0.4 10*9/L"}


def test_cultures_by_code_by_text_and_by_what_grew() -> None:
    sputum = {"display": "sputum"}
    loinc = {"coding": [{"system": "http://loinc.org", "code": "543-9"}]}
    taxon = {"system": "http://www.ncbi.nlm.nih.gov/taxonomy", "code": "1764"}
    grown = observation(
        id="a", code=loinc, specimen=sputum, valueCodeableConcept={"coding": [taxon]}
    )
    nothing = observation(
        id="b", code={"text": "Sputum AFB culture (mycobacteria)"}, valueString="No growth"
    )
    sought = {**loinc, "text": "culture for M. avium complex"}
    for_mac = observation(
        id="c", code=sought, specimen=sputum, valueCodeableConcept={"text": "negative"}
    )
    result = imported(grown, nothing, for_mac)
    cultures = result.records[0].cultures
    assert [(c.id, c.organism, str(c.result), c.specimen) for c in cultures] == [
        ("a", "Mycobacterium avium", "positive", "sputum"),
        ("c", "Mycobacterium avium complex", "negative", "sputum"),
    ]
    assert cultures[0].codes == ("NCBITaxon:1764",)
    assert "nothing says which organism was sought" in whys(result)


def test_symptoms_work_up_and_findings() -> None:
    cough = {"coding": [{"system": "http://human-phenotype-ontology.org", "code": "HP:0012735"}]}
    fever = {"text": "fever"}
    record = one(
        observation(id="a", code=cough, valueBoolean=True),
        observation(id="b", code=fever, valueCodeableConcept={"text": "Absent"}),
        observation(
            id="c", code={"text": "HIV 1+2 Ab"}, valueCodeableConcept={"text": "HIV negative"}
        ),
        observation(id="d", code={"text": "Chest CT"}, valueString="nodules"),
    )
    assert [(s.term, str(s.grade)) for s in record.symptoms] == [("cough", "present")]
    assert [(w.id, str(w.status)) for w in record.workup] == [("hiv", "negative")]
    assert [(f.what, f.presence) for f in record.findings] == [
        ("fever", "absent"),
        ("Chest CT: nodules", None),
    ]


def test_conditions_with_their_verification() -> None:
    system = "http://terminology.hl7.org/CodeSystem/condition-ver-status"

    def condition(name: str, status: str) -> Resource:
        verified = {"coding": [{"system": system, "code": status}]}
        return {
            "resourceType": "Condition",
            "id": name,
            "subject": SUBJECT,
            "code": {"text": "Bronchiectasis"},
            "verificationStatus": verified,
            "onsetPeriod": {"start": "2012", "end": "2014-05"},
        }

    result = imported(
        condition("a", "confirmed"), condition("b", "refuted"), condition("c", "entered-in-error")
    )
    found = result.records[0].findings
    assert [(f.term, f.presence, f.at.text if f.at else "") for f in found] == [
        ("bronchiectasis", "present", "2012/2014-05"),
        ("bronchiectasis", "absent", "2012/2014-05"),
    ]
    assert len(result.dropped) == 1
    assert "'subject' (required)" in refused(condition("d", "confirmed") | {"subject": None})
    assert "one of unconfirmed" in refused(condition("e", "sure"))


DOSE: Resource = {
    "timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "wk"}},
    "doseAndRate": [{"doseQuantity": count(250, "mg")}],
    "route": {"text": "oral"},
}


@pytest.mark.parametrize(
    ("dosage", "written"),
    [
        (DOSE, ("750 mg", "1 wk", 3)),
        ({"text": "250 mg three times weekly"}, ("750 mg", "7 d", 3)),
        (
            {**DOSE, "timing": {"code": {"coding": [{"code": "BID"}]}}},
            ("500 mg", "1 d", 2),
        ),
        (
            {**DOSE, "timing": {"repeat": {"period": 8, "periodUnit": "h"}}},
            ("250 mg", "8 h", 1),
        ),
    ],
)
def test_a_statement_with_dose_and_rhythm_is_a_stretch(
    dosage: Resource, written: tuple[str, str, int]
) -> None:
    record = one(
        {
            **STATEMENT,
            "status": "completed",
            "medicationCodeableConcept": AZITHROMYCIN,
            "effectivePeriod": {"start": "2015-09-14", "end": "2017-06"},
            "dosage": [dosage],
        }
    )
    (given,) = record.administrations
    assert (given.drug, given.product) == ("azithromycin", AZITHROMYCIN["text"])
    amount, per, divided = written
    assert (str(given.amount), given.divided) == (amount, divided)
    length, unit = per.split()
    days = {"d": 1.0, "wk": 7.0, "h": 1.0 / 24.0}[unit] * float(length)
    assert given.per == pytest.approx(days, rel=1e-12)  # a few roundings
    assert (given.start.text, given.stop.text) == ("2015-09-14", "2017-06")


def test_an_end_that_is_not_stated_is_assumed_and_said() -> None:
    going_on = {
        **STATEMENT,
        "status": "active",
        "medicationReference": {"reference": "#m"},
        "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "rifampin"}}],
        "effectivePeriod": {"start": "2015-09"},
        "dateAsserted": "2016-01-02",
        "dosage": [DOSE],
    }
    (given,) = one(going_on).administrations
    assert (given.drug, given.stop.text) == ("rifampicin", "2016-01-02")
    assert given.provenance[0].method == "assumed"
    without = {key: value for key, value in going_on.items() if key != "dateAsserted"}
    result = imported(without)
    assert result.records[0].administrations == ()
    assert result.records[0].findings[0].what == "rifampicin taken"
    assert "no stretch of treatment: no end; kept as a finding" in whys(result)


def test_single_doses_given_and_not_given() -> None:
    given = {
        "resourceType": "MedicationAdministration",
        "id": "g",
        "status": "completed",
        "subject": SUBJECT,
        "medicationReference": {"reference": "Medication/il2"},
        "effectiveDateTime": "2016-03-01T09:00:00Z",
        "dosage": {"dose": count(4.5, "M[IU]"), "route": {"text": "subcutaneous"}},
    }
    missed = {
        **given,
        "id": "n",
        "status": "not-done",
        "statusReason": [{"text": "eosinophilia"}],
        "effectiveDateTime": "2016-03-03",
    }
    medicine = {
        "resourceType": "Medication",
        "id": "il2",
        "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L03AC01"}], "text": "x"},
        "ingredient": [{"itemCodeableConcept": {"text": "aldesleukin"}}],
    }
    record = one(given, missed, medicine)
    (dose,) = record.administrations
    assert (dose.drug, dose.product, str(dose.amount)) == ("interleukin-2", "x", "4.5 M[IU]")
    (gap,) = record.missed_doses
    assert (gap.drug, gap.dates[0].text, gap.why) == ("interleukin-2", "2016-03-03", "eosinophilia")


def test_an_order_is_an_assumption_and_a_plan_is_nothing() -> None:
    ordered = {
        "resourceType": "MedicationRequest",
        "id": "r",
        "status": "completed",
        "intent": "order",
        "subject": SUBJECT,
        "medicationCodeableConcept": {"text": "ethambutol"},
        "authoredOn": "2015-09-14",
        "dosageInstruction": [
            {
                **DOSE,
                "timing": {
                    "repeat": {
                        "boundsDuration": count(30, "d"),
                        "frequency": 1,
                        "period": 1,
                        "periodUnit": "d",
                    }
                },
            }
        ],
    }
    (given,) = one(ordered).administrations
    assert (given.start.text, given.stop.text) == ("2015-09-14", "2015-10-14")
    assert given.provenance[0].method == "assumed"
    planned = imported({**ordered, "intent": "plan"})
    assert planned.records[0].administrations == ()
    assert whys(planned) == ["intent plan: it was not ordered"]


def test_an_order_that_was_followed_is_not_counted_twice() -> None:
    medicine = {"medicationCodeableConcept": {"text": "ethambutol"}, "subject": SUBJECT}
    ordered = {
        "resourceType": "MedicationRequest",
        "id": "r",
        "status": "completed",
        "intent": "order",
        "dosageInstruction": [DOSE],
        **medicine,
    }
    taken = {
        **STATEMENT,
        **medicine,
        "status": "completed",
        "basedOn": [{"reference": "MedicationRequest/r"}],
        "effectivePeriod": {"start": "2015-09", "end": "2016"},
        "dosage": [DOSE],
    }
    result = imported(ordered, taken)
    assert [a.id for a in result.records[0].administrations] == ["s"]
    assert result.records[0].findings == ()
    assert "with its dose" in result.dropped[0].why


def test_what_is_kept_of_a_time_only_in_part_is_said() -> None:
    result = imported(
        observation(
            code={"text": "Chest CT"}, valueString="clear", effectiveDateTime="2015-08-10T08:30:00Z"
        ),
        observation(
            id="p",
            effectiveDateTime=None,
            effectivePeriod={"start": "2015-08"},
            valueQuantity=count(150),
        ),
    )
    assert whys(result) == [
        "only its day is kept",
        "it is open; the end that is stated is taken",
    ]
    assert result.records[0].measurement("p").at.text == "2015-08"


def test_an_adverse_event_with_its_suspects() -> None:
    event = {
        "resourceType": "AdverseEvent",
        "id": "e",
        "actuality": "actual",
        "subject": SUBJECT,
        "event": {"text": "fatigue"},
        "date": "2016-04",
        "outcome": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/adverse-event-outcome",
                    "code": "resolvedWithSequelae",
                }
            ]
        },
        "suspectEntity": [{"instance": {"reference": "MedicationStatement/s"}}],
    }
    taken = {
        **STATEMENT,
        "status": "completed",
        "medicationCodeableConcept": {"text": "IL-2"},
    }
    (found,) = one(event, taken).adverse_events
    assert (found.term, found.suspects) == ("fatigue", ("interleukin-2",))
    assert found.outcome == "resolved-with-sequelae"
    potential = imported({**event, "actuality": "potential"})
    assert whys(potential) == ["actuality potential: it did not happen"]
    assert "one of actual, potential" in refused({**event, "actuality": "maybe"})


def test_two_patients_are_two_records() -> None:
    other = {"resourceType": "Patient", "id": "p2"}
    result = imported(
        other,
        observation(id="a", valueQuantity=count(150)),
        observation(id="b", valueQuantity=count(250), subject={"reference": f"{BASE}/Patient/p2"}),
        observation(id="c", valueQuantity=count(350), subject=None),
    )
    assert [(r.id, [m.id for m in r.measurements]) for r in result.records] == [
        ("p1", ["a"]),
        ("p2", ["b"]),
    ]
    assert whys(result) == ["no patient is named"]


def test_a_relative_reference_stays_on_its_own_server() -> None:
    entries = [
        {"fullUrl": f"https://{host}/Patient/p", "resource": {"resourceType": "Patient", "id": "p"}}
        for host in ("a.org", "b.org")
    ]
    found = observation(subject={"reference": "Patient/p"}, valueQuantity=count(150))
    entries.append({"fullUrl": "https://b.org/Observation/o", "resource": found})
    content = json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries})
    first, second = read_fhir(content.encode(), "two.json").records
    assert (len(first.measurements), len(second.measurements)) == (0, 1)


def test_an_address_of_another_server_is_not_the_same_patient() -> None:
    subject = {"reference": "https://elsewhere.org/Patient/P1"}
    result = imported(observation(subject=subject, valueQuantity=count(150)))
    assert [len(r.measurements) for r in result.records] == [0, 1]
    assert "the patient is not in the file; nothing is known but the facts" in whys(result)


def test_a_single_resource_is_read_and_its_patient_named() -> None:
    content = json.dumps(observation(valueQuantity=count(150))).encode()
    result = read_fhir(content, "single.json")
    assert (result.records[0].id, len(result.records[0].measurements)) == ("p1", 1)
    assert "the patient is not in the file; nothing is known but the facts" in whys(result)


def test_equal_names_of_different_resources_are_told_apart() -> None:
    record = one(
        observation(id="Same.1", valueQuantity=count(150)),
        {
            "resourceType": "Condition",
            "id": "same-1",
            "subject": SUBJECT,
            "code": {"text": "cough"},
        },
    )
    assert record.measurements[0].id == "same-1"
    assert record.findings[0].id == "condition-same-1"


def test_unknown_resources_and_unused_elements_are_listed() -> None:
    encounter = {"resourceType": "Encounter", "id": "e", "status": "finished"}
    found = [
        observation(id=f"o{n}", valueQuantity=count(150), encounter={"reference": "Encounter/e"})
        for n in range(3)
    ]
    lines = [str(line) for line in imported(encounter, *found).dropped]
    assert lines == [
        "entry[1] Encounter/e: 'Encounter' (Encounter is a type that is not read)",
        "Observation .encounter: 3 of them, the first an object with reference in entry[2] "
        "Observation/o0 .encounter (a case file has no place for it)",
    ]


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (observation(status="finished"), "Observation/o .status: found 'finished'; needed one of"),
        (
            observation(status=None),
            "Observation/o .status: found nothing; needed one of registered",
        ),
        (observation(code=None), "Observation/o .code: found nothing"),
        (observation(valueQuantity={"value": "150"}), ".valueQuantity.value: found '150'"),
        (observation(valueQuantity=count(1, comparator="~")), "needed one of <, <=, >=, >"),
        (observation(effectiveDateTime="2015-02-30"), "a day that exists"),
        (observation(effectiveDateTime="May 2015"), "needed a date such as"),
        (
            observation(component={"code": {}}, valueQuantity=count(1)),
            ".component: found an object with code",
        ),
        ({**STATEMENT, "status": "recorded"}, "found 'recorded'; needed one of active"),
        (
            {**STATEMENT, "status": "completed", "medication": {"concept": {}}},
            "found the element 'medication' of R5",
        ),
        ({**STATEMENT, "status": "completed"}, ".medication[x]: found nothing"),
        ({"resourceType": "Patient", "id": "x", "gender": "f"}, "needed one of male, female"),
        ({"resourceType": "observation"}, "entry[1]: found the resourceType 'observation'"),
    ],
)
def test_what_is_not_r4_is_refused_with_its_place(resource: Resource, message: str) -> None:
    assert message in refused(resource)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"type": "bag"}, "Bundle"),
        ({"type": "history"}, "one version of each resource"),
        ({"type": None}, "needed one of document"),
    ],
)
def test_a_bundle_of_no_known_type_is_refused(keys: Resource, message: str) -> None:
    with pytest.raises(ExchangeError) as error:
        read_fhir(bundle(PATIENT, **keys), "b.json")
    assert message in str(error.value) or "needed one of document" in str(error.value)


def test_one_address_for_two_resources_is_refused() -> None:
    assert "a second time" in refused(PATIENT)
