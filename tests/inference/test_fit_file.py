"""The fit file: the same fit after a round trip, readable by others, whole or absent."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import pytest
import xarray
from numpy.testing import assert_array_equal

from lymphocast.analysis import foresee
from lymphocast.dataset.project import project
from lymphocast.errors import FitFileError
from lymphocast.inference.fit_file import read_fit, write_fit
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.posterior import Fit
from lymphocast.models.prior_file import with_rows
from lymphocast.record.casefile import find_case, parse_case
from tests.conftest import Command
from tests.founding import quick_fit

DRAWS = 100
COUNTS = [172.0, 553.0, 596.0, 378.0]


def tiny() -> Fit:
    """Return the quick fit with a hundred draws of each hypothesis."""
    fit = quick_fit()
    return replace(
        fit,
        posteriors=tuple(
            replace(p, draws={name: values[:DRAWS] for name, values in p.draws.items()})
            for p in fit.posteriors
        ),
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a written fit file; tests only read it."""
    found = tmp_path_factory.mktemp("fit") / "fit.nc"
    write_fit(tiny(), found)
    return found


@contextmanager
def opened(path: Path) -> Iterator[xarray.DataTree]:
    with xarray.open_datatree(path, engine="h5netcdf") as tree:
        yield tree


def test_a_fit_comes_back_bit_for_bit(path: Path) -> None:
    ours, theirs = tiny(), read_fit(path)
    for field in fields(Fit):
        if field.name != "posteriors":
            assert getattr(theirs, field.name) == getattr(ours, field.name), field.name
    for one, two in zip(ours.posteriors, theirs.posteriors, strict=True):
        assert replace(two, draws={}) == replace(one, draws={})
        assert list(two.draws) == list(one.draws)
        for name, values in one.draws.items():
            assert two.draws[name].dtype == values.dtype
            assert_array_equal(two.draws[name], values)
    assert theirs.posterior_weights == ours.posterior_weights


def test_the_same_fit_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write_fit(read_fit(path), tmp_path / "again.nc")
    assert (tmp_path / "again.nc").read_bytes() == path.read_bytes()


def test_a_fit_read_back_foresees_the_same(path: Path) -> None:
    before, after = foresee(tiny()), foresee(read_fit(path))
    assert after.hypotheses == before.hypotheses
    assert after.forecast == before.forecast
    assert after.registered == before.registered
    for one, two in zip(before.curves, after.curves, strict=True):
        for field in fields(one):
            assert_array_equal(getattr(two, field.name), getattr(one, field.name))


def test_a_fit_of_a_record_that_still_holds_a_proposal_is_not_forecast(
    tmp_path: Path, lymphocast: Command
) -> None:
    text = find_case("trojan-2009").read_text(encoding="utf-8")
    record = parse_case(text.replace("method: stated", "method: proposed", 1), "case.yaml")
    write_fit(replace(tiny(), record=record), tmp_path / "fit.nc")
    for command in ("forecast", "explain"):
        refused = lymphocast(command, str(tmp_path / "fit.nc"))
        assert refused.code == 1
        assert "proposed-not-accepted" in refused.err
        assert not refused.out


def test_changed_priors_travel_with_the_fit(tmp_path: Path) -> None:
    table = with_rows(quick_fit().table, gain={"location": 100.0 / 3.0})
    write_fit(replace(tiny(), table=table), tmp_path / "fit.nc")
    assert read_fit(tmp_path / "fit.nc").table == table


def test_xarray_reads_groups_and_what_repeats_the_fit(path: Path) -> None:
    fit = tiny()
    with opened(path) as tree:
        assert set(tree.children) >= {
            "posterior",
            "sample_stats",
            "prior",
            "posterior_predictive",
            "observed_data",
        }
        attributes = tree.attrs
        assert parse_case(attributes["record"], "record") == fit.record
        assert attributes["record_sha256"] == fit.record.sha256
        assert attributes["priors_sha256"] == fit.table.sha256
        assert attributes["seed"] == fit.seed
        assert json.loads(attributes["versions"]) == dict(fit.versions)
        assert bool(attributes["diagnostics_passed"]) is fit.diagnostics_passed
        individual = json.loads(attributes["individual"])
        assert individual["day_zero"] == project(fit.record).day_zero.isoformat()
        hypotheses = tree["hypotheses"]
        assert json.loads(hypotheses.attrs["names"]) == [h.name for h in HYPOTHESES]
        assert dict(hypotheses.sizes) == {"hypothesis": len(HYPOTHESES), "draw": DRAWS}
        assert float(hypotheses["weight"].sum()) == pytest.approx(1.0)


