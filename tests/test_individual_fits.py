"""``lymphocast fit DATA.csv --model NAME``: every individual, one file, and broken files."""

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from lymphocast.errors import FitFileError, UsageError
from lymphocast.individual_fits import DataFit, fit_data, read_individual_fits
from lymphocast.inference.individual_fit import FitStatus
from lymphocast.inference.individual_fit_file import Refused
from tests.conftest import Command

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # ArviZ tells of its next version on import
    arviz: Any = import_module("arviz")

DATA = """ID,TIME,AMT,CMT,DV,CENS,OCC
one,0,100,1,.,0,1
one,0.1,.,concentration,1.8,0,1
one,0.5,.,concentration,0.75,0,1
one,3,.,concentration,0.05,1,1
none,0,100,1,.,0,1
lost,0,100,1,.,0,1
lost,0.5,.,concentration,-1,0,1
"""
PRIORS = """parameters:
  clearance: {family: normal, location: 100, scale: 15, unit: L/d, grade: assumed,
    rationale: Example.}
constants:
  volume: {value: 50, unit: L, grade: assumed, rationale: Example.}
"""
MODEL = ("--model", "one-compartment-iv", "--error", "concentration=log-normal:0.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("fits")
    (found / "data.csv").write_text(DATA, encoding="utf-8")
    (found / "prior.yaml").write_text(PRIORS, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def file(folder: Path) -> Path:
    how = DataFit(
        "one-compartment-iv", "map", 1, 200, folder / "prior.yaml",
        errors=("concentration=log-normal:0.1",),
    )  # fmt: skip
    fit_data(folder / "data.csv", folder / "fit.nc", how)
    return folder / "fit.nc"


def test_every_individual_is_fitted_or_refused_with_a_reason(file: Path) -> None:
    one, none, lost = read_individual_fits(file).outcomes
    assert not isinstance(one, Refused)
    assert one.status is FitStatus.DONE
    assert np.isfinite(one.log_evidence)
    assert one.mode["clearance"] == pytest.approx(100.0, rel=0.3)
    assert not isinstance(none, Refused)
    assert none.status is FitStatus.NO_DATA
    assert isinstance(lost, Refused)
    assert "-1" in lost.reason


def test_xarray_and_arviz_read_the_file_by_themselves(file: Path) -> None:
    with xarray.open_dataset(file, group="posterior", engine="h5netcdf") as posterior:
        assert posterior["clearance"].dims == ("chain", "draw", "individual")
        assert posterior["individual"].values.tolist() == ["one", "none", "lost"]
        draws = posterior["clearance"].sel(individual="one").values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inference = arviz.from_netcdf(str(file), engine="h5netcdf")
    assert {"posterior", "prior", "observed_data"} <= set(inference.groups())
    summary = arviz.summary(inference.posterior.sel(individual="one"), kind="stats")
    assert summary.loc["clearance", "mean"] == pytest.approx(draws.mean(), abs=0.01)


@pytest.mark.parametrize("kept", [0, 100, 4_000])
def test_a_truncated_file_gives_one_clear_error(file: Path, tmp_path: Path, kept: int) -> None:
    broken = tmp_path / "broken.nc"
    broken.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(FitFileError, match=r"broken\.nc: not a fit file") as found:
        read_individual_fits(broken)
    assert "\n" not in str(found.value)


def test_a_file_of_another_program_gives_one_clear_error(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.nc"
    xarray.Dataset({"x": ("t", [1.0, 2.0])}).to_netcdf(foreign, engine="h5netcdf")
    with pytest.raises(FitFileError, match="not a fit file"):
        read_individual_fits(foreign)


def test_the_command_says_what_became_of_each(
    lymphocast: Command, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fit.nc"
    done = lymphocast(
        "fit", str(folder / "data.csv"), *MODEL, "--prior", str(folder / "prior.yaml"),
        "--method", "map", "--draws", "200", "-o", str(out),
    )  # fmt: skip
    assert done.code == 1
    assert "one: The posterior was computed" in done.out
    assert "none: There is no observation" in done.out
    assert "lost: not fitted." in done.out
    assert out.exists()


def test_a_parameter_without_a_prior_is_named(folder: Path, tmp_path: Path) -> None:
    how = DataFit(
        "one-compartment-iv", "map", 1, errors=("concentration=additive",), fixed=("volume=50",)
    )
    named = r"no prior for clearance, concentration\.sd; needed a row"
    with pytest.raises(UsageError, match=named):
        fit_data(folder / "data.csv", tmp_path / "fit.nc", how)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        (
            "--lloq",
            "concentration=nan",
            "found 'concentration=nan'; needed NAME=VALUE with a finite",
        ),
        (
            "--lloq",
            "concentration=inf",
            "found 'concentration=inf'; needed NAME=VALUE with a finite",
        ),
        ("--fix", "volume=nan", "found 'volume=nan'; needed NAME=VALUE with a finite number"),
        ("--fix", "concentration.sd=-0.1", "found concentration.sd = -0.1 in the error of"),
        ("--error", "concentration=log-normal:-0.1", "needed a number above 0"),
        ("--iov", "clearance=nan", "found 'clearance=nan'; needed NAME=VALUE with a finite"),
    ],
)
def test_numbers_that_mean_nothing_are_refused_for_all(
    lymphocast: Command, folder: Path, tmp_path: Path, option: str, value: str, message: str
) -> None:
    own = MODEL[:2] if option == "--error" else MODEL
    occasion = ("--occasion", "OCC") if option == "--iov" else ()
    done = lymphocast(
        "fit", str(folder / "data.csv"), *own, "--prior", str(folder / "prior.yaml"),
        option, value, *occasion, "-o", str(tmp_path / "fit.nc"),
    )  # fmt: skip
    assert done.code == 2
    assert message in done.err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--method", "nuts"), "found --method nuts without --model"),
        (
            ("--error", "cd4_count=additive", "--fix", "a=1"),
            "found --error, --fix without --model; needed --model NAME",
        ),
        (
            ("--model", "il2-cd4", "--preset", "sceptical"),
            "found --preset beside --model; needed it left out, since it belongs to a case",
        ),
        (("--method", "foce", "--preset", "sceptical"), "found --preset beside a population"),
    ],
)
def test_what_belongs_elsewhere_is_refused_by_its_name(
    lymphocast: Command, tmp_path: Path, options: tuple[str, ...], named: str
) -> None:
    done = lymphocast("fit", "trojan-2009", *options, "-o", str(tmp_path / "fit.nc"))
    assert done.code == 2
    assert named in done.err
    assert "needed" in done.err


