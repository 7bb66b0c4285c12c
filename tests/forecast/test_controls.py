"""Controls: weights that are right on average, and answers that are known."""

import json
import re
from functools import cache

import numpy as np
import pytest

from lymphocast.forecast.controlled import Controls, CrossedRate
from lymphocast.forecast.controls import QUICK_LOOK, run_controls
from lymphocast.forecast.crossing import EXPLANATIONS, PriorPatients, crossed_rates
from lymphocast.forecast.prior_trials.comparison import binomial_interval
from lymphocast.inference.kernels import kernels_of
from lymphocast.publish import controls_text
from lymphocast.report.controls_text import controls_json, controls_lines
from tests.conftest import Command
from tests.founding import individual, quick_fit
from tests.record.cases import founding, founding_text

PATIENTS, DRAWS = 40, 8_000


@cache
def patients() -> PriorPatients:
    fit = quick_fit()
    kernels = kernels_of(individual(), fit.table)
    return PriorPatients.drawn(kernels, fit.weights, DRAWS, np.random.default_rng(2))


def test_prior_patients_enter_and_only_the_drug_causes() -> None:
    found = patients()
    day = found.ensemble.day(individual().entry.moment)
    assert (found.ensemble.count(day[None])[0] < individual().entry.below).all()
    drug = found.ensemble.theta["il2"] > 0.0
    assert not found.caused[~drug].any()
    assert found.caused[drug].any()


def test_weights_are_right_on_average_over_patients_of_the_prior() -> None:
    fit = quick_fit()
    kernels = kernels_of(individual(), fit.table)
    told: list[float] = []
    rates = crossed_rates(kernels, fit.weights, PATIENTS, DRAWS, 3, told.append)
    assert told[-1] == 1.0
    assert [r.name for r in rates] == [h.counts_name for h in EXPLANATIONS]
    mean = sum(r.prior * r.mean_p_il2 for r in rates)
    # P(H1) has an SD of about 0.3 over patients; by strata of 40 the mean's is about 0.025.
    assert mean == pytest.approx(fit.weights.il2, abs=0.1)
    by_name = {r.name: r for r in rates}
    assert by_name["il2+stable"].mean_p_il2 > by_name["no-il2+stable"].mean_p_il2
    assert all(r.patients + r.unread == PATIENTS for r in rates)
    for r in rates:
        assert r.sure_interval.low <= r.p_sure_of_il2 <= r.sure_interval.high
        assert r.yes_interval.low <= r.p_above_yes <= r.yes_interval.high


def test_a_share_of_few_patients_stands_with_its_interval() -> None:
    """Of 20 patients none was sure: up to 17 % may be, 1 - 0.025^(1/20)."""
    none = CrossedRate(
        "no-il2+stable", "none", 1.0, 20, 0, 0.3, 0.0, binomial_interval(0.0, 20.0), 0.5,
        binomial_interval(10.0, 20.0),
    )  # fmt: skip
    found = Controls("r", "", 1, False, (), (none,), 0.5, 0.3, (), True)
    text = "\n".join(controls_lines(found))
    assert f"0.00 (0.00 to {1.0 - 0.025**0.05:.2f})" in text
    assert "0.50 (0.27 to 0.73)" in text
    (row,) = json.loads(controls_json(found))["rates"]
    assert row["sure_interval"]["high"] == pytest.approx(1.0 - 0.025**0.05, abs=1e-6)


def test_the_same_seed_gives_the_same_rates() -> None:
    fit = quick_fit()
    kernels = kernels_of(individual(), fit.table)
    once, again = (
        crossed_rates(kernels, fit.weights, 3, 2_000, 9, lambda _: None) for _ in range(2)
    )
    assert once == again


def test_a_case_that_cannot_be_explained_has_no_controls(
    lymphocast: Command, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("case")
    text = re.sub(r"analyte: CD4\n(    value: (?!172))", r"analyte: CD8\n\1", founding_text())
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    done = lymphocast("controls", "case.yaml", cwd=folder)
    assert done.code == 1
    line = text.splitlines().index("measurements:") + 1
    said = f"error: case.yaml, line {line}, measurements: found fewer than two CD4 measurements;"
    assert done.err.splitlines()[-1].startswith(said)


@pytest.fixture(scope="module")
def controlled() -> Controls:
    return run_controls(quick_fit(), QUICK_LOOK)


@pytest.mark.slow
def test_no_negative_control_is_credited_to_the_drug_and_the_positive_is(
    controlled: Controls,
) -> None:
    by_name = {row.name: row for row in controlled.rows}
    assert list(by_name) == [
        "sham-stable",
        "sham-recovery",
        "sham-infection",
        "shifted",
        "dose-free",
        "strong",
    ]
    for row in controlled.rows:
        assert (row.answer == "yes") == row.positive, row.name
    assert controlled.passed
    assert by_name["strong"].lowest > 0.8


@pytest.mark.slow
def test_without_a_dose_the_drug_is_as_likely_as_before_the_data(controlled: Controls) -> None:
    row = next(row for row in controlled.rows if row.name == "dose-free")
    assert row.probability == 0.0
    # Evidences of equal explanations differ by their Monte Carlo error, 0.01 to 0.02 each.
    assert row.p_il2 == pytest.approx(controlled.prior_il2, abs=0.02)


@pytest.mark.slow
def test_text_and_json_say_the_same(controlled: Controls) -> None:
    content = json.loads(controls_json(controlled))
    text = "\n".join(controls_lines(controlled))
    assert content["passed"] is True
    assert "All controls passed: yes" in text
    for row in content["rows"]:
        assert row["label"] in text
    assert text in controls_text(founding(), seed=5, full=False, json=False)[0]
