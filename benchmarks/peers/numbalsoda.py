"""numbalsoda: LSODA (C++) and DOP853 (Fortran), called from a loop that numba compiles.

The right-hand side is compiled as well. The solver is restarted at each dose and returns the
outputs between two doses from its own interpolation.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numbalsoda
import numpy as np

from benchmarks.founding.tables import (
    DEPOT,
    DIVIDING,
    GUT,
    LOG_BURDEN,
    RESTING,
    Floats,
    Ints,
    lanes,
    schedule,
)
from benchmarks.peers.equations import rates_of
from benchmarks.task import WrongAnswerError

RTOL, ATOL = 1e-6, 1e-8


def lsoda(feedback: bool, patients: int) -> tuple[Floats, Floats]:
    """Solve one variant with LSODA."""
    return _solve(numbalsoda.lsoda, feedback, patients)


def dop853(feedback: bool, patients: int) -> tuple[Floats, Floats]:
    """Solve one variant with DOP853."""
    return _solve(numbalsoda.dop853, feedback, patients)


def _solve(solver: Any, feedback: bool, patients: int) -> tuple[Floats, Floats]:  # noqa: ANN401
    parameters, start = lanes(feedback, patients)
    plan = schedule()
    count = np.empty((patients, len(plan.times)))
    burden = np.empty_like(count)
    count[:, 0] = start[:, RESTING] + start[:, DIVIDING]
    burden[:, 0] = start[:, LOG_BURDEN]
    arrays = (plan.bounds, plan.given, plan.first, plan.number, plan.times)
    failed = _compiled(solver, feedback)(parameters, start, *arrays, count, burden)
    if failed:
        msg = f"{failed} stretches between doses were not solved"
        raise WrongAnswerError(msg)
    return count, burden


@cache
def _rates(feedback: bool) -> Any:  # noqa: ANN401
    """Return the compiled right-hand side; kept, since the solver is given only its address."""
    return numba.cfunc(numbalsoda.lsoda_sig)(rates_of(feedback))


@cache
def _compiled(solver: Any, feedback: bool) -> Callable[..., int]:  # noqa: ANN401
    """Return the loop over patients and doses; it fills count and burden and counts failures."""
    address = _rates(feedback).address

    def loop(
        parameters: Floats,
        start: Floats,
        bounds: Floats,
        given: Floats,
        first: Ints,
        number: Ints,
        times: Floats,
        count: Floats,
        burden: Floats,
    ) -> int:
        failed = 0
        grid = np.empty(len(times) + 2)
        for i in range(len(parameters)):
            state = start[i].copy()
            for k in range(len(given)):
                state[DEPOT] += given[k, DEPOT]
                state[GUT] += given[k, GUT]
                a, n = first[k], number[k]
                grid[0] = bounds[k]
                for j in range(n):
                    grid[j + 1] = times[a + j]
                end = n
                if n == 0 or times[a + n - 1] < bounds[k + 1]:
                    end = n + 1
                    grid[end] = bounds[k + 1]
                y, solved = solver(address, state, grid[: end + 1], parameters[i], RTOL, ATOL)
                if not solved:
                    failed += 1
                for j in range(n):
                    count[i, a + j] = y[j + 1, 4] + y[j + 1, 5]
                    burden[i, a + j] = y[j + 1, 6]
                state[:] = y[end]
        return failed

    compiled: Callable[..., int] = numba.njit(loop)
    return compiled
