"""The document holds every section, every fact and every average with its hypotheses."""

from dataclasses import replace

import pytest

from lymphocast.criteria.check import CheckReport, check
from lymphocast.dataset.not_read import NotRead
from lymphocast.forecast.results import Results
from lymphocast.record.casefile import find_case, read_case
from lymphocast.report.blocks import Document, Mark, Table, Tone
from lymphocast.report.document import build_document
from lymphocast.report.method_section import cited
from tests.report import reading, synthetic

SECTIONS = (
    "summary",
    "figure",
    "not",
    "record",
    "hypotheses",
    "effect",
    "courses",
    "outlook",
    "change",
    "claims",
    "model",
    "methods",
    "references",
)


def rebuilt(results: Results, check: CheckReport | None = None) -> Document:
    check = check or synthetic.check_report()
    return build_document(synthetic.record(), check, results, synthetic.SVG)


def test_every_section_is_there_once_and_in_order(document: Document) -> None:
    assert tuple(s.id for s in document.sections) == SECTIONS
    assert all(s.blocks for s in document.sections)


def test_what_it_is_not_stands_before_any_number(document: Document) -> None:
    first = document.sections[0].blocks[0]
    assert "Not a medical device" in next(reading.pieces(first))


@pytest.mark.parametrize("name", SECTIONS)
def test_every_table_row_fits_its_columns(document: Document, name: str) -> None:
    for block in reading.section(document, name).blocks:
        if isinstance(block, Table):
            for row in block.rows:
                wanted = 1 if row.mark is Mark.GROUP else len(block.columns)
                assert len(row.cells) == wanted, block.caption


def test_no_average_without_the_rows_of_its_hypotheses(document: Document) -> None:
    labels = {row.label for row in synthetic.hypotheses()}
    averaged = [t for t in reading.tables(document) if any(r.mark is Mark.AVERAGED for r in t.rows)]
    assert len(averaged) >= 6
    for table in averaged:
        groups = sum(row.mark is Mark.AVERAGED for row in table.rows)
        plain = [row for row in table.rows if row.mark is Mark.PLAIN]
        assert any("weight" in column.title for column in table.columns)
        if "explanations" in table.caption:
            assert len(plain) == 6
        else:
            assert len(plain) == groups * len(labels), table.caption
            assert {row.cells[0] for row in plain} == labels


def test_assumed_facts_are_marked_and_say_so_in_words(document: Document) -> None:
    section = reading.section(document, "record")
    rows = [r for b in section.blocks if isinstance(b, Table) for r in b.rows]
    assumed = [row for row in rows if row.mark is Mark.ASSUMED]
    assert len(assumed) == 5
    assert all("ASSUMED" in " ".join(row.cells) for row in assumed)


def test_every_fact_shows_its_source_and_place(document: Document) -> None:
    record = synthetic.record()
    text = reading.section_text(document, "record")
    assert record.sources[0].citation in text
    assert "first page" in text
    assert f"{record.sources[0].id}: " not in text
    for words in (
        "150",
        "480",
        "360",
        "reading error ± 12",
        "dates unknown",
        "HIV test",
        "stop + 6 mo",
        "ASSUMED: the source has a plural",
        "shorter course",
    ):
        assert words in text, words


def test_issues_keep_their_rule_message_and_both_places(document: Document) -> None:
    text = reading.section_text(document, "record")
    for issue in synthetic.check_report().issues:
        assert issue.rule.replace("-", " ") in text
        assert issue.message in text
    assert "first page; second page" in text


def test_the_definition_lists_what_is_missing(document: Document) -> None:
    text = reading.section_text(document, "record")
    assert "not established by this record" in text
    assert "a second count below 300" in text


def test_a_record_without_issues_says_so() -> None:
    check = replace(synthetic.check_report(), issues=())
    text = reading.text_of(rebuilt(synthetic.results(), check))
    assert "No rule found an issue." in text
    assert "returned no issue" in text


def test_undecided_is_an_answer(document: Document) -> None:
    table = next(t for t in reading.tables(document) if t.caption.startswith("The questions"))
    assert [row.cells[2] for row in table.rows] == ["yes", "undecided", "undecided", "no"]


def test_a_failed_fit_is_said_at_the_top() -> None:
    failed = replace(
        synthetic.results(), fit=replace(synthetic.results().fit, diagnostics_passed=False)
    )
    assert "must not be used" in reading.section_text(rebuilt(failed), "summary")


