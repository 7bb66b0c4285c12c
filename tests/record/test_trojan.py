"""The founding case: every fact of the page, each with its place, and nothing else."""

from collections.abc import Iterator
from datetime import date

import pytest

from lymphocast.record.events import CultureResult, SymptomGrade, WorkupStatus
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method, Provenance
from lymphocast.units import Quantity
from tests.record.cases import founding

CASE = founding()


def provenances(record: PatientRecord) -> Iterator[tuple[Provenance, ...]]:
    yield record.demographics.provenance
    for section in (
        record.dated(),
        record.findings,
        record.administrations,
        record.missed_doses,
        record.durations,
        record.unread,
        record.workup,
        record.timelines,
    ):
        yield from (fact.provenance for fact in section)


def test_every_fact_has_a_source_and_a_place() -> None:
    for facts in provenances(CASE):
        assert facts
        for p in facts:
            assert CASE.source(p.source).doi == "10.1111/j.1365-2249.2009.03910.x"
            assert p.locator.startswith(("abstract", "Fig. 1"))
            assert p.note or p.method is Method.STATED


@pytest.mark.parametrize(
    ("fact", "first", "last"),
    [
        ("symptoms-onset", date(2002, 1, 1), date(2002, 12, 31)),
        ("symptoms-worse", date(2003, 10, 1), date(2003, 10, 31)),
        ("clarithromycin-start", date(2004, 2, 1), date(2004, 2, 10)),
        ("clarithromycin-stop", date(2004, 10, 21), date(2004, 10, 31)),
        ("il2-start", date(2004, 5, 1), date(2004, 5, 31)),
        ("symptoms-improve", date(2004, 5, 1), date(2004, 5, 31)),
        ("il2-maintenance", date(2004, 7, 1), date(2004, 8, 31)),
        ("il2-stop", date(2007, 7, 1), date(2007, 7, 31)),
        ("cd4-presenting", date(2003, 10, 1), date(2004, 4, 30)),
        ("cd4-month-5", date(2004, 10, 1), date(2004, 10, 15)),
        ("symptoms-on-macrolide", date(2004, 2, 1), date(2004, 5, 31)),
        ("symptoms-resolved", date(2004, 10, 1), date(2004, 10, 10)),
        ("culture-negative", date(2004, 10, 1), date(2004, 10, 15)),
    ],
)
def test_a_fact_lies_where_the_page_puts_it(fact: str, first: date, last: date) -> None:
    when = CASE.when_of(fact)
    assert (when.earliest, when.latest) == (first, last)


@pytest.mark.parametrize(
    ("count", "value"),
    [("cd4-presenting", 172), ("cd4-month-5", 553), ("cd4-stop-6", 596), ("cd4-stop-9", 378)],
)
def test_the_four_counts(count: str, value: float) -> None:
    assert CASE.measurement(count).value == Quantity(value, "/uL")


def test_there_are_no_other_counts() -> None:
    assert [m.id for m in CASE.counts()] == [
        "cd4-presenting",
        "cd4-month-5",
        "cd4-stop-6",
        "cd4-stop-9",
    ]
    assert len(CASE.unread) == 1


@pytest.mark.parametrize(("count", "months"), [("cd4-stop-6", 6), ("cd4-stop-9", 9)])
def test_the_last_counts_share_the_uncertainty_of_the_stop(count: str, months: int) -> None:
    when = CASE.when_of(count)
    assert (when.anchor, when.offset, when.tolerance) == ("il2-stop", months * 30.4375, 15.0)


def test_interleukin_2_is_raised_to_the_maintenance_dose() -> None:
    titration, full = CASE.administration("il2-titration"), CASE.administration("il2-full")
    assert (titration.amount, titration.per, titration.divided) == (
        Quantity(600_000.0, "[arb'U]"),
        1.0,
        1,
    )
    assert (full.amount, full.per, full.divided) == (Quantity(11.0, "M[arb'U]"), 7.0, 3)
    assert (titration.titrated_to, titration.titration_steps) == ("il2-full", 6)
    assert "assumed" in titration.titration_note
    assert titration.stop.anchor == full.start.anchor == "il2-maintenance"
    # 600 000 units a day are 4.2 million a week; maintenance is 2.62 times that.
    weekly = titration.amount.to("M[arb'U]").value * 7.0
    assert full.amount.value / weekly == pytest.approx(2.62, abs=0.005)


def test_the_product_is_stated_in_the_abstract_only() -> None:
    for stretch in CASE.administrations_of("interleukin-2"):
        assert stretch.product == "pegylated"
        assert [p.locator for p in stretch.product_provenance] == ["abstract"]


def test_clarithromycin_has_no_stated_route() -> None:
    stretch = CASE.administration("clarithromycin")
    assert (stretch.amount, stretch.per, stretch.divided) == (Quantity(1000.0, "mg"), 1.0, 2)
    assert stretch.route is None


def test_what_is_unknown_stays_unknown() -> None:
    (missed,) = CASE.missed_doses
    assert not missed.dates_known
    assert {w.status for w in CASE.workup} == {WorkupStatus.NOT_STATED}
    assert len(CASE.workup) == 8


def test_culture_and_symptoms() -> None:
    culture = CASE.culture("culture-negative")
    assert (culture.result, culture.number) == (CultureResult.NEGATIVE, 2)
    assert "assumed" in culture.number_note
    assert culture.organism == "Mycobacterium avium-intracellulare"
    assert CASE.symptom("symptoms-resolved").grade is SymptomGrade.RESOLVED
    assert CASE.symptom("asymptomatic-last").at.anchor == "last-follow-up"


def test_every_nominal_day_is_possible_and_marked_as_assumed() -> None:
    modelling = CASE.modelling
    assert modelling is not None
    assert CASE.nominal_day("culture-negative") == date(2004, 10, 5)
    assert CASE.nominal_day("il2-start") is None
    for nominal in modelling.nominal:
        assert CASE.when_of(nominal.fact).contains(nominal.day)
        assert nominal.rationale.startswith("Assumed")
    assert modelling.entry_below == Quantity(350.0, "/uL")
    assert {name for name, _ in modelling.rationale} >= {"study_drug", "entry_below"}


def test_claims_stand_beside_the_four_questions() -> None:
    assert {claim.verdict for claim in CASE.claims} == {"a", "b", "c", "d", ""}


def test_the_abstract_reads_the_stop_differently() -> None:
    (timeline,) = CASE.timelines
    assert (timeline.event, timeline.at.anchor) == ("il2-stop", "il2-start")
    assert timeline.at.offset == 35 * 30.4375
