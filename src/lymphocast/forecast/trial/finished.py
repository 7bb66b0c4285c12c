"""A finished run read back: its operating characteristics, held against its manifest and table."""

import json
from collections.abc import Mapping
from math import isclose, nan
from pathlib import Path
from typing import Any, Final

import numpy as np

from lymphocast.errors import UsageError
from lymphocast.forecast.trial.characteristics import (
    AVERAGED,
    FITTED,
    CharacteristicRow,
    Characteristics,
    HypothesisShare,
    MeanValue,
    Proportion,
)
from lymphocast.forecast.trial.folder import (
    COMPLETE,
    MANIFEST,
    SUMMARY,
    TRIALS,
    digest_of,
    read_manifest,
)
from lymphocast.forecast.trial.tables import read_columns
from lymphocast.forecast.trial.trial_rows import column

ROUNDED: Final = 1e-5  # relative: the summary is printed with six digits
Entry = Mapping[str, Any]


def read_trial(folder: Path) -> Characteristics:
    """Return the operating characteristics of the run that a folder holds.

    Raises
    ------
    UsageError
        If it holds no run, one that is not finished, or files that do not belong to one another.
    """
    path = folder / MANIFEST
    if not path.is_file():
        msg = f"'{folder}': found no {MANIFEST}; needed the folder of a finished 'lymphocast trial'"
        raise UsageError(msg)
    manifest = read_manifest(path)
    if manifest.get("status") != COMPLETE:
        msg = (
            f"'{path}': found a run of {manifest['trials']} trials that is not finished; needed "
            "one that is: the same 'lymphocast trial' goes on with it"
        )
        raise UsageError(msg)
    table = _table(folder / TRIALS, manifest)
    found = _summary(folder / SUMMARY)
    if strange := _strange(found, manifest, table):
        msg = f"'{folder / SUMMARY}': found {strange}; needed the summary of the run beside it"
        raise UsageError(msg)
    return found


def _table(path: Path, manifest: Entry) -> bytes:
    """Return the table of trials, which the manifest knows by its digest."""
    needed = manifest.get("files", {}).get(TRIALS)
    content = path.read_bytes() if path.is_file() else b""
    if digest_of(content) != needed:
        found = "another table than that of the manifest" if content else "no table of trials"
        msg = f"'{path}': found {found}; needed the one that the run wrote"
        raise UsageError(msg)
    return content


def _summary(path: Path) -> Characteristics:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(_row(row) for row in content["rows"])
        shares = tuple(
            HypothesisShare(h["hypothesis"], h["prior"], Proportion(**_numbers(h["held"])))
            for h in content["hypotheses"]
        )
        lost, candidates = (MeanValue(**_numbers(content[n])) for n in ("lost", "candidates"))
        run = {name: content[name] for name in ("title", "seed", "trials", "patients")}
        return Characteristics(
            **run, lost=lost, candidates=candidates, hypotheses=shares, rows=rows
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        msg = f"'{path}': found no summary of a trial; needed the one that 'lymphocast trial' wrote"
        raise UsageError(msg) from None


def _row(row: Entry) -> CharacteristicRow:
    kinds = {"truth": MeanValue, "bias": MeanValue, "coverage": Proportion}
    some = {
        name: None if row[name] is None else kind(**_numbers(row[name]))
        for name, kind in kinds.items()
    }
    shares = {name: Proportion(**_numbers(row[name])) for name in ("rejected", "favours")}
    estimate = MeanValue(**_numbers(row["estimate"]))
    analysed = _number(row["analysed"])
    return CharacteristicRow(
        **{**row, **some, **shares, "estimate": estimate, "analysed": analysed}
    )


def _numbers(entry: Entry) -> dict[str, float]:
    return {name: _number(value) for name, value in entry.items()}


def _number(value: float | None) -> float:
    """Return a number; JSON has none that is not finite, and writes null."""
    return nan if value is None else float(value)


def _strange(found: Characteristics, manifest: Entry, table: bytes) -> str:
    """Return in what a summary is not that of its folder; empty if it is."""
    run = {
        "seed": manifest["seed"],
        "trials": manifest["trials"],
        "patients": manifest.get("patients_of_a_trial"),
    }
    for name, own in run.items():
        if getattr(found, name) != own:
            return f"{name} {getattr(found, name)}, where the manifest has {own}"
    whole = [row for row in found.rows if row.hypothesis in {AVERAGED, FITTED}]
    columns = [column(place, "estimate") for place in range(len(whole))]
    read = read_columns(table, ["lost", "tries", *columns])
    pairs = [("the share lost", found.lost.value, read["lost"])]
    pairs += [("the candidates", found.candidates.value, read["tries"])]
    pairs += [
        (f"the estimate of '{row.analysis}'", row.estimate.value, read[name])
        for row, name in zip(whole, columns, strict=True)
    ]
    for what, told, values in pairs:
        if not _same(told, np.asarray(values, float)):
            return f"{what} as {told:g}, which is not that of {TRIALS}"
    return ""


def _same(told: float, values: np.ndarray) -> bool:
    own = values[np.isfinite(values)]
    if not own.size:
        return bool(np.isnan(told))
    return isclose(told, float(own.mean()), rel_tol=ROUNDED, abs_tol=1e-12)
