"""A PEtab problem whose logarithm is linear: best fit, spread and evidence by least squares."""

from pathlib import Path

import numpy as np
import pytest
import xarray
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.inference.individual_fit import FitStatus, SamplingMethod
from lymphocast.inference.individual_fit_file import read_individual_fits
from lymphocast.inference.petab_fit import fit_petab, petab_space
from lymphocast.interchange.petab import read_petab
from lymphocast.models.prior_table import Family
from tests.conftest import Command
from tests.interchange.test_petab import tables

Floats = NDArray[np.float64]
TIMES = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 4.0])
SD = 0.2
LOGS = np.log(5.0) - 0.4 * TIMES + SD * np.array([0.3, -0.8, 0.5, 0.9, -0.4, -0.6])
WIDTHS = np.log(1000.0), 10.0
HEADER = "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate"


def problem(folder: Path, parameters: str = "") -> Path:
    """Write the problem: ln A = ln A0 - k t, with a noise that is known."""
    rows = parameters or "A0\tlog\t0.1\t100\t1\t1\nk\tlin\t0\t10\t1\t1"
    values = np.exp(LOGS).tolist()
    measured = "".join(f"a\tonly\t{v}\t{t}\n" for t, v in zip(TIMES, values, strict=True))
    return tables(
        folder,
        conditions="conditionId\tA\tk\nonly\tA0\tk\n",
        observables="observableId\tobservableFormula\tnoiseFormula\tobservableTransformation\n"
        f"a\tA\t{SD}\tlog\n",
        measurements=f"observableId\tsimulationConditionId\tmeasurement\ttime\n{measured}",
        parameters=f"{HEADER}\n{rows}\n",
    )


def least_squares() -> tuple[Floats, Floats, float]:
    """Return ln A0 and k, their covariance, and the log likelihood at them."""
    x = np.stack([np.ones(len(TIMES)), -TIMES], axis=1)
    covariance = SD**2 * np.linalg.inv(x.T @ x)
    best = np.linalg.solve(x.T @ x, x.T @ LOGS)
    away = (LOGS - x @ best) / SD
    normal = -0.5 * away**2 - np.log(SD) - 0.5 * np.log(2.0 * np.pi)
    return best, covariance, float(np.sum(normal - LOGS))


def scaled(draws: dict[str, Floats]) -> Floats:
    return np.stack([np.log(draws["A0"]).ravel(), draws["k"].ravel()])


@pytest.mark.slow  # compiles for ten seconds or more
def test_the_best_fit_is_that_of_least_squares(tmp_path: Path) -> None:
    found = fit_petab(read_petab(problem(tmp_path)), method=SamplingMethod.MAP, seed=1)
    best, covariance, log_likelihood = least_squares()
    assert found.fit.status is FitStatus.DONE
    assert_allclose([np.log(found.fit.mode["A0"]), found.fit.mode["k"]], best, rtol=1e-5)
    assert_allclose(found.log_likelihood, log_likelihood, rtol=1e-8)
    assert_allclose(found.log_prior, -np.sum(np.log(WIDTHS)), rtol=1e-12)
    assert found.agreeing == found.starts
    evidence = log_likelihood + found.log_prior + np.log(2.0 * np.pi)
    evidence += 0.5 * np.linalg.slogdet(covariance)[1]
    assert_allclose(found.fit.log_evidence, evidence, atol=1e-3)
    draws = scaled(dict(found.fit.draws))
    assert_allclose(np.cov(draws), covariance, rtol=0.1)  # 4000 draws: within 3 standard errors
    assert_allclose(draws.mean(axis=1), best, atol=4.0 * np.sqrt(covariance.max() / 4000))


@pytest.mark.slow  # compiles for ten seconds or more
def test_sampling_gives_the_posterior_of_least_squares(tmp_path: Path) -> None:
    found = fit_petab(read_petab(problem(tmp_path)), method=SamplingMethod.IS, seed=2)
    best, covariance, log_likelihood = least_squares()
    assert found.fit.status is FitStatus.DONE
    evidence = log_likelihood - np.sum(np.log(WIDTHS)) + np.log(2.0 * np.pi)
    evidence += 0.5 * np.linalg.slogdet(covariance)[1]
    error = abs(found.fit.log_evidence - evidence)
    assert error < max(3.0 * found.fit.log_evidence_se, 1e-4)
    draws = scaled(dict(found.fit.draws))
    size = min(found.fit.diagnostics.ess, draws.shape[1])
    away = (draws.mean(axis=1) - best) / np.sqrt(np.diag(covariance) / size)
    assert np.abs(away).max() < 4.0
    assert found.fit.mode == {}


