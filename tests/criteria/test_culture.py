"""Outcomes of treatment (NTM-NET 2018, wording recalled): each number, on both sides."""

import pytest

from lymphocast.criteria.assessment import Assessment, Edition, Standing
from lymphocast.criteria.culture import NTM_NET_2018, OutcomeOptions, outcomes
from lymphocast.record.patient import PatientRecord
from tests.criteria.facts import antibiotics, stated, with_sections
from tests.record.cases import founding, rich

MET, NOT_MET, OPEN = Standing.MET, Standing.NOT_MET, Standing.NOT_ESTABLISHED
SPUTUM = "specimen: sputum, organism: MAC"


def cultures(*rows: tuple[str, str], specimen: str = "sputum", more: str = "") -> str:
    return "".join(
        stated(f"c{i}", f"specimen: {specimen}, organism: MAC, result: {r}, at: {at}{more}")
        for i, (r, at) in enumerate(rows)
    )


def record(lines: str, symptoms: str = "", stop: str = "2019-09-01") -> PatientRecord:
    """Treatment lasts from 1 January 2018; a month is 30.4375 d."""
    text = antibiotics("azithromycin", "ethambutol", "rifampicin", stop=stop)
    extra = {"symptoms": symptoms} if symptoms else {}
    return with_sections(text, cultures=lines, **extra)


def found(rec: PatientRecord, options: OutcomeOptions | None = None) -> dict[str, Assessment]:
    given = outcomes(rec, options) if options is not None else outcomes(rec)
    return {a.criterion.removeprefix("ntm-outcome."): a for a in given}


THREE = [("negative", "2018-03-01"), ("negative", "2018-03-29"), ("negative", "2018-04-26")]


def test_three_negatives_four_weeks_apart_are_a_conversion() -> None:
    assessed = found(record(cultures(*THREE)))["conversion"]
    assert assessed.status is MET
    assert assessed.result == "conversion 2018-03-01"
    assert assessed.edition is NTM_NET_2018
    assert "recalled" in str(assessed.edition)


def test_a_day_less_is_none() -> None:
    close = [*THREE[:2], ("negative", "2018-04-25")]
    assessed = found(record(cultures(*close)))["conversion"]
    assert assessed.status is OPEN
    assert "2 of 3 negative" in assessed.why
    assert (
        found(record(cultures(*close)), OutcomeOptions(apart_days=27))["conversion"].status is MET
    )


def test_two_negatives_are_none() -> None:
    assert found(record(cultures(*THREE[:2])))["conversion"].status is OPEN
    two = OutcomeOptions(negatives=2, edition=Edition("another", "none"))
    assessed = found(record(cultures(*THREE[:2])), two)["conversion"]
    assert (assessed.status, str(assessed.edition)) == (MET, "another")


def test_a_positive_between_begins_the_count_anew() -> None:
    broken = [*THREE[:2], ("positive", "2018-04-10"), THREE[2]]
    assert found(record(cultures(*broken)))["conversion"].status is OPEN


def test_a_contaminated_culture_is_neither() -> None:
    spoilt = [*THREE[:2], ("contaminated", "2018-04-10"), THREE[2]]
    assert found(record(cultures(*spoilt)))["conversion"].status is MET


def test_several_cultures_of_one_date_are_one_occasion() -> None:
    lines = cultures(("negative", "2018-03-01"), more=", number: 3")
    assert found(record(lines))["conversion"].status is OPEN


def test_cultures_off_treatment_do_not_convert() -> None:
    early = [("negative", "2017-12-01"), *THREE[:2]]
    assert found(record(cultures(*early)))["conversion"].status is OPEN


def test_vague_dates_do_not_convert_but_say_so() -> None:
    vague = [("negative", "2018-03"), ("negative", "2018-04"), ("negative", "2018-06")]
    assessed = found(record(cultures(*vague)))["conversion"]
    assert assessed.status is OPEN
    assert "too vague" in assessed.why
    assert "their dates" in assessed.missing


def test_a_last_positive_culture_refuses_conversion() -> None:
    assert found(record(cultures(("positive", "2018-06-01"))))["conversion"].status is NOT_MET


def test_one_negative_lavage_suffices_where_there_is_no_sputum() -> None:
    one = cultures(("negative", "2018-06-01"), specimen="BAL")
    assert found(record(one))["conversion"].status is MET
    strict = OutcomeOptions(bronchoscopic_suffices=False)
    assert found(record(one), strict)["conversion"].status is OPEN
    sputum = one + stated("s", f"{SPUTUM}, result: negative, at: 2018-07-01")
    assert found(record(sputum))["conversion"].status is OPEN