def test_weak_contraction_raises_its_banner(document: Document) -> None:
    blocks = reading.section(document, "hypotheses").blocks
    banners = [b for b in blocks if getattr(b, "tone", None) is Tone.NAMED]
    assert len(banners) == 1
    said = next(reading.pieces(banners[0]))
    assert said == "The data say nothing about the dose-response: relative dose of half effect."


@pytest.mark.parametrize(
    ("old", "new", "sections"),
    [
        ("1234.0", "777.0", ("hypotheses", "methods")),
        ("0.71", "0.63", ("hypotheses",)),
        ("-20.0", "-31.25", ("hypotheses",)),
    ],
)
def test_perturbed_results_move_the_text(old: str, new: str, sections: tuple[str, ...]) -> None:
    results = synthetic.results()
    changed = {
        "1234.0": replace(results, fit=replace(results.fit, ess_min=float(new))),
        "0.71": replace(
            results,
            contraction=(
                replace(results.contraction[0], contraction=float(new)),
                *results.contraction[1:],
            ),
        ),
        "-20.0": replace(
            results,
            hypotheses=(
                replace(results.hypotheses[0], log_evidence=float(new)),
                *results.hypotheses[1:],
            ),
        ),
    }[old]
    before, after = rebuilt(results), rebuilt(changed)
    for section in SECTIONS:
        moved = reading.section_text(before, section) != reading.section_text(after, section)
        assert moved is (section in sections), section


def test_thresholds_and_horizons_come_from_the_results() -> None:
    results = synthetic.results()

    def moved(points: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(
            replace(p, years=p.years * 3.0, p_below={250: 0.2}, p_below_by_then={250: 0.3})
            for p in points
        )

    forecast = replace(
        results.forecast,
        averaged=moved(results.forecast.averaged),
        by_hypothesis={n: moved(p) for n, p in results.forecast.by_hypothesis.items()},
    )
    text = reading.text_of(rebuilt(replace(results, forecast=forecast)))
    assert "below 250" in text
    assert "Below 250, 15\u00a0years" in text
    assert "Below 200" not in text


def test_a_record_without_claims_choices_or_predictions_still_reads() -> None:
    record = replace(synthetic.record(), claims=(), modelling=None, missed_doses=())
    results = synthetic.results()
    empty = replace(results.registered, averaged=(), by_hypothesis={})
    document = build_document(
        record, synthetic.check_report(), replace(results, registered=empty), synthetic.SVG
    )
    text = reading.text_of(document)
    assert "no claim of its sources" in text
    assert "Registered predictions" not in text
    assert "Missed doses" not in text


def test_the_methods_name_what_is_needed_to_repeat_them(document: Document) -> None:
    text = reading.section_text(document, "methods")
    for words in ("a" * 64, "b" * 64, "seed 7", "--seed 7", "--method is", "lymphocast 0.1.0"):
        assert words in text, words


def test_references_hold_sources_and_cited_dois(document: Document) -> None:
    text = reading.section_text(document, "references")
    assert "doi:10.0000/none.1, PMID 1" in text
    gain = "plateau gain at the maintenance dose"
    assert f"doi:10.1182/blood-2007-12-127878 ({gain})" in text
    assert cited(synthetic.priors()) == (
        ("10.1086/515704", (gain,)),
        ("10.1182/blood-2007-12-127878", (gain,)),
    )


def test_what_cannot_move_by_construction_is_said(document: Document) -> None:
    assert "no link from the antibiotic" in reading.section_text(document, "effect")
    text = reading.section_text(document, "change")
    assert "Product, unit system and absorption" in text
    assert "Missed doses without dates" in text


def test_no_identifier_of_the_case_file_is_shown() -> None:
    record = read_case(find_case("trojan-2009"))
    document = build_document(record, check(record), synthetic.results(), synthetic.SVG)
    text = reading.text_of(replace(document, sections=document.sections[:4]))
    names = [e.id for e in record.events] + [m.id for m in record.measurements]
    names += [s.id for s in record.symptoms] + [a.id for a in record.administrations]
    assert not [name for name in names if "-" in name and name in text]


def test_the_model_section_lists_what_the_model_did_not_read() -> None:
    graded = synthetic.record().symptoms[0]
    row = NotRead("symptoms graded worse", (graded.id, "missed"), "no level is set for them")
    listed = rebuilt(replace(synthetic.results(), not_read=(row,)))
    text = reading.section_text(listed, "model")
    assert "Recorded facts that the model does not read" in text
    assert f"Symptoms graded worse ({graded.what}): no level is set for them." in text
    assert graded.id not in text
    plain = reading.section_text(rebuilt(synthetic.results()), "model")
    assert "does not read" not in plain
