"""The seam from the clinic to the model: study days, relative doses, anchors, clear refusals."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from numpy.testing import assert_allclose

from lymphocast.dataset.individual import Anchor, Individual, Moment
from lymphocast.dataset.project import project, refuse_unexplained
from lymphocast.errors import RecordError, UsageError
from lymphocast.record.events import CultureResult, SymptomGrade
from lymphocast.record.patient import PatientRecord
from lymphocast.units import Quantity
from tests.dataset.fittable import (
    COUNTS_ALONE,
    CYCLE,
    FITTABLE,
    STATED,
    fittable,
    founding_later,
    projected,
)
from tests.record.cases import changed, founding, founding_text, small
from tests.tolerances import CLOSED_FORM

MONTH = 30.4375
DAY_ZERO = date(2004, 5, 16)  # the middle of May


def trojan(timeline: str | None = None) -> Individual:
    return project(founding(), timeline)


def on(individual: Individual, year: int, month: int, day: int) -> float:
    return float((date(year, month, day) - individual.day_zero).days)


def test_day_zero_is_the_nominal_first_dose_of_the_study_drug() -> None:
    assert trojan().day_zero == DAY_ZERO


@pytest.mark.parametrize(
    ("name", "early", "late"),
    [
        ("cd4-presenting", (2003, 10, 1), (2004, 4, 30)),
        ("il2-start", (2004, 5, 1), (2004, 5, 31)),
        ("il2-maintenance", (2004, 7, 1), (2004, 8, 31)),
        ("il2-stop", (2007, 7, 1), (2007, 7, 31)),
    ],
)
def test_an_anchor_spans_the_days_that_the_record_leaves_open(
    name: str, early: tuple[int, int, int], late: tuple[int, int, int]
) -> None:
    found = trojan()
    assert found.anchor(name) == Anchor(name, on(found, *early), on(found, *late))


def test_there_are_no_other_anchors() -> None:
    names = {"cd4-presenting", "il2-start", "il2-maintenance", "il2-stop"}
    assert {a.name for a in trojan().anchors} == names
    with pytest.raises(KeyError, match="clarithromycin-start"):
        trojan().anchor("clarithromycin-start")


def test_doses_are_relative_to_the_maintenance_dose_of_the_same_drug() -> None:
    plan = trojan().plan
    titration, held = plan.stretches("interleukin-2")
    assert_allclose(titration.level, 4.2 / 11.0, rtol=CLOSED_FORM)  # 600,000 units a day
    assert (titration.final_level, titration.steps) == (1.0, 6)
    assert (held.level, held.final_level, held.steps) == (1.0, 1.0, 0)
    assert titration.start == Moment.at_anchor("il2-start")
    assert titration.stop == held.start == Moment.at_anchor("il2-maintenance")
    assert held.stop == Moment.at_anchor("il2-stop")
    (antibiotic,) = plan.stretches("clarithromycin")
    assert (antibiotic.level, antibiotic.steps) == (1.0, 0)


def test_doses_stand_in_chronological_order() -> None:
    found = trojan()
    starts = [found.nominal(d.start) for d in found.plan.doses]
    assert starts == sorted(starts)


def test_counts_stand_where_the_record_puts_them() -> None:
    found = trojan()
    entry, month_5, stop_6, stop_9 = found.counts
    assert [c.value for c in found.counts] == [172.0, 553.0, 596.0, 378.0]
    assert entry.at == Moment.at_anchor("cd4-presenting")
    early, late = on(found, 2004, 10, 1), on(found, 2004, 10, 15)
    assert month_5.at == Moment(None, 0.5 * (early + late), early, late)
    for count, months in ((stop_6, 6), (stop_9, 9)):
        after = months * MONTH
        assert count.at == Moment("il2-stop", after, after - 15.0, after + 15.0)
    assert found.entry.moment == entry.at
    assert found.entry.below == 350.0


def test_infection_data_stand_on_the_nominal_days_of_the_record() -> None:
    found = trojan()
    (culture,) = found.cultures
    assert (culture.result, culture.number) == (CultureResult.NEGATIVE, 2)
    assert culture.day == on(found, 2004, 10, 5)
    assert {s.grade: s.day for s in found.symptoms} == {
        SymptomGrade.MINIMAL_IMPROVEMENT: on(found, 2004, 4, 27),
        SymptomGrade.RESOLVED: on(found, 2004, 10, 5),
        SymptomGrade.ASYMPTOMATIC: on(found, 2008, 4, 15),
    }
    assert found.infection_days == tuple(sorted({culture.day, *(s.day for s in found.symptoms)}))


def test_the_instants_that_hang_on_doses() -> None:
    found = trojan()
    (antibiotic,) = found.plan.stretches("clarithromycin")
    assert antibiotic.start == Moment.fixed(on(found, 2004, 2, 3))
    assert antibiotic.stop == Moment.fixed(on(found, 2004, 10, 28))
    assert found.plan.infection_start == on(found, 2004, 2, 3)
    assert found.plan.infection_lift == Moment.at_anchor("il2-start")
    assert found.plan.recovery_clock == on(found, 2003, 10, 1)


def test_on_the_timeline_of_35_months_the_stop_hangs_on_the_start() -> None:
    main, other = trojan(), trojan("thirty-five-months")
    stop, length = other.anchor("il2-stop"), 35 * MONTH
    assert stop == Anchor("il2-stop", length - 15.0, length + 15.0, "il2-start")
    names = [a.name for a in other.anchors]
    assert names.index("il2-start") < names.index("il2-stop")
    assert other.nominal_anchor("il2-stop") == other.nominal_anchor("il2-start") + length
    assert other.counts == main.counts
    assert replace(other, anchors=main.anchors) == main


def test_an_unknown_timeline_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"'nonsense'.*thirty-five-months"):
        trojan("nonsense")
    with pytest.raises(UsageError, match="it has: none"):
        project(small(FITTABLE), "nonsense")


def test_a_patient_treated_years_later_has_the_same_study_days() -> None:
    later = projected(founding_later())
    assert later.day_zero == DAY_ZERO + timedelta(days=CYCLE * 365 + 1)
    assert replace(later, day_zero=DAY_ZERO) == trojan()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("600000 U", "0.6 MU"),
        ("11 MU", "11000000 U"),
        ("amount: 11 MU\n    per: 7 d", "amount: 22 MU\n    per: 14 d"),
        ("1000 mg", "1 g"),
        ("1000 mg", "250 mg"),
        ("172 cells/mm3", "0.172 10^9/L"),
        ("entry_below: 350 /uL", "entry_below: 0.35 10^9/L"),
    ],
)
def test_the_unit_of_a_quantity_does_not_matter(old: str, new: str) -> None:
    found, main = projected(changed(old, new, founding_text())), trojan()
    assert replace(found, plan=main.plan, counts=main.counts, entry=main.entry) == main
    assert found.entry.below == pytest.approx(main.entry.below, rel=CLOSED_FORM)
    for ours, theirs in zip(found.plan.doses, main.plan.doses, strict=True):
        assert ours.level == pytest.approx(theirs.level, rel=CLOSED_FORM)
        assert replace(ours, level=theirs.level) == theirs
    for count, same in zip(found.counts, main.counts, strict=True):
        assert count.value == pytest.approx(same.value, rel=CLOSED_FORM)


def test_doses_known_only_in_another_unit_system_leave_the_same_problem() -> None:
    text = changed("600000 U", "0.1 mg", founding_text())
    text = changed("11 MU", f"{0.1 * 11.0 / 0.6:.12f} mg", text)
    ours, theirs = projected(text).plan.doses, trojan().plan.doses
    levels = [dose.level for dose in theirs]
    assert [dose.level for dose in ours] == pytest.approx(levels, rel=1e-9)  # printed digits


def test_a_count_per_litre_becomes_a_count_per_microlitre() -> None:
    assert [c.value for c in fittable().counts] == pytest.approx([150.0, 400.0], rel=CLOSED_FORM)
    assert fittable().entry.below == pytest.approx(350.0, rel=CLOSED_FORM)


def test_a_reading_error_becomes_an_error_of_the_logarithm() -> None:
    found = fittable("value: 0.4 10^9/L", "value: 0.4 10^9/L\n    reading_error: 0.02")
    first, second = found.counts
    assert first.reading_error == 0.0
    assert second.reading_error == pytest.approx(0.05, rel=0.03)  # ln 1.05, to first order


def test_events_on_known_days_need_no_anchor() -> None:
    found = fittable("at: 2020-01\n", "at: 2020-01-15\n")
    assert found.day_zero == date(2020, 1, 15)
    assert found.plan.stretches("interleukin-2")[0].start == Moment.fixed(0.0)
    assert "start" not in {a.name for a in found.anchors if a.early != a.late}


def test_an_exact_distance_moves_with_its_anchor() -> None:
    found = fittable("at: start + 6 mo", "at: start + 180 d ± 0 d")
    assert found.plan.stretches("interleukin-2")[0].stop == Moment("start", 180.0, 180.0, 180.0)
    assert found.plan.infection_lift.exact


def test_a_count_that_hangs_on_a_count_shares_its_uncertain_day() -> None:
    found = fittable("at: stop + 1 mo", "at: cd4-first + 2 mo")
    assert found.counts[1].at == Moment("cd4-first", 2 * MONTH, 2 * MONTH - 15.0, 2 * MONTH + 15.0)
    assert found.counts[0].at == Moment.at_anchor("cd4-first")


def test_a_dose_that_hangs_on_a_count_shares_its_uncertain_day() -> None:
    text = changed("start: start\n", "start: cd4-second\n", FITTABLE)
    text = changed("at: stop + 1 mo", "at: 2020-02", text)
    text = changed("entry_measurement: cd4-first", "entry_measurement: cd4-third", text)
    text = changed("cultures:\n", THIRD + "cultures:\n", text)
    found = projected(text)
    assert found.plan.stretches("interleukin-2")[0].start == Moment.at_anchor("cd4-second")
    second = next(c for c in found.counts if c.id == "cd4-second")
    assert second.at == Moment.at_anchor("cd4-second")


THIRD = """\
  - id: cd4-third
    analyte: CD4
    value: 300 /uL
    at: 2020-06
    provenance: [{source: paper, locator: abstract, method: stated}]
