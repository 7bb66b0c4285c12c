"""Trials of a fitted population: closed form of a bolus, effects, estimates, bad files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lymphocast.dataset.regimen import DoseEvent
from lymphocast.errors import RecordError
from lymphocast.forecast.trial.block import LANES, simulate_block
from lymphocast.forecast.trial.counters import Counters
from lymphocast.forecast.trial.fitted import fitted_candidates, fitted_course
from lymphocast.forecast.trial.protocol import FittedPopulation, TrialProtocol
from lymphocast.forecast.trial.run import run_trial
from lymphocast.inference.population.design_file import read_design
from lymphocast.inference.population.fit import Estimate, PopulationFit, PopulationMethod
from lymphocast.inference.population.fit_file import read_population_fit, write_population_fit
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
NONE: Mapping[str, np.ndarray] = {}
WEIGHED = f"""{SHARED}covariates:
  - {{parameter: clearance, column: WT, form: power, reference: 70, value: 0.75}}
  - {{parameter: volume, column: WT, form: linear, reference: 70, value: 0.01, fixed: true}}
  - {{parameter: volume, column: SEX, form: shift, equals: 1, value: 0.2, fixed: true}}
"""
WEIGHT, SEX = np.array([35.0, 70.0, 70.0, 105.0]), np.array([0.0, 1.0, 1.0, 0.0])
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


DIFFERS = SHARED.replace(f"variance: {VARIANCE}", f"variance: {VARIANCE}, between: 0.04")
OCCASIONS = TRIAL.replace("iv}", "iv, occasion: 2 d}").replace("[2 d, 4 d]", "[2 d, 4 d, 6 d]")


def write(folder: Path, shared: str, covariates: Mapping[str, np.ndarray] = NONE) -> None:
    """Write a population file, and a fit whose estimates are its values."""
    (folder / "shared.yaml").write_text(shared, encoding="utf-8")
    form = VectorForm(read_design(folder / "shared.yaml"))
    vector, known = form.start(), report(form, form.start())
    size = len(vector)
    fit = PopulationFit(
        method=PopulationMethod.FOCEI,
        seed=1,
        ids=tuple(map(str, range(next(map(len, covariates.values()), 1)))),
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
        modes=np.zeros((next(map(len, covariates.values()), 1), 1)),
        mode_covariance=np.zeros((next(map(len, covariates.values()), 1), 1, 1)),
        effect_shrinkage=np.zeros(1),
        residual_shrinkage=0.0,
        messages=(),
        versions={},
        covariates=covariates,
    )
    write_population_fit(fit, "one-compartment-iv", folder / "fit.nc")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a population file and a fit."""
    write(tmp_path, SHARED)
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


def course_of(protocol: TrialProtocol, lanes: int = LANES) -> dict[str, np.ndarray]:
    """Parameters of candidates, one for each trial."""
    assert isinstance(protocol.population, FittedPopulation)
    counters = Counters(5, np.arange(lanes, dtype=np.uint64), np.zeros(lanes, np.uint64))
    return fitted_candidates(protocol.population, counters, 0, np.full(lanes, True))


def test_covariates_are_whole_rows_of_the_fits_own_individuals(tmp_path: Path) -> None:
    write(tmp_path, WEIGHED.replace(f"variance: {VARIANCE}", "variance: 1.0e-20"),
          {"WT": WEIGHT, "SEX": SEX})  # fmt: skip
    found = course_of(read(TRIAL, tmp_path))
    # By hand: each row's clearance and volume, never that of one row beside that of another.
    clearance = CLEARANCE * (WEIGHT / 70.0) ** 0.75
    volume = VOLUME * (1.0 + 0.01 * (WEIGHT - 70.0)) * (1.0 + 0.2 * SEX)
    shares = np.array([
        np.isclose(found["clearance"], c) & np.isclose(found["volume"], v)
        for c, v in zip(clearance, volume, strict=True)
    ])  # fmt: skip
    assert shares.any(axis=0).all()
    error = SIGMAS * np.sqrt(0.25 / LANES)
    assert shares.mean(axis=1) == pytest.approx([0.25, 0.5, 0.5, 0.25], abs=error)


