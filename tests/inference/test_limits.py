"""Counts reported as below a limit, and counts soon after a dose, against what probability says.

A count of which only ``<L`` is known contributes P(y < L), in fit, update, prediction and controls;
one within three days of a dose scatters more, and no other count does.
"""

from dataclasses import replace
from functools import cache
from math import log, sqrt
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import logsumexp
from scipy.stats import norm

from lymphocast.dataset.individual import CountObservation, Individual, Moment
from lymphocast.engine.course import latent_count
from lymphocast.errors import RecordError
from lymphocast.forecast.checks import leave_last_out, predictive, random_walk
from lymphocast.forecast.crossing import PriorPatients
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.results import Interval, reaches
from lymphocast.forecast.scenario import observed_counts
from lymphocast.hypothesis_fits import update
from lymphocast.inference.calibration import CalibrationSettings, calibrate
from lymphocast.inference.conjugate import MEDIAN, SIGMA, SPREAD, conjugate_patient, stable_of
from lymphocast.inference.density import CourseDensity, date_nodes
from lymphocast.inference.diagnostics import measured_counts
from lymphocast.inference.fit_file import read_fit, write_fit
from lymphocast.inference.history import Made
from lymphocast.inference.hypotheses import HYPOTHESES, Course, Hypothesis
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import Kernels
from lymphocast.inference.posterior import Fit
from lymphocast.inference.redistribution import REDISTRIBUTION, individual_of
from lymphocast.inference.updating import reweighed
from lymphocast.models.component import Scalar
from lymphocast.models.prior_file import model_priors
from lymphocast.record.casefile import parse_case
from lymphocast.record.context import Limit
from lymphocast.units import Quantity
from tests.dataset.fittable import FITTABLE
from tests.founding import Floats, density, individual, prior_draws, quick_fit
from tests.inference.test_any_record import BASE, posterior_or_refusal
from tests.inference.test_calibration import DECLARED, TABLE, WEIGHTS, founding, outside
from tests.record.cases import changed, founding_text, small
from tests.tolerances import CLOSED_FORM

LIMIT = 400.0
WIDER = model_priors("course").constant(REDISTRIBUTION)
STABLE = Hypothesis(il2=False, course=Course.STABLE, clearance=False)
EFFORT = ImportanceSettings(
    pilot=10_000, block=10_000, max_blocks=4, ess_target=4_000.0, pairs=4_096, draws=2_000
)


def limited(limit: float = LIMIT) -> Individual:
    """Return the founding individual whose last count was reported as below a limit."""
    *others, last = individual().counts
    return replace(individual(), counts=(*others, replace(last, value=limit, lloq=limit)))


def below() -> CourseDensity:
    return CourseDensity(limited(), density().table)


def theta_of(found: CourseDensity) -> dict[str, Scalar]:
    z = np.random.default_rng(1).standard_normal((len(found.count_latents), 40))
    return found.theta(found.count_values(z, found.numbers(), HYPOTHESES[0].switches))


def test_a_count_below_a_limit_has_the_probability_of_that_over_its_dates() -> None:
    theta, last = theta_of(below()), limited().counts[-1]
    each = np.asarray(below().count_log_likelihood(theta))
    shift = np.linspace(last.at.early, last.at.late, 4001)
    days = shift[:, None] + np.asarray(theta["when.il2-stop"])
    latent = np.log(np.asarray(latent_count(individual().plan, theta, days)))
    chance = norm.cdf((log(LIMIT) - latent) / np.asarray(theta["count_sd"]))
    expected = np.trapezoid(chance, shift, axis=0) / (last.at.late - last.at.early)
    assert_allclose(np.exp(each[-1]), expected, rtol=1e-6, atol=1e-12)  # as of a measured count
    np.testing.assert_array_equal(each[:-1], density().count_log_likelihood(theta)[:-1])


def last_term(value: Floats, found: CourseDensity) -> Floats:
    """Return the term of the last count, one lane for each value, around a latent 350."""
    nodes = sum(len(date_nodes(count)[0]) for count in found.individual.counts)
    others = [log(c.value) for c in found.individual.counts[:-1]]
    given = found.with_counts(found.numbers(), [*others, value])
    terms = found.count_terms(np.full((nodes, len(value)), log(350.0)), np.array(0.16), given)
    return np.asarray(terms[-1])


def test_what_is_reported_below_and_above_the_limit_has_probability_1() -> None:
    edge = log(LIMIT)
    low = np.exp(last_term(np.array([edge, edge - 1e-9, 0.0]), below()))
    assert_allclose(low, norm.cdf((edge - log(350.0)) / 0.16), rtol=1e-9)  # reported as the limit
    grid = np.linspace(edge + 1e-12, edge + 3.0, 10_001)
    above = np.exp(last_term(grid, below()))
    assert low[0] + np.trapezoid(above, grid) == pytest.approx(1.0, abs=1e-6)
    assert_allclose(above[0], np.exp(last_term(grid[:1], density()))[0], rtol=CLOSED_FORM)