"""


def without_modelling(record: PatientRecord) -> PatientRecord:
    return replace(record, modelling=None)


def without_counts(record: PatientRecord) -> PatientRecord:
    return replace(record, measurements=())


def with_one_count(record: PatientRecord) -> PatientRecord:
    return replace(record, measurements=record.measurements[:1])


def without_later_counts(record: PatientRecord) -> PatientRecord:
    first = record.measurements[0]
    return replace(record, measurements=(first, replace(first, id="again")))


def without_drug(record: PatientRecord, drug: str) -> PatientRecord:
    kept = tuple(a for a in record.administrations if a.drug != drug)
    return replace(record, administrations=kept)


def without_study_drug(record: PatientRecord) -> PatientRecord:
    return without_drug(record, "interleukin-2")


def without_antibiotic(record: PatientRecord) -> PatientRecord:
    return without_drug(record, "clarithromycin")


def without_constant_dose(record: PatientRecord) -> PatientRecord:
    doses = (replace(a, titrated_to=a.id) for a in record.administrations)
    return replace(record, administrations=tuple(doses))


def with_the_wrong_entry(record: PatientRecord) -> PatientRecord:
    assert record.modelling is not None
    choices = replace(record.modelling, entry_measurement="nonsense")
    return replace(record, modelling=choices)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (without_modelling, "no 'modelling' block"),
        (without_study_drug, "no administration of interleukin-2"),
        (without_antibiotic, "no administration of clarithromycin; needed one, or"),
        (without_constant_dose, "no constant dose of interleukin-2"),
        (with_the_wrong_entry, "modelling.entry_measurement: found 'nonsense'"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_record_that_cannot_be_fitted_is_refused_by_what_it_lacks(
    change: Callable[[PatientRecord], PatientRecord], missing: str
) -> None:
    with pytest.raises(RecordError, match=missing) as raised:
        project(change(small(FITTABLE)))
    assert "small" in str(raised.value)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (without_counts, "fewer than two CD4 measurements"),
        (with_one_count, "fewer than two CD4 measurements"),
        (without_later_counts, "no CD4 measurement after interleukin-2 was started"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_record_that_says_too_little_can_be_fitted_but_not_explained(
    change: Callable[[PatientRecord], PatientRecord], missing: str
) -> None:
    individual = project(change(small(FITTABLE)))
    with pytest.raises(RecordError, match=missing) as raised:
        refuse_unexplained(individual)
    assert "small" in str(raised.value)


@pytest.mark.parametrize("value", [0.0, float("inf")])
def test_a_count_without_a_logarithm_is_refused(value: float) -> None:
    record = small(FITTABLE)
    first = replace(record.measurements[0], value=Quantity(value, "/uL"))
    with pytest.raises(RecordError, match=r"measurements\.cd4-first\.value: .* a count above 0"):
        project(replace(record, measurements=(first, *record.measurements[1:])))


def test_a_moment_is_exact_only_without_an_error_of_its_own() -> None:
    assert Moment.fixed(3.0).exact
    assert Moment.at_anchor("start").exact
    assert not Moment("start", 1.0, 0.0, 2.0).exact


def test_a_count_reported_as_below_a_limit_stands_at_the_limit() -> None:
    first, second = fittable("value: 150 /uL", "value: 150 /uL\n    limit: below").counts
    assert (first.value, first.lloq, first.below) == (150.0, 150.0, True)
    assert (second.lloq, second.below) == (0.0, False)
    other = fittable("value: 150 /uL", "value: 0.15 10^9/L\n    limit: below").counts[0]
    assert other.lloq == pytest.approx(150.0, rel=CLOSED_FORM)
    assert other.below


def test_a_count_known_only_to_lie_above_a_limit_is_refused() -> None:
    with pytest.raises(
        RecordError, match=r"cd4-first\.value: found a count given only as above 150"
    ):
        fittable("value: 150 /uL", "value: 150 /uL\n    limit: above")


def test_a_contaminated_culture_says_nothing() -> None:
    assert fittable("result: positive", "result: contaminated").cultures == ()
    second = FITTABLE.replace(
        "  - id: culture\n",
        f"  - {{id: spoilt, specimen: sputum, organism: MAC, result: contaminated, at: 2020-02, "
        f"{STATED}}}\n  - id: culture\n",
    )
    assert [c.id for c in projected(second).cultures] == ["culture"]


def test_cyclic_doses_count_by_their_weekly_mean() -> None:
    cyclic = f"""\
  - id: cycles
    drug: interleukin-2
    dosing: 2 MU daily for 7 days every 4 weeks
    start: 2019-12-20
    stop: start
    {STATED}
