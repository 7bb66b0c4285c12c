"""What all tests share: the command as a person types it, and reproducible property tests."""

import io
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from lymphocast.cli import main

ROOT = Path(__file__).parent.parent

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
