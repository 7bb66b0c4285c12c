"""Thresholds to watch, tolerated doses, warnings on drugs together: each limit, both sides."""

import pytest

from lymphocast.criteria.assessment import Assessment, Standing
from lymphocast.criteria.dose import tolerated_doses
from lymphocast.criteria.monitoring import monitoring
from lymphocast.criteria.ntm import treatment_issues
from lymphocast.record.patient import PatientRecord
from tests.criteria.facts import antibiotics, measured, stated, with_sections
from tests.record.cases import SMALL, changed, founding, rich, small

MET, NOT_MET, OPEN = Standing.MET, Standing.NOT_MET, Standing.NOT_ESTABLISHED


def watched(record: PatientRecord) -> dict[str, Assessment]:
    return {a.criterion.removeprefix("monitoring."): a for a in monitoring(record)}


@pytest.mark.parametrize(
    ("count", "prophylaxis", "mac"),
    # CDC 1993: below 200 per uL; disseminated MAC disease below 50.
    [
        ("200 /uL", NOT_MET, NOT_MET),
        ("199 /uL", MET, NOT_MET),
        ("50 /uL", MET, NOT_MET),
        ("49 /uL", MET, MET),
    ],
)
def test_the_last_count_against_the_thresholds_of_hiv(
    count: str, prophylaxis: Standing, mac: Standing
) -> None:
    found = watched(measured(("CD4", "10 /uL", "2019-01-01"), ("CD4", count, "2020-03-01")))
    assert found["prophylaxis"].status is prophylaxis
    assert found["prophylaxis"].urgent is (prophylaxis is MET)
    assert found["disseminated-mac"].status is mac
    assert "not advice" in str(found["prophylaxis"].edition)


@pytest.mark.parametrize(
    ("value", "status"),
    [("4.0 mIU/L", NOT_MET), ("4.1 mIU/L", MET), ("0.4 mIU/L", NOT_MET), ("0.39 mIU/L", MET)],
)
def test_tsh_against_the_laboratorys_limits(value: str, status: Standing) -> None:
    normal = "normal: {low: 0.4 mIU/L, high: 4 mIU/L}"
    assert watched(measured(("TSH", f"{value}, {normal}", "2020-03-01")))["tsh"].status is status


@pytest.mark.parametrize(("value", "status"), [("0.5 G/L", NOT_MET), ("501 /uL", MET)])
def test_eosinophils_against_the_laboratorys_limit(value: str, status: Standing) -> None:
    record = measured(("eosinophils", f"{value}, normal: {{high: 0.5 10^9/L}}", "2020-03-01"))
    assert watched(record)["eosinophils"].status is status
    unknown = watched(measured(("eosinophils", value, "2020-03-01")))["eosinophils"]
    assert (unknown.status, unknown.missing) == (OPEN, ("the limits of normal",))


@pytest.mark.parametrize(("value", "status"), [("1.5 mg/dL", NOT_MET), ("1.51 mg/dL", MET)])
def test_creatinine_against_its_baseline(value: str, status: Standing) -> None:
    first = ("creatinine", "1 mg/dL", "2019-12-01")
    assert (
        watched(measured(first, ("creatinine", value, "2020-03-01")))["creatinine"].status is status
    )


@pytest.mark.parametrize(
    ("value", "status", "urgent"),
    [
        ("449 ms", NOT_MET, False),
        ("450 ms", MET, False),
        ("500 ms", MET, False),
        ("501 ms", MET, True),
    ],
)
def test_qtc_on_a_macrolide(value: str, status: Standing, urgent: bool) -> None:
    text = antibiotics("azithromycin", stop="2020-06-01")
    found = watched(measured(("QTc", value, "2020-03-01"), text=text))["qtc"]
    assert (found.status, found.urgent) == (status, urgent)


def test_what_was_not_recorded_on_treatment_is_named() -> None:
    found = watched(founding())
    assert {k for k, a in found.items() if a.status is OPEN} == {
        "eosinophils",
        "tsh",
        "creatinine",
        "qtc",
    }
    assert found["prophylaxis"].status is NOT_MET


def dosed(dosing: str, product: str = "aldesleukin", patient: str = "") -> Assessment:
    text = changed(
        "    amount: 1 MU\n    per: 1 d\n", f"    dosing: {dosing}\n    product: {product}\n"
    )
    (found,) = tolerated_doses(small(changed("events:", f"{patient}events:", text)))
    return found


