"""The sensitivity table and the rule that turns it into verdicts."""

from dataclasses import replace

import pytest

from lymphocast.forecast.controlled import FEWEST_DRAWS
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.results import Answer, SensitivityRow
from lymphocast.forecast.sensitivity import QUESTIONS, answer, probabilities, verdicts
from lymphocast.inference.hypotheses import HYPOTHESES, Course, posterior_weights
from lymphocast.inference.posterior import Fit
from tests.founding import quick_fit
from tests.tolerances import CLOSED_FORM
from tests.whole_job import whole_job

# Probabilities of two rows that share 400 draws of each hypothesis and differ in nothing else.
MONTE_CARLO = 0.06


def rows() -> dict[str, SensitivityRow]:
    return {row.name: row for row in whole_job().results.sensitivity}


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        (0.81, 1.0, Answer.YES),
        (0.8, 1.0, Answer.UNDECIDED),
        (0.0, 0.19, Answer.NO),
        (0.0, 0.2, Answer.UNDECIDED),
        (0.1, 0.9, Answer.UNDECIDED),
        (0.5, 0.5, Answer.UNDECIDED),
    ],
)
def test_an_answer_needs_the_whole_table_on_one_side(
    lowest: float, highest: float, expected: Answer
) -> None:
    assert answer(lowest, highest) is expected


def row(name: str, a: float, b: float, ess: float = 2000.0) -> SensitivityRow:
    return SensitivityRow(name, name, {"a": a, "b": b, "c": 0.5, "d": 0.1}, 0.5, {}, ess)


def test_a_verdict_is_the_base_probability_and_the_range_over_the_table() -> None:
    found = {v.id: v for v in verdicts([row("base", 0.95, 0.7), row("x", 0.85, 0.9)])}
    assert list(found) == list(QUESTIONS)
    a = found["a"]
    assert (a.probability, a.lowest, a.highest, a.answer) == (0.95, 0.85, 0.95, Answer.YES)
    assert found["b"].answer is Answer.UNDECIDED
    assert found["d"].answer is Answer.NO
    assert (a.question, a.definition) == QUESTIONS["a"]


def test_one_row_is_enough_to_undecide() -> None:
    kept = [row("base", 0.95, 0.7), row("x", 0.9, 0.7)]
    assert verdicts(kept)[0].answer is Answer.YES
    assert verdicts([*kept, row("y", 0.79, 0.7)])[0].answer is Answer.UNDECIDED


def test_a_row_with_too_few_effective_draws_undecides_what_it_cannot_tell() -> None:
    kept = [row("base", 0.95, 0.7), row("x", 0.9, 0.7, ess=FEWEST_DRAWS)]
    assert verdicts(kept)[0].answer is Answer.YES
    found = verdicts([*kept, row("y", 0.9, 0.7, ess=FEWEST_DRAWS - 0.1)])
    assert {v.answer for v in found} == {Answer.UNDECIDED}
    assert (found[0].probability, found[0].lowest) == (0.95, 0.9)


def test_every_row_says_how_many_draws_it_rests_on() -> None:
    fit = whole_job().fit
    assert rows()["base"].ess == pytest.approx(min(fit.ess_min, 400.0))
    assert all(FEWEST_DRAWS <= r.ess <= 2_048 for r in rows().values())
    left = whole_job().results.leave_last_out
    assert left.averaged.ess >= min(p.ess for p in left.by_hypothesis.values())
    assert left.averaged.ess <= 2_048  # draws that a quick fit keeps


def test_the_table_changes_every_assumption_that_the_design_names() -> None:
    assert list(rows()) == [
        "base",
        "gain-x0.5",
        "gain-x2",
        "recovery-12-months",
        "recovery-24-months",
        "normal-count-700",
        "sd-0.12",
        "sd-0.16",
        "sd-0.20",
        "sd-0.25",
        "weights-sceptical",
        "weights-enthusiastic",
        "drift",
        "timeline-thirty-five-months",
    ]
    assert len({r.label for r in rows().values()}) == len(rows())


def test_a_fit_with_fewer_draws_than_a_quick_one_can_be_explained() -> None:
    """It once failed where only some hypotheses were fitted again."""
    sizes = {len(values) for p in whole_job().fit.posteriors for values in p.draws.values()}
    assert sizes == {400}
    assert len(rows()) > 1


def test_the_base_row_is_the_fit_itself() -> None:
    fit = whole_job().fit
    base = rows()["base"]
    assert base.probabilities == probabilities(ensemble_of(fit))
    il2 = sum(fit.posterior_weights[h.name] for h in HYPOTHESES if h.il2)
    assert base.p_il2 == pytest.approx(il2, rel=CLOSED_FORM)


@pytest.mark.parametrize("preset", ["sceptical", "enthusiastic"])
def test_other_prior_weights_reweigh_the_same_evidence(preset: str) -> None:
    fit = whole_job().fit
    evidence = {p.hypothesis.name: p.log_evidence for p in fit.posteriors}
    shares = posterior_weights(evidence, fit.table.presets[preset], HYPOTHESES)
    found = rows()[f"weights-{preset}"]
    il2 = sum(shares[h.name] for h in HYPOTHESES if h.il2)
    both = sum(shares[h.name] for h in HYPOTHESES if h.il2 and h.clearance)
    assert found.p_il2 == pytest.approx(il2, rel=CLOSED_FORM)
    assert found.probabilities["d"] == pytest.approx(both, rel=CLOSED_FORM)


def test_belief_in_il2_follows_what_is_assumed() -> None:
    found = {name: r.p_il2 for name, r in rows().items()}
    assert found["weights-sceptical"] < found["base"] < found["weights-enthusiastic"]
    assert found["gain-x0.5"] < found["gain-x2"]
    assert found["sd-0.12"] > found["sd-0.25"], "a noisier count leaves less to explain"
    for years in ("recovery-12-months", "recovery-24-months"):
        assert found[years] < found["base"] + MONTE_CARLO, "earlier recovery competes"


def test_a_fixed_measurement_error_near_the_prior_is_nearly_the_base() -> None:
    base, fixed = rows()["base"], rows()["sd-0.16"]
    for letter in QUESTIONS:
        assert fixed.probabilities[letter] == pytest.approx(
            base.probabilities[letter], abs=MONTE_CARLO
        )


def with_the_gain(factor: float) -> Fit:
    fit = quick_fit()
    return replace(
        fit,
        posteriors=tuple(
            replace(p, draws={**p.draws, "gain": p.draws["gain"] * factor}) for p in fit.posteriors
        ),
    )


def weight_of(*courses: Course) -> float:
    shares = quick_fit().posterior_weights
    return sum(shares[h.name] for h in HYPOTHESES if h.il2 and h.course in courses)


def test_il2_made_the_rise_if_it_adds_much_and_cannot_if_a_dip_lifts_without_it() -> None:
    much = probabilities(ensemble_of(with_the_gain(1e3)))
    assert much["b"] == pytest.approx(weight_of(*Course), abs=0.01)  # every rise is IL-2's
    little = probabilities(ensemble_of(with_the_gain(1e-9)))
    assert little["b"] <= weight_of(Course.STABLE, Course.RECOVERY) + CLOSED_FORM
    assert little["b"] >= weight_of(Course.STABLE) - CLOSED_FORM  # nothing else moves the count
    assert little["d"] == much["d"]
