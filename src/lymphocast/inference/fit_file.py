"""The fit file: netCDF-4 with the groups that xarray and ArviZ know.

``posterior`` holds draws averaged over the hypotheses (chain, draw), with the index of each
draw's hypothesis; ``hypotheses`` all draws under each of them (hypothesis, draw) with evidences;
``prior``, ``posterior_predictive``, ``observed_data`` and ``sample_stats`` what their names say.
The case file's text, priors, seed, versions and hashes are attributes, so that the file alone
repeats the fit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
from numpy.typing import NDArray

from lymphocast.engine.course import with_study_days
from lymphocast.errors import FitFileError
from lymphocast.inference.diagnostics import entered_prior, measured_counts
from lymphocast.inference.evidence import HypothesisPosterior
from lymphocast.inference.history import history_from_json, history_to_json
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.netcdf import put, reading, writing
from lymphocast.inference.posterior import DEFAULT_PRESET, Fit, FitMethod
from lymphocast.inference.redistribution import individual_of
from lymphocast.models.prior_file import table_from_json, table_to_json
from lymphocast.record.casefile import canonical_case, parse_case

Floats = NDArray[np.float64]
FORMAT = "lymphocast-fit/1"
RECORD_NAME = "record in the fit file"


def write_fit(fit: Fit, path: Path, prior: Mapping[str, Floats] | None = None) -> None:
    """Write a fit file; it appears complete or not at all.

    Parameters
    ----------
    fit
        The fit.
    path
        Where the file goes.
    prior
        What :func:`read_prior` returns of the file of a fit with the same prior, which is that
        before an update; drawn if ``None``.
    """
    with writing(path) as file:
        _write_attributes(file, fit)
        _write_hypotheses(file, fit)
        _write_average(file, fit, prior)
        _write_observed(file, fit)


def read_fit(path: Path) -> Fit:
    """Read a fit file.

    Raises
    ------
    FitFileError
        If the file is no fit file, or another version's.
    """
    with reading(path, FORMAT) as file:
        return _read(file)


def read_prior(path: Path) -> dict[str, Floats]:
    """Read the prior's draws of a fit file, averaged over the hypotheses; ``FitFileError`` too."""
    with reading(path, FORMAT) as file:
        group = file["prior"]
        return {name: np.asarray(group[name][0]) for name in group.variables}


def _write_attributes(file: h5netcdf.File, fit: Fit) -> None:
    file.attrs["format"] = FORMAT
    file.attrs["model"] = "course"
    file.attrs["method"] = fit.method.value
    file.attrs["seed"] = fit.seed
    file.attrs["record"] = canonical_case(fit.record)
    file.attrs["priors"] = table_to_json(fit.table)
    file.attrs["priors_sha256"] = fit.table.sha256
    file.attrs["record_sha256"] = fit.record.sha256
    file.attrs["individual"] = json.dumps(asdict(fit.individual), default=str, sort_keys=True)
    file.attrs["versions"] = json.dumps(dict(fit.versions), sort_keys=True)
    file.attrs["diagnostics_passed"] = int(fit.diagnostics_passed)
    file.attrs["preset"] = fit.preset
    file.attrs["history"] = history_to_json(fit.history)


def _write_hypotheses(file: h5netcdf.File, fit: Fit) -> None:
    group = file.create_group("hypotheses")
    names = list(fit.posteriors[0].draws)
    size = len(fit.posteriors[0].draws[names[0]])
    group.dimensions = {"hypothesis": len(fit.posteriors), "draw": size}
    group.attrs["names"] = json.dumps([p.hypothesis.name for p in fit.posteriors])
    for name in names:
        put(group, name, ("hypothesis", "draw"), np.stack([p.draws[name] for p in fit.posteriors]))
    for name in ("log_evidence", "log_evidence_se", "ess"):
        put(group, name, ("hypothesis",), np.array([getattr(p, name) for p in fit.posteriors]))
    weights = fit.posterior_weights
    put(group, "weight", ("hypothesis",), np.array([weights[h.name] for h in HYPOTHESES]))
    evaluations = np.array([p.evaluations for p in fit.posteriors], dtype=np.int64)
    put(group, "evaluations", ("hypothesis",), evaluations)