def test_another_species_is_another_disease() -> None:
    lines = cultures(*THREE).replace("organism: MAC", "organism: M. tuberculosis")
    assert found(record(lines))["conversion"].status is OPEN


def test_microbiological_cure_ends_with_a_positive_culture() -> None:
    assert found(record(cultures(*THREE)))["microbiological-cure"].status is MET
    again = [*THREE, ("positive", "2018-08-01")]
    assert found(record(cultures(*again)))["microbiological-cure"].status is NOT_MET
    after = [*THREE, ("positive", "2019-10-01")]
    assert found(record(cultures(*after)))["microbiological-cure"].status is MET


BETTER = stated("better", "what: cough, grade: resolved, at: 2018-05-01")
WORSE = stated("worse", "what: cough, grade: worse, at: 2018-09-01")


def test_cure_needs_cultures_and_symptoms() -> None:
    both = found(record(cultures(*THREE), BETTER))
    assert both["cure"].status is MET
    assert both["clinical-cure"].status is NOT_MET
    assert found(record(cultures(*THREE)))["cure"].status is OPEN
    worse = found(record(cultures(*THREE), BETTER + WORSE))
    assert (worse["cure"].status, worse["improvement"].status) == (NOT_MET, NOT_MET)


def test_clinical_cure_is_improvement_that_cultures_do_not_prove() -> None:
    assessed = found(record(cultures(*THREE[:2]), BETTER))
    assert assessed["clinical-cure"].status is MET
    assert assessed["cure"].status is OPEN


# Twelve months of 30.4375 d from 1 January 2018 are 365.25 d: passed on 2 January 2019.
@pytest.mark.parametrize(("at", "status"), [("2019-01-01", OPEN), ("2019-01-02", MET)])
def test_refractory_disease_begins_after_twelve_months(at: str, status: Standing) -> None:
    lines = cultures(("positive", "2018-06-01"), ("positive", at))
    assert found(record(lines))["refractory"].status is status


@pytest.mark.parametrize(("stop", "status"), [("2018-12-31", NOT_MET), ("2019-01-02", OPEN)])
def test_a_shorter_treatment_cannot_be_refractory(stop: str, status: Standing) -> None:
    lines = cultures(("positive", "2018-06-01"))
    assert found(record(lines, stop=stop))["refractory"].status is status


def test_conversion_refuses_refractory_disease() -> None:
    late = [*THREE, ("positive", "2019-03-01")]
    assert found(record(cultures(*late)))["refractory"].status is NOT_MET


def test_failure_needs_two_positive_cultures_after_a_year() -> None:
    one = [("positive", "2019-02-01")]
    two = [*one, ("positive", "2019-03-01")]
    assert found(record(cultures(*one)))["failure"].status is OPEN
    assert found(record(cultures(*two)))["failure"].status is MET
    assert found(record(cultures(("negative", "2019-02-01"))))["failure"].status is NOT_MET


def typed(after: str) -> str:
    lines = cultures(("positive", "2018-01-15"), more=", genotype: A")
    lines += stated("r1", f"{SPUTUM}, result: positive, at: 2019-10-01, genotype: {after}")
    return lines + stated("r2", f"{SPUTUM}, result: positive, at: 2019-11-01")


def test_recurrence_needs_two_positive_cultures_after_treatment() -> None:
    two = found(record(typed("A")))["recurrence"]
    assert (two.status, two.result) == (MET, "relapse (same type)")
    assert found(record(typed("B")))["recurrence"].result == "reinfection (another type)"
    one = cultures(("positive", "2019-10-01"))
    assert found(record(one))["recurrence"].status is OPEN
    assert found(record(cultures(("negative", "2019-10-01"))))["recurrence"].status is NOT_MET


def test_a_number_that_is_assumed_makes_no_recurrence() -> None:
    lines = cultures(("positive", "2019-10-01"), more=", number: 2")
    assert found(record(lines))["recurrence"].status is MET
    assumed = cultures(("positive", "2019-10-01"), more=", number: 2, number_note: assumed")
    assert found(record(assumed))["recurrence"].status is OPEN


def test_the_founding_case_establishes_no_conversion() -> None:
    assessed = found(founding())
    assert assessed["conversion"].status is OPEN
    assert "1 of 3 negative" in assessed["conversion"].why
    assert assessed["cure"].status is OPEN
    assert assessed["recurrence"].status is OPEN
    assert assessed["refractory"].status is NOT_MET
    assert "8.3 to 9.0 months" in assessed["refractory"].why


def test_the_synthetic_case_converted() -> None:
    assert found(rich())["conversion"].result == "conversion 2015-12-07"
