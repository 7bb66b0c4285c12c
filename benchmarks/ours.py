"""Our own program on the founding problem, and the problems that are ours alone.

A problem of our own is a function that returns a :class:`benchmarks.task.Task`, under its name in
``OWN``; ``benchmarks.programs.OURS`` lists the names.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

import numpy as np

from benchmarks import course, fhir, fits, own, record, regimens
from benchmarks.founding import problem
from benchmarks.founding.components import founding
from benchmarks.task import Floats, Task, WrongAnswerError
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.settings import DEFAULT, SolverSettings, SolveStatus
from lymphocast.engine.simulate import simulate


def solve(feedback: bool, patients: int, solver: SolverSettings = DEFAULT) -> tuple[Floats, Floats]:
    """Return count and log burden of the first patients, ``[patient, week]``, all in one call.

    Raises
    ------
    WrongAnswerError
        If a patient is not solved.
    """
    theta, doses = given(feedback, patients)
    outputs = (problem.COUNT, problem.LOG_BURDEN)
    found = simulate(
        founding(feedback), theta, doses, problem.TIMES, outputs=outputs, solver=solver
    )
    for patient, status in enumerate(found.statuses):
        if status is not SolveStatus.SOLVED:
            msg = f"patient {patient + 1}: {status.value}"
            raise WrongAnswerError(msg)
    return np.asarray(found.outputs[problem.COUNT]), np.asarray(found.states[problem.LOG_BURDEN])


@cache
def given(feedback: bool, patients: int) -> tuple[dict[str, Floats], tuple[DoseEvent, ...]]:
    """Return parameters and doses; read once, so that reading is in no program's time."""
    return problem.population(feedback, patients), problem.doses()


OWN: Final[Mapping[str, Callable[[], Task]]] = {
    "course": course.task,
    "5000 events": record.task,
    "FHIR": fhir.task,
    **own.OWN,
    "mode": fits.mode,
    "no-U-turn": fits.nuts,
    "theophylline": fits.theophylline,
    "regimens": regimens.task,
}
