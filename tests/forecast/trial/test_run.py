"""Runs: closed forms of a normal endpoint, the same bytes from any workers, going on."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import count
from multiprocessing import active_children
from pathlib import Path
from time import sleep

import numpy as np
import pytest
from scipy.stats import nct, t

from lymphocast.errors import UsageError
from lymphocast.forecast.trial.block import LANES
from lymphocast.forecast.trial.characteristics import AVERAGED, POWER, TYPE_ONE
from lymphocast.forecast.trial.run import run_trial
from tests.forecast.trial.protocols import FIXED, files_of, read, with_patients

TRIALS = 600
SIGMAS = 3.5  # standard errors of a share or mean over some 300 trials; the seed is fixed


def test_a_normal_endpoint_has_the_power_of_its_closed_form(tmp_path: Path) -> None:
    found = run_trial(read(FIXED, tmp_path), TRIALS, tmp_path / "out", seed=1, workers=1)
    drug, none, averaged = found.rows
    effect, sd, n = np.log1p(40.0 * (1.0 - 2.0**-12.0) / 200.0), 0.16 * np.sqrt(2.0), 20
    limit, shift = t.ppf(0.975, 2 * n - 2), effect / (sd * np.sqrt(2.0 / n))
    power = nct.sf(limit, 2 * n - 2, shift) + nct.cdf(-limit, 2 * n - 2, shift)
    assert (drug.reads, none.reads) == (POWER, TYPE_ONE)
    for row, expected, truth in ((drug, power, effect), (none, 0.05, 0.0)):
        error = np.sqrt(expected * (1.0 - expected) / row.trials)
        assert row.rejected.value == pytest.approx(expected, abs=SIGMAS * error)
        assert row.rejected.low < row.rejected.value < row.rejected.high
        assert row.coverage is not None
        error = np.sqrt(0.95 * 0.05 / row.trials)
        assert row.coverage.value == pytest.approx(0.95, abs=SIGMAS * error)
        assert row.truth is not None
        assert row.truth.value == pytest.approx(truth, abs=1e-9)
        assert row.bias is not None
        assert abs(row.bias.value) < SIGMAS * row.bias.se
        assert row.bias.se == pytest.approx(sd * np.sqrt(2.0 / n / row.trials), rel=0.15)
    assert averaged.hypothesis == AVERAGED
    assert averaged.trials == drug.trials + none.trials == TRIALS
    share = found.hypotheses[0]
    assert share.held.value == drug.trials / TRIALS
    assert share.held.low < share.prior < share.held.high


class StoppedError(Exception):
    """What stops a run in the tests."""


def test_a_run_that_was_stopped_goes_on_and_leaves_the_same_files(tmp_path: Path) -> None:
    protocol, done = with_patients(read(FIXED, tmp_path), LANES // 4), count(1)
    run_trial(protocol, 8, tmp_path / "whole", seed=9, workers=1)

    def stop(stage: str, share: float) -> None:
        if next(done) == 2:
            raise StoppedError

    folder = tmp_path / "stopped"
    with pytest.raises(StoppedError):
        run_trial(protocol, 8, folder, seed=9, workers=1, progress=stop)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "running"
    assert [block["first"] for block in manifest["blocks"]] == [0, LANES]
    (folder / manifest["blocks"][1]["file"]).write_bytes(b"damaged")
    kept = (folder / manifest["blocks"][0]["file"]).stat().st_mtime_ns
    run_trial(protocol, 8, folder, seed=9, workers=1)
    assert files_of(folder) == files_of(tmp_path / "whole")
    assert (folder / manifest["blocks"][0]["file"]).stat().st_mtime_ns == kept


def test_a_run_with_more_trials_takes_over_the_first(tmp_path: Path) -> None:
    protocol = with_patients(read(FIXED, tmp_path), LANES // 2)
    run_trial(protocol, 1, tmp_path / "out", seed=9, workers=1)
    run_trial(protocol, 2, tmp_path / "out", seed=9, workers=1)
    run_trial(protocol, 2, tmp_path / "other", seed=9, workers=1)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "other")
    with pytest.raises(UsageError, match="holds a run of 2 trials, found -n 1; needed at least"):
        run_trial(protocol, 1, tmp_path / "out", seed=9, workers=1)
    with pytest.raises(UsageError, match="holds a run with the seed 9; needed 8, or another"):
        run_trial(protocol, 2, tmp_path / "out", seed=8, workers=1)
    with pytest.raises(UsageError, match=r"holds a run with the protocol .* or another folder"):
        run_trial(replace(protocol, hazard=0.1), 2, tmp_path / "out", seed=9, workers=1)
    (tmp_path / "out" / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"manifest\.json': found no manifest of the format"):
        run_trial(protocol, 2, tmp_path / "out", seed=9, workers=1)


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    protocol = read(FIXED, tmp_path)
    with pytest.raises(UsageError, match=r"found 'trial.yaml' and no manifest\.json; needed"):
        run_trial(protocol, 1, tmp_path, seed=9, workers=1)


def test_a_worker_that_is_killed_loses_nothing_and_changes_no_byte(tmp_path: Path) -> None:
    protocol = with_patients(read(FIXED, tmp_path), LANES // 2)
    killed: list[int] = []

    def kill(stage: str, share: float) -> None:
        if not killed and stage == "simulating":
            victim = active_children()[0].pid
            assert victim is not None
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    run_trial(protocol, 12, tmp_path / "killed", seed=9, workers=2, progress=kill)
    run_trial(protocol, 12, tmp_path / "alone", seed=9, workers=1)
    assert len(killed) == 1
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "alone")


@pytest.mark.slow
def test_a_dask_cluster_leaves_the_same_bytes(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    protocol = with_patients(read(FIXED, tmp_path), LANES // 2)
    run_trial(protocol, 6, tmp_path / "alone", seed=9, workers=1)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as own:
        address = own.scheduler_address
        run_trial(protocol, 6, tmp_path / "cluster", seed=9, scheduler=address)
    assert files_of(tmp_path / "cluster") == files_of(tmp_path / "alone")


@pytest.mark.slow
def test_a_run_whose_program_is_killed_leaves_no_process_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(FIXED, encoding="utf-8")
    protocol, folder = read(FIXED, tmp_path), tmp_path / "out"
    program = (
        "from pathlib import Path\n"
        "from lymphocast import read_protocol, run_trial\n"
        "if __name__ == '__main__':\n"
        "    run_trial(read_protocol(Path('trial.yaml')), 2000, Path('out'), seed=9, workers=2)\n"
    )
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    begun = subprocess.Popen([sys.executable, "program.py"], cwd=tmp_path)
    while not any(folder.glob("patients/*.parquet")):
        assert begun.poll() is None
        sleep(0.05)
    workers = children_of(begun.pid)
    begun.kill()
    begun.wait()
    sleep(2.0)
    assert len(workers) >= 2
    assert not [pid for pid in workers if Path(f"/proc/{pid}/cmdline").exists()]
    run_trial(protocol, 2000, folder, seed=9, workers=1)
    run_trial(protocol, 2000, tmp_path / "whole", seed=9, workers=1)
    assert files_of(folder) == files_of(tmp_path / "whole")


def children_of(pid: int) -> list[str]:
    """Return the processes that a process has started."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