def conjugate(count: CountObservation) -> Kernels:
    known = conjugate_patient(individual(), density().table).kernels.density
    patient = replace(known.individual, counts=(count,))
    return Kernels(CourseDensity(patient, known.table))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"value": 90.0, "lloq": 90.0},
            norm.logcdf(log(90.0 / MEDIAN) / sqrt(SPREAD**2 + SIGMA**2)),
        ),
        (
            {"redistribution": WIDER},
            norm.logpdf(log(172.0 / MEDIAN), scale=sqrt(SPREAD**2 + SIGMA**2 + WIDER**2)),
        ),
    ],
    ids=["below-a-limit", "soon-after-a-dose"],
)
def test_the_evidence_is_exact(change: dict[str, float], expected: float) -> None:
    count = replace(CountObservation("only", Moment.fixed(-60.0), 172.0), **change)
    kernels = conjugate(count)
    found = stable_of(sample_importance(kernels, kernels.everything(), 11, EFFORT, only=[STABLE]))
    assert abs(found.log_evidence - expected) < 3.0 * max(found.log_evidence_se, 1e-3)


@pytest.mark.parametrize("value", [1e-9, 50.0, 2_000.0])
def test_any_limit_gives_a_posterior_or_one_refusal(value: float) -> None:
    first = BASE.measurements[0]
    limit = replace(first, value=Quantity(value, "/uL"), limit=Limit.BELOW)
    record = replace(BASE, measurements=(limit, *BASE.measurements[1:]), cultures=())
    found = posterior_or_refusal(record)
    assert found is not None or value < 1.0


def new_count(**change: float) -> CountObservation:
    return replace(CountObservation("new", Moment.fixed(1_500.0), LIMIT), **change)


def test_an_update_weighs_the_draws_by_the_probability_of_the_limit() -> None:
    fit = quick_fit()
    found = reweighed(fit, [new_count(lloq=LIMIT)], 1)
    assert found is not None
    ensemble, size = ensemble_of(fit), len(fit.posteriors[0].draws["gain"])
    latent = np.log(ensemble.count(np.array([[1_500.0]]))[0])
    chance = norm.logcdf((log(LIMIT) - latent) / ensemble.theta["count_sd"])
    for i, (one, other) in enumerate(zip(fit.posteriors, found, strict=True)):
        gained = logsumexp(chance[i * size : (i + 1) * size]) - log(size)
        assert other.log_evidence - one.log_evidence == pytest.approx(gained, abs=1e-9)


MEASURED = "  - id: cd4-stop-9\n"
ADDED = """\
  - id: cd4-later
    analyte: CD4
    value: 900 /uL
    limit: below
    at: 2009-03-02
    context: {since_dose: 2 d}
    provenance: [{source: trojan-2009-page, locator: none, method: stated}]
"""


@cache
def updated() -> Fit:
    """The founding fit and one more count, of which hardly more is known than before."""
    record = parse_case(changed(MEASURED, ADDED + MEASURED, founding_text()), "grown.yaml")
    fit = quick_fit()
    enough = tuple(replace(p, ess=2.0 * p.ess) for p in fit.posteriors)  # or it would fit again
    return update(replace(fit, posteriors=enough), record)


def test_a_count_below_a_limit_goes_from_the_case_file_into_fit_file_and_table(
    tmp_path: Path,
) -> None:
    fit = updated()
    count = next(c for c in fit.individual.counts if c.id == "cd4-later")
    assert (count.value, count.lloq, count.redistribution) == (900.0, 900.0, WIDER)
    assert fit.history[-1].made is Made.UPDATED
    (score,) = fit.history[-1].scores
    assert score.below
    assert score.inside
    assert -0.1 < score.log_score < 0.0  # nearly sure, and a probability: no density
    write_fit(fit, tmp_path / "fit.nc")
    again = read_fit(tmp_path / "fit.nc")
    assert again.individual == fit.individual
    assert again.history == fit.history
    rows = {row.id: row for row in observed_counts(ensemble_of(again), again.record, 1)}
    assert rows["cd4-later"].below
    assert rows["cd4-later"].inside
    assert not rows["cd4-stop-9"].below


def test_a_count_below_a_limit_is_inside_where_the_interval_reaches_below_it() -> None:
    expected = Interval(100.0, 200.0, 300.0)
    assert reaches(expected, 100.0, below=True)
    assert not reaches(expected, 99.9, below=True)
    assert reaches(expected, 500.0, below=True)
    assert not reaches(expected, 300.1, below=False)


def test_the_last_count_left_out_is_scored_by_its_probability() -> None:
    fit = replace(quick_fit(), individual=limited())
    found = leave_last_out(fit, fit).averaged
    assert found.below
    assert found.observed == LIMIT
    walk = norm.logcdf(log(LIMIT / 596.0) / (sqrt(2.0) * 0.166))
    assert found.random_walk_log_score == pytest.approx(walk)
    # The same draws, counted instead of integrated: 24,000 of unequal weight.
    assert np.exp(found.log_score) == pytest.approx(found.tail, abs=0.02)


