"""The command ``trial``: what it prints and writes, and what it refuses."""

import json
from pathlib import Path

import numpy as np

from lymphocast.forecast.trial.finished import read_trial
from lymphocast.forecast.trial.tables import read_columns
from lymphocast.report.trial_tables import trial_json
from tests.conftest import Command
from tests.forecast.trial.protocols import EXAMPLE


def test_a_trial_is_printed_and_left_in_a_folder(lymphocast: Command, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    first = ("trial", str(EXAMPLE), "-n", "8", "-o", str(folder), "--workers", "1")
    done = lymphocast(*first)
    assert done.code == 0
    assert "8 trials of 60 virtual patients, seed 20040501" in done.out
    assert "IL-2 adds none; clearance unaffected" in done.out
    assert "averaged over the trials" in done.out
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["trials"] == 8
    assert len(summary["rows"]) == 4 * 5
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "complete"
    names = ["trial", "patient", "baseline", "converted"]
    found = read_columns((folder / manifest["blocks"][0]["file"]).read_bytes(), names)
    assert found["trial"].tolist() == np.repeat(range(1, 9), 60).tolist()
    again = lymphocast(*first, "--json")
    assert json.loads(again.out) == summary
    assert again.err == ""
    assert trial_json(read_trial(folder)) == (folder / "summary.json").read_text(encoding="utf-8")


def test_what_cannot_be_run_is_refused_in_one_line(lymphocast: Command, tmp_path: Path) -> None:
    asked = ("trial", str(EXAMPLE), "-n", "1", "-o", str(tmp_path / "out"))
    done = lymphocast(*asked, "--workers", "1", "--scheduler", "tcp://127.0.0.1:9")
    assert done.code == 2
    assert done.err == (
        "error: found both 'workers' and 'scheduler'; needed one of them: a cluster has its own\n"
    )
    done = lymphocast(*asked, "--scheduler", "nonsense")
    assert done.code == 2
    assert done.err.endswith(
        "error: --scheduler: found 'nonsense'; needed a scheduler such as tcp://127.0.0.1:8786\n"
    )
    (tmp_path / "bad.yaml").write_text("arms: []\n", encoding="utf-8")
    done = lymphocast("trial", str(tmp_path / "bad.yaml"), "-n", "1", "-o", str(tmp_path / "other"))
    assert done.code == 1
    assert done.err == "error: bad.yaml, line 1: found an empty list; needed at least 2 items\n"
    assert not (tmp_path / "other").exists()
