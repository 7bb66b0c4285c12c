"""Trials of a fitted population: closed form of a bolus, effects, estimates, bad files."""

from pathlib import Path

import numpy as np
import pytest

from lymphocast.errors import RecordError
from lymphocast.forecast.trial.block import LANES, simulate_block
from lymphocast.forecast.trial.protocol import TrialProtocol
from lymphocast.forecast.trial.run import run_trial
from lymphocast.inference.population.design_file import read_design
from lymphocast.inference.population.fit import Estimate, PopulationFit, PopulationMethod
from lymphocast.inference.population.fit_file import write_population_fit
from lymphocast.inference.population.uncertainty import report
from lymphocast.inference.population.vector import VectorForm
from tests.forecast.trial.protocols import read

CLEARANCE, VOLUME, VARIANCE, CV, SE = 5.0, 50.0, 0.09, 0.1, 0.2
SIGMAS = 4.0  # standard errors of what 2048 patients tell; the seed is fixed
SHARED = f"""errors: [concentration=proportional]
parameters:
  clearance: {{value: {CLEARANCE}, variance: {VARIANCE}}}
  volume: {{value: {VOLUME}, fixed: true}}
  concentration.cv: {{value: {CV}, fixed: true}}
"""
TRIAL = """\
population: {fit: fit.nc, design: shared.yaml, model: one-compartment-iv}
arms:
  - {name: low, patients: 20, doses: [{amount: 100, compartment: drug.central}]}
  - {name: high, patients: 20, doses: [{amount: 200, compartment: drug.central}]}
visits: {days: [2 d, 4 d]}
endpoints:
  - {name: level, kind: change, at: 4 d}
analyses:
  - {endpoint: level, method: difference}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a population file and a fit whose estimates are its values."""
    (tmp_path / "shared.yaml").write_text(SHARED, encoding="utf-8")
    form = VectorForm(read_design(tmp_path / "shared.yaml"))
    vector, known = form.start(), report(form, form.start())
    size = len(vector)
    fit = PopulationFit(
        method=PopulationMethod.FOCEI,
        seed=1,
        ids=("1",),
        effects=("clearance",),
        estimates=tuple(
            Estimate(name, float(value), 0.1, 0.1)
            for name, value in zip(known.names, known.values, strict=True)
        ),
        vector=vector,
        covariance=np.diag([SE**2, *np.zeros(size - 1)]),
        objective=0.0,
        log_likelihood=0.0,
        log_likelihood_se=0.0,
        modes=np.zeros((1, 1)),
        mode_covariance=np.zeros((1, 1, 1)),
        effect_shrinkage=np.zeros(1),
        residual_shrinkage=0.0,
        messages=(),
        versions={},
    )
    write_population_fit(fit, "one-compartment-iv", tmp_path / "fit.nc")
    return tmp_path


def levels(protocol: TrialProtocol) -> tuple[np.ndarray, np.ndarray]:
    found = simulate_block(protocol, 3, 0, LANES)
    return np.log(found["level, all seen, low"]), found["trial"]


def test_a_patients_level_is_that_of_a_bolus_with_effect_and_error(folder: Path) -> None:
    exact = SHARED.replace(f"cv: {{value: {CV}", "cv: {value: 1.0e-9")
    (folder / "shared.yaml").write_text(exact, encoding="utf-8")
    with pytest.raises(RecordError, match="fit of other parameters than those of the population"):
        read(TRIAL, folder)
    (folder / "shared.yaml").write_text(SHARED, encoding="utf-8")
    protocol = read(TRIAL, folder)
    found = simulate_block(protocol, 3, 0, LANES)
    low = found["level, all seen, low"]
    # Of small errors: ln C = ln(D/V) - (CL/V) t + error, the effect of CL log-normal.
    moved = CLEARANCE * np.exp(np.sqrt(VARIANCE) * np.random.default_rng(1).normal(size=400_000))
    expected = 100.0 / VOLUME * np.exp(-moved / VOLUME * 4.0)
    spread = np.sqrt(expected.var() + CV**2 * np.mean(expected**2))
    assert low.mean() == pytest.approx(expected.mean(), abs=SIGMAS * spread / np.sqrt(LANES))
    assert low.std() == pytest.approx(spread, rel=SIGMAS * np.sqrt(0.5 / LANES))


def test_estimates_that_are_uncertain_differ_between_trials_only(folder: Path) -> None:
    text = TRIAL.replace("one-compartment-iv}", "one-compartment-iv, uncertain: true}")
    known, trial = levels(read(TRIAL, folder))
    drawn, _ = levels(read(text, folder))
    # The same effects and errors: what is left is exp(-(CL/V) t) at another typical value.
    moved = [drawn[trial == i] - known[trial == i] for i in range(1, 52)]
    rise = np.array([each.mean() for each in moved])
    slope = -CLEARANCE / VOLUME * 4.0  # of ln C in ln CL
    assert rise.std() == pytest.approx(abs(slope) * SE, rel=SIGMAS * np.sqrt(0.5 / 51))


def test_a_run_has_one_row_and_finds_twice_the_level(folder: Path) -> None:
    found = run_trial(read(TRIAL, folder), 40, folder / "out", seed=3, workers=1)
    (row,) = found.rows
    assert (row.hypothesis, row.reads, row.trials) == ("fitted", "power", 40)
    assert row.truth is not None
    assert row.truth.value == pytest.approx(100.0 / VOLUME * np.exp(-0.4), rel=0.05)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("fit: fit.nc", "fit: none.nc", "the file 'none.nc', which does not exist; needed"),
        ("model: one-compartment-iv", "model: one-compartment", "no model 'one-compartment' in"),
        (", model: one-compartment-iv", "", "a fit without 'model'; needed"),
        ("model: one", "preset: neutral, model: one", "'preset' beside 'fit'; needed priors, or"),
        ("fit: fit.nc, ", "", "'design' without 'fit'; needed the population's fit"),
        ("drug.central", "drug.centre", "the compartment 'drug.centre'; needed 'drug.central'"),
        ("doses: [{amount: 100, compartment: drug.central}]", "stretches: [{dose: 1}]",
         "line 3: found 'stretches', 'missed' or 'antibiotic' in the arm 'low'; needed 'doses'"),
        ("amount: 100", "every: 1 d, amount: 100", "'every' or a 'count' above 1 alone; needed"),
        ("visits: {", "visits: {cultures: true, ", "cultures of a fitted population; needed"),
        ("iv}", "iv, endpoint: level}", "the endpoint 'level'; needed one of concentration"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_error(old: str, new: str, message: str, folder: Path) -> None:
    assert old in TRIAL
    with pytest.raises(RecordError, match=message):
        read(TRIAL.replace(old, new, 1), folder)
