"""What all tests share: the command as a person types it, and reproducible property tests."""

import io
import os
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from lymphocast.cli import main

ROOT = Path(__file__).parent.parent

# Two processes that run tests side by side keep their compiled code apart.
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if WORKER is not None:
    os.environ["XDG_CACHE_HOME"] = str(Path.home() / ".cache" / "lymphocast-tests" / WORKER)

JOB = "whole_job"
"""What several files share beyond their own: the job is run once, so they go to one process."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests of one file together: they share what is compiled."""
    for item in items:
        shared = JOB in vars(getattr(item, "module", item))
        item.add_marker(pytest.mark.xdist_group(JOB if shared else item.location[0]))


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
