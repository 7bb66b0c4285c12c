"""A finished trial read back from its folder, and every folder that is none."""

import json
from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest

from lymphocast.errors import UsageError
from lymphocast.forecast.trial.characteristics import MeanValue, Proportion
from lymphocast.forecast.trial.finished import read_trial
from lymphocast.report.trial_tables import trial_json
from tests.report.trials import left_in, trial


def test_a_finished_trial_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = read_trial(left_in(tmp_path / "out"))
    assert trial_json(found) == trial_json(trial())
    assert trial_json(found) == (tmp_path / "out" / "summary.json").read_text(encoding="utf-8")


def test_what_is_no_number_in_a_trial_comes_back(tmp_path: Path) -> None:
    none = replace(
        trial().rows[0], trials=0, truth=None, coverage=None, bias=MeanValue(nan, nan),
        rejected=Proportion(nan, nan, nan),
    )  # fmt: skip
    written = trial_json(replace(trial(), rows=(none, *trial().rows[1:])))
    (left_in(tmp_path / "out") / "summary.json").write_text(written, encoding="utf-8")
    assert trial_json(read_trial(tmp_path / "out")) == written


def no_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def foreign(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}", encoding="utf-8")


def unfinished(folder: Path) -> None:
    path = folder / "manifest.json"
    changed = {**json.loads(path.read_text(encoding="utf-8")), "status": "running", "files": {}}
    path.write_text(json.dumps(changed), encoding="utf-8")


def no_table(folder: Path) -> None:
    (folder / "trials.parquet").unlink()


def other_table(folder: Path) -> None:
    (folder / "trials.parquet").write_bytes(b"other")


def no_summary(folder: Path) -> None:
    (folder / "summary.json").unlink()


def summary_of_a_patient(folder: Path) -> None:
    (folder / "summary.json").write_text('{"record": {}}', encoding="utf-8")


def other_seed(folder: Path) -> None:
    written = trial_json(replace(trial(), seed=8))
    (folder / "summary.json").write_text(written, encoding="utf-8")


def other_estimate(folder: Path) -> None:
    rows = tuple(replace(row, estimate=MeanValue(0.26, 0.01)) for row in trial().rows)
    (folder / "summary.json").write_text(trial_json(replace(trial(), rows=rows)), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (no_manifest, "out': found no manifest.json; needed the folder of a finished"),
        (foreign, "manifest.json': found no manifest of the format lymphocast-trial/1; needed"),
        (unfinished, "manifest.json': found a run of 4 trials that is not finished; needed one"),
        (no_table, "trials.parquet': found no table of trials; needed the one"),
        (other_table, "trials.parquet': found another table than that of the manifest; needed"),
        (no_summary, "summary.json': found no summary of a trial; needed"),
        (summary_of_a_patient, "summary.json': found no summary of a trial; needed"),
        (other_seed, "summary.json': found seed 8, where the manifest has 7; needed"),
        (other_estimate, "found the estimate of 'ln ratio by ancova' as 0.26, which is not that"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_folder_that_holds_no_finished_trial_is_refused(
    tmp_path: Path, change: Callable[[Path], None], told: str
) -> None:
    change(left_in(tmp_path / "out"))
    with pytest.raises(UsageError) as raised:
        read_trial(tmp_path / "out")
    assert told in str(raised.value)
