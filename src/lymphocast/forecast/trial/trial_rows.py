"""One row for each trial: its analyses beside what they estimate, from the patients' table."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.trial.block import event_column, truth_column
from lymphocast.forecast.trial.comparisons import Group, compare
from lymphocast.forecast.trial.protocol import AnalysisMethod, TrialAnalysis, TrialProtocol
from lymphocast.forecast.trial.tables import read_columns

Columns = dict[str, NDArray[np.generic]]
Row = dict[str, Any]
PARTS = ("estimate", "low", "high", "arm", "control", "truth")


def column(place: int, part: str) -> str:
    """Return the column of a part of an analysis in the table of trials."""
    return f"analysis {place + 1}, {part}"


def read_names(protocol: TrialProtocol) -> tuple[str, ...]:
    """Return the columns of the patients' table that the analyses read."""
    names = ["trial", "arm", "il2", "clearance", "tries", "lost", "baseline"]
    for analysis in protocol.analyses:
        names.append(analysis.endpoint)
        if analysis.method is AnalysisMethod.LOG_RANK:
            names.append(event_column(analysis.endpoint))
        names += [truth_column(analysis.endpoint, a) for a in (analysis.arm, analysis.control)]
    return tuple(dict.fromkeys(names))


def trial_rows(protocol: TrialProtocol, blocks: Iterable[bytes]) -> Iterator[Row]:
    """Yield one row for each trial of some blocks in order; at most one trial is waiting."""
    names = read_names(protocol)
    waiting: list[Columns] = []
    held = 0
    for content in blocks:
        read = read_columns(content, names)
        begin = 0
        while begin < len(read["trial"]):
            end = begin + protocol.patients - held
            waiting.append({name: values[begin:end] for name, values in read.items()})
            held += len(waiting[-1]["trial"])
            begin = end
            if held == protocol.patients:
                yield _row(protocol, _joined(waiting))
                waiting, held = [], 0


def _joined(parts: list[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _row(protocol: TrialProtocol, read: Mapping[str, NDArray[Any]]) -> Row:
    row: Row = {
        "trial": int(read["trial"][0]),
        "il2": bool(read["il2"][0]),
        "clearance": bool(read["clearance"][0]),
        "lost": float(np.isfinite(read["lost"]).mean()),
        "tries": float(read["tries"].mean()),
    }
    for place, analysis in enumerate(protocol.analyses):
        own = compare(
            analysis.method,
            _group(protocol, read, analysis, analysis.arm),
            _group(protocol, read, analysis, analysis.control),
            analysis.alpha,
        )
        values = (own.estimate, own.low, own.high, own.arm, own.control, _truth(read, analysis))
        row |= {column(place, part): value for part, value in zip(PARTS, values, strict=True)}
        row[column(place, "same")] = _same(read, analysis)
    return row


def _group(
    protocol: TrialProtocol, read: Mapping[str, NDArray[Any]], analysis: TrialAnalysis, arm: str
) -> Group:
    own = read["arm"] == protocol.place(arm)
    value = read[analysis.endpoint][own]
    event = np.isfinite(value)
    if analysis.method is AnalysisMethod.LOG_RANK:
        event = read[event_column(analysis.endpoint)][own]
    return Group(value, event, read["baseline"][own])


def _paired(read: Mapping[str, NDArray[Any]], analysis: TrialAnalysis) -> NDArray[np.float64]:
    with_arm, with_control = (
        read[truth_column(analysis.endpoint, name)] for name in (analysis.arm, analysis.control)
    )
    return np.asarray(with_arm - with_control)


def _truth(read: Mapping[str, NDArray[Any]], analysis: TrialAnalysis) -> float:
    """The mean over all patients of what the arm changes in each; NaN of a hazard ratio."""
    if analysis.method is AnalysisMethod.LOG_RANK:
        return float("nan")
    return float(_paired(read, analysis).mean())


def _same(read: Mapping[str, NDArray[Any]], analysis: TrialAnalysis) -> bool:
    """Whether the arm changes nothing in any patient."""
    return not _paired(read, analysis).any()
