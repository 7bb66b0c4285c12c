"""What may be quoted of the courses follows the numbers, by the rules that the module states."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lymphocast.forecast.outcome_results import CourseOutcome
from lymphocast.forecast.results import Answer, ByHypothesis, Contraction, Results, Verdict
from lymphocast.report import claims_courses
from lymphocast.report.claims_courses import Quote, quotes
from lymphocast.report.document import build_document
from tests.report import reading, synthetic

RESULTS = synthetic.results()
CULTURE = "culture-without-il2"
NEEDED = "Without IL-2 the culture would have been negative on the recorded day."


def found(results: Results, words: str) -> list[Quote]:
    return [q for q in quotes(results) if words in q.sentence]


def with_statement(name: str, **numbers: float | Answer) -> Results:
    def changed(v: Verdict) -> Verdict:
        return replace(v, **numbers) if v.id == name else v

    statements = tuple(map(changed, RESULTS.outcomes.statements))
    return replace(RESULTS, outcomes=replace(RESULTS.outcomes, statements=statements))


def with_course(scenario: str, change: Callable[[CourseOutcome], CourseOutcome]) -> Results:
    courses = RESULTS.outcomes.courses
    averaged = tuple(change(c) if c.scenario == scenario else c for c in courses.averaged)
    changed = ByHypothesis(averaged, courses.by_hypothesis)
    return replace(RESULTS, outcomes=replace(RESULTS.outcomes, courses=changed))


def test_a_statement_decided_everywhere_may_be_quoted_flat() -> None:
    (quote,) = found(RESULTS, NEEDED)
    assert quote.may
    denied = "Without clarithromycin the culture would not have been negative"
    assert found(RESULTS, denied)[0].may
    affirmed = found(RESULTS, "Without clarithromycin the culture would have been negative")[0]
    assert not affirmed.may
    assert "0.05 to 0.15" in affirmed.why


def test_a_statement_becomes_unquotable_when_its_range_crosses_the_limit() -> None:
    changed = with_statement(CULTURE, lowest=0.61, answer=Answer.UNDECIDED)
    (quote,) = found(changed, NEEDED)
    assert not quote.may
    assert "0.61 to 0.95" in quote.why
    numbered = found(changed, "the probability that a culture on the recorded day is negative")[0]
    assert numbered.may
    assert "from 0.61 to 0.95 over three analyses" in numbered.sentence


def test_a_banner_on_what_a_statement_rests_on_forbids_the_flat_sentence() -> None:
    one = RESULTS.contraction[0]
    silent: Contraction = replace(
        one, parameter="immune_clearance", meaning="fall of the burden", banner="Nothing is said."
    )
    changed = replace(RESULTS, contraction=(*RESULTS.contraction, silent))
    (quote,) = found(changed, NEEDED)
    assert not quote.may
    assert "fall of the burden" in quote.why
    assert "Nothing is said." in quote.why


def test_a_difference_within_its_error_may_not_be_quoted() -> None:
    words = "the paired difference has mean"
    assert found(RESULTS, words)[0].may
    noisy = with_course(
        "without-il2",
        lambda c: replace(c, mean_count=replace(c.mean_count, mean_lost_se=140.0)),
    )
    (quote,) = found(noisy, words)
    assert not quote.may
    assert "standard errors of 140" in quote.why


def test_a_probability_that_is_noise_may_not_be_quoted() -> None:
    def noisy(c: CourseOutcome) -> CourseOutcome:
        rows = tuple(
            replace(r, burden_back=replace(r.burden_back, p_se=0.031)) for r in c.recurrence
        )
        return replace(c, recurrence=rows)

    words = "comes back above"
    assert found(RESULTS, words)[0].may
    (quote,) = found(with_course("factual", noisy), words)
    assert not quote.may
    assert "0.031, exceeds 0.02" in quote.why


def test_sentences_carry_the_numbers_of_the_summary() -> None:
    changed = with_course(
        "without-il2",
        lambda c: replace(
            c,
            mean_count=replace(c.mean_count, mean_lost=187.0, value=synthetic.around(222.0)),
            days_above={300: replace(c.days_above[300], mean_lost=77.0)},
        ),
    )
    text = " ".join(q.sentence for q in quotes(changed))
    for words in ("has mean 185", "220 cells/µL", "a mean of 77 days", "over 1 Jun 2011 to"):
        assert words in text.replace("\u00a0", " "), words
    before = " ".join(q.sentence for q in quotes(RESULTS))
    assert "has mean 185" not in before
    assert "from 0 (IL-2 adds none; " in before


def test_a_failed_fit_leaves_nothing_to_quote() -> None:
    failed = replace(RESULTS, fit=replace(RESULTS.fit, diagnostics_passed=False))
    assert {q.may for q in quotes(failed)} == {False}
    assert {q.why for q in quotes(failed)} == {claims_courses.FAILED}


def test_what_holds_by_construction_is_no_finding() -> None:
    (quote,) = found(RESULTS, "Clarithromycin did nothing")
    assert not quote.may
    assert "by construction" in quote.why


@pytest.mark.parametrize("lead", ["May be quoted.", "May not be quoted."])
def test_the_report_shows_every_sentence_with_its_verdict(lead: str) -> None:
    document = build_document(synthetic.record(), synthetic.check_report(), RESULTS, synthetic.SVG)
    text = reading.section_text(document, "courses")
    for quote in quotes(RESULTS):
        if quote.may is (lead == "May be quoted."):
            assert f"{lead} “{quote.sentence}”" in text
    changed = with_statement("above-300", probability=0.4242)
    document = build_document(synthetic.record(), synthetic.check_report(), changed, synthetic.SVG)
    assert "0.42" in reading.section_text(document, "courses")
    assert "0.42" not in text
