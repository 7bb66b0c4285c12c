"""A synthetic virtual trial, invented for layout, and the folder that such a run leaves."""

import json
from pathlib import Path

import numpy as np

from lymphocast.forecast.trial.characteristics import (
    AVERAGED,
    CharacteristicRow,
    Characteristics,
    HypothesisShare,
    MeanValue,
    Proportion,
)
from lymphocast.forecast.trial.folder import FORMAT, MANIFEST, SUMMARY, TRIALS, digest_of
from lymphocast.forecast.trial.tables import table_bytes
from lymphocast.forecast.trial.trial_rows import column
from lymphocast.report.trial_tables import trial_json

ANALYSIS = "ln ratio by ancova"


def share(value: float, error: float = 0.02) -> Proportion:
    """Return a share of trials with an interval around it."""
    return Proportion(value, value - error, value + error)


def row(hypothesis: str, reads: str, rejected: Proportion, trials: int) -> CharacteristicRow:
    """Return an analysis under one state of nature."""
    return CharacteristicRow(
        analysis=ANALYSIS,
        hypothesis=hypothesis,
        trials=trials,
        undecided=0,
        reads=reads,
        rejected=rejected,
        favours=rejected,
        estimate=MeanValue(0.25, 0.01),
        truth=MeanValue(0.251, 0.0),
        bias=MeanValue(-0.001, 0.01),
        coverage=share(0.95),
        analysed=55.5,
        planned=60,
        alpha=0.05,
    )


def trial() -> Characteristics:
    """Return the characteristics of a trial: enough power, the type I error that is allowed."""
    return Characteristics(
        title="a trial",
        seed=7,
        trials=4,
        patients=60,
        hypotheses=(
            HypothesisShare("il2", 0.5, share(0.5)),
            HypothesisShare("no-il2", 0.5, share(0.5)),
        ),
        rows=(
            row("il2", "power", share(0.9), 2),
            row("no-il2", "type I error", share(0.05), 2),
            row(AVERAGED, "rejected", share(0.48), 4),
        ),
        lost=MeanValue(0.1, 0.01),
        candidates=MeanValue(1.5, 0.1),
    )


def left_in(folder: Path) -> Path:
    """Leave that trial in a folder, as its command does, and return the folder."""
    folder.mkdir()
    columns = {
        "trial": np.arange(1, 5),
        "lost": np.array([0.05, 0.15, 0.1, 0.1]),
        "tries": np.array([1.4, 1.6, 1.5, 1.5]),
        column(0, "estimate"): np.array([0.2, 0.3, 0.25, np.nan]),
    }
    table = table_bytes(columns)
    (folder / TRIALS).write_bytes(table)
    manifest = {
        "format": FORMAT,
        "status": "complete",
        "protocol_sha256": "0",
        "seed": 7,
        "trials": 4,
        "patients_of_a_trial": 60,
        "versions": {},
        "files": {TRIALS: digest_of(table)},
        "blocks": [],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    (folder / SUMMARY).write_text(trial_json(trial()), encoding="utf-8")
    return folder
