"""A record of counts alone: what it supports is answered, what no fact speaks to is not.

The draws are those of the founding case, so that whatever is said of counts must stay the same.
"""

from dataclasses import replace
from functools import cache

import pytest

from lymphocast.analysis import explain, foresee
from lymphocast.dataset.individual import Individual
from lymphocast.forecast.attribution import attribute, scenarios_of
from lymphocast.forecast.checks import is_reached
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.outcomes import Courses
from lymphocast.forecast.panels import panels_of
from lymphocast.forecast.plan import Plan
from lymphocast.forecast.plan_forecast import forecast_plans, frame_of
from lymphocast.forecast.results import Attribution
from lymphocast.forecast.sensitivity import QUESTIONS, probabilities
from lymphocast.forecast.statements import STATEMENTS, statement_probabilities
from lymphocast.forecast.unasked import NO_ANTIBIOTIC, unasked_questions, unasked_statements
from lymphocast.inference.density import INFECTION_PARAMETERS
from lymphocast.record.events import SymptomGrade
from lymphocast.record_fits import NO_INFECTION, made_text
from lymphocast.report.plan_tables import plan_lines
from tests.founding import counts_alone_fit, individual, quick_fit

FEW = 50  # draws of each hypothesis, where only what is answered matters


def without(
    *, cultures: bool = False, resolved: bool = False, symptoms: bool = False, drug: bool = False
) -> Individual:
    """Return the founding patient without some of what is known of the infection."""
    mine = individual()
    kept = mine.symptoms if not symptoms else ()
    return replace(
        mine,
        cultures=() if cultures else mine.cultures,
        symptoms=tuple(s for s in kept if not resolved or s.grade is not SymptomGrade.RESOLVED),
        plan=replace(mine.plan, antibiotic=None) if drug else mine.plan,
    )


@cache
def averaged() -> tuple[Attribution, Attribution]:
    """The attribution with and without what is known of the infection."""
    table = quick_fit().table
    full, alone = (attribute(ensemble_of(fit), table) for fit in (quick_fit(), counts_alone_fit()))
    return full.averaged, alone.averaged


def test_questions_on_the_count_have_the_same_answers_and_that_on_clearance_none() -> None:
    full, alone = (probabilities(ensemble_of(fit)) for fit in (quick_fit(), counts_alone_fit()))
    assert {"d": full["d"], **alone} == full
    assert set(alone) == {"a", "b", "c"}


KNOWN = pytest.mark.parametrize(
    ("known", "questions", "statements"),
    [
        (without(), set(), set()),
        (without(symptoms=True), set(), set()),
        (without(drug=True), set(), {"culture-without-clarithromycin"}),
        (without(cultures=True), set(), {"culture-without-il2", "culture-without-clarithromycin"}),
        (without(cultures=True, resolved=True), set(), set(STATEMENTS) - {"above-300"}),
        (without(cultures=True, symptoms=True), {"d"}, set(STATEMENTS) - {"above-300"}),
        (
            without(cultures=True, symptoms=True, drug=True),
            {"d"},
            set(STATEMENTS) - {"above-300"},
        ),
    ],
)


def answered(known: Individual) -> set[str]:
    """Return the questions and statements that get a probability, in the draws of the founding."""
    ensemble = replace(ensemble_of(quick_fit()).thinned(FEW), individual=known)
    statements = statement_probabilities(ensemble, quick_fit().table, FEW)
    return {*probabilities(ensemble), *statements}


@KNOWN
def test_what_no_fact_speaks_to_is_not_asked_and_the_reason_is_said(
    known: Individual, questions: set[str], statements: set[str]
) -> None:
    asked, stated = unasked_questions(known), unasked_statements(known)
    assert {u.id for u in asked} == questions
    assert {u.id for u in stated} == statements
    assert all(u.why.startswith("The record has n") for u in (*asked, *stated))


def test_what_is_asked_of_counts_alone_is_answered() -> None:
    assert answered(counts_alone_fit().individual) == {"a", "b", "c", "above-300"}


@pytest.mark.slow
@KNOWN
def test_what_is_asked_is_answered_and_nothing_else(
    known: Individual, questions: set[str], statements: set[str]
) -> None:
    assert answered(known) == {*QUESTIONS, *STATEMENTS} - questions - statements