SIZED = "patient: {body_surface: 2 m2}\n"


@pytest.mark.parametrize(
    ("dosing", "status"),
    [
        # Davey 1997 (PMID 9086130): 15 MIU a day under the skin.
        ("15 MIU daily", NOT_MET),
        ("15.1 MIU daily", MET),
        ("7.5 MIU bid", NOT_MET),
        ("7.6 MIU bid", MET),
        ("16 MIU weekly", MET),
        ("45 MIU weekly in three doses", NOT_MET),
        ("46 MIU weekly in three doses", MET),
        ("15 MU daily", OPEN),
    ],
)
def test_aldesleukin_above_the_tolerated_dose(dosing: str, status: Standing) -> None:
    assert dosed(dosing).status is status


@pytest.mark.parametrize(
    ("dosing", "status"), [("7.5 MIU/m2 daily", NOT_MET), ("7.6 MIU/m2 daily", MET)]
)
def test_doses_per_area_need_the_area(dosing: str, status: Standing) -> None:
    assert dosed(dosing, patient=SIZED).status is status
    assert dosed(dosing).missing == ("body surface, or weight and height",)


@pytest.mark.parametrize(("dosing", "status"), [("40 MU weekly", NOT_MET), ("41 MU weekly", MET)])
def test_pegylated_interleukin_2_above_the_tolerated_dose(dosing: str, status: Standing) -> None:
    # Meyers 1991: 20 million units per m2 and week.
    assert dosed(dosing, "pegylated", SIZED).status is status
    assert dosed(dosing, "pegylated").status is OPEN


def test_an_unknown_product_is_not_compared_and_not_blamed() -> None:
    assert tolerated_doses(small()) == ()


@pytest.mark.parametrize(
    ("dosing", "status"), [("30 ug/kg weekly", NOT_MET), ("31 ug/kg weekly", MET)]
)
def test_interleukin_7_above_the_tolerated_dose(dosing: str, status: Standing) -> None:
    # Sereti 2009: 30 ug/kg in one dose.
    text = changed("drug: interleukin-2", "drug: IL-7")
    text = changed("    amount: 1 MU\n    per: 1 d\n", f"    dosing: {dosing}\n", text)
    (found,) = tolerated_doses(small(text))
    assert found.status is status


def test_the_founding_dose_cannot_be_compared() -> None:
    found = tolerated_doses(founding())
    assert {a.status for a in found} == {OPEN}
    assert {a.missing for a in found} == {("body surface, or weight and height",)}


MAC = stated("c", "specimen: sputum, organism: MAC, result: positive, at: 2018-01")


def warned(*drugs: str) -> dict[str, str]:
    record = with_sections(antibiotics(*drugs), cultures=MAC)
    return {i.rule: i.message for i in treatment_issues(record)}


def test_one_two_and_three_drugs() -> None:
    assert "macrolide-monotherapy" in warned("clarithromycin")
    assert "fewer-than-three-drugs" not in warned("clarithromycin")
    assert "fewer-than-three-drugs" in warned("clarithromycin", "ethambutol")
    assert "macrolide-monotherapy" not in warned("clarithromycin", "ethambutol")
    assert "fewer-than-three-drugs" not in warned("clarithromycin", "ethambutol", "rifabutin")


def test_a_macrolide_with_a_rifamycin() -> None:
    assert "68 %" in warned("clarithromycin", "rifampicin")["macrolide-with-rifamycin"]
    assert "23 %" in warned("azithromycin", "rifampicin")["macrolide-with-rifamycin"]
    rifabutin = warned("clarithromycin", "rifabutin")["macrolide-with-rifamycin"]
    assert "of rifabutin no number is held" in rifabutin
    assert "macrolide-with-rifamycin" not in warned("clarithromycin", "ethambutol")


def test_drugs_one_after_the_other_do_not_interact() -> None:
    text = antibiotics("clarithromycin", stop="2018-06-01")
    later = stated(
        "r", "drug: rifampicin, dosing: 600 mg daily, start: 2018-06-01, stop: 2019-01-01"
    )
    record = with_sections(
        changed("measurements:\n", f"{later}measurements:\n", text), cultures=MAC
    )
    assert "macrolide-with-rifamycin" not in {i.rule for i in treatment_issues(record)}


def test_the_synthetic_case_is_treated_with_three_drugs() -> None:
    rules = {i.rule for i in treatment_issues(rich())}
    assert rules == {"macrolide-with-rifamycin"}
    assert SMALL
