"""Naranjo 1981 and WHO-UMC: every weight, every band and every category."""

import pytest

from lymphocast.criteria.assessment import Standing
from lymphocast.criteria.causality import (
    WEIGHTS,
    causality,
    naranjo_band,
    naranjo_score,
    who_umc_category,
)
from lymphocast.record.adverse import (
    Alternative,
    Information,
    NaranjoAnswers,
    Reply,
    Timing,
    WhoUmcFacts,
    Withdrawal,
)
from tests.criteria.facts import stated, with_sections
from tests.record.cases import founding, rich

QUESTIONS = [
    # Naranjo 1981, table: points for yes and for no.
    ("previous_reports", 1, 0),
    ("after_drug", 2, -1),
    ("improved_on_stopping", 1, 0),
    ("reappeared", 2, -1),
    ("alternative_causes", -1, 2),
    ("placebo", -1, 1),
    ("toxic_level", 1, 0),
    ("dose_response", 1, 0),
    ("similar_before", 1, 0),
    ("objective", 1, 0),
]
ALL_UNKNOWN = {name: Reply.UNKNOWN for name, _, _ in QUESTIONS}


@pytest.mark.parametrize(("question", "yes", "no"), QUESTIONS)
def test_the_points_of_one_question(question: str, yes: int, no: int) -> None:
    for reply, points in ((Reply.YES, yes), (Reply.NO, no), (Reply.UNKNOWN, 0)):
        answers = NaranjoAnswers(**{**ALL_UNKNOWN, question: reply})
        assert naranjo_score(answers) == (points, points, points)


def test_scores_run_from_minus_4_to_13() -> None:
    assert naranjo_score(NaranjoAnswers()) == (0, -4, 13)
    assert len(WEIGHTS) == 10


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (13, "definite"),
        (9, "definite"),
        (8, "probable"),
        (5, "probable"),
        (4, "possible"),
        (1, "possible"),
        (0, "doubtful"),
        (-4, "doubtful"),
    ],
)
def test_the_bands(score: int, band: str) -> None:
    assert naranjo_band(score) == band


BEST = WhoUmcFacts(Timing.PLAUSIBLE, Alternative.CANNOT, Withdrawal.PLAUSIBLE, True, True)


@pytest.mark.parametrize(
    ("facts", "category"),
    [
        (BEST, "certain"),
        # Each item of "certain" that is missing leaves "probable".
        (
            WhoUmcFacts(Timing.REASONABLE, Alternative.CANNOT, Withdrawal.PLAUSIBLE, True, True),
            "probable/likely",
        ),
        (
            WhoUmcFacts(Timing.PLAUSIBLE, Alternative.UNLIKELY, Withdrawal.PLAUSIBLE, True, True),
            "probable/likely",
        ),
        (
            WhoUmcFacts(Timing.PLAUSIBLE, Alternative.CANNOT, Withdrawal.REASONABLE, True, True),
            "probable/likely",
        ),
        (
            WhoUmcFacts(Timing.PLAUSIBLE, Alternative.CANNOT, Withdrawal.PLAUSIBLE, None, True),
            "probable/likely",
        ),
        (
            WhoUmcFacts(Timing.PLAUSIBLE, Alternative.CANNOT, Withdrawal.PLAUSIBLE, True, None),
            "probable/likely",
        ),
        # An explanation by the disease, or no word on withdrawal, leaves "possible".
        (WhoUmcFacts(Timing.REASONABLE, Alternative.POSSIBLE, Withdrawal.REASONABLE), "possible"),
        (WhoUmcFacts(Timing.REASONABLE, Alternative.UNLIKELY, Withdrawal.UNCLEAR), "possible"),
        (WhoUmcFacts(Timing.REASONABLE, Alternative.UNLIKELY), "possible"),
        (WhoUmcFacts(Timing.IMPROBABLE, Alternative.PLAUSIBLE), "unlikely"),
        (WhoUmcFacts(Timing.IMPROBABLE, Alternative.UNLIKELY), None),
        (WhoUmcFacts(information=Information.PENDING), "conditional/unclassified"),
        (WhoUmcFacts(information=Information.CONTRADICTORY), "unassessable/unclassifiable"),
        (WhoUmcFacts(Timing.PLAUSIBLE), None),
        (WhoUmcFacts(), None),
    ],
)
def test_the_categories(facts: WhoUmcFacts, category: str | None) -> None:
    assert who_umc_category(facts) == category


def test_the_synthetic_case() -> None:
    naranjo, who, fatigue, fatigue_who = causality(rich())
    # 1 + 2 + 1 + 0 + 2 + 0 + 0 + 1 + 0 + 1.
    assert (naranjo.why, naranjo.result) == ("score 8", "probable")
    assert who.result == "probable/likely"
    assert fatigue.status is Standing.NOT_ESTABLISHED
    assert fatigue_who.result == "conditional/unclassified"


def test_open_questions_leave_a_band_open_if_they_could_change_it() -> None:
    def assessed(answers: str) -> tuple[Standing, str]:
        line = stated("ae", f"what: rash, at: 2020-02, naranjo: {{{answers}}}")
        found = causality(with_sections(adverse_events=line))[0]
        return found.status, found.result

    assert assessed("after_drug: yes") == (Standing.NOT_ESTABLISHED, "")
    rest = ", ".join(f"{name}: unknown" for name, _, _ in QUESTIONS if name != "after_drug")
    assert assessed(f"after_drug: yes, {rest}") == (Standing.MET, "possible")
    assert assessed(f"after_drug: no, {rest}") == (Standing.NOT_MET, "doubtful")


def test_the_founding_case_reports_no_adverse_event() -> None:
    assert causality(founding()) == ()