def test_averaged_draws_are_draws_of_the_hypothesis_that_they_name(path: Path) -> None:
    with opened(path) as tree:
        chosen = tree["sample_stats"]["hypothesis"].to_numpy()[0]
        gains = tree["posterior"]["gain"].to_numpy()[0]
    for index, gain in zip(chosen, gains, strict=True):
        assert gain in tiny().posteriors[index].draws["gain"]


def test_arviz_reads_it_back(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # it announces its own next version
        import arviz

    data = arviz.from_netcdf(str(path))  # type: ignore[no-untyped-call]
    assert dict(data.posterior.sizes) == {"chain": 1, "draw": DRAWS}
    assert data.observed_data["cd4"].to_numpy().tolist() == COUNTS
    seen = data.posterior_predictive["cd4"]
    assert seen.dims == ("chain", "draw", "count")
    assert bool((seen > 0.0).all())
    summary: Any = arviz.summary(data, var_names=["gain", "count_sd"], kind="stats")
    pooled = data.posterior["count_sd"].to_numpy()
    assert summary.loc["count_sd", "mean"] == pytest.approx(pooled.mean(), abs=1e-3)  # printed
    below = data.prior["baseline_count"].to_numpy() < 350.0
    assert below.all(), "the prior is conditioned on the entry rule"


def test_the_counts_that_a_fit_would_measure_surround_those_recorded(tmp_path: Path) -> None:
    write_fit(quick_fit(), tmp_path / "fit.nc")
    with opened(tmp_path / "fit.nc") as tree:
        seen = tree["posterior_predictive"]["cd4"].to_numpy()[0]
    low, high = np.quantile(seen, [0.01, 0.99], axis=0)
    assert (low < COUNTS).all()
    assert (high > COUNTS).all()


def refused(path: Path) -> str:
    with pytest.raises(FitFileError) as raised:
        read_fit(path)
    message = str(raised.value)
    assert message.startswith(f"{path.name}: ")
    assert "\n" not in message
    return message


def test_a_text_file_is_no_fit_file(tmp_path: Path) -> None:
    (tmp_path / "fit.nc").write_text("not a fit", encoding="utf-8")
    refused(tmp_path / "fit.nc")


def test_an_empty_file_is_no_fit_file(tmp_path: Path) -> None:
    (tmp_path / "fit.nc").touch()
    refused(tmp_path / "fit.nc")


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(path: Path, tmp_path: Path, share: float) -> None:
    content = path.read_bytes()
    (tmp_path / "fit.nc").write_bytes(content[: int(share * len(content))])
    refused(tmp_path / "fit.nc")


def test_a_foreign_netcdf_file_is_refused(tmp_path: Path) -> None:
    rain = xarray.Dataset({"rain": ("day", [1.0, 2.0])})
    rain.to_netcdf(tmp_path / "rain.nc", engine="h5netcdf")
    assert "format" in refused(tmp_path / "rain.nc")


@pytest.mark.parametrize(
    ("attribute", "value", "reason"),
    [
        ("format", "lymphocast-fit/0", "format 'lymphocast-fit/0', needed 'lymphocast-fit/1'"),
        ("record", "id: other\n", "record in the fit file"),
        ("record_sha256", "0" * 64, "its record is not the one that was fitted"),
        ("priors", "{", "not a fit file of this version"),
        ("priors", "[]", "not a fit file of this version"),
        ("method", "guess", "'guess'"),
        ("versions", "{", "not a fit file of this version"),
    ],
)
def test_a_changed_file_is_refused(
    path: Path, tmp_path: Path, attribute: str, value: str, reason: str
) -> None:
    changed = tmp_path / "fit.nc"
    changed.write_bytes(path.read_bytes())
    with h5netcdf.File(changed, "a") as file:
        file.attrs[attribute] = value
    assert reason in refused(changed)


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_fit(tmp_path / "absent.nc")


def uneven() -> Fit:
    """Return a fit that cannot be written: one hypothesis lacks a draw."""
    first, *others = tiny().posteriors
    short = replace(first, draws={name: values[:-1] for name, values in first.draws.items()})
    return replace(tiny(), posteriors=(short, *others))


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shape"):
        write_fit(uneven(), tmp_path / "fit.nc")
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_leaves_the_old_file(path: Path, tmp_path: Path) -> None:
    old = tmp_path / "fit.nc"
    old.write_bytes(path.read_bytes())
    with pytest.raises(ValueError, match="shape"):
        write_fit(uneven(), old)
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]
    assert old.read_bytes() == path.read_bytes()
