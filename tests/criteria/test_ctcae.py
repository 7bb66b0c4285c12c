"""CTCAE v5.0 (27 November 2017): each limit of each term, on both sides."""

import pytest

from lymphocast.criteria.assessment import Assessment, Standing
from lymphocast.criteria.ctcae import (
    BASELINE,
    LLN,
    ULN,
    Scales,
    baseline_of,
    clinical_term,
    ctcae,
    grade_creatinine,
    grade_eosinophils,
    grade_falling,
    grade_fever,
    grade_lymphocytosis,
    grade_multiple,
    grade_qtc,
    grade_weight_gain,
)
from lymphocast.criteria.ctcae_table import FALLING, MULTIPLE
from tests.criteria.facts import measured, stated, with_sections
from tests.record.cases import founding, rich

ROWS = {row.analyte: row for row in FALLING}
RATIOS = {row.analyte: row for row in MULTIPLE}

FALLING_LIMITS: list[tuple[str, float, list[tuple[float, int]]]] = [
    # analyte, LLN, then (value, grade): CTCAE v5.0, "<LLN - 800/mm3; <800 - 500; <500 - 200; <200".
    ("lymphocytes", 1000, [(1000, 0), (999, 1), (800, 1), (799, 2), (500, 2), (499, 3), (200, 3)]),
    ("lymphocytes", 1000, [(199, 4)]),
    # "<LLN - 500/mm3; <500 - 200; <200 - 50; <50".
    ("CD4", 600, [(600, 0), (599, 1), (500, 1), (499, 2), (200, 2), (199, 3), (50, 3), (49, 4)]),
    # "<LLN - 75,000; <75,000 - 50,000; <50,000 - 25,000; <25,000".
    ("platelets", 150e3, [(150e3, 0), (149e3, 1), (75e3, 1), (74_999, 2), (50e3, 2)]),
    ("platelets", 150e3, [(49_999, 3), (25e3, 3), (24_999, 4)]),
    # "<LLN - 1500; <1500 - 1000; <1000 - 500; <500".
    (
        "neutrophils",
        2000,
        [(1999, 1), (1500, 1), (1499, 2), (1000, 2), (999, 3), (500, 3), (499, 4)],
    ),
    # "<LLN - 3000; <3000 - 2000; <2000 - 1000; <1000".
    (
        "leukocytes",
        4000,
        [(3999, 1), (3000, 1), (2999, 2), (2000, 2), (1999, 3), (1000, 3), (999, 4)],
    ),
    # Anemia: "<LLN - 10.0 g/dL; <10.0 - 8.0; <8.0".
    ("haemoglobin", 13.0, [(13.0, 0), (12.9, 1), (10.0, 1), (9.9, 2), (8.0, 2), (7.9, 3)]),
]


@pytest.mark.parametrize(
    ("analyte", "low", "value", "grade"),
    [(a, low, v, g) for a, low, pairs in FALLING_LIMITS for v, g in pairs],
)
def test_a_falling_count(analyte: str, low: float, value: float, grade: int) -> None:
    found = grade_falling(ROWS[analyte], value, Scales(low=low))
    assert found.grades == (grade,)
    assert found.missing == ()


def test_without_the_lower_limit_only_the_low_grades_stay_open() -> None:
    assert grade_falling(ROWS["CD4"], 553, Scales()).grades == (0, 1)
    assert grade_falling(ROWS["CD4"], 553, Scales()).missing == (LLN,)
    assert grade_falling(ROWS["CD4"], 499, Scales()).grades == (2,)


RATIO_LIMITS: list[tuple[str, list[tuple[float, int]]]] = [
    # CTCAE v5.0, normal baseline: multiples of the ULN.
    ("ALT", [(1.0, 0), (1.01, 1), (3.0, 1), (3.01, 2), (5.0, 2), (5.01, 3), (20.0, 3), (20.1, 4)]),
    ("AST", [(1.0, 0), (1.01, 1), (3.0, 1), (3.01, 2), (5.0, 2), (5.01, 3), (20.0, 3), (20.1, 4)]),
    ("bilirubin", [(1.0, 0), (1.01, 1), (1.5, 1), (1.51, 2), (3.0, 2), (3.01, 3), (10.1, 4)]),
    ("GGT", [(1.0, 0), (1.01, 1), (2.5, 1), (2.51, 2), (5.0, 2), (5.01, 3), (20.0, 3), (20.1, 4)]),
]


@pytest.mark.parametrize(
    ("analyte", "ratio", "grade"), [(a, r, g) for a, pairs in RATIO_LIMITS for r, g in pairs]
)
def test_multiples_of_the_upper_limit(analyte: str, ratio: float, grade: int) -> None:
    scales = Scales(high=40.0, baseline=30.0)
    assert grade_multiple(RATIOS[analyte], ratio * 40.0, scales).grades == (grade,)


