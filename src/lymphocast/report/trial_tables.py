"""Operating characteristics of a virtual trial as lines for a terminal and as JSON."""

from collections.abc import Iterator
from itertools import groupby
from math import isfinite
from typing import Final

from lymphocast.forecast.trial.characteristics import (
    AVERAGED,
    FITTED,
    CharacteristicRow,
    Characteristics,
    HypothesisShare,
    MeanValue,
    Proportion,
)
from lymphocast.report.columns import table_lines
from lymphocast.report.plain import NOT_A_DEVICE
from lymphocast.report.values import json_text, plain

LABELS: Final = {
    "il2": "IL-2 adds cells",
    "no-il2": "IL-2 adds none",
    "clearance": "a higher count hastens clearance",
    "no-clearance": "clearance unaffected",
    AVERAGED: "averaged over the trials",
    FITTED: "as fitted",
}
NOTES: Final = (
    "In brackets the 95 % Monte Carlo interval of a share (Wilson), after ± the Monte Carlo "
    "standard error of a mean.",
    "Power: share of trials whose interval leaves out 0, where the arm changes something; type I "
    "error: the same where it changes nothing in any patient. The average over the trials mixes "
    "the two by the weights of the hypotheses: read it beside its rows.",
    "Truth: the mean over all patients of the difference between the two arms in the same patient, "
    "with every visit on its planned day, no loss, and the errors of reading.",
)


def trial_content(found: Characteristics) -> dict[str, object]:
    """Return the operating characteristics as JSON has them."""
    content = plain(found)
    assert isinstance(content, dict)  # noqa: S101  (a dataclass becomes a mapping)
    return content


def trial_json(found: Characteristics) -> str:
    """Return the operating characteristics as JSON text."""
    return json_text({"schema": "lymphocast trial 1", **trial_content(found)})


def trial_lines(found: Characteristics) -> tuple[str, ...]:
    """Return the operating characteristics as lines."""
    return tuple(_lines(found))


def _lines(found: Characteristics) -> Iterator[str]:
    yield (
        f"{found.title}: {found.trials} trials of {found.patients} virtual patients, "
        f"seed {found.seed}"
    )
    lost = f"{found.lost.value:.1%} of the patients lost before the last visit"
    yield f"{lost}; {found.candidates.value:.2f} candidates screened for each"
    yield ""
    yield from table_lines(NATURE_HEADS, [nature_cells(h) for h in found.hypotheses])
    for analysis, rows in groupby(found.rows, key=lambda row: row.analysis):
        yield ""
        yield analysis
        yield from table_lines(HEADS, [row_cells(row) for row in rows])
    yield ""
    yield from NOTES
    yield ""
    yield NOT_A_DEVICE


NATURE_HEADS: Final = ("in nature", "prior probability", "share of trials")
HEADS: Final = (
    "in nature", "trials", "rejects", "", "in favour", "estimate", "truth", "bias", "coverage",
    "analysed", "undecided",
)  # fmt: skip


def nature_cells(found: HypothesisShare) -> tuple[str, ...]:
    """Return a state of nature with its prior probability and the share of trials it held in."""
    return nature_label(found.hypothesis), f"{found.prior:.3f}", _share(found.held)


def row_cells(row: CharacteristicRow) -> tuple[str, ...]:
    """Return an analysis under one state of nature, by ``HEADS``."""
    return (
        nature_label(row.hypothesis),
        str(row.trials),
        row.reads,
        _share(row.rejected),
        _number(row.favours.value),
        _number(row.estimate.value),
        "" if row.truth is None else _number(row.truth.value),
        "" if row.bias is None else mean_cell(row.bias),
        "" if row.coverage is None else _share(row.coverage),
        f"{_number(row.analysed)} of {row.planned}",
        str(row.undecided),
    )


def nature_label(hypothesis: str) -> str:
    """Return a state of nature in words."""
    return "; ".join(LABELS[part] for part in hypothesis.split("+"))


def _number(x: float) -> str:
    if not isfinite(x):
        return "-"
    return f"{x:.1f}" if abs(x) >= 10.0 else f"{x:.3f}"


def mean_cell(found: MeanValue) -> str:
    """Return a mean with its Monte Carlo standard error."""
    return f"{_number(found.value)} ± {_number(found.se)}"


def _share(found: Proportion) -> str:
    if not isfinite(found.value):
        return "-"
    return f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f})"
