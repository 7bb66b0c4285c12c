"""How long the first simulation of each library model takes, from a process that is not yet there.

    python -m benchmarks.start [MODEL ...]

Three doses of 100 into the model's first state and 41 readings over ten days. *Cold* is with an
empty cache of compiled code, *kept* the same again with what the first left there. Wall time of
the whole process in seconds, the interpreter's start included. A course that is not solved is told
instead of a time.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.run import surroundings
from lymphocast.models.library import model_names

FIRST_CALL = """
import sys
import numpy as np
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.simulate import simulate
from lymphocast.models.library import find_model
found = find_model(sys.argv[1])
doses = [DoseEvent(float(day), 100.0, found.model.states[0].name) for day in range(3)]
times = np.linspace(0.0, 10.0, 41)
print(simulate(found.model, found.example_theta(), doses, times).status.name)
"""


def seconds(model: str, cache: Path) -> float | str:
    """Return how long a new process took to simulate a model, or what went wrong."""
    begun = time.perf_counter()
    done = subprocess.run(  # noqa: S603 (our own text)
        [sys.executable, "-c", FIRST_CALL, model],
        env=surroundings(cache),
        capture_output=True,
        text=True,
        check=False,
    )
    spent = time.perf_counter() - begun
    said = (done.stdout or done.stderr).strip().rpartition("\n")[2]
    return spent if said == "SOLVED" else said


def main(names: Sequence[str]) -> None:
    """Print the table."""
    table = Table("model", "cold", "kept", title="First simulation, wall seconds")
    for name in names or model_names():
        with TemporaryDirectory() as folder:
            each = [seconds(name, Path(folder)) for _ in range(2)]
        table.add_row(name, *(x if isinstance(x, str) else f"{x:.2f}" for x in each))
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
