"""A task: one problem for one program, with the answer that must be right before it is timed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from benchmarks.founding import problem

Floats = NDArray[np.float64]
Solve = Callable[[bool, int], tuple[Floats, Floats]]
"""``(feedback, patients) -> (count, log burden)``, both ``[patient, week]``."""

FOUNDING: Mapping[str, bool] = {"affine": False, "feedback": True}
"""The variants of the founding problem, and whether each has feedback."""


class WrongAnswerError(Exception):
    """An answer that is not good enough to be timed."""


@final
@dataclass(frozen=True)
class Cost:
    """What a task's time is divided by, and how the two are called in the file.

    Parameters
    ----------
    key
        Name of the cost, such as ``cpu_ms_per_patient``.
    size_key
        Name of what is counted, such as ``patients``.
    per_second
        How many of the cost's unit of time are a second.
    """

    key: str
    size_key: str
    per_second: float


PER_PATIENT = Cost("cpu_ms_per_patient", "patients", 1e3)
PER_LANE = Cost("cpu_ms_per_lane", "lanes", 1e3)
PER_EVENT = Cost("cpu_us_per_event", "events", 1e6)
PER_REGIMEN = Cost("cpu_ms_per_regimen", "regimens", 1e3)
PER_DRAW = Cost("cpu_us_per_draw", "draws", 1e6)


@final
@dataclass(frozen=True)
class Task:
    """Something to run, to check and to time.

    Parameters
    ----------
    run
        Does the whole task once and returns the answer; the first call may compile.
    errors
        How far an answer is from the reference, by name.
    limits
        Largest error of each name that is still right.
    size, cost
        How many patients, or draws, one run serves, and how its cost is called.
    """

    run: Callable[[], Any]
    errors: Callable[[Any], Mapping[str, float]]
    limits: Mapping[str, float]
    size: int
    cost: Cost

    def checked(self, answer: Any) -> Mapping[str, float]:  # noqa: ANN401 (each task has its own)
        """Return the errors of an answer.

        Raises
        ------
        WrongAnswerError
            If an error is above its limit or is not a number.
        """
        found = self.errors(answer)
        for name, limit in self.limits.items():
            if not found[name] <= limit:
                msg = f"{name} is {found[name]:.1e}; at most {limit:.0e} is right"
                raise WrongAnswerError(msg)
        return found


def founding_task(solve: Solve, feedback: bool, patients: int, limits: tuple[float, float]) -> Task:
    """Return a variant of the founding problem as a task; limits of count and log burden."""

    def errors(answer: tuple[Floats, Floats]) -> dict[str, float]:
        cd4, lnb = problem.errors(*answer, feedback)
        return {"cd4_error": cd4, "lnb_error": lnb}

    return Task(
        run=lambda: solve(feedback, patients),
        errors=errors,
        limits=dict(zip(("cd4_error", "lnb_error"), limits, strict=True)),
        size=patients,
        cost=PER_PATIENT,
    )
