"""The whole job on the founding case, run once with few draws and shared by all tests."""

import atexit
import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from lymphocast import publish
from lymphocast.analysis import explain
from lymphocast.forecast.results import Results
from lymphocast.inference.fit_file import read_fit
from lymphocast.inference.posterior import Fit

SEED = 11
DRAWS = 400


@dataclass(frozen=True)
class Job:
    """What the job wrote, the results from which it wrote, and the stages it reported."""

    folder: Path
    paths: tuple[Path, ...]
    results: Results
    stages: tuple[tuple[str, float], ...]

    @property
    def fit_file(self) -> Path:
        """The fit file."""
        return self.folder / "fit.nc"

    @property
    def fit(self) -> Fit:
        """The fit, read back."""
        return read_fit(self.fit_file)

    @property
    def summary(self) -> dict[str, Any]:
        """The summary as JSON has it."""
        text = (self.folder / "summary.json").read_text(encoding="utf-8")
        content: dict[str, Any] = json.loads(text)
        return content


@cache
def whole_job() -> Job:
    """Run the job; its results are kept on their way to the writers."""
    folder = Path(mkdtemp(prefix="lymphocast-"))
    atexit.register(shutil.rmtree, folder)
    kept: list[Results] = []
    stages: list[tuple[str, float]] = []

    def explain_and_keep(fit: Fit, *, progress: publish.Progress | None = None) -> Results:
        kept.append(explain(fit, progress=progress))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "explain", explain_and_keep)
        published = publish.run_demo(
            folder, seed=SEED, draws=DRAWS, progress=lambda *stage: stages.append(stage)
        )
    return Job(folder, published.paths, kept[0], tuple(stages))
