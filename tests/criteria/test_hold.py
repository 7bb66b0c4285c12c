"""Hold and stop rules of high-dose interleukin-2 (SITC 2014, table 3): each limit, both sides."""

import pytest

from lymphocast.criteria.assessment import Standing
from lymphocast.criteria.hold import HIGH_DOSE, LIMITS, hold_rules, judge
from lymphocast.record.patient import PatientRecord
from tests.criteria.facts import measured, stated, with_sections
from tests.record.cases import SMALL, changed, founding, small

ROWS = {row.analyte: row for row in LIMITS}
NONE, HOLD, STOP = None, False, True


@pytest.mark.parametrize(
    ("analyte", "value", "verdict"),
    [
        # SITC 2014, table 3: sinus tachycardia 100-130 relative, above 130 absolute.
        ("heart rate", 99, NONE),
        ("heart rate", 100, HOLD),
        ("heart rate", 130, HOLD),
        ("heart rate", 131, STOP),
        # creatinine 2.5-2.9 mg/dL relative, 3.0 and more absolute.
        ("creatinine", 2.4, NONE),
        ("creatinine", 2.5, HOLD),
        ("creatinine", 2.9, HOLD),
        ("creatinine", 3.0, STOP),
        # urine 80-160 mL in 8 h relative, below 80 absolute (per hour: 10-20).
        ("urine output", 20.1, NONE),
        ("urine output", 20.0, HOLD),
        ("urine output", 10.0, HOLD),
        ("urine output", 9.9, STOP),
        # platelets 30 000-50 000 relative, below 30 000 absolute.
        ("platelets", 50_001, NONE),
        ("platelets", 50_000, HOLD),
        ("platelets", 30_000, HOLD),
        ("platelets", 29_999, STOP),
        # bilirubin above 7 mg/dL relative.
        ("bilirubin", 7.0, NONE),
        ("bilirubin", 7.1, HOLD),
        ("bilirubin", 70.0, HOLD),
        # oxygen 3-4 L/min relative, above 4 absolute.
        ("oxygen flow", 2.9, NONE),
        ("oxygen flow", 3.0, HOLD),
        ("oxygen flow", 4.0, HOLD),
        ("oxygen flow", 4.1, STOP),
    ],
)
def test_each_limit(analyte: str, value: float, verdict: bool | None) -> None:
    assert judge(ROWS[analyte], value) is verdict


def verdicts(record: PatientRecord) -> tuple[Standing, Standing]:
    stop, hold = hold_rules(record)
    assert (stop.criterion, hold.criterion) == ("il2-stop", "il2-hold")
    assert stop.edition is hold.edition is HIGH_DOSE
    return stop.status, hold.status


OPEN, MET = Standing.NOT_ESTABLISHED, Standing.MET


def test_three_relative_criteria_at_once_stop_treatment() -> None:
    two = [("heart rate", "120 /min", "2020-03-01"), ("creatinine", "2.6 mg/dL", "2020-03-01")]
    assert verdicts(measured(*two)) == (OPEN, MET)
    third = ("platelets", "40 10^9/L", "2020-03-01")
    assert verdicts(measured(*two, third)) == (MET, MET)
    later = ("platelets", "40 10^9/L", "2020-03-02")
    assert verdicts(measured(*two, later)) == (OPEN, MET)


def test_a_second_value_of_one_system_is_no_second_criterion() -> None:
    rows = [("heart rate", f"{rate} /min", "2020-03-01") for rate in (110, 115, 120)]
    assert verdicts(measured(*rows)) == (OPEN, MET)


def test_one_absolute_criterion_stops_treatment() -> None:
    record = measured(("creatinine", "3 mg/dL", "2020-03-01"))
    assert verdicts(record) == (MET, OPEN)
    assert hold_rules(record)[0].urgent


@pytest.mark.parametrize("at", ["2019-12-31", "2020-09-01"])
def test_values_off_treatment_do_not_count(at: str) -> None:
    assert verdicts(measured(("creatinine", "3 mg/dL", at))) == (OPEN, OPEN)


@pytest.mark.parametrize(("weight", "status"), [("80.5 kg", OPEN), ("80.6 kg", MET)])
def test_a_weight_gain_above_fifteen_per_cent_holds(weight: str, status: Standing) -> None:
    record = measured(("weight", "70 kg", "2019-12-01"), ("weight", weight, "2020-03-01"))
    assert verdicts(record) == (OPEN, status)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("vivid dreams", (OPEN, MET)),
        ("mild anxiety", (OPEN, MET)),
        ("hallucinations", (MET, OPEN)),
        ("documented infection", (MET, OPEN)),
        ("hair loss", (OPEN, OPEN)),
    ],
)
def test_events_count_by_their_term(term: str, expected: tuple[Standing, Standing]) -> None:
    events = stated("event", f"what: something, term: {term}, at: 2020-03")
    assert verdicts(with_sections(adverse_events=events)) == expected
    findings = stated("found", f"what: something, term: {term}, at: 2020-03")
    assert verdicts(with_sections(findings=findings)) == expected
    absent = stated("found", f"what: something, term: {term}, at: 2020-03, presence: absent")
    assert verdicts(with_sections(findings=absent)) == (OPEN, OPEN)


def test_what_is_not_measured_is_named_and_nothing_is_taken_as_normal() -> None:
    stop, hold = hold_rules(founding())
    assert stop.status is hold.status is OPEN
    assert "platelets" in stop.missing
    assert "high-dose" in str(stop.edition)


def test_everything_measured_and_normal_is_not_met() -> None:
    rows = [
        ("heart rate", "70 /min"),
        ("creatinine", "1 mg/dL"),
        ("urine output", "60 mL/h"),
        ("platelets", "200 10^9/L"),
        ("bilirubin", "1 mg/dL"),
        ("oxygen flow", "1 L/min"),
        ("body weight", "70 kg"),
    ]
    record = measured(*[(a, v, "2020-03-01") for a, v in rows])
    assert verdicts(record) == (Standing.NOT_MET, Standing.NOT_MET)


def test_without_interleukin_2_no_rule_applies() -> None:
    assert hold_rules(small(changed("drug: interleukin-2", "drug: aspirin", SMALL))) == ()