measurements:"""
    plan = projected(changed("measurements:", cyclic, FITTABLE)).plan
    # 14 MU in each of four weeks' cycles are 3.5 MU a week; the constant dose is 7 MU a week.
    assert [d.level for d in plan.stretches("interleukin-2")] == [0.5, 1.0]


def test_a_timeline_may_change_several_events() -> None:
    timeline = f"""\
timelines:
  - id: later
    label: a year later
    event: start
    at: 2021-01
    also: [{{event: stop, at: 2021-06}}]
    {STATED}
"""
    moved = project(small(FITTABLE + timeline), "later")
    assert moved.anchor("stop").relative_to is None
    assert moved.anchor("start").early - projected(FITTABLE).anchor("start").early == 366


def test_without_an_antibiotic_the_infection_begins_with_the_study_drug() -> None:
    given, none = projected(FITTABLE), projected(COUNTS_ALONE)
    assert (given.plan.antibiotic, none.plan.antibiotic) == ("clarithromycin", None)
    assert none.plan.stretches(none.plan.antibiotic) == ()
    (first,) = none.plan.stretches("interleukin-2")
    assert none.plan.infection_start == none.nominal(first.start)
    assert given.plan.infection_start < none.plan.infection_start
    assert none.counts == given.counts


def test_counts_alone_can_be_explained_and_tell_nothing_of_an_infection() -> None:
    none = projected(COUNTS_ALONE)
    refuse_unexplained(none)
    assert not none.tells_of_infection
    assert projected(FITTABLE).tells_of_infection
    symptom = replace(trojan(), cultures=())
    assert symptom.tells_of_infection
    assert not replace(symptom, symptoms=()).tells_of_infection