@pytest.mark.slow  # compiles for ten seconds or more
def test_a_parameter_at_its_bound_is_held_there_and_told(tmp_path: Path) -> None:
    path = problem(tmp_path, "A0\tlog\t0.1\t100\t1\t1\nk\tlin\t1\t10\t2\t1")
    found = fit_petab(read_petab(path), method=SamplingMethod.MAP, seed=1)
    assert found.fit.status is FitStatus.DOUBTFUL
    assert found.fit.mode["k"] == 1.0
    assert found.fit.diagnostics.messages == ("'k' is at its bound 1 and is held there.",)
    assert np.all(found.fit.draws["k"] == 1.0)
    assert_allclose(found.fit.mode["A0"], np.exp(np.mean(LOGS + TIMES)), rtol=1e-6)


PRIORS = f"{HEADER}\tobjectivePriorType\tobjectivePriorParameters\n"


@pytest.mark.parametrize(
    ("scale", "prior", "family", "quantile"),
    [
        ("log10", "parameterScaleUniform\t-1;1", Family.LOGUNIFORM, 10.0 ** (2 * 0.975 - 1)),
        ("log10", "parameterScaleNormal\t0.5;0.2", Family.LOGNORMAL, 10.0 ** (0.5 + 0.2 * 1.95996)),
        ("lin", "parameterScaleNormal\t0.5;0.2", Family.NORMAL, 0.5 + 0.2 * 1.95996),
        ("log", "logNormal\t0.5;0.2", Family.LOGNORMAL, np.exp(0.5 + 0.2 * 1.95996)),
        ("log", "uniform\t1;3", Family.UNIFORM, 1.0 + 2.0 * 0.975),
    ],
)
def test_priors_have_the_quantiles_that_petab_means(
    tmp_path: Path, scale: str, prior: str, family: Family, quantile: float
) -> None:
    low = -1e6 if scale == "lin" else 1e-6
    rows = f"A0\t{scale}\t{low}\t1e6\t1\t1\t{prior}\nk\tlin\t0\t10\t1\t1\t\t\n"
    path = problem(tmp_path)
    (tmp_path / "parameters.tsv").write_text(PRIORS + rows)
    space = petab_space(read_petab(path))
    assert space.rows[0].family is family
    z = np.array([[1.959964], [0.0]])
    assert_allclose(space.theta(z)["A0"], quantile, rtol=1e-4)  # bounds leave out next to nothing


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("k\tlin\t0\tinf\t1\t1\t\t", "'k' is uniform from 0 to inf; needed a finite range"),
        ("k\tlin\t0\t10\t1\t1\tlaplace\t1;2", "'k' has a Laplace prior"),
        ("k\tlin\t0\t10\t1\t0\t\t", "no parameter is estimated"),
    ],
)
def test_what_cannot_be_sampled_is_refused(tmp_path: Path, row: str, told: str) -> None:
    path = problem(tmp_path)
    (tmp_path / "parameters.tsv").write_text(f"{PRIORS}A0\tlog\t1\t9\t5\t0\t\t\n{row}\n")
    with pytest.raises(UsageError, match=told):
        fit_petab(read_petab(path), method=SamplingMethod.IS, seed=1)


@pytest.mark.slow  # compiles for ten seconds or more
def test_the_command_fits_a_problem(lymphocast: Command, tmp_path: Path) -> None:
    path, output = problem(tmp_path), tmp_path / "fit.nc"
    outcome = lymphocast("fit", str(path), "-o", str(output), "--seed", "3")
    assert outcome.code == 0, outcome.err
    best, covariance, log_likelihood = least_squares()
    assert f"-ln likelihood {-log_likelihood:.6g} at the best fit" in outcome.out
    assert "  A0 (log): best 5.3" in outcome.out
    (fit,) = read_individual_fits(output).fits
    assert fit.method is SamplingMethod.MAP
    assert fit.seed == 3
    assert_allclose([np.log(fit.mode["A0"]), fit.mode["k"]], best, rtol=1e-5)
    draws = scaled(dict(fit.draws))
    assert_allclose(np.cov(draws), covariance, rtol=0.1)  # 4000 draws: within 3 standard errors
    with xarray.open_dataset(output, group="observed_data", engine="h5netcdf") as observed:
        assert_allclose(observed["time"].values[0], TIMES)


OPTIONS: list[tuple[str, ...]] = [("--error", "a=lognormal"), ("--preset", "sceptical")]


@pytest.mark.parametrize("option", OPTIONS)
def test_options_of_other_fits_are_refused(
    lymphocast: Command, tmp_path: Path, option: tuple[str, ...]
) -> None:
    output = tmp_path / "fit.nc"
    outcome = lymphocast("fit", str(problem(tmp_path)), "-o", str(output), *option)
    assert outcome.code == 2
    assert "a PEtab problem holds its own priors and errors" in outcome.err
    assert not output.exists()