def _write_average(file: h5netcdf.File, fit: Fit, prior: Mapping[str, Floats] | None) -> None:
    """Draws averaged over the hypotheses, prior and posterior, and the counts they would see."""
    rng = np.random.default_rng([fit.seed, 9])
    weights = fit.posterior_weights
    posterior = {p.hypothesis.name: p.draws for p in fit.posteriors}
    draws, hypothesis = _mixed(posterior, [weights[h.name] for h in HYPOTHESES], rng)
    _write_draws(file, "posterior", draws)
    _write_draws(file, "sample_stats", {"hypothesis": hypothesis})
    if prior is None:
        each = entered_prior(kernels_of(fit.individual, fit.table), fit.seed)
        prior, _ = _mixed(each, [h.prior(fit.weights) for h in HYPOTHESES], rng)
    _write_draws(file, "prior", prior)
    switches = {
        name: np.array([h.switches[name] for h in HYPOTHESES])[hypothesis]
        for name in HYPOTHESES[0].switches
    }
    theta = with_study_days(fit.individual.plan, {**draws, **switches})
    seen = np.empty((len(hypothesis), len(fit.individual.counts)))
    for i, again in enumerate(measured_counts(fit.individual, theta, fit.seed)):
        seen[:, i] = again
    group = file.create_group("posterior_predictive")
    group.dimensions = {"chain": 1, "draw": len(seen), "count": seen.shape[1]}
    put(group, "cd4", ("chain", "draw", "count"), seen[None])


def _mixed(
    parts: Mapping[str, Mapping[str, Floats]], shares: Sequence[float], rng: np.random.Generator
) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """Equally weighted draws of a mixture, and which hypothesis each comes from."""
    names = list(next(iter(parts.values())))
    size = len(next(iter(parts.values()))[names[0]])
    hypothesis = rng.choice(len(HYPOTHESES), size, p=shares)
    draw = rng.integers(0, size, size)
    mixed = {n: np.stack([parts[h.name][n] for h in HYPOTHESES])[hypothesis, draw] for n in names}
    return mixed, hypothesis


def _write_draws(file: h5netcdf.File, name: str, draws: Mapping[str, NDArray[Any]]) -> None:
    group = file.create_group(name)
    group.dimensions = {"chain": 1, "draw": len(next(iter(draws.values())))}
    for parameter, values in draws.items():
        put(group, parameter, ("chain", "draw"), values[None])


def _write_observed(file: h5netcdf.File, fit: Fit) -> None:
    group = file.create_group("observed_data")
    counts = fit.individual.counts
    group.dimensions = {"count": len(counts)}
    group.attrs["ids"] = json.dumps([c.id for c in counts])
    group.attrs["lloq"] = json.dumps([c.lloq for c in counts])
    put(group, "cd4", ("count",), np.array([c.value for c in counts]))


def _read(file: h5netcdf.File) -> Fit:
    record = parse_case(str(file.attrs["record"]), RECORD_NAME)
    if record.sha256 != str(file.attrs["record_sha256"]):
        msg = "its record is not the one that was fitted"
        raise FitFileError(msg)
    group = file["hypotheses"]
    numbers = ("log_evidence", "log_evidence_se", "ess", "evaluations", "weight")
    draws = {name: np.asarray(group[name][:]) for name in group.variables if name not in numbers}
    stats = {name: np.asarray(group[name][:]) for name in numbers}
    table = table_from_json(str(file.attrs["priors"]))
    return Fit(
        record=record,
        individual=individual_of(record, table),
        table=table,
        posteriors=tuple(
            HypothesisPosterior(
                hypothesis=hypothesis,
                draws={name: value[i] for name, value in draws.items()},
                log_evidence=float(stats["log_evidence"][i]),
                log_evidence_se=float(stats["log_evidence_se"][i]),
                ess=float(stats["ess"][i]),
                evaluations=int(stats["evaluations"][i]),
            )
            for i, hypothesis in enumerate(HYPOTHESES)
        ),
        method=FitMethod(str(file.attrs["method"])),
        seed=int(file.attrs["seed"]),
        versions=json.loads(str(file.attrs["versions"])),
        preset=str(file.attrs.get("preset", DEFAULT_PRESET)),
        history=history_from_json(str(file.attrs.get("history", "[]"))),
    )