def test_a_patient_with_covariates_is_the_same_in_any_block(tmp_path: Path) -> None:
    write(tmp_path, WEIGHED, {"WT": WEIGHT, "SEX": SEX})
    protocol = read(TRIAL, tmp_path)
    first, second = (simulate_block(protocol, 3, begin, LANES) for begin in (0, LANES // 2))
    for name, values in first.items():
        np.testing.assert_array_equal(values[LANES // 2 :], second[name][: LANES // 2])


def test_a_coefficient_that_is_uncertain_moves_with_its_trial(tmp_path: Path) -> None:
    write(tmp_path, WEIGHED.replace(f"variance: {VARIANCE}", "variance: 1.0e-20"),
          {"WT": WEIGHT, "SEX": SEX})  # fmt: skip
    protocol = read(TRIAL.replace("iv}", "iv, uncertain: true}"), tmp_path)
    population = protocol.population
    assert isinstance(population, FittedPopulation)
    size = len(population.vector)
    own = np.zeros((size, size))
    own[1, 1] = SE**2  # of the coefficient of clearance by WT, after the typical clearance
    moved = replace(population, covariance=tuple(map(tuple, own.tolist())))
    found = course_of(replace(protocol, population=moved))["clearance"]
    heavy = found[~np.isclose(found, CLEARANCE)]  # the factor of 70 kg is 1 for any coefficient
    assert len(heavy) / len(found) == pytest.approx(0.5, abs=SIGMAS * np.sqrt(0.25 / LANES))
    power = np.log(heavy / CLEARANCE) / np.where(
        heavy > CLEARANCE, np.log(105.0 / 70.0), np.log(0.5)
    )
    near = np.abs(power - 0.75) < 0.7  # a negative power is read as that of another weight
    assert power[near].std() == pytest.approx(SE, rel=0.1)


def test_a_fit_that_lacks_a_covariate_is_one_error(tmp_path: Path) -> None:
    write(tmp_path, WEIGHED, {"SEX": SEX})
    message = "found a fit that does not hold the covariate 'WT' of its individuals; needed one"
    with pytest.raises(RecordError, match=message):
        read(TRIAL, tmp_path)


def fitted(protocol: TrialProtocol) -> FittedPopulation:
    assert isinstance(protocol.population, FittedPopulation)
    return protocol.population


def test_on_each_occasion_a_patient_has_a_clearance_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, DIFFERS)
    protocol = read(OCCASIONS, tmp_path)
    assert fitted(protocol).occasions == (0.0, 2.0, 4.0)
    theta = course_of(protocol)
    kappa = np.array([theta[f"clearance.occasion_{k}"] for k in (1, 2, 3)])
    assert kappa.std(axis=1) == pytest.approx([0.2] * 3, rel=SIGMAS * np.sqrt(0.5 / LANES))
    own = np.corrcoef([*kappa, np.log(theta["clearance"])])
    assert np.abs(own - np.eye(4)).max() < SIGMAS / np.sqrt(LANES)
    # A bolus on day 0, and one on day 4, on which the third occasion begins.
    doses = (DoseEvent(0.0, 100.0, "drug.central"), DoseEvent(4.0, 50.0, "drug.central"))
    days = np.array([0.0, 1.0, 2.0, 3.5, 4.0, 5.0])
    found = fitted_course(fitted(protocol), theta, doses, days)
    rate = theta["clearance"] * np.exp(kappa) / VOLUME
    spent = np.array([[1.0, 0, 0], [2, 0, 0], [2, 1.5, 0], [2, 2, 0], [2, 2, 1]]) @ rate
    wanted = 100.0 / VOLUME * np.exp(-spent)
    wanted[-1] += 50.0 / VOLUME * np.exp(-rate[2])
    np.testing.assert_allclose(found[0], 0.0, atol=1e-12)  # read before the dose
    np.testing.assert_allclose(found[1:], wanted, rtol=1e-6)


def test_occasions_that_do_not_differ_are_none(tmp_path: Path) -> None:
    write(tmp_path, DIFFERS.replace("between: 0.04", "between: 1.0e-24"))
    found = simulate_block(read(OCCASIONS, tmp_path), 3, 0, LANES)
    write(tmp_path, SHARED)
    without = simulate_block(read(TRIAL, tmp_path), 3, 0, LANES)
    for name in ("level", "level, all seen, high", "baseline"):
        np.testing.assert_allclose(found[name], without[name], rtol=1e-6)


def test_occasions_are_the_same_in_any_block_and_for_any_candidate(tmp_path: Path) -> None:
    write(tmp_path, DIFFERS)
    protocol = read(OCCASIONS, tmp_path)
    every = course_of(protocol, 40)
    counters = Counters(5, np.arange(30, 40, dtype=np.uint64), np.zeros(10, np.uint64))
    alone = fitted_candidates(fitted(protocol), counters, 0, np.full(10, True))
    later = fitted_candidates(fitted(protocol), counters, 1, np.full(10, True))
    for k in (1, 2, 3):
        name = f"clearance.occasion_{k}"
        np.testing.assert_array_equal(every[name][30:], alone[name])
        assert not np.isin(later[name], [alone[f"clearance.occasion_{j}"] for j in (1, 2, 3)]).any()


@pytest.mark.parametrize(
    ("shared", "old", "new", "message"),
    [
        (True, ", occasion: 2 d", "", "whose 'clearance' differs between occasions; needed 'occ"),
        (False, "", "", "found an 'occasion' of a population without effects between occasions"),
        (True, "occasion: 2 d", "occasion: 0.05 d", "found 80 occasions of 0.05 d in 4 d; needed"),
        (True, "occasion: 2 d", "occasion: 0.08 d", ""),
        (True, "drug.central", "drug.central, duration: 1 h",
         "line 3: found an infusion in the arm 'low' of a population with occasions; needed doses"),
        (True, "fit: fit.nc, design: shared.yaml, model: one-compartment-iv, ", "",
         "'occasion' without 'fit'"),
    ],
)  # fmt: skip
def test_occasions_that_nothing_says_are_one_error(
    shared: bool, old: str, new: str, message: str, tmp_path: Path
) -> None:
    write(tmp_path, DIFFERS if shared else SHARED)
    text = TRIAL.replace("iv}", "iv, occasion: 2 d}").replace(old, new, 1) if old else OCCASIONS
    if not message:
        assert len(fitted(read(text, tmp_path)).occasions) == 50
        return
    with pytest.raises(RecordError, match=message):
        read(text, tmp_path)


def test_covariates_stay_in_the_fits_file(tmp_path: Path) -> None:
    write(tmp_path, WEIGHED, {"WT": WEIGHT, "SEX": SEX})
    found = read_population_fit(tmp_path / "fit.nc").covariates
    assert {name: values.tolist() for name, values in found.items()} == {
        "WT": WEIGHT.tolist(), "SEX": SEX.tolist()
    }  # fmt: skip
    write(tmp_path, SHARED)
    assert read_population_fit(tmp_path / "fit.nc").covariates == {}


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
