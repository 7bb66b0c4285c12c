"""A population's fit in one file: netCDF-4 with groups that xarray reads.

``estimates`` holds each estimate with its standard errors, and the vector with its robust
covariance; ``individuals`` the modes of every individual's effects with what is left unknown of
them, their covariates, and shrinkage; of ``nuts`` there are the draws too
(:mod:`.posterior_file`). Objective, likelihood, method, seed, messages and versions are attributes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import final

import h5netcdf
import h5py
import numpy as np
from numpy.typing import NDArray

from lymphocast.inference.netcdf import put, reading, writing
from lymphocast.inference.population.fit import Estimate, PopulationFit, PopulationMethod
from lymphocast.inference.population.posterior_file import read_posterior, write_posterior
from lymphocast.inference.population.prediction_errors import Npde
from lymphocast.inference.population.visual_checks import Vpc

Floats = NDArray[np.float64]
FORMAT = "lymphocast-population-fit/1"
NUMBERS = ("objective", "log_likelihood", "log_likelihood_se", "residual_shrinkage")


@final
@dataclass(frozen=True)
class Checked:
    """Predictive checks of a population's fit: by endpoint, and of all normal observations."""

    vpc: tuple[Vpc, ...] = ()
    npde: Npde | None = None


def write_population_fit(
    found: PopulationFit, model: str, path: Path, checked: Checked | None = None
) -> None:
    """Write a fit; the file appears complete or not at all."""
    with writing(path) as file:
        file.attrs["format"] = FORMAT
        file.attrs["model"] = model
        file.attrs["method"] = found.method.value
        file.attrs["seed"] = found.seed
        file.attrs["messages"] = json.dumps(list(found.messages))
        file.attrs["versions"] = json.dumps(dict(found.versions), sort_keys=True)
        for name in NUMBERS:
            file.attrs[name] = float(getattr(found, name))
        _write_estimates(file, found)
        _write_individuals(file, found)
        if found.posterior is not None:
            write_posterior(file, found.posterior, found.ids, found.effects)
        for number, vpc in enumerate(checked.vpc if checked else ()):
            _write_vpc(file, f"vpc_{number}", vpc)
        if checked and checked.npde is not None:
            _write_npde(file, checked.npde)


def _words(group: h5netcdf.Group, name: str, dim: str, words: tuple[str, ...]) -> None:
    kind = h5py.string_dtype("utf-8")
    group.create_variable(name, (dim,), dtype=kind, data=np.array(words, dtype=object))


def _write_estimates(file: h5netcdf.File, found: PopulationFit) -> None:
    group = file.create_group("estimates")
    group.dimensions = {"estimate": len(found.estimates), "row": len(found.vector)}
    _words(group, "estimate", "estimate", tuple(e.name for e in found.estimates))
    for name in ("value", "se", "robust_se"):
        own = np.array([getattr(e, name) for e in found.estimates])
        put(group, name, ("estimate",), own)
    put(group, "vector", ("row",), found.vector)
    put(group, "covariance", ("row", "row"), found.covariance)


def _write_individuals(file: h5netcdf.File, found: PopulationFit) -> None:
    group = file.create_group("individuals")
    group.dimensions = {
        "individual": len(found.ids),
        "effect": len(found.effects),
        "between_individuals": len(found.effect_shrinkage),
    }
    _words(group, "individual", "individual", found.ids)
    _words(group, "effect", "effect", found.effects)
    put(group, "mode", ("individual", "effect"), found.modes)
    put(group, "mode_covariance", ("individual", "effect", "effect"), found.mode_covariance)
    put(group, "shrinkage", ("between_individuals",), found.effect_shrinkage)
    if found.covariates:
        group.dimensions["column"] = len(found.covariates)
        _words(group, "column", "column", tuple(found.covariates))
        rows = np.stack(list(found.covariates.values()), axis=1)
        put(group, "covariate", ("individual", "column"), rows)


def _write_vpc(file: h5netcdf.File, name: str, vpc: Vpc) -> None:
    group = file.create_group(name)
    group.attrs["endpoint"], group.attrs["of"] = vpc.endpoint, vpc.kind
    group.attrs["prediction_corrected"] = int(vpc.corrected)
    shape = vpc.simulated.shape
    group.dimensions = {"line": shape[0], "bin": shape[1], "bound": shape[2]}
    _words(group, "line", "line", vpc.lines)
    put(group, "time", ("bin",), vpc.times)
    put(group, "number", ("bin",), vpc.numbers.astype(float))
    put(group, "observed", ("line", "bin"), vpc.observed)
    put(group, "simulated", ("line", "bin", "bound"), vpc.simulated)


def _write_npde(file: h5netcdf.File, npde: Npde) -> None:
    group = file.create_group("npde")
    group.dimensions = {"observation": len(npde.values)}
    _words(group, "individual", "observation", npde.ids)
    put(group, "time", ("observation",), npde.times)
    put(group, "predicted", ("observation",), npde.predicted)
    put(group, "npde", ("observation",), npde.values)
    for name in ("mean", "variance", "mean_p", "variance_p", "normal_p", "p"):
        group.attrs[name] = float(getattr(npde, name))
    group.attrs["left_out"] = npde.left_out


def read_population_fit(path: Path) -> PopulationFit:
    """Read a population's fit.

    Raises
    ------
    FitFileError
        If the file is truncated, another program's, or another version's.
    """
    with reading(path, FORMAT) as file:
        estimates, individuals = file["estimates"], file["individuals"]
        columns = [np.asarray(estimates[n][:]) for n in ("value", "se", "robust_se")]
        names = _text(estimates, "estimate")
        numbers = {n: float(file.attrs[n]) for n in NUMBERS}
        return PopulationFit(
            method=PopulationMethod(str(file.attrs["method"])),
            seed=int(file.attrs["seed"]),
            ids=_text(individuals, "individual"),
            effects=_text(individuals, "effect"),
            estimates=tuple(
                Estimate(name, *map(float, row)) for name, *row in zip(names, *columns, strict=True)
            ),
            vector=np.asarray(estimates["vector"][:]),
            covariance=np.asarray(estimates["covariance"][:]),
            objective=numbers["objective"],
            log_likelihood=numbers["log_likelihood"],
            log_likelihood_se=numbers["log_likelihood_se"],
            modes=np.asarray(individuals["mode"][:]),
            mode_covariance=np.asarray(individuals["mode_covariance"][:]),
            effect_shrinkage=np.asarray(individuals["shrinkage"][:]),
            residual_shrinkage=numbers["residual_shrinkage"],
            messages=tuple(json.loads(str(file.attrs["messages"]))),
            versions=json.loads(str(file.attrs["versions"])),
            posterior=read_posterior(file),
            covariates=_covariates(individuals),
        )


def _covariates(group: h5netcdf.Group) -> dict[str, Floats]:
    """Return the individuals' values of each column; none in a file that holds none."""
    if "covariate" not in group.variables:
        return {}
    rows = np.asarray(group["covariate"][:])
    return dict(zip(_text(group, "column"), rows.T, strict=True))


def _text(group: h5netcdf.Group, name: str) -> tuple[str, ...]:
    found = group[name][:]
    return tuple(x.decode() if isinstance(x, bytes) else str(x) for x in found)
