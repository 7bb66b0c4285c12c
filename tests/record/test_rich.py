"""The synthetic case: every key of the table is used, and nothing of it is lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml
from benchmarks.record import counts

from lymphocast.criteria.check import check
from lymphocast.errors import RecordError, UnitError, UsageError
from lymphocast.record.analytes import ANALYTES, in_own_unit
from lymphocast.record.body import absolute_amount, body_surface, in_absolute_amounts
from lymphocast.record.casefile import canonical_case, case_schema, parse_case, read_case
from lymphocast.record.events import CultureResult
from lymphocast.record.fields import Group, Listing
from lymphocast.record.issue import Issue, Severity
from lymphocast.record.kinds import Kind
from lymphocast.record.names import DRUGS, ORGANISMS, PRODUCTS, TERMS, codes_of
from lymphocast.record.parts import Saying
from lymphocast.record.patient import Demographics, PatientRecord
from lymphocast.record.schema import CASE
from lymphocast.record.timelines import read_as
from lymphocast.record.validate import validate
from lymphocast.units import Quantity
from tests.record.cases import SMALL, changed, founding, rich, rich_text, small
from tests.record.test_casefile import refused

RICH = rich()
WRITTEN = yaml.load(rich_text(), yaml.BaseLoader)  # noqa: S506  (our own text, read as strings)
STATED = "provenance: [{source: paper, locator: abstract, method: stated}]"


def used(kind: Kind, written: object, path: str) -> Iterator[str]:
    """Return the keys of a kind that a written value uses."""
    if isinstance(kind, Listing) and isinstance(written, list):
        for item in written:
            yield from used(kind.of, item, path)
    if isinstance(kind, Saying):
        yield from used(kind.group, written, path)
    if isinstance(kind, Group) and isinstance(written, dict):
        for field in kind.fields:
            if field.key in written:
                yield f"{path}.{field.key}"
                yield from used(field.kind, written[field.key], f"{path}.{field.key}")


def known(kind: Kind, path: str) -> Iterator[str]:
    """Return every key of a kind."""
    if isinstance(kind, Listing):
        yield from known(kind.of, path)
    if isinstance(kind, Saying):
        yield from known(kind.group, path)
    if isinstance(kind, Group):
        for field in kind.fields:
            yield f"{path}.{field.key}"
            yield from known(field.kind, f"{path}.{field.key}")


def test_the_synthetic_case_says_that_it_is_synthetic() -> None:
    assert rich_text().startswith("# SYNTHETIC")
    assert "Synthetic" in RICH.title
    assert all("Invented" in source.citation for source in RICH.sources)


def test_the_synthetic_case_uses_every_key() -> None:
    # Amendments and provenance are one part of every section, and a rung takes the same keys
    # as a stretch: each key of these once will do.
    # An open question would stop every use of the case.
    shared = ("corrections", "disagreements", "ladder", "provenance", "questions")
    missing = set(known(CASE, "")) - set(used(CASE, WRITTEN, ""))
    assert not {key for key in missing if not any(part in key for part in shared)}
    all_keys = {key.rpartition(".")[2] for key in used(CASE, WRITTEN, "")}
    assert {"was", "by", "day", "why", "says"} <= all_keys


def test_it_reads_back_and_fits_the_schema() -> None:
    again = parse_case(canonical_case(RICH), "again.json")
    assert again == RICH
    jsonschema.validate(WRITTEN, case_schema())
    jsonschema.validate(json.loads(canonical_case(RICH)), case_schema())


def test_laboratory_units_become_the_analytes_own() -> None:
    for name, value, unit in [
        ("cd8", 410.0, "/uL"),
        ("nk", 90.0, "/uL"),
        ("b-cells", 140.0, "/uL"),
        ("lymphocytes", 900.0, "/uL"),
        ("eosinophils", 1900.0, "/uL"),
    ]:
        m = RICH.measurement(name)
        own = in_own_unit(m.analyte, m.value)
        assert own.value == pytest.approx(value, rel=1e-12)
        assert own.unit == unit


@pytest.mark.parametrize(
    ("analyte", "value", "expected"),
    [
        # Conversion factors in common use: creatinine 88.4 umol/L and bilirubin 17.1 umol/L to
        # the mg/dL, haemoglobin 0.6206 mmol/L to the g/dL (SI conversion tables, JAMA).
        ("creatinine", Quantity(88.4, "umol/L"), 1.0),
        ("bilirubin", Quantity(17.1, "umol/L"), 1.0),
        ("haemoglobin", Quantity(0.6206, "mmol/L"), 1.0),
        ("ALT", Quantity(40.0, "[IU]/L"), 40.0),
        ("ALT", Quantity(1.0, "ukat/L"), 60.0),
        ("TSH", Quantity(4.0, "u[IU]/mL"), 4.0),
        ("temperature", Quantity(100.4, "[degF]"), 38.0),
    ],
)
def test_amounts_of_substance_and_enzymes_convert(
    analyte: str, value: Quantity, expected: float
) -> None:
    # The factors in print have three or four digits.
    assert in_own_unit(analyte, value).value == pytest.approx(expected, rel=1e-3)


def test_a_count_never_becomes_a_mass() -> None:
    with pytest.raises(UnitError):
        in_own_unit("creatinine", Quantity(1.0, "/uL"))


def test_names_have_codes_where_they_are_certain() -> None:
    assert codes_of("clathromycin", DRUGS) == ("RXNORM:21212", "ATC:J01FA09")
    assert codes_of("m. intracellulare", ORGANISMS) == ("NCBITaxon:1767",)
    assert codes_of("Proleukin", PRODUCTS) == ("ATC:L03AC01",)
    assert codes_of("chronic cough", TERMS) == ("HP:0012735",)
    assert codes_of("CD4 count", ANALYTES) == ("LOINC:24467-3",)
    assert codes_of("IL-2", DRUGS) == ()
    assert codes_of("snake oil", DRUGS) == ()


def test_no_printed_name_stands_for_two_things() -> None:
    for table in (DRUGS, PRODUCTS, ORGANISMS, TERMS, ANALYTES):
        printed = [
            form
            for name in table
            for form in {name.canonical.casefold(), *name.synonyms, *name.misspellings}
        ]
        assert len(printed) == len(set(printed))
        assert all(form == form.casefold() for form in printed)


def test_body_surface_by_mosteller() -> None:
    # 70 kg and 175 cm: sqrt(70 * 175 / 3600) = 1.8447 m2 (printed nomograms give 1.84).
    surface = body_surface(Quantity(70.0, "kg"), Quantity(175.0, "cm"))
    assert surface.value == pytest.approx(1.84, abs=0.005)
    assert body_surface(Quantity(70_000.0, "g"), Quantity(1.75, "m")) == surface


def test_doses_per_area_become_absolute_only_where_the_area_is_known() -> None:
    per_area = Quantity(3.0, "M[IU]/m2")
    assert absolute_amount(per_area, Demographics()) is None
    person = Demographics(body_surface=Quantity(2.0, "m2"))
    assert absolute_amount(per_area, person) == Quantity(6.0, "M[IU]")
    assert absolute_amount(Quantity(3.0, "mg"), Demographics()) == Quantity(3.0, "mg")
    by_size = Demographics(weight=Quantity(72.0, "kg"), height=Quantity(200.0, "cm"))
    assert absolute_amount(per_area, by_size) == Quantity(6.0, "M[IU]")


def test_doses_that_cannot_be_compared_are_refused() -> None:
    unsized = rich_text()
    for line in ("  weight: 70 kg\n", "  height: 175 cm\n", "  body_surface: 1.84 m2\n"):
        unsized = changed(line, "", unsized)
    with pytest.raises(RecordError, match=r"interleukin-2 in .* needed patient\.body_surface"):
        in_absolute_amounts(parse_case(unsized, "rich"))


def rules(record: PatientRecord) -> dict[str, list[Issue]]:
    found: dict[str, list[Issue]] = {}
    for issue in validate(record):
        found.setdefault(issue.rule, []).append(issue)
    return found


def test_sources_that_disagree_are_both_shown() -> None:
    dosing, value = rules(RICH)["sources-disagree"]
    assert "150 /uL here (chart: page 2), but 0.155 10*9/L elsewhere" in value.message
    assert dosing.path == "il2-full"


@pytest.mark.parametrize(("says", "agree"), [("0.15 10^9/L", True), ("151 /uL", False)])
def test_other_units_of_one_value_agree(says: str, agree: bool) -> None:
    text = f"value: 150 /uL\n    disagreements: [{{key: value, says: {says}, {STATED}}}]"
    found = rules(small(changed("value: 150 /uL", text)))
    assert ("sources-disagree" not in found) is agree


@pytest.mark.parametrize(("says", "agree"), [("2019", True), ("2020-02", False)])
def test_times_that_overlap_agree(says: str, agree: bool) -> None:
    text = f"at: 2019-12\n    disagreements: [{{key: at, says: {says}, {STATED}}}]"
    found = rules(small(changed("at: 2019-12", text)))
    assert ("sources-disagree" not in found) is agree


def test_what_a_source_says_is_read_like_the_key_itself() -> None:
    text = f"value: 150 /uL\n    disagreements: [{{key: value, says: many, {STATED}}}]"
    assert "'many' is not a number with a unit" in refused(changed("value: 150 /uL", text)).found
    text = f"value: 150 /uL\n    disagreements: [{{key: valeu, says: 1 /uL, {STATED}}}]"
    assert "did you mean 'value'" in refused(changed("value: 150 /uL", text)).needed


def test_a_correction_keeps_the_old_value_and_who_changed_it() -> None:
    (issue,) = rules(RICH)["corrected"]
    assert issue.message == (
        "at was '2016-01-03'; changed by R. Reader on 2016-04-02: Day and month had been exchanged."
    )
    assert issue.severity is Severity.INFO


def test_a_proposed_fact_and_an_open_question_stop_a_fit() -> None:
    proposal = changed(
        "method: stated}]\n  - id: cd4-second", "method: proposed}]\n  - id: cd4-second"
    )
    question = f"questions:\n  - {{id: which, text: which count, choices: [a, b], {STATED}}}\n"
    report = check(small(proposal + question))
    assert report.has_errors
    assert [i.rule for i in report.issues[:2]] == ["proposed-not-accepted", "question-open"]
    assert report.issues[0].path == "cd4-first"
    assert "It may be: a; b." in report.issues[1].message


def test_dates_of_missed_doses_are_told() -> None:
    held, missed = rules(RICH)["doses-missed-dated"]
    assert "Held doses of interleukin-2 are reported, from 2016-06-06 until" in held.message
    assert "on 2017-02-06, 2017-02-01 to 2017-02-10" in missed.message
    assert rules(RICH)["doses-missed-undated"][0].path == "il2-skipped"


def test_cultures_keep_what_the_laboratory_says() -> None:
    first = RICH.culture("culture-first")
    assert first.specimen == "sputum"
    assert first.species == "Mycobacterium intracellulare"
    assert first.mics[1].limit == "above"
    assert first.time_to_positivity == 9.0
    assert RICH.culture("culture-spoilt").result is CultureResult.CONTAMINATED


def test_limits_of_normal_are_in_order() -> None:
    text = changed("value: 150 /uL", "value: 150 /uL\n    normal: {low: 9 /uL, high: 0.001 G/L}")
    assert "limits from 9 /uL" in refused(text).found
    mass = changed("high: 0.001 G/L", "high: 90 mg/L", text)
    assert "limits from 9 /uL to 90 mg/L" in refused(mass).found
    alone = changed("{low: 9 /uL, high: 0.001 G/L}", "{high: 90 mg/L}", text)
    assert "unit 'mg/L' for the measurement 'cd4-first' of CD4" in refused(alone).found
    unknown = changed("analyte: CD4", "analyte: anything", alone)
    assert "a unit that converts to '/uL'" in refused(unknown).needed
    assert "without a number" in refused(changed("{low: 9 /uL, high: 0.001 G/L}", "{}", text)).found


def test_a_timeline_moves_what_hangs_on_its_events() -> None:
    moved = read_as(founding(), "thirty-five-months")
    assert moved.timelines == ()
    stop = moved.when_of("il2-stop")
    assert stop.anchor == "il2-start"
    # 35 months of 30.4375 d, give or take half a month, from May 2004.
    assert (stop.earliest.isoformat(), stop.latest.isoformat()) == ("2007-03-17", "2007-05-17")
    assert moved.when_of("cd4-stop-6").earliest < founding().when_of("cd4-stop-6").earliest
    assert "il2-length" not in " ".join(i.path for i in validate(moved))
    assert moved.sha256 != founding().sha256


def test_a_timeline_may_move_several_events() -> None:
    moved = read_as(RICH, "as-the-letter-says")
    assert moved.when_of("il2-start").text == "2016-02"
    assert moved.when_of("il2-stop").text == "2017-02"
    with pytest.raises(UsageError, match="it has: as-the-letter-says"):
        read_as(RICH, "no-such")


def test_timelines_are_checked_together_for_circles() -> None:
    timeline = f"""\
timelines:
  - id: other
    label: another reading
    event: start
    at: stop - 5 mo
    also: [{{event: stop, at: 2020-06}}]
    {STATED}
"""
    assert small(SMALL + timeline).timelines[0].readings[1].event == "stop"
    circle = changed("at: 2020-06", "at: start + 5 mo", timeline)
    assert "circle of anchors" in refused(SMALL + circle).found


def test_five_thousand_events_are_read_and_checked(tmp_path: Path) -> None:
    """How long that takes is measured by the benchmark, on the same text."""
    path = tmp_path / "large.yaml"
    path.write_text(
        changed("measurements:\n", f"measurements:\n{counts(5000, 'paper')}"), encoding="utf-8"
    )
    record = read_case(path)
    many = [m for m in record.measurements if m.id.startswith("m")]
    assert len(many) == 5000
    assert [m.value.value for m in many[:98]] == [300.0 + i % 97 for i in range(98)]
    assert not check(record).has_errors