def test_event_records_without_a_model_are_told_what_they_lack(
    lymphocast: Command, folder: Path, tmp_path: Path
) -> None:
    done = lymphocast("fit", str(folder / "data.csv"), "-o", str(tmp_path / "fit.nc"))
    assert done.code == 2
    assert "data.csv' without --model; needed --model NAME" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.slow
def test_a_unit_mistake_ends_by_tempering_too(lymphocast: Command, tmp_path: Path) -> None:
    rows = "ID,TIME,AMT,CMT,DV\na,0,100,1,.\na,0.1,.,concentration,{}\n"
    (tmp_path / "prior.yaml").write_text(PRIORS, encoding="utf-8")
    for value in ("1.8e9", "1e4"):
        (tmp_path / "data.csv").write_text(rows.format(value), encoding="utf-8")
        done = lymphocast(
            "fit", "data.csv", "--model", "one-compartment-iv", "--error",
            "concentration=additive:0.1", "--prior", "prior.yaml", "--method", "smc",
            "-o", "fit.nc", cwd=tmp_path,
        )  # fmt: skip
        assert done.code == 1
        assert "a: not fitted. after" in done.out
        assert "needed another unit" in done.out


@pytest.mark.slow
def test_clearance_that_differs_between_occasions_is_found(tmp_path: Path) -> None:
    """Twice the clearance on the second occasion; the effects share the difference, ln 2."""
    rows = ["ID,TIME,AMT,CMT,DV,OCC"]
    for occasion, rate in ((1, 1.5), (2, 3.0)):
        begin = 10.0 * (occasion - 1)
        rows.append(f"a,{begin},100,1,.,{occasion}")
        rows += [
            f"a,{begin + t},.,concentration,{2.0 * np.exp(-rate * t):.6g},{occasion}"
            for t in (0.1, 0.3, 0.6, 1.0)
        ]
    (tmp_path / "data.csv").write_text("\n".join(rows), encoding="utf-8")
    wide = PRIORS.replace("scale: 15", "scale: 60")
    (tmp_path / "prior.yaml").write_text(wide, encoding="utf-8")
    how = DataFit(
        "one-compartment-iv", "map", 1, 200, tmp_path / "prior.yaml",
        errors=("concentration=log-normal:0.05",), occasion="OCC", between=("clearance=0.5",),
    )  # fmt: skip
    (fit,) = fit_data(tmp_path / "data.csv", tmp_path / "fit.nc", how).fits
    apart = fit.mode["clearance.occasion_2"] - fit.mode["clearance.occasion_1"]
    assert apart == pytest.approx(np.log(2.0), abs=0.05)
