"""March: a model's trajectory in one scan over the pieces of a plan, lanes side by side.

Linear and logistic blocks are solved exactly or by quadrature, smooth ones by sweeps that settle;
see :mod:`lymphocast.engine.structure` for what a block is. What does not settle is tried again on
pieces half as long, twice; what then fails says so in the lane's status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import final

import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.march_lanes import Marched, MarchSettings, Way, march_lanes, schedule_of
from lymphocast.engine.plan import ForcingTable, Plan, make_plan
from lymphocast.engine.structure import STIFF_EXPONENT
from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Dosing

Floats = NDArray[np.float64]

MOST_HALVINGS = 2
FEW_LANES = 8
"""Below this many lanes one class of pieces is compiled: it starts sooner, runs a little slower."""

DEFAULT = MarchSettings()


class SolveStatus(Enum):
    """How the solution of a lane ended."""

    SOLVED = "Solved: every sweep settled within the tolerance."
    NOT_SETTLED = "The sweeps of a smooth block did not settle, even on quarter pieces."
    STIFF = "A rate is too fast for the pieces of the plan; a stiff solver is needed."
    NOT_FINITE = "A state became infinite or is not a number."


@final
@dataclass(frozen=True, eq=False)
class MarchResult:
    """Values at the output times, and how each lane went.

    Parameters
    ----------
    times
        Output times, study days, ``[time]``.
    values
        Asked-for states and outputs by name, ``[lane, time]``.
    status
        How each lane ended; the values of a lane that is not solved are not to be used.
    error
        Largest relative change of a smooth state in a last sweep, ``[lane]``.
    """

    times: Floats
    values: Mapping[str, Floats]
    status: tuple[SolveStatus, ...]
    error: Floats


def march(
    model: Component,
    theta: Mapping[str, ArrayLike],
    doses: Sequence[DoseEvent],
    times: Sequence[float],
    outputs: Sequence[str],
    *,
    forcings: Mapping[str, ForcingTable] | None = None,
    start: float | None = None,
    settings: MarchSettings = DEFAULT,
) -> MarchResult:
    """Return what ``outputs`` name at ``times``, for every lane of ``theta``.

    Parameters
    ----------
    model
        Any component or composed model; its initial state holds on the day ``start``.
    theta
        Parameter values, numbers or ``[lane]``.
    doses
        Dose events; one at an output time is given after the output.
    times
        Output times in study days, increasing.
    outputs
        Names of states or outputs.
    forcings
        The model's inputs that no component offers, as tables over time.
    start
        Day of the initial state; by default the earliest dose or output.
    settings
        Nodes, tolerance and block size.

    Raises
    ------
    UsageError
        If a parameter, forcing, output or compartment is unknown or missing, if parameters
        disagree on the number of lanes, or if lanes differ in a lag or duration.
    """
    tables = forcings or {}
    _check(model, theta, tables, outputs)
    lanes = _lanes(theta)
    values = {n: np.broadcast_to(np.asarray(v, float), (lanes,)) for n, v in theta.items()}
    states = tuple(s.name for s in model.states)
    compartments = tuple(s for s in states if s in {*model.dosing(values), *_entered(doses)})
    plans = [
        (doses, times, compartments or states[:1], _dosing(model, values), tables, start, halvings)
        for halvings in range(MOST_HALVINGS + 1)
    ]
    result = _blank(times, outputs, lanes)
    waiting = np.arange(lanes)
    for order in plans:
        plan = _plan(*order)
        _march_into(result, model, values, waiting, plan, settings)
        waiting = np.flatnonzero([s is not SolveStatus.SOLVED for s in result.status])
        if not len(waiting):
            break
    return MarchResult(result.times, result.values, tuple(result.status), result.error)
