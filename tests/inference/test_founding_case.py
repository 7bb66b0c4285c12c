"""The founding case against an independent program (tests/reference/course_oracle.py).

The oracle draws from the prior by brute force, steps the infection in time, and shares no line with
the package. The default fit must agree: log evidence within 0.15, medians within 3 %, probabilities
within 0.03, as the issue that ordered it asks.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pytest

from lymphocast.forecast.attribution import attribute
from lymphocast.forecast.checks import leave_last_out
from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.results import AVERAGED
from lymphocast.forecast.scenario import falls_below, forecast_untreated, observed_counts
from lymphocast.inference.agreement import median_error
from lymphocast.inference.fitting import QUICK, FitSettings, sample
from lymphocast.inference.hypotheses import Course, Hypothesis
from lymphocast.inference.importance import sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from tests.conftest import ROOT
from tests.founding import individual, quick_fit
from tests.tolerances import (
    ORACLE_EVIDENCE_AGREES,
    ORACLE_MEDIAN_AGREES,
    PROBABILITY_AGREES,
)

ORACLE: Final = json.loads((ROOT / "tests/reference/course_oracle.json").read_text())
COURSES: Final = {"S": Course.STABLE, "R": Course.RECOVERY, "I": Course.INFECTION}
NAMES: Final = {
    "A": "gain",
    "t_half": "gain_half_life",
    "u50": "half_effect_dose",
    "T0": "baseline_count",
    "Tn": "normal_count",
    "d": "recovery_time",
    "delta": "dip_depth",
    "d_I": "dip_time",
    "sigma": "count_sd",
    "b0": "initial_burden",
    "ds": "severity_delay",
    "kc": "kill",
}
# Left out: tau, resistance, kT and g. Their posteriors are so wide, or their medians so near zero,
# that neither program's Monte Carlo error is below 3 % of the median.
NONE: Final[dict[str, Any]] = {"medians": {}}
SHARP = 0.01  # Monte Carlo error of ln(median) above which a difference of 3 % says nothing
MATTERS = 1e-3  # weight below which a hypothesis moves nothing that is said


@pytest.fixture(scope="module")
def fit() -> Fit:
    base = quick_fit()
    kernels = kernels_of(individual(), base.table)
    settings = FitSettings(FitMethod.IMPORTANCE, 20040501)
    posteriors = sample(kernels, kernels.everything(), settings)
    return Fit(
        base.record, individual(), base.table, posteriors, settings.method, settings.seed, {}
    )


@pytest.fixture(scope="module")
def ensemble(fit: Fit) -> Ensemble:
    return ensemble_of(fit)


def named(name: str) -> str:
    il2, course, clearance = name.split()
    return Hypothesis(il2 == "H1", COURSES[course], clearance == "H3").name


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    for row in ORACLE["hypotheses"]:
        if row["weight"] > MATTERS:
            yield named(row["name"]), row


def test_evidence_and_weight_of_every_hypothesis(fit: Fit) -> None:
    for posterior, row in zip(
        sorted(fit.posteriors, key=lambda p: p.hypothesis.name),
        sorted(ORACLE["hypotheses"], key=lambda r: named(r["name"])),
        strict=True,
    ):
        name = posterior.hypothesis.name
        assert name == named(row["name"])
        evidence = pytest.approx(row["log_evidence"], abs=ORACLE_EVIDENCE_AGREES)
        assert posterior.log_evidence == evidence
        weight = pytest.approx(row["weight"], abs=PROBABILITY_AGREES)
        assert fit.posterior_weights[name] == weight
    assert fit.diagnostics_passed


@pytest.mark.parametrize(("name", "row"), list(rows()), ids=[name for name, _ in rows()])
def test_medians_of_the_parameters(fit: Fit, name: str, row: dict[str, Any]) -> None:
    draws = next(p.draws for p in fit.posteriors if p.hypothesis.name == name)
    for theirs, ours in NAMES.items():
        if theirs in row["medians"] and median_error(draws[ours]) < SHARP:
            expected = pytest.approx(row["medians"][theirs], rel=ORACLE_MEDIAN_AGREES)
            assert np.median(draws[ours]) == expected, ours


def test_medians_over_all_hypotheses_that_have_the_parameter(fit: Fit) -> None:
    """Parameters too wide to compare under one hypothesis, such as u50, are compared here."""
    matter = dict(rows())
    for theirs, ours in NAMES.items():
        having = [
            p for p in fit.posteriors if theirs in matter.get(p.hypothesis.name, NONE)["medians"]
        ]
        weights = [fit.posterior_weights[p.hypothesis.name] for p in having]
        found = np.average([np.log(np.median(p.draws[ours])) for p in having], weights=weights)
        oracle = [np.log(matter[p.hypothesis.name]["medians"][theirs]) for p in having]
        expected = np.average(oracle, weights=weights)
        assert np.exp(found - expected) == pytest.approx(1.0, abs=ORACLE_MEDIAN_AGREES), ours


def test_attribution(ensemble: Ensemble, fit: Fit) -> None:
    found = attribute(ensemble, fit.table)
    for name, row in rows():
        expected = pytest.approx(row["p_il2_more_than_half"], abs=PROBABILITY_AGREES)
        assert found.by_hypothesis[name].p_il2_more_than_half == expected
    averaged = ORACLE["averaged"]
    expected = pytest.approx(averaged["p_il2_more_than_half"], abs=PROBABILITY_AGREES)
    assert found.averaged.p_il2_more_than_half == expected
    for scenario, p in averaged["p_culture_negative_2004-10-05"].items():
        ours = next(s for s in found.averaged.scenarios if s.scenario == scenario.replace(" ", "-"))
        assert ours.p_culture_negative == pytest.approx(p, abs=PROBABILITY_AGREES)


def test_forecast(ensemble: Ensemble) -> None:
    found = forecast_untreated(ensemble)
    expected = {name: row["forecast"] for name, row in rows()}
    expected[AVERAGED] = ORACLE["averaged"]["forecast"]
    for name, by_year in expected.items():
        points = found.averaged if name == AVERAGED else found.by_hypothesis[name]
        for years, values in by_year.items():
            point = next(
                p for p in points if p.origin == "last-count" and f"{p.years:g} y" == years
            )
            assert point.count.p50 == pytest.approx(values["median"], rel=ORACLE_MEDIAN_AGREES)
            for limit in (200, 300):
                p = pytest.approx(values[f"p_below_{limit}"], abs=PROBABILITY_AGREES)
                assert point.p_below[limit] == p
    passage = ensemble.whole.probability(falls_below(ensemble, 300.0, 1.0))
    oracle = ORACLE["averaged"]["p_first_passage_below_300_within_1_y"]
    assert passage == pytest.approx(oracle, abs=PROBABILITY_AGREES)


def test_posterior_predictive_of_the_counts(ensemble: Ensemble, fit: Fit) -> None:
    for row in observed_counts(ensemble, fit.record, fit.seed):
        expected = ORACLE["averaged"]["predictive_5_50_95"][f"{row.value:g}"]
        ours = (row.predictive.p05, row.predictive.p50, row.predictive.p95)
        assert ours == pytest.approx(expected, rel=ORACLE_MEDIAN_AGREES)


def test_the_last_count_predicted_from_the_others(fit: Fit) -> None:
    kernels = kernels_of(individual(), fit.table)
    posteriors = sample_importance(kernels, kernels.without_last(), 1, QUICK)
    others = Fit(
        fit.record, fit.individual, fit.table, posteriors, fit.method, fit.seed, fit.versions
    )
    found = leave_last_out(fit, others).averaged
    expected = ORACLE["leave_last_out"]["averaged"]
    ours = (found.predicted.p05, found.predicted.p50, found.predicted.p95)
    assert ours == pytest.approx(expected["predictive_5_50_95"], rel=ORACLE_MEDIAN_AGREES)
    assert found.log_score == pytest.approx(expected["log_score"], abs=0.05)  # a log density
