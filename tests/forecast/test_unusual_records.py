"""Records that controls, timing and scores must also get right: odd dates, few counts, figures."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest

from lymphocast.dataset.individual import CountObservation, Entry, Individual, Moment
from lymphocast.dataset.project import refuse_unexplained
from lymphocast.errors import RecordError, UsageError
from lymphocast.forecast.attribution import key_days, second_count
from lymphocast.forecast.checks import predictive
from lymphocast.forecast.controlled import Control, Controls
from lymphocast.forecast.controls import QUICK_LOOK, negatives, run_controls
from lymphocast.forecast.crossing import crossed_rates
from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.scenario import measured, noise, predict_days
from lymphocast.forecast.scoring import score_counts
from lymphocast.forecast.timing import timing
from lymphocast.inference.history import Made, Step
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.updating import reweighed
from lymphocast.report.claims_ahead import history_sentences, timing_sentences
from lymphocast.report.controls_text import controls_json, controls_lines
from tests.founding import individual, quick_fit
from tests.tolerances import CLOSED_FORM

READING = 0.1  # SD of ln(count) read off a figure


@cache
def lanes() -> Ensemble:
    return ensemble_of(quick_fit())


def entered_late() -> Individual:
    """The founding patient as if the count under treatment had been the entry count."""
    return replace(individual(), entry=Entry(individual().counts[1].at, 1000.0))


def test_a_count_read_off_a_figure_is_expected_with_the_error_of_reading() -> None:
    # Two independent errors are one: the error of counting, made as much larger.
    ensemble, last = lanes(), individual().counts[-1]
    read = replace(last, reading_error=READING)
    sd = np.hypot(ensemble.theta["count_sd"], READING)
    noisier = replace(ensemble, theta={**ensemble.theta, "count_sd": sd})
    density, latent = predictive(ensemble, read, 3)
    wanted, same = predictive(noisier, last, 3)
    np.testing.assert_allclose(density, wanted, rtol=CLOSED_FORM)
    white = noise(ensemble, 3, 1)
    np.testing.assert_allclose(
        measured(latent, ensemble, white, READING), measured(same, noisier, white), rtol=CLOSED_FORM
    )


def test_a_record_without_wide_gaps_has_no_registered_prediction() -> None:
    found = predict_days(lanes(), (), 1)
    assert found.averaged == ()
    assert set(found.by_hypothesis.values()) == {()}


def test_a_score_counts_days_from_the_first_day_that_the_fit_knew() -> None:
    # A fit whose day 0 lies 30 days later sees the same calendar day as its day x - 30.
    fit, name = quick_fit(), individual().counts[-1].id
    later = replace(
        fit, individual=replace(fit.individual, day_zero=individual().day_zero + timedelta(days=30))
    )

    def scored(found: object, day: float) -> object:
        assert isinstance(found, type(fit))
        count = CountObservation(name, Moment.fixed(day), 400.0)
        return score_counts(found, fit.record, (count,))

    assert scored(later, 1400.0) == scored(fit, 1370.0)
    assert scored(later, 1400.0) != scored(fit, 1400.0)


def test_an_update_is_worth_no_more_draws_than_were_kept() -> None:
    fit = quick_fit()
    few = tuple(
        replace(p, draws={n: x[:200] for n, x in p.draws.items()}, ess=30_000.0)
        for p in fit.posteriors
    )
    found = reweighed(replace(fit, posteriors=few), individual().counts[-1:], 1)
    assert found is not None
    for posterior in found:
        assert posterior.ess <= 200.0
        assert posterior.ess >= 1.0


def test_the_second_count_comes_after_the_entry_count_even_if_that_was_under_treatment() -> None:
    late = entered_late()
    assert second_count(late).id == individual().counts[2].id
    assert second_count(individual()).id == individual().counts[1].id
    days = key_days(replace(lanes(), individual=late))
    assert (days[1] > days[0]).all()
    refuse_unexplained(late)
    with pytest.raises(RecordError, match="no CD4 measurement after the entry measurement"):
        refuse_unexplained(replace(late, counts=late.counts[:2]))


def test_where_the_entry_count_is_under_treatment_nothing_is_said_of_a_rise_before_it() -> None:
    fit = replace(quick_fit(), individual=entered_late())
    ensemble = replace(lanes(), individual=entered_late())
    found = timing(ensemble, fit, kernels_of(individual(), fit.table))
    assert not found.entered_before
    assert (found.before.averaged.p05, found.before.averaged.p95) == (0.0, 0.0)
    assert found.p_before_more_than_half == 0.0
    before = timing_sentences(replace(found, remaining=()), ())[1]
    assert before.startswith("The entry count was taken after the first dose")


def test_a_record_without_a_count_a_year_after_the_first_dose_has_no_shifted_control() -> None:
    fit = quick_fit()
    short = replace(fit, individual=replace(individual(), counts=individual().counts[:2]))
    names = [patient.name for patient in negatives(short, QUICK_LOOK)]
    assert "shifted" not in names
    assert "dose-free" in names
    assert "shifted" in [patient.name for patient in negatives(fit, QUICK_LOOK)]


def test_controls_of_a_record_that_hardly_any_patient_enters_are_refused_at_once() -> None:
    first = individual().entry.moment
    rare = replace(quick_fit(), individual=replace(individual(), entry=Entry(first, 5.0)))
    with pytest.raises(UsageError, match="below 5 /uL at the entry"):
        run_controls(rare, QUICK_LOOK)


def test_rates_of_patients_whose_weights_cannot_be_read_are_not_told_as_zero() -> None:
    # Three draws of each of six explanations are never worth the twenty that a patient needs.
    fit = quick_fit()
    rates = crossed_rates(kernels_of(individual(), fit.table), fit.weights, 2, 3, 1, lambda _: None)
    assert all((rate.patients, rate.unread) == (0, 2) for rate in rates)
    row = Control("strong", "a strong effect", True, 0.9, 0.9, 0.9, 0.9, "yes", 12.0, False)
    found = Controls(
        record_id="r",
        record_sha256="",
        seed=1,
        full=False,
        rows=(row,),
        rates=rates,
        prior_il2=0.5,
        mean_p_il2=sum(rate.prior * rate.mean_p_il2 for rate in rates),
        left_out=("the record with the drug a year later: no count is that late",),
        passed=False,
    )
    text = "\n".join(controls_lines(found))
    assert "0.00" not in text
    assert "nan" not in text
    assert "nothing can be said of the weights" in text
    assert "FAILED: too few effective draws to say" in text
    assert "Left out: the record with the drug a year later" in text
    content = json.loads(controls_json(found))
    assert content["mean_p_il2"] is None
    assert content["rates"][0]["p_sure_of_il2"] is None


def test_a_count_that_could_not_be_scored_is_not_said_never_to_have_been_entered() -> None:
    steps = (
        Step(Made.FITTED, "", "a", 0.0, 5000.0),
        Step(Made.REFITTED, "the uncertain times differ", "b", 5000.0, 5000.0),
    )
    (sentence,) = history_sentences(steps)
    assert "No count has been entered" not in sentence
    assert "no prediction is scored" in sentence