def test_a_random_walk_needs_a_count_to_begin_from() -> None:
    assert random_walk(new_count(lloq=LIMIT), new_count()) is None
    walk = random_walk(new_count(), new_count(redistribution=WIDER))
    assert walk == pytest.approx(norm.logpdf(0.0, scale=sqrt(2.0 * 0.166**2 + WIDER**2)))


def test_controls_report_and_weigh_a_low_count_as_the_laboratory_would() -> None:
    ensemble = replace(ensemble_of(quick_fit()), individual=limited())
    lanes = ensemble.lanes
    rng = np.random.default_rng(3)
    latent = np.log(LIMIT) + 0.3 * rng.standard_normal((4, lanes))
    patients = PriorPatients(ensemble, latent)
    seen = patients.counted(rng)
    low = np.flatnonzero(seen[-1] == log(LIMIT))
    assert 0.3 < len(low) / lanes < 0.7
    assert (seen[-1] >= log(LIMIT)).all()
    assert seen[0].min() < log(LIMIT)
    for lane in (low[0], np.flatnonzero(seen[-1] > log(LIMIT))[0]):
        scores = norm.logpdf(seen[:, lane, None], latent, patients.sd)
        if lane == low[0]:
            scores[-1] = norm.logcdf(log(LIMIT), latent[-1], patients.sd[-1])
        share = ensemble.weights * np.exp(scores.sum(axis=0) - scores.sum(axis=0).max())
        drug = ensemble.size * 3  # the first three of the six explanations that controls know
        expected = share[:drug].sum() / share.sum()
        assert patients.weigh(seen[:, lane])[0] == pytest.approx(expected, rel=1e-9)
    for value in (LIMIT, np.exp(np.log(LIMIT)), 3.0):
        assert limited().counts[-1].reported(value).below
    assert not limited().counts[-1].reported(400.001).below
    assert not individual().counts[-1].reported(3.0).below


@pytest.mark.slow
def test_counts_below_a_limit_and_after_doses_are_calibrated() -> None:
    first, second, *others = founding().counts
    counts = (
        replace(first, value=120.0, lloq=120.0),
        replace(second, redistribution=WIDER),
        *others,
    )
    settings = CalibrationSettings(replicates=500, bank=30_000)
    found = calibrate(replace(founding(), counts=counts), TABLE, WEIGHTS, DECLARED, settings)
    assert outside(found) == []


@pytest.mark.parametrize(
    ("context", "expected"),
    [("since_dose: 3 d", WIDER), ("since_dose: 73 h", 0.0), ("fever: true", 0.0), ("", 0.0)],
)
def test_only_a_count_that_is_stated_to_follow_a_dose_has_a_wider_error(
    context: str, expected: float
) -> None:
    old = "value: 0.4 10^9/L"
    record = small(changed(old, f"{old}\n    context: {{{context}}}" if context else old, FITTABLE))
    first, second = individual_of(record, density().table).counts
    assert first.own_error == 0.0
    assert second.own_error == expected
    assert individual_of(small(FITTABLE), density().table).counts[0] == first


def test_a_table_made_before_there_was_a_wider_error_has_none() -> None:
    table = density().table
    older = replace(
        table, constants=tuple(c for c in table.constants if c.parameter != REDISTRIBUTION)
    )
    old = "value: 0.4 10^9/L"
    record = small(changed(old, f"{old}\n    context: {{since_dose: 1 d}}", FITTABLE))
    assert individual_of(record, older).counts[-1].own_error == 0.0


def test_the_wider_error_adds_in_variance_wherever_a_count_is_predicted() -> None:
    ensemble, last = ensemble_of(quick_fit()), individual().counts[-1]
    wide = replace(last, redistribution=WIDER)
    sd = np.hypot(ensemble.theta["count_sd"], WIDER)
    noisier = replace(ensemble, theta={**ensemble.theta, "count_sd": sd})
    assert_allclose(predictive(ensemble, wide, 3)[0], predictive(noisier, last, 3)[0], rtol=1e-10)
    theta = prior_draws(50, 2)
    only = replace(individual(), counts=(replace(last, redistribution=WIDER),))
    (again,) = measured_counts(only, theta, 1)
    wider = {**theta, "count_sd": np.hypot(theta["count_sd"], WIDER)}
    (expected,) = measured_counts(replace(only, counts=(last,)), wider, 1)
    assert_allclose(again, expected, rtol=CLOSED_FORM)
    found = CourseDensity(only, density().table)
    plain = CourseDensity(replace(only, counts=(last,)), density().table)
    assert_allclose(
        found.count_log_likelihood(theta), plain.count_log_likelihood(wider), rtol=CLOSED_FORM
    )


def test_a_limit_that_a_count_lies_above_is_refused() -> None:
    record = small(changed("value: 150 /uL", "value: 150 /uL\n    limit: above", FITTABLE))
    with pytest.raises(RecordError, match=r"cd4-first\.value: .* only as above 150 /uL.*a number"):
        individual_of(record, density().table)
