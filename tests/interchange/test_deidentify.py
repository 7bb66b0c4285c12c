"""De-identification: what identifies is gone from the bytes, what the models need is unchanged."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings

from lymphocast.criteria.check import check
from lymphocast.dataset.project import project
from lymphocast.errors import UsageError
from lymphocast.interchange.csvfile import write_csv, write_zip
from lymphocast.interchange.deidentify import deidentify, shift_of
from lymphocast.interchange.workbook import write_xlsx
from lymphocast.record.analytes import ANALYTES
from lymphocast.record.casefile import case_tree, parse_case
from lymphocast.record.casewriter import case_json, case_text
from lymphocast.record.names import DRUGS
from lymphocast.record.patient import PatientRecord
from tests.interchange.workbooks import member
from tests.record.cases import changed, founding, founding_text, rich, rich_text
from tests.record.generated import AWKWARD, records

SECRET = bytes(range(32))
EXACT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WORDS = re.compile(r"[A-Za-z]{3,}")


def clean(record: PatientRecord, secret: bytes = SECRET) -> PatientRecord:
    return deidentify(record, secret).record


def texts_of(value: object) -> list[str]:
    """Return every text of a tree."""
    if isinstance(value, dict):
        return [t for item in value.values() for t in texts_of(item)]
    if isinstance(value, list):
        return [t for item in value for t in texts_of(item)]
    return [str(value)]


@pytest.mark.parametrize("record", [founding(), rich()], ids=["founding", "rich"])
def test_study_days_and_the_dose_plan_are_unchanged(record: PatientRecord) -> None:
    before, after = project(record), project(clean(record))
    assert after.day_zero - before.day_zero == timedelta(days=shift_of(record, SECRET))
    assert [before.nominal(c.at) for c in before.counts] == [
        after.nominal(c.at) for c in after.counts
    ]
    assert [c.value for c in before.counts] == [c.value for c in after.counts]
    for one, other in zip(before.plan.doses, after.plan.doses, strict=True):
        assert (one.level, one.final_level, one.steps) == (
            other.level,
            other.final_level,
            other.steps,
        )
        assert before.nominal(one.start) == after.nominal(other.start)
        assert before.nominal(one.stop) == after.nominal(other.stop)
    bounds = [sorted((a.early, a.late) for a in i.anchors) for i in (before, after)]
    assert bounds[0] == bounds[1]
    assert before.infection_days == after.infection_days


@pytest.mark.parametrize("record", [founding(), rich()], ids=["founding", "rich"])
def test_it_still_passes_check_and_only_what_texts_said_is_not_found_again(
    record: PatientRecord,
) -> None:
    before, after = check(record), check(clean(record))
    assert after.has_errors == before.has_errors
    found, again = (Counter(issue.rule for issue in c.issues) for c in (before, after))
    assert not again - found
    assert set(found - again) <= {"spelling", "corrected", "sources-disagree"}


def test_the_same_secret_moves_alike_and_another_one_otherwise() -> None:
    record = founding()
    assert clean(record) == clean(record)
    shifts = {shift_of(record, bytes([n]) * 32) for n in range(60)}
    assert len(shifts) > 20
    assert all(-364 <= days < 0 and days % 7 == 0 for days in shifts)
    renamed = parse_case(changed("id: trojan-2009\n", "id: another\n", founding_text()), "another")
    assert {shift_of(founding(), bytes([n]) * 32) == shift_of(renamed, bytes([n]) * 32)
            for n in range(9)} != {True}  # fmt: skip


def written(record: PatientRecord) -> dict[str, str]:
    """Return a record in each format as text that can be searched."""
    book, archive = write_xlsx(record).content, write_zip(record).content
    sheets = "".join(member(book, f"xl/worksheets/sheet{n}.xml").decode() for n in range(1, 8))
    tables = member(archive, "events.csv") + member(archive, "measurements.csv")
    return {
        "yaml": case_text(record),
        "json": case_json(record),
        "csv": write_csv(record).content.decode(),
        "xlsx": sheets,
        "zip": tables.decode(),
    }


@pytest.mark.parametrize("text", [founding_text(), rich_text()], ids=["founding", "rich"])
def test_no_original_date_name_or_sentence_is_left_in_any_file(text: str) -> None:
    record = parse_case(text, "case")
    dates = set(EXACT.findall(text))
    every = set(texts_of(case_tree(record))) - KEPT
    gone = [text for text in every if text.count(" ") > 2 and WORDS.search(text)]
    facts = (*record.dated(), *record.administrations)
    ids = {record.id, *(fact.id for fact in facts if "-" in fact.id)}  # others are plain words
    moved = set(EXACT.findall(case_text(clean(record))))
    for kind, content in written(clean(record)).items():
        assert not [sentence for sentence in gone if sentence in content], kind
        assert not [d for d in dates - moved if d in content], kind
        assert not [i for i in ids if re.search(rf"\b{i}\b", content)], kind


KEPT = frozenset(name.canonical for table in (ANALYTES, DRUGS) for name in table)
"""Names of the tables stay."""


@settings(max_examples=30, deadline=None)
@given(records())
def test_any_record_is_cleaned_of_its_texts_and_stays_a_record(record: PatientRecord) -> None:
    done = deidentify(record, SECRET)
    left = set(texts_of(case_tree(done.record)))
    unsafe = set(AWKWARD) - {"true", "no", "1", "unknown", "2004-05-14", "08:30"}
    assert not left & unsafe
    assert parse_case(case_text(done.record), "again") == done.record


def test_every_change_is_listed_without_the_value() -> None:
    done = deidentify(rich(), SECRET)
    told = {c.where: c.done for c in done.changes}
    assert told["patient.born"] == "removed"
    assert told["events[event-3].corrections"] == "removed"
    assert told["events[event-3].at"] == "moved in time"
    assert told["measurements[measurement-1].context.laboratory"] == "free text removed"
    assert told["adverse_events[adverse-event-1].what"] == "free text replaced by a known term"
    assert "intervals" in told["dates"]
    texts = {t for t in texts_of(case_tree(rich())) if " " in t}
    assert not [c for c in done.changes for t in texts if t in c.done]


@pytest.mark.parametrize(
    ("age", "pooled"), [("89 a", "89 a"), ("90 a", "90 a"), ("104 a", "90 a"), ("1090 mo", "90 a")]
)
def test_ages_above_89_are_pooled(age: str, pooled: str) -> None:
    record = parse_case(changed("age: 39 a", f"age: {age}", founding_text()), "old")
    assert str(clean(record).demographics.age) == pooled


def test_names_that_no_table_knows_become_neutral_and_stay_apart() -> None:
    text = rich_text().replace("drug: rifampin", "drug: Dr. Who's mixture")
    record = clean(parse_case(text.replace("drug: ethambutol", "drug: House elixir"), "case"))
    assert record.drugs() == ("azithromycin", "drug 1", "drug 2", "interleukin-2")


def test_codes_of_one_hospital_are_removed() -> None:
    record = parse_case(rich_text().replace("HP:0012735", "MRN:12345"), "case")
    assert "MRN" not in case_text(clean(record))
    assert "LOINC:24467-3" in case_text(clean(record))


def test_citations_stay_where_they_are_wanted() -> None:
    kept = deidentify(founding(), SECRET, keep_sources=True).record
    assert kept.sources[0].doi == founding().sources[0].doi
    assert kept.sources[0].note == ""
    assert clean(founding()).sources[0].doi is None


def test_a_short_secret_and_a_date_at_the_edge_are_refused() -> None:
    with pytest.raises(UsageError, match="needed at least 32"):
        deidentify(founding(), b"short")
    early = parse_case(changed("at: 2002\n", "at: 0001-01-02\n", founding_text()), "early")
    with pytest.raises(UsageError, match="cannot be moved in time"):
        deidentify(early, SECRET)