def test_a_patient_with_cultures_and_no_antibiotic_is_told_that_there_was_none() -> None:
    (only,) = unasked_statements(without(drug=True))
    assert (only.id, only.why) == ("culture-without-clarithromycin", NO_ANTIBIOTIC)


def test_courses_without_the_antibiotic_run_only_where_they_can_differ() -> None:
    names = [[name for name, _ in scenarios_of(x)] for x in (without(), without(drug=True))]
    assert names == [
        ["factual", "without-il2", "without-clarithromycin", "without-both"],
        ["factual", "without-il2"],
    ]
    assert len(scenarios_of(without(cultures=True, symptoms=True))) == 2


def test_what_the_drugs_did_to_the_count_stays_and_nothing_is_said_of_the_infection() -> None:
    full, alone = averaged()
    assert (alone.rise, alone.il2_gain_at_second) == (full.rise, full.il2_gain_at_second)
    assert [s.scenario for s in alone.scenarios] == ["factual", "without-il2"]
    for mine, other in zip(alone.scenarios, full.scenarios, strict=False):
        assert replace(other, p_culture_negative=None, p_symptoms_resolved=None) == mine
        assert other.p_culture_negative is not None


def test_courses_tell_of_counts_alone_and_explanations_that_differ_in_h3_are_one_panel() -> None:
    courses = Courses.of(counts_alone_fit(), FEW)
    for rows in (courses.summary.averaged, *courses.summary.by_hypothesis.values()):
        assert [(c.infection, c.recurrence) for c in rows] == [((), ()), ((), ())]
    average, *panels = panels_of(courses)
    labels = [p.label for p in panels]
    assert len(set(labels)) == len(labels)
    assert not any("clearance" in label for label in labels)
    assert all(p.cultures == () for p in (average, *panels))
    weights = quick_fit().posterior_weights
    for p in panels:
        twin = p.hypothesis.replace("no-clearance", "clearance")
        assert p.weight == pytest.approx(weights[p.hypothesis] + weights[twin])


@pytest.mark.parametrize("parameter", sorted(INFECTION_PARAMETERS))
def test_a_parameter_is_compared_with_its_prior_only_where_a_fact_can_speak_to_it(
    parameter: str,
) -> None:
    assert is_reached(parameter, without())
    assert not is_reached(parameter, without(cultures=True, symptoms=True))
    needs_drug = parameter in {"kill", "resistance_time"}
    assert is_reached(parameter, without(drug=True)) is not needs_drug
    assert is_reached("gain", without(cultures=True, symptoms=True))


def test_a_plan_says_nothing_of_an_infection_of_which_nothing_is_known() -> None:
    fit = counts_alone_fit()
    few = replace(
        fit,
        posteriors=tuple(
            replace(p, draws={n: x[:FEW] for n, x in p.draws.items()}) for p in fit.posteriors
        ),
    )
    found = forecast_plans(few, (Plan("nothing"),), frame_of(few))
    assert all(p.infection is None for p in found.rows[0].course.averaged.points)
    text = "\n".join(plan_lines(found))
    assert "culture negative" not in text
    assert "burden" not in text.lower()
    assert "the record has no culture or symptom" in text


def test_a_fit_of_counts_alone_says_that_h3_keeps_its_prior_weight() -> None:
    assert made_text(counts_alone_fit()) == NO_INFECTION
    assert made_text(quick_fit()) == ""


@pytest.mark.slow
def test_counts_alone_are_explained() -> None:
    found = explain(counts_alone_fit())
    assert [v.id for v in found.verdicts] == ["a", "b", "c"]
    assert [u.id for u in found.unasked] == ["d"]
    assert [v.id for v in found.outcomes.statements] == ["above-300"]
    assert all(set(row.probabilities) == {"a", "b", "c"} for row in found.sensitivity)
    assert not {c.parameter for c in found.contraction} & INFECTION_PARAMETERS
    labels = [h.label for h in found.hypotheses]
    assert all(label.endswith("(no datum touches it)") for label in labels)
    assert not any("no datum" in h.label for h in foresee(quick_fit()).hypotheses)
