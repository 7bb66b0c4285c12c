"""Phenopackets read: each element lands in its section, or is listed with the reason."""

import pytest

from tests.interchange.packets import KG, NAUSEA, PACKET, Packet, changed, only, read, told


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
