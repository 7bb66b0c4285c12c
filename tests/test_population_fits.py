"""``lymphocast fit DATA.csv --population FILE``: what is refused, and one whole fit."""

from pathlib import Path

import numpy as np
import pytest
import xarray

from lymphocast.errors import FitFileError
from lymphocast.inference.population.fit_file import read_population_fit
from tests.conftest import Command

TRUE = {"clearance": 120.0, "volume": 50.0}
SD, CV = 0.3, 0.1
DAYS = (0.1, 0.3, 0.6, 1.0)
SHARED = """errors: [concentration=proportional]
parameters:
  clearance: {value: 100, variance: 0.1}
  volume: {value: 60, variance: 0.1}
  concentration.cv: {value: 0.2}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the closed form of sixteen virtual individuals after a bolus."""
    found, rng = tmp_path_factory.mktemp("population"), np.random.default_rng(5)
    lines = ["ID,TIME,AMT,DV"]
    for i in range(16):
        clearance, volume = (v * np.exp(SD * rng.standard_normal()) for v in TRUE.values())
        lines.append(f"{i},0,100,.")
        for day in DAYS:
            level = 100.0 / volume * np.exp(-clearance / volume * day)
            lines.append(f"{i},{day},.,{level * (1.0 + CV * rng.standard_normal())}")
    (found / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (found / "shared.yaml").write_text(SHARED, encoding="utf-8")
    return found


def arguments(folder: Path, *more: str) -> tuple[str, ...]:
    shared = ("--model", "one-compartment-iv", "--population", str(folder / "shared.yaml"))
    return "fit", str(folder / "data.csv"), *shared, "-o", str(folder / "fit.nc"), *more


@pytest.mark.slow
def test_a_population_is_fitted_printed_and_written(lymphocast: Command, folder: Path) -> None:
    run = lymphocast(*arguments(folder, "--method", "focei"))
    assert run.code == 0
    assert "shrinkage of clearance" in run.out + run.err
    assert "npde: mean" in run.out + run.err
    found = read_population_fit(folder / "fit.nc")
    for name, value in TRUE.items():
        one = found.estimate(name)
        assert abs(one.value - value) < 3.0 * one.se
    assert len(found.ids) == len(found.modes) == 16
    with xarray.open_dataset(folder / "fit.nc", group="vpc_0", engine="h5netcdf") as vpc:
        assert vpc.observed.shape == (3, len(DAYS))
    (folder / "other.nc").write_bytes((folder / "fit.nc").read_bytes()[:2000])
    with pytest.raises(FitFileError):
        read_population_fit(folder / "other.nc")


@pytest.mark.slow
def test_a_posterior_is_printed_and_written(lymphocast: Command, folder: Path) -> None:
    (folder / "priors.yaml").write_text(
        SHARED + "priors:\n  volume: {family: lognormal, location: 55, scale: 0.5}\n", "utf-8"
    )
    run = lymphocast(
        "fit", str(folder / "data.csv"), "--model", "one-compartment-iv",
        "--population", str(folder / "priors.yaml"), "--method", "nuts", "--draws", "3200",
        "-o", str(folder / "draws.nc"),
    )  # fmt: skip
    assert run.code == 0, run.out + run.err
    assert "prior of volume: log-normal, median 55, SD of ln 0.5\n" in run.out
    assert "prior of clearance: log-normal, median 100, SD of ln 1 (assumed)" in run.out
    assert "npde: mean" in run.out
    found = read_population_fit(folder / "draws.nc")
    posterior = found.posterior
    assert posterior is not None
    for name, value in TRUE.items():
        assert abs(found.estimate(name).value - value) < 3.0 * found.estimate(name).se
    variance = posterior.draws["variance of clearance"]
    low, high = posterior.interval("variance of clearance")
    assert variance.shape == (4, 800)
    assert low < SD**2 < high
    with xarray.open_dataset(folder / "draws.nc", group="posterior", engine="h5netcdf") as draws:
        own = draws["clearance of individuals"]
        assert own.dims == ("chain", "draw", "individual")
        made = draws["clearance"] * np.exp(draws["effects"].sel(effect="clearance"))
        assert np.allclose(own, made, rtol=1e-12)  # a few roundings


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--method", "map"), "needed foce, focei, laplace, saem or nuts"),
        (("--draws", "500"), "needed in the population file"),
        (("--fix", "volume=50"), "needed in the population file"),
        (("--occasion", "ID2"), "a column named ID2"),
    ],
)
def test_what_a_population_does_not_take_is_refused(
    lymphocast: Command, folder: Path, more: tuple[str, ...], message: str
) -> None:
    run = lymphocast(*arguments(folder, *more))
    assert run.code in {1, 2}
    assert message in run.out + run.err


def test_a_method_of_populations_needs_one(lymphocast: Command, folder: Path) -> None:
    run = lymphocast(
        "fit", str(folder / "data.csv"), "--model", "one-compartment-iv", "--method", "saem",
        "-o", str(folder / "fit.nc"),
    )  # fmt: skip
    assert run.code == 2
    assert "--population FILE" in run.out + run.err