ABNORMAL_LIMITS: list[tuple[str, list[tuple[float, int]]]] = [
    # CTCAE v5.0, abnormal baseline: "1.5 - 3.0 x baseline", ">3.0 - 5.0", ">5.0 - 20.0", ">20.0".
    ("ALT", [(1.49, 0), (1.5, 1), (3.0, 1), (3.01, 2), (5.0, 2), (5.01, 3), (20.0, 3), (20.1, 4)]),
    # ">1.0 - 1.5 x baseline", ">1.5 - 3.0", ">3.0 - 10.0", ">10.0".
    ("bilirubin", [(1.0, 0), (1.01, 1), (1.5, 1), (1.51, 2), (3.01, 3), (10.0, 3), (10.1, 4)]),
]


@pytest.mark.parametrize(
    ("analyte", "ratio", "grade"), [(a, r, g) for a, pairs in ABNORMAL_LIMITS for r, g in pairs]
)
def test_multiples_of_an_abnormal_baseline(analyte: str, ratio: float, grade: int) -> None:
    scales = Scales(high=40.0, baseline=64.0)
    assert grade_multiple(RATIOS[analyte], ratio * 64.0, scales).grades == (grade,)


def test_what_a_multiple_lacks_is_named() -> None:
    assert grade_multiple(RATIOS["ALT"], 50.0, Scales()).missing == (ULN,)
    assert grade_multiple(RATIOS["ALT"], 50.0, Scales(high=40.0)).missing == (BASELINE,)
    abnormal = grade_multiple(RATIOS["GGT"], 90.0, Scales(high=40.0, baseline=60.0))
    assert len(abnormal.grades) == 5
    assert "abnormal baseline" in abnormal.missing[0]


@pytest.mark.parametrize(
    ("value", "grade"),
    # CTCAE v5.0: ULN 1.0, baseline 1.0: ">ULN - 1.5"; ">1.5 - 3.0 x ULN or baseline"; ">3.0 x
    # baseline, >3.0 - 6.0 x ULN"; ">6.0 x ULN".
    [(1.0, 0), (1.01, 1), (1.5, 1), (1.51, 2), (3.0, 2), (3.01, 3), (6.0, 3), (6.01, 4)],
)
def test_creatinine_by_both_arms(value: float, grade: int) -> None:
    assert grade_creatinine(value, Scales(high=1.0, baseline=1.0)).grades == (grade,)


@pytest.mark.parametrize(("value", "grade"), [(0.75, 0), (0.76, 2), (1.5, 2), (1.51, 3)])
def test_creatinine_by_its_baseline_alone(value: float, grade: int) -> None:
    # Inside the limits of normal the baseline arm has no grade 1.
    assert grade_creatinine(value, Scales(high=2.0, baseline=0.5)).grades == (grade,)


def test_what_creatinine_lacks_is_named() -> None:
    assert grade_creatinine(1.2, Scales(high=1.0)).grades == (1, 2, 3)
    assert grade_creatinine(1.2, Scales(high=1.0)).missing == (BASELINE,)
    assert grade_creatinine(1.2, Scales(baseline=1.0)).missing == (ULN,)
    assert grade_creatinine(7.0, Scales(high=1.0)).grades == (4,)


def test_eosinophils_need_both_limits() -> None:
    scales = Scales(high=500.0, baseline=300.0)
    assert grade_eosinophils(500.0, scales).grades == (0,)
    assert grade_eosinophils(501.0, scales).grades == (1,)
    assert grade_eosinophils(501.0, Scales(high=500.0, baseline=501.0)).grades == (0,)
    assert grade_eosinophils(501.0, Scales(high=500.0)).missing == (BASELINE,)
    assert grade_eosinophils(501.0, Scales(high=500.0, baseline=1.0, steroids=True)).grades == (3,)


@pytest.mark.parametrize(("value", "grade"), [(4000, 0), (4001, 2), (20_000, 2), (20_001, 3)])
def test_lymphocytosis_has_grades_2_and_3(value: float, grade: int) -> None:
    assert grade_lymphocytosis(value, Scales()).grades == (grade,)


@pytest.mark.parametrize(
    ("value", "grades"),
    [(37.9, (0,)), (38.0, (1,)), (39.0, (1,)), (39.1, (2,)), (40.0, (2,)), (40.1, (3, 4))],
)
def test_fever(value: float, grades: tuple[int, ...]) -> None:
    assert grade_fever(value, Scales()).grades == grades


