"""What all tests share: the command as a person types it, and reproducible property tests."""

import gc
import io
import os
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from lymphocast.cli import main

ROOT = Path(__file__).parent.parent

# Two processes that run tests side by side keep their compiled code apart.
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if WORKER is not None:
    os.environ["XDG_CACHE_HOME"] = str(Path.home() / ".cache" / "lymphocast-tests" / WORKER)

WHOLE_JOB = {"tests/test_publish.py", "tests/forecast/test_sensitivity.py"}
"""Files that read the whole job, which is run once: they go to one process."""


class SharedCode(LoadFileScheduling):  # type: ignore[misc]  # its package states no types
    """Tests that share what is compiled or run stay in one process: those of a file, at least."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return "the whole job" if scope in WHOLE_JOB else scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharedCode | None:
    """Return how tests are shared out file by file."""
    return SharedCode(config, log) if config.getoption("dist") == "loadfile" else None


# Equations that are traced leave objects by the million, next to none of them in cycles: to look
# for cycles seldom saves a tenth of the time.
gc.set_threshold(200_000, 50, 100)

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@dataclass(frozen=True)
class Outcome:
    """What a command left behind: its exit code and what it printed."""

    code: object
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def lymphocast(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that runs the command; an unexpected exception passes through."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str, cwd: Path = ROOT) -> Outcome:
        out, err = io.StringIO(), io.StringIO()
        with (
            chdir(cwd),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as left,
        ):
            main(arguments)
        return Outcome(left.value.code or 0, out.getvalue(), err.getvalue())

    return run
