"""Results of counts alone: every writer says what is not asked, and none prints a number for it."""

import csv
import io
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from jsonschema import Draft202012Validator

from lymphocast.dataset.standing import Standing, Stands
from lymphocast.forecast.outcome_results import CourseOutcome, Unasked
from lymphocast.forecast.results import Attribution, ByHypothesis, Results
from lymphocast.forecast.sensitivity import QUESTIONS
from lymphocast.forecast.statements import STATEMENTS
from lymphocast.forecast.unasked import NO_ANTIBIOTIC, NO_CULTURE, NO_FACT, NO_SYMPTOM
from lymphocast.record.patient import PatientRecord
from lymphocast.report.blocks import Document, Mark
from lymphocast.report.claims import quotable_sentence, weights_sentence
from lymphocast.report.construction import antibiotic_note, bearings, immovable
from lymphocast.report.document import build_document
from lymphocast.report.plain import explanation_lines
from lymphocast.report.summary import summary, summary_schema
from lymphocast.report.tables import explanation_csv
from tests.report import reading, synthetic

COURSES = ("factual", "without-il2")
WORDS = ("without clarithromycin the count", "negative with probability", "bacterial burden")


def unasked(asked: dict[str, tuple[str, str]], why: dict[str, str]) -> tuple[Unasked, ...]:
    return tuple(Unasked(name, *asked[name], reason) for name, reason in why.items())


def attribution(found: Attribution) -> Attribution:
    kept = (s for s in found.scenarios if s.scenario in COURSES)
    untold = (replace(s, p_culture_negative=None, p_symptoms_resolved=None) for s in kept)
    return replace(found, scenarios=tuple(untold))


def courses(rows: tuple[CourseOutcome, ...]) -> tuple[CourseOutcome, ...]:
    kept = (c for c in rows if c.scenario in COURSES)
    return tuple(replace(c, infection=(), recurrence=()) for c in kept)


def counts_alone(full: Results) -> Results:
    """Return results as if the record had no culture, no symptom and no antibiotic."""
    why = {
        "culture-without-il2": NO_CULTURE,
        "culture-without-clarithromycin": NO_ANTIBIOTIC,
        "symptoms-without-il2": NO_SYMPTOM,
    }
    found, told = full.outcomes, full.attribution
    return replace(
        full,
        attribution=ByHypothesis(
            attribution(told.averaged),
            {name: attribution(a) for name, a in told.by_hypothesis.items()},
        ),
        outcomes=replace(
            found,
            courses=ByHypothesis(
                courses(found.courses.averaged),
                {name: courses(rows) for name, rows in found.courses.by_hypothesis.items()},
            ),
            statements=tuple(v for v in found.statements if v.id == "above-300"),
            unasked=unasked(STATEMENTS, why),
        ),
        sensitivity=tuple(
            replace(
                row,
                probabilities={k: p for k, p in row.probabilities.items() if k != "d"},
                statements={k: p for k, p in row.statements.items() if k == "above-300"},
            )
            for row in full.sensitivity
        ),
        verdicts=tuple(v for v in full.verdicts if v.id != "d"),
        unasked=unasked(QUESTIONS, {"d": NO_FACT}),
        standing=(Standing("worse", Stands.CLOCK, date(2010, 9, 1)),),
    )


@cache
def record() -> PatientRecord:
    full = synthetic.record()
    assert full.modelling is not None
    choices = replace(full.modelling, antibiotic=None, nominal=())
    return replace(full, cultures=(), symptoms=(), modelling=choices)


@cache
def results() -> Results:
    return counts_alone(synthetic.results())


@pytest.fixture(scope="module")
def document() -> Document:
    return build_document(record(), synthetic.check_report(), results(), synthetic.SVG)


def test_the_report_says_what_is_not_asked_and_why(document: Document) -> None:
    text = reading.section_text(document, "summary")
    assert "not asked" in text
    assert NO_FACT in text
    assert "cannot be asked" in text
    assert reading.section_text(document, "courses").count("Not asked: ") == 3
    assert "By construction." in reading.section_text(document, "model")


def test_the_report_says_nothing_of_an_infection_of_which_nothing_is_known(
    document: Document,
) -> None:
    text = reading.text_of(document)
    for words in WORDS:
        assert words not in text.lower(), words
    titles = [table.caption for table in reading.tables(document)]
    assert not [t for t in titles if "ulture" in t or "ecurrence" in t]
    assert "so nothing is said of the infection itself" in text
    (left_out,) = [t for t in reading.tables(document) if "left out" in t.caption]
    assert [c.title for c in left_out.columns][-2:] == ["(b)", "(c)"]


def test_the_founding_kind_of_results_still_says_it() -> None:
    full = build_document(
        synthetic.record(), synthetic.check_report(), synthetic.results(), synthetic.SVG
    )
    text = reading.text_of(full)
    assert "not asked" not in text.lower()
    for words in WORDS:
        assert words in text.lower(), words


def test_days_that_the_analysis_chose_are_listed_as_assumed(document: Document) -> None:
    (choices,) = [t for t in reading.tables(document) if t.caption == "Assumptions of the analysis"]
    (row,) = [r for r in choices.rows if "recovery may begin" in r.cells[0]]
    assert row.cells[0] == "ASSUMED: day from which recovery may begin, “symptoms became worse”"
    assert row.cells[1].split() == ["1", "Sep", "2010"]
    assert row.mark is Mark.ASSUMED


def test_the_summary_has_null_where_nothing_can_be_said_and_follows_its_schema() -> None:
    content = summary(record(), synthetic.check_report(), results())
    assert list(Draft202012Validator(summary_schema()).iter_errors(content)) == []
    verdicts = content["verdicts"]
    assert isinstance(verdicts, list)
    last = verdicts[-1]
    assert (last["id"], last["answer"], last["probability"]) == ("d", "not asked", None)
    assert last["definition"].endswith(NO_FACT)


def test_the_table_and_the_terminal_say_what_is_not_asked() -> None:
    rows = list(csv.DictReader(io.StringIO(explanation_csv(results()))))
    silent = {(r["table"], r["row"]) for r in rows if r["value"] == "not asked"}
    assert silent == {
        ("verdicts", "d"),
        *(("statements", name) for name in STATEMENTS if name != "above-300"),
    }
    text = "\n".join(explanation_lines(record(), results()))
    assert "(d) Did IL-2 hasten culture conversion? This cannot be asked." in text
    assert text.count("not asked") == 3
    assert "culture negative" not in text


def test_the_weight_of_h3_is_said_to_be_that_before_the_data() -> None:
    assert "(as before the data, by construction" in weights_sentence(results())
    assert "by construction" not in weights_sentence(synthetic.results())


def test_what_cannot_be_shown_names_an_antibiotic_only_if_there_was_one() -> None:
    full = synthetic.record()
    assert "without clarithromycin the count" in antibiotic_note(full)
    assert "One thing follows" in antibiotic_note(record())
    assert len(immovable(full)) == len(immovable(record())) + 1
    assert [len(bearings(r)) for r in (full, record())] == [2, 1]


def test_the_rise_is_that_from_the_entry_count_to_the_first_under_treatment() -> None:
    full = synthetic.results()
    assert "from 150 to 480" in quotable_sentence(full)
    assert "from 150 to 360" in quotable_sentence(replace(full, rise_between=("first", "third")))
