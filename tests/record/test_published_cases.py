"""Other published patients under a cytokine: the abstract's facts, and nothing beyond them."""

from datetime import date

import pytest

from lymphocast.criteria.check import check
from lymphocast.criteria.icl import IclStatus
from lymphocast.dataset.project import project
from lymphocast.errors import RecordError
from lymphocast.record.casefile import find_case, read_case, shipped_cases
from lymphocast.record.events import WorkupStatus
from lymphocast.record.issue import Severity
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method
from lymphocast.units import Quantity

PUBLISHED = ("alstadhaug-2014", "harel-2018", "miskin-2016")
KEPT_FOR_VALIDATION = "10.1046/j.1365-2249.1999.00886.x"


def published(name: str) -> PatientRecord:
    return read_case(find_case(name))


def rules(name: str) -> set[str]:
    return {issue.rule for issue in check(published(name)).issues}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_case_is_shipped_and_checks_without_errors(name: str) -> None:
    record = published(name)
    assert name in shipped_cases()
    assert record.id == name
    assert not [i for i in check(record).issues if i.severity is Severity.ERROR]


def test_the_patient_kept_for_validation_is_not_shipped() -> None:
    for name in shipped_cases():
        assert KEPT_FOR_VALIDATION not in {source.doi for source in published(name).sources}


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_fact_has_a_source_a_place_and_a_reason(name: str) -> None:
    record = published(name)
    for section in (record.dated(), record.findings, record.administrations, record.workup):
        for fact in section:
            assert fact.provenance
            for p in fact.provenance:
                assert record.source(p.source).note
                assert p.locator in {"abstract", "title and abstract", "full text"}
                assert p.note or p.method is Method.STATED


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_the_abstract_leaves_out_is_said(name: str) -> None:
    record = published(name)
    assert record.unread
    assert "data-not-read" in rules(name)
    assert len(record.workup) == 8
    assert check(record).icl.status is IclStatus.NOT_ESTABLISHED


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_case_without_what_the_course_model_needs_is_refused(name: str) -> None:
    with pytest.raises(RecordError, match="found no 'modelling' block"):
        project(published(name))


@pytest.mark.parametrize(
    ("count", "analyte", "value"),
    [
        ("cd4-before", "CD4", 87),
        ("cd8-before", "CD8", 7),
        ("lymphocytes-before", "lymphocytes", 168),
        ("cd4-peak", "CD4", 301),
        ("cd8-peak", "CD8", 34),
        ("lymphocytes-peak", "lymphocytes", 595),
    ],
)
def test_the_counts_of_miskin(count: str, analyte: str, value: float) -> None:
    found = published("miskin-2016").measurement(count)
    assert (found.analyte, found.value) == (analyte, Quantity(value, "/uL"))


def test_the_doses_of_miskin() -> None:
    record = published("miskin-2016")
    (dose,) = record.administrations
    assert (dose.drug, dose.route) == ("interleukin-7", "intramuscular")
    assert (dose.amount, dose.per) == (Quantity(10.0, "ug/kg"), 7.0)
    last, peak = record.when_of("il7-last"), record.when_of("cd4-peak")
    assert (last.anchor, last.offset) == ("il7-start", 14.0)  # three injections, a week apart
    assert (peak.anchor, peak.offset) == ("il7-last", 21.0)


def test_miskin_stated_no_date_and_no_second_low_count() -> None:
    record = published("miskin-2016")
    assumed = {"symptoms-onset", "il7-start", "cd4-before", "cd8-before", "lymphocytes-before"}
    (note,) = [i for i in check(record).issues if i.rule == "method-assumed"]
    assert set(note.path.split(", ")) == assumed
    assert record.when_of("il7-start").days > 3_000  # nine years: as wide as the sources leave it
    assert "low counts before treatment: 1" in " ".join(i.message for i in check(record).issues)
    assert {w.id for w in record.workup if w.status is WorkupStatus.NEGATIVE} == {"hiv", "lymphoma"}


def test_harel_gives_one_count_and_two_loads_of_virus() -> None:
    record = published("harel-2018")
    assert [(m.id, m.value) for m in record.measurements] == [
        ("cd4-presenting", Quantity(140.0, "/uL")),
        ("virus-before", Quantity(1000.0, "/mL")),
        ("virus-nadir", Quantity(238.0, "/mL")),
    ]
    assert not record.administrations  # a dose that is not stated is no administration
    assert {w.status for w in record.workup} == {WorkupStatus.NOT_STATED}


@pytest.mark.parametrize(
    ("fact", "day"),
    [
        ("il7-start", date(2012, 11, 1)),
        ("seizure", date(2013, 1, 16)),
        ("last-follow-up", date(2014, 1, 14)),
    ],
)
def test_alstadhaug_is_dated_to_the_day(fact: str, day: date) -> None:
    when = published("alstadhaug-2014").when_of(fact)
    assert (when.earliest, when.latest) == (day, day)


def test_alstadhaug_tells_how_the_count_moved_and_prints_none() -> None:
    record = published("alstadhaug-2014")
    assert not record.measurements
    back = record.when_of("count-back")
    assert (back.anchor, back.offset) == ("il7-start", 365.25)
    assert back.latest <= record.when_of("last-follow-up").earliest


@pytest.mark.parametrize("name", PUBLISHED)
def test_no_statement_of_a_case_contradicts_another(name: str) -> None:
    assert not {r for r in rules(name) if r.endswith("contradiction") or r == "sources-disagree"}