@pytest.mark.parametrize(
    ("value", "baseline", "grade"),
    [(449, 440, 0), (450, 440, 1), (480, 440, 1), (481, 440, 2), (500, 440, 2), (501, 480, 3)],
)
def test_qtc(value: float, baseline: float, grade: int) -> None:
    assert grade_qtc(value, Scales(baseline=baseline)).grades == (grade,)


def test_qtc_by_its_change() -> None:
    assert grade_qtc(460, Scales(baseline=400)).grades == (1,)
    assert grade_qtc(461, Scales(baseline=400)).grades == (3,)
    assert grade_qtc(460, Scales()).grades == (1, 3)
    assert grade_qtc(510, Scales()).grades == (3,)


@pytest.mark.parametrize(
    ("value", "grade"), [(104.9, 0), (105, 1), (109.9, 1), (110, 2), (119.9, 2), (120, 3)]
)
def test_weight_gain(value: float, grade: int) -> None:
    assert grade_weight_gain(value, Scales(baseline=100.0)).grades == (grade,)


def results(found: tuple[Assessment, ...]) -> list[tuple[str, str]]:
    return [(a.facts[0], a.result) for a in found]


def test_the_founding_case() -> None:
    # 172 is grade 3, 378 grade 2; 553 and 596 are 0 or 1 by a lower limit that is not stated.
    found = ctcae(founding())
    assert results(found) == [
        ("cd4-presenting", "grade 3"),
        ("cd4-month-5", "grade 0 or 1"),
        ("cd4-stop-6", "grade 0 or 1"),
        ("cd4-stop-9", "grade 2"),
    ]
    assert [a.status for a in found] == [
        Standing.MET,
        Standing.NOT_ESTABLISHED,
        Standing.NOT_ESTABLISHED,
        Standing.MET,
    ]
    # A low count before treatment is no adverse event of it.
    assert not any(a.urgent for a in found)


@pytest.mark.parametrize(("low", "result"), [("500 /uL", "grade 0"), ("600 /uL", "grade 1")])
def test_the_lower_limit_decides_553(low: str, result: str) -> None:
    record = measured(("CD4", f"553 /uL, normal: {{low: {low}}}", "2020-04-01"))
    assert results(ctcae(record)) == [("m0", result)]


def test_units_are_converted_before_grading() -> None:
    # 353.6 umol/L is 4.0 mg/dL: 4 times the ULN and the baseline, grade 3.
    record = measured(
        ("creatinine", "88.4 umol/L", "2019-11-01"),
        ("creatinine", "353.6 umol/L, normal: {high: 1.0 mg/dL}", "2020-04-01"),
    )
    before, during = ctcae(record)
    assert during.result == "grade 3"
    assert during.urgent
    assert during.facts == ("m1", "m0")
    assert "before treatment" in before.why


def test_the_baseline_is_the_last_value_before_treatment() -> None:
    record = measured(
        ("QTc", "400 ms", "2019-01-01"),
        ("QTc", "430 ms", "2019-12-31"),
        ("QTc", "470 ms", "2020-01-15"),
        ("QTc", "480 ms", "2020-03-01"),
    )
    first = baseline_of(record, "QTc")
    assert first is not None
    assert first.id == "m1"
    # The third may lie before or after the start in January: it is graded against the second.
    assert [a.result for a in ctcae(record)][2:] == ["grade 1", "grade 1"]


def test_a_value_known_only_as_a_limit_is_not_graded() -> None:
    assert ctcae(measured(("CD4", "10 /uL, limit: below", "2020-04-01"))) == ()


def test_adverse_events_keep_the_grades_that_their_term_has() -> None:
    events = stated("flu", "what: flu, term: flu-like symptoms, at: 2020-02, grade: 3")
    events += stated("worse", "what: flu, term: Flu-like, at: 2020-02, grade: 4")
    events += stated("open", "what: Hypotension, at: 2020-02")
    events += stated("other", "what: hair loss, at: 2020-02, grade: 1")
    flu, worse, open_ = (
        a
        for a in ctcae(with_sections(adverse_events=events))
        if a.facts[0] in {"flu", "worse", "open"}
    )
    assert (flu.result, flu.urgent) == ("grade 3", True)
    assert "severe" in flu.why
    assert worse.status is Standing.NOT_ESTABLISHED
    assert "the edition defines 1, 2, 3" in worse.why
    assert "without a grade" in open_.why


def test_terms_are_found_by_name() -> None:
    assert clinical_term("injection site reaction") is not None
    assert clinical_term("capillary leak syndrome") is not None
    assert clinical_term("hair loss") is None


def test_the_synthetic_case_is_graded() -> None:
    found = {a.facts[0]: a.result for a in ctcae(rich())}
    assert found["eosinophils"] == "grade 0 or 1"
    assert found["injection-site"] == "grade 1"
    assert found["qtc"] == "grade 2 or 3"
