"""Fits of individuals in one file: netCDF-4 with the groups that xarray and ArviZ know.

``posterior`` and ``prior`` hold each parameter, ``sample_stats`` what the sampler did, over
(chain, draw, individual); ``observed_data`` times, values and censoring over (individual, record),
filled up with NaN; ``fits`` evidence, modes, diagnostics and the outcome of each individual in
words. Priors, error models, seed and versions are attributes. An individual that could not be
fitted is there with its reason and without numbers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import nan
from pathlib import Path
from typing import Any, final

import h5netcdf
import h5py
import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.events import EventKind, EventTable
from lymphocast.inference.individual_density import Endpoint
from lymphocast.inference.individual_fit import (
    Diagnostics,
    FitStatus,
    IndividualFit,
    SamplingMethod,
)
from lymphocast.inference.netcdf import put, reading, writing
from lymphocast.inference.parameters import ParameterSpace

Floats = NDArray[np.float64]
FORMAT = "lymphocast-individual-fits/1"
PRIOR_DRAWS = 2_000
BY_DRAW = ("chain", "draw", "individual")
Described = Mapping[str, Any]
"""An endpoint: ``name``, ``output``, ``lloq``, kind of ``error``, and its ``parameters``."""


@final
@dataclass(frozen=True)
class Refused:
    """An individual that could not be fitted, and why."""

    id: str
    reason: str


Outcome = IndividualFit | Refused


@final
@dataclass(frozen=True)
class IndividualFits:
    """What a file of fits holds: the outcome of every individual, and what they share.

    Parameters
    ----------
    model
        The model's name.
    method, seed
        How the draws were made.
    outcomes
        One for each individual, in the data's order.
    parameters
        Priors and values, as text.
    versions
        Versions that the results depend on.
    """

    model: str
    method: SamplingMethod
    seed: int
    outcomes: tuple[Outcome, ...]
    parameters: str
    versions: Mapping[str, str]

    @property
    def fits(self) -> tuple[IndividualFit, ...]:
        """The fits of those that could be fitted."""
        return tuple(o for o in self.outcomes if isinstance(o, IndividualFit))


def write_individual_fits(
    found: IndividualFits,
    tables: Sequence[EventTable],
    priors: ParameterSpace,
    endpoints: Sequence[Described],
    path: Path,
) -> None:
    """Write fits with the records they stand on; the file appears complete or not at all.

    Parameters
    ----------
    found, priors
        The fits, and the priors that they share.
    tables
        The records; an observation's compartment is the name of an endpoint.
    endpoints
        What was observed (:func:`described`).
    path
        The file (netCDF-4).
    """
    with writing(path) as file:
        file.attrs["format"] = FORMAT
        file.attrs["model"] = found.model
        file.attrs["method"] = found.method.value
        file.attrs["seed"] = found.seed
        file.attrs["parameters"] = found.parameters
        file.attrs["endpoints"] = json.dumps(list(endpoints))
        file.attrs["versions"] = json.dumps(dict(found.versions), sort_keys=True)
        ids = [outcome.id for outcome in found.outcomes]
        _write_fits(file, found, ids)
        _write_draws(file, "posterior", _stacked([f.draws for f in found.fits], found), ids)
        stats = _stacked([f.stats for f in found.fits], found)
        if stats:
            _write_draws(file, "sample_stats", stats, ids)
        _write_draws(file, "prior", _prior(priors, found), ids)
        _write_observed(file, tables, endpoints)


def parameters_json(priors: ParameterSpace) -> str:
    """Return priors, values and random effects as JSON text."""
    rows = [asdict(row) for row in priors.rows]
    effects = None if priors.effects is None else asdict(priors.effects)
    return json.dumps({"rows": rows, "fixed": dict(priors.fixed), "effects": effects})


def described(endpoint: Endpoint) -> Described:
    """Return an endpoint and its error model as the file holds them."""
    return {
        "name": endpoint.name,
        "output": endpoint.output,
        "lloq": endpoint.lloq,
        "error": type(endpoint.error).__name__,
        "parameters": list(endpoint.error.parameters),
    }


def _stacked(each: Sequence[Mapping[str, Floats]], found: IndividualFits) -> dict[str, Floats]:
    """Return ``[chain, draw, individual]`` by name; NaN for what an individual does not have."""
    shape = next((v.shape for own in each for v in own.values()), (1, 1))
    names = dict.fromkeys(name for own in each for name in own)
    stacked = {n: np.full((*shape, len(found.outcomes)), nan) for n in names}
    columns = [i for i, o in enumerate(found.outcomes) if isinstance(o, IndividualFit)]
    for column, own in zip(columns, each, strict=True):
        for name, values in own.items():
            if values.shape == shape:
                stacked[name][..., column] = values
            else:  # an individual without data has one chain
                stacked[name][..., column] = values.reshape(-1)[: shape[0] * shape[1]].reshape(
                    shape
                )
    return stacked


def _prior(priors: ParameterSpace, found: IndividualFits) -> dict[str, Floats]:
    """Return draws of the prior, the same for every individual."""
    rng = np.random.default_rng([found.seed, 18])
    theta = priors.theta(rng.standard_normal((priors.form.size, PRIOR_DRAWS)))
    number = len(found.outcomes)
    return {n: np.repeat(theta[n][None, :, None], number, axis=2) for n in priors.free}


def _write_draws(
    file: h5netcdf.File, name: str, values: Mapping[str, Floats], ids: Sequence[str]
) -> None:
    group = file.create_group(name)
    shape = next((v.shape for v in values.values()), (1, 0, len(ids)))
    group.dimensions = dict(zip(BY_DRAW, shape, strict=True))
    _label(group, ids)
    for parameter, own in values.items():
        put(group, parameter, BY_DRAW, own)


def _label(group: h5netcdf.Group, ids: Sequence[str]) -> None:
    _words(group, "individual", ids)


def _words(group: h5netcdf.Group, name: str, words: Sequence[str]) -> None:
    """Write text by individual."""
    kind = h5py.string_dtype("utf-8")
    group.create_variable(name, ("individual",), dtype=kind, data=np.array(words, dtype=object))


def _write_fits(file: h5netcdf.File, found: IndividualFits, ids: Sequence[str]) -> None:
    """Write one number, or some words, of each individual."""
    group = file.create_group("fits")
    group.dimensions = {"individual": len(ids)}
    _label(group, ids)
    fits = [o if isinstance(o, IndividualFit) else None for o in found.outcomes]
    for name in ("log_evidence", "log_evidence_se"):
        put(group, name, ("individual",), _numbers([getattr(f, name, nan) for f in fits]))
    for name in ("ess", "r_hat", "divergences", "leapfrogs_per_draw", "evaluations"):
        own = [nan if f is None else getattr(f.diagnostics, name) for f in fits]
        put(group, name, ("individual",), _numbers(own))
    names = dict.fromkeys(n for f in fits if f is not None for n in f.mode)
    for parameter in names:
        own = [nan if f is None else f.mode.get(parameter, nan) for f in fits]
        put(group, f"mode.{parameter}", ("individual",), _numbers(own))
    _words(group, "status", ["refused" if f is None else f.status.name.lower() for f in fits])
    words = [
        o.reason if isinstance(o, Refused) else " ".join(o.diagnostics.messages)
        for o in found.outcomes
    ]
    _words(group, "messages", words)


def _numbers(values: Sequence[float]) -> Floats:
    return np.array(values, dtype=float)


def _write_observed(
    file: h5netcdf.File, tables: Sequence[EventTable], endpoints: Sequence[Described]
) -> None:
    names = {e["name"]: i for i, e in enumerate(endpoints)}
    each = [
        [r for r in t.records if r.kind is EventKind.OBSERVATION and r.value is not None]
        for t in tables
    ]
    width = max((len(own) for own in each), default=0)
    group = file.create_group("observed_data")
    group.dimensions = {"individual": len(tables), "record": width}
    _label(group, [t.id for t in tables])
    group.attrs["endpoints"] = json.dumps(list(names))
    columns = {n: np.full((len(tables), width), nan) for n in ("time", "value", "censoring")}
    columns["endpoint"] = columns["time"].copy()
    for i, own in enumerate(each):
        for j, record in enumerate(own):
            columns["time"][i, j] = record.time
            columns["value"][i, j] = record.value
            columns["censoring"][i, j] = record.censoring
            columns["endpoint"][i, j] = names.get(record.compartment, 0)
    for name, values in columns.items():
        put(group, name, ("individual", "record"), values)


def read_individual_fits(path: Path) -> IndividualFits:
    """Read a file of individuals' fits.

    Raises
    ------
    FitFileError
        If the file is truncated, another program's, or another version's.
    """
    with reading(path, FORMAT) as file:
        group, draws = file["fits"], _read_draws(file, "posterior")
        stats = _read_draws(file, "sample_stats") if "sample_stats" in file else {}
        ids = [str(x) for x in _text(group, "individual")]
        states, words = _text(group, "status"), _text(group, "messages")
        numbers = {
            n: np.asarray(group[n][:])
            for n in group.variables
            if n not in {"individual", "status", "messages"}
        }
        versions = json.loads(str(file.attrs["versions"]))
        method, seed = SamplingMethod(str(file.attrs["method"])), int(file.attrs["seed"])
        outcomes: list[Outcome] = []
        for i, (name, state, text) in enumerate(zip(ids, states, words, strict=True)):
            if state == "refused":
                outcomes.append(Refused(name, text))
                continue
            own = {n: v[i] for n, v in numbers.items()}
            outcomes.append(_fit(name, method, seed, state, text, own, draws, stats, i, versions))
        return IndividualFits(
            str(file.attrs["model"]),
            method,
            seed,
            tuple(outcomes),
            str(file.attrs["parameters"]),
            versions,
        )


def _text(group: h5netcdf.Group, name: str) -> list[str]:
    found = group[name][:]
    return [x.decode() if isinstance(x, bytes) else str(x) for x in found]


def _read_draws(file: h5netcdf.File, name: str) -> dict[str, Floats]:
    group = file[name]
    return {n: np.asarray(group[n][:]) for n in group.variables if n != "individual"}


def _fit(
    name: str,
    method: SamplingMethod,
    seed: int,
    state: str,
    text: str,
    own: Mapping[str, float],
    draws: Mapping[str, Floats],
    stats: Mapping[str, Floats],
    place: int,
    versions: Mapping[str, str],
) -> IndividualFit:
    """Return one individual's fit from what a file says of it."""
    modes = {n.removeprefix("mode."): float(v) for n, v in own.items() if n.startswith("mode.")}
    status = FitStatus[state.upper()]
    diagnostics = Diagnostics(
        float(own["ess"]),
        float(own["r_hat"]),
        int(own["divergences"]),
        float(own["leapfrogs_per_draw"]),
        int(own["evaluations"]),
        (text,) if text else (),
    )
    return IndividualFit(
        name,
        method,
        seed,
        {n: v[..., place] for n, v in draws.items()},
        {n: v for n, v in modes.items() if np.isfinite(v)},
        float(own["log_evidence"]),
        float(own["log_evidence_se"]),
        {n: v[..., place] for n, v in stats.items()} if status is not FitStatus.NO_DATA else {},
        diagnostics,
        status,
        versions,
    )
