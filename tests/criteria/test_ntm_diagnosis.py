"""The diagnosis of mycobacterial lung disease (ATS/IDSA 2007): each item, on both sides."""

import pytest

from lymphocast.criteria.assessment import Assessment, Standing
from lymphocast.criteria.ntm_diagnosis import ntm_diagnosis
from lymphocast.record.patient import PatientRecord
from tests.criteria.facts import stated, with_sections
from tests.record.cases import founding, rich, small

MET, NOT_MET, OPEN = Standing.MET, Standing.NOT_MET, Standing.NOT_ESTABLISHED
POSITIVE = "organism: MAC, result: positive, at: 2019-06"
SPUTUM = stated("s1", f"specimen: sputum, {POSITIVE}") + stated(
    "s2", f"specimen: sputum, {POSITIVE}"
)
COUGH = stated("cough", "what: cough, grade: present, at: 2019-06")
CAVITY = stated("cavity", "what: a cavity, term: cavitation")
EXCLUDED = stated("tuberculosis", "what: tuberculosis, status: negative") + stated(
    "lung-cancer", "what: lung cancer, status: negative"
)


def items(record: PatientRecord) -> dict[str, Assessment]:
    return {a.criterion.removeprefix("ntm-diagnosis").strip("."): a for a in ntm_diagnosis(record)}


def of(**sections: str) -> dict[str, Assessment]:
    return items(with_sections(**sections))


def test_all_four_items_make_the_diagnosis() -> None:
    found = of(cultures=SPUTUM, symptoms=COUGH, findings=CAVITY, workup=EXCLUDED)
    assert {a.status for a in found.values()} == {MET}
    assert found[""].missing == ()


@pytest.mark.parametrize("left_out", ["symptoms", "findings", "workup"])
def test_three_items_leave_it_open(left_out: str) -> None:
    sections = {"symptoms": COUGH, "findings": CAVITY, "workup": EXCLUDED}
    del sections[left_out]
    assert of(cultures=SPUTUM, **sections)[""].status is OPEN


def test_one_positive_sputum_is_not_enough() -> None:
    one = stated("s1", f"specimen: sputum, {POSITIVE}")
    assert of(cultures=one)["microbiological"].status is OPEN
    twice = stated("s1", f"specimen: sputum, {POSITIVE}, number: 2")
    assert of(cultures=twice)["microbiological"].status is MET
    assumed = stated("s1", f"specimen: sputum, {POSITIVE}, number: 2, number_note: assumed")
    found = of(cultures=assumed)["microbiological"]
    assert found.status is OPEN
    assert "assumed" in found.why


def test_one_positive_lavage_is_enough() -> None:
    one = stated("b", f"specimen: bronchial washing, {POSITIVE}")
    assert of(cultures=one)["microbiological"].status is MET
    negative = stated("b", "specimen: BAL, organism: MAC, result: negative, at: 2019-06")
    assert of(cultures=negative)["microbiological"].status is OPEN


def test_histology_needs_a_culture() -> None:
    histology = stated("h", "what: granuloma, term: granulomatous inflammation")
    negative = stated("c", "specimen: sputum, organism: MAC, result: negative, at: 2019-06")
    one = stated("c", f"specimen: sputum, {POSITIVE}")
    tissue = stated("c", f"specimen: transbronchial biopsy, {POSITIVE}")
    assert of(cultures=negative, findings=histology)["microbiological"].status is OPEN
    assert of(cultures=one, findings=histology)["microbiological"].status is MET
    assert of(cultures=tissue, findings=histology)["microbiological"].status is MET
    assert of(cultures=tissue)["microbiological"].status is OPEN
    absent = stated("h", "what: none, term: mycobacterial histology, presence: absent")
    assert of(cultures=one, findings=absent)["microbiological"].status is OPEN


def test_tuberculosis_is_another_disease() -> None:
    other = SPUTUM.replace("organism: MAC", "organism: M. tuberculosis")
    assert of(cultures=other)["microbiological"].status is OPEN


def test_images_may_be_stated_absent() -> None:
    terms = [
        "nodular opacities",
        "cavitary opacities",
        "bronchiectasis with multiple small nodules",
    ]
    absent = [
        stated(f"f{i}", f"what: none, term: {t}, presence: absent") for i, t in enumerate(terms)
    ]
    assert of(cultures=SPUTUM, findings="".join(absent))["radiological"].status is NOT_MET
    assert of(cultures=SPUTUM, findings="".join(absent[:2]))["radiological"].status is OPEN


def test_a_positive_exclusion_refuses_it() -> None:
    positive = EXCLUDED.replace("status: negative", "status: positive", 1)
    found = of(cultures=SPUTUM, symptoms=COUGH, findings=CAVITY, workup=positive)
    assert found["exclusion"].status is NOT_MET
    assert found[""].status is NOT_MET


def test_half_of_the_exclusions_names_the_other_half() -> None:
    half = stated("tuberculosis", "what: tuberculosis, status: negative")
    assert of(cultures=SPUTUM, workup=half)["exclusion"].missing == ("work-up of lung cancer",)


def test_symptoms_that_are_gone_are_none() -> None:
    gone = stated("cough", "what: cough, grade: resolved, at: 2019-06")
    assert of(cultures=SPUTUM, symptoms=gone)["clinical"].status is OPEN


def test_the_founding_case_shows_symptoms_only() -> None:
    found = items(founding())
    assert {k: a.status for k, a in found.items()} == {
        "": OPEN,
        "clinical": MET,
        "radiological": OPEN,
        "exclusion": OPEN,
        "microbiological": OPEN,
    }
    assert found["microbiological"].why == "no positive culture is stated"
    assert len(found[""].missing) == 4


def test_the_synthetic_case_lacks_what_it_assumes() -> None:
    assert items(rich())["microbiological"].status is OPEN


def test_without_a_mycobacterium_nothing_is_said() -> None:
    assert ntm_diagnosis(small()) == ()
